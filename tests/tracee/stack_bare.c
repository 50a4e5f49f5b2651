/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For i386, without a libc: its only thread stands in a futex call under stack_run, stack_outer and
 * stack_inner.
 *
 * usage: stack_bare
 * ready: nothing is said; it is ready when it sleeps in system call 240. It ends after two minutes.
 */
#define NOINLINE __attribute__((noinline))
#define KEEP(value) __asm__ volatile("" : : "r"(value) : "memory")

#define I386_ALARM 27
#define I386_PRCTL 172
#define I386_FUTEX 240
#define SET_DEATH_SIGNAL 1
#define KILL 9

NOINLINE int stack_inner(const int *word);
NOINLINE int stack_outer(const int *word);
NOINLINE int stack_run(const int *word);
void _start(void);

static long call(long number, long one, long two, long three, long four)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(one), "c"(two), "d"(three), "S"(four)
			 : "memory");
	return result;
}

int stack_inner(const int *word)
{
	/* FUTEX_WAIT while it is 1. */
	int result = (int)call(I386_FUTEX, (long)word, 0, 1, 0);

	KEEP(result);
	return result;
}

int stack_outer(const int *word)
{
	int result = stack_inner(word);

	KEEP(result);
	return result;
}

int stack_run(const int *word)
{
	int result = stack_outer(word);

	KEEP(result);
	return result;
}

void _start(void)
{
	static const int word = 1;

	call(I386_PRCTL, SET_DEATH_SIGNAL, KILL, 0, 0);
	call(I386_ALARM, 120, 0, 0, 0);
	for (;;)
		stack_run(&word);
}
