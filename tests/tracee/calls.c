/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes system calls, and says what came of each.
 *
 * usage: calls NAME[=ARG]...
 *   set            set_robust_list with a good head
 *   set_length     the same with a wrong length
 *   get=PID        get_robust_list
 *   futex=N        N times FUTEX_WAKE of a word for which nobody waits
 *   nr=N           system call N with a head, an index 0, a command 0 and flags 0
 *   unmap          takes away the memory of a robust lock that this thread holds
 *   timer          a POSIX timer sends SIGUSR1
 *   wait           until stdin ends
 * Says `NAME RESULT ERROR` for each, one a line; ERROR is - where there is none.
 */
#include "tracee.h"

static uint64_t head[3];
static uint32_t word;

static void say(const char *name, long result)
{
	printf("%s %ld %s\n", name, result, result < 0 ? strerrorname_np(errno) : "-");
}

static long get(pid_t pid)
{
	void *found = NULL;
	size_t size = 0;

	return syscall(SYS_get_robust_list, pid, &found, &size);
}

static void take_away_lock(void)
{
	pthread_mutex_t *mutex = tracee_map_shared(4096);

	mutex_hold(mutex, MUTEX_SHARED);
	say("unmap", munmap(mutex, 4096));
}

static volatile sig_atomic_t came;

static void on_timer(int number)
{
	(void)number;
	came = 1;
}

static void by_timer(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	const struct itimerspec soon = {.it_value = {.tv_nsec = 1000000}};
	timer_t timer;

	came = 0;
	signal(SIGUSR1, on_timer);
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) || timer_settime(timer, 0, &soon, NULL))
		tracee_die("timer: %s", strerror(errno));
	while (!came)
		tracee_tick();
}

static void make_call(const char *name, const char *arg)
{
	if (strcmp(name, "set") == 0)
		say(name, syscall(SYS_set_robust_list, head, sizeof(head)));
	else if (strcmp(name, "set_length") == 0)
		say(name, syscall(SYS_set_robust_list, head, 7L));
	else if (strcmp(name, "get") == 0)
		say(name, get((pid_t)tracee_number(arg)));
	else if (strcmp(name, "futex") == 0)
		for (size_t i = tracee_number(arg); i; i--)
			syscall(NR_FUTEX, &word, 1, 1, NULL, NULL, 0);
	else if (strcmp(name, "nr") == 0)
		say(name, syscall((long)tracee_number(arg), head, 0L, 0L, 0L));
	else if (strcmp(name, "unmap") == 0)
		take_away_lock();
	else if (strcmp(name, "timer") == 0)
		by_timer();
	else if (strcmp(name, "wait") == 0)
		tracee_wait();
	else
		tracee_die("no such call: %s", name);
}

int main(int argc, char **argv)
{
	tracee_begin();
	head[0] = (uint64_t)(uintptr_t)head;
	for (int i = 1; i < argc; i++) {
		char *arg = strchr(argv[i], '=');

		if (arg)
			*arg++ = '\0';
		make_call(argv[i], arg ? arg : "1");
	}
	return 0;
}
