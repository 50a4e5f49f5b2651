/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A thread stands in pthread_mutex_lock under functions whose names are known, some of them called
 * back by a library: stack_run, stack_outer, library_call, stack_middle, stack_inner. Built in many
 * ways, see CMakeLists.txt.
 *
 * usage: stack [plain|signal|spin]
 *   plain   the mutex is an ordinary one, not robust
 *   spin    it has the mutex and runs in stack_take; the first thread waits for the mutex
 *   signal  it stands there in stack_on_signal, a handler that interrupted stack_inner
 * ready: pid, tid, and variables: bss, data, local (static in a function), table (a library's, which
 *        the program uses), counter (one that it does not know)
 */
#include "stack_library.h"
#include "tracee.h"

#define NOINLINE __attribute__((noinline))

/* What comes behind a call keeps it from becoming a jump. */
#define KEEP(value) __asm__ volatile("" : : "r"(value) : "memory")

pthread_mutex_t stack_lock;
uint64_t stack_rates[4] = {3, 1, 4, 1};

static bool by_signal, spins;

NOINLINE int stack_take(pthread_mutex_t *mutex);
NOINLINE int stack_inner(pthread_mutex_t *mutex);
NOINLINE int stack_middle(void *argument);
NOINLINE int stack_outer(pthread_mutex_t *mutex);

int stack_take(pthread_mutex_t *mutex)
{
	int error = pthread_mutex_lock(mutex);

	while (spins)
		KEEP(error);
	KEEP(error);
	return error;
}

static void stack_on_signal(int signal)
{
	int error = stack_take(&stack_lock);

	KEEP(error);
	(void)signal;
}

int stack_inner(pthread_mutex_t *mutex)
{
	int error = by_signal ? raise(SIGUSR1) : stack_take(mutex);

	KEEP(error);
	return error;
}

int stack_middle(void *argument)
{
	/* So large that the frame has a hole with whatever was there before. */
	volatile char hole[200];
	int error;

	hole[17] = 1;
	error = stack_inner(argument);
	KEEP(error);
	return error + hole[17];
}

int stack_outer(pthread_mutex_t *mutex)
{
	int error = library_call(stack_middle, mutex);

	KEEP(error);
	return error;
}

static void *stack_run(void *argument)
{
	struct waiter *waiter = argument;
	int error;

	__atomic_store_n(&waiter->tid, gettid(), __ATOMIC_RELEASE);
	error = stack_outer(waiter->mutex);
	KEEP(error);
	tracee_sleep();
}

static void *address_of_local(void)
{
	static uint64_t stack_counter[2];

	KEEP(stack_counter);
	return stack_counter;
}

/* The first thread waits for the one that spins, another looks after stdin. */
static void *reaper_run(void *argument)
{
	pid_t *tid = argument;

	tracee_await_blocked(getpid(), getpid(), NR_FUTEX, mutex_word(&stack_lock));
	tracee_ready("pid=%d tid=%d", getpid(), *tid);
	tracee_wait();
	_exit(0);
}

__attribute__((noreturn)) static void spin(void)
{
	struct waiter waiter = {.mutex = &stack_lock};
	pid_t tid;

	spins = true;
	if (mutex_make(&stack_lock, 0))
		tracee_die("cannot make the mutex");
	pthread_detach(tracee_thread(stack_run, &waiter));
	tid = waiter_tid(&waiter);
	while (!__atomic_load_n(mutex_word(&stack_lock), __ATOMIC_ACQUIRE))
		tracee_tick();
	pthread_detach(tracee_thread(reaper_run, &tid));
	mutex_lock(&stack_lock);
	tracee_die("the mutex came back");
}

int main(int argc, char **argv)
{
	struct waiter waiter = {.mutex = &stack_lock};
	pid_t tid;

	tracee_begin();
	by_signal = argc > 1 && strcmp(argv[1], "signal") == 0;
	if (argc > 1 && strcmp(argv[1], "spin") == 0)
		spin();
	if (by_signal)
		signal(SIGUSR1, stack_on_signal);
	if (argc > 1 && strcmp(argv[1], "plain") == 0)
		mutex_lock(&stack_lock);
	else
		mutex_hold(&stack_lock, 0);
	pthread_detach(tracee_thread(stack_run, &waiter));
	tid = waiter_tid(&waiter);
	tracee_await_blocked(getpid(), tid, NR_FUTEX, mutex_word(&stack_lock));
	tracee_ready("pid=%d tid=%d bss=%p data=%p local=%p table=%p counter=%p", getpid(), tid,
		     (void *)&stack_lock, (void *)stack_rates, address_of_local(),
		     (void *)library_table, (void *)library_counter());
	tracee_wait();
	_exit(0);
}
