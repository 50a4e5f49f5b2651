/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first thread is gone (a zombie until the last thread ends); the others hold locks.
 *
 * usage: leader_exit [T]
 * ready: pid, base, stride, tids=TID,TID...: the thread at place i holds the mutex i; the last
 *        TID is the thread that waits for the first mutex
 */
#include "tracee.h"

#define MAX_THREADS 64

static pthread_mutex_t *mutexes;
static pid_t tids[MAX_THREADS];
static size_t n_threads = 3;

static void *holder_run(void *arg)
{
	size_t i = (size_t)((pthread_mutex_t *)arg - mutexes);

	mutex_hold(arg, 0);
	__atomic_store_n(&tids[i], gettid(), __ATOMIC_RELEASE);
	tracee_sleep();
}

/* Looks after the rest once the first thread is gone. */
static void *keeper_run(void *arg)
{
	static struct waiter waiter;

	(void)arg;
	tracee_leash();
	while (tracee_state(getpid(), getpid()) != 'Z')
		tracee_tick();
	for (size_t i = 0; i < n_threads; i++)
		while (!__atomic_load_n(&tids[i], __ATOMIC_ACQUIRE))
			tracee_tick();
	tids[n_threads] = waiter_start(&waiter, &mutexes[0]);
	tracee_ready("pid=%d base=%p stride=%zu tids=%s", getpid(), (void *)mutex_word(mutexes),
		     sizeof(*mutexes), tracee_join(tids, n_threads + 1));
	tracee_wait();
	_exit(0);
}

int main(int argc, char **argv)
{
	tracee_begin();
	if (argc > 1)
		n_threads = tracee_number(argv[1]);
	if (n_threads < 1 || n_threads >= MAX_THREADS)
		tracee_die("usage: leader_exit [T]");
	mutexes = tracee_alloc(n_threads, sizeof(*mutexes));
	for (size_t i = 0; i < n_threads; i++)
		pthread_detach(tracee_thread(holder_run, &mutexes[i]));
	pthread_detach(tracee_thread(keeper_run, NULL));
	pthread_exit(NULL);
}
