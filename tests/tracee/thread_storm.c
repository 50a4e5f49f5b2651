/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Creates and joins threads at full speed; each takes a mutex of its own and gives it back.
 *
 * usage: thread_storm [T]
 *   T threads at a time (4 unless told)
 * ready: pid, base, stride, count
 */
#include "tracee.h"

static void *short_life(void *arg)
{
	mutex_lock(arg);
	pthread_mutex_unlock(arg);
	return NULL;
}

static void *keeper_run(void *arg)
{
	(void)arg;
	tracee_wait();
	_exit(0);
}

int main(int argc, char **argv)
{
	pthread_mutex_t *m;
	pthread_t *threads;
	size_t t = 4;

	tracee_begin();
	if (argc > 1)
		t = tracee_number(argv[1]);
	m = tracee_alloc(t, sizeof(*m));
	threads = tracee_alloc(t, sizeof(*threads));
	for (size_t i = 0; i < t; i++)
		if (mutex_make(&m[i], 0))
			tracee_die("cannot make the mutexes");
	pthread_detach(tracee_thread(keeper_run, NULL));
	tracee_ready("pid=%d base=%p stride=%zu count=%zu", getpid(), (void *)mutex_word(m),
		     sizeof(*m), t);
	for (;;) {
		for (size_t i = 0; i < t; i++)
			threads[i] = tracee_thread(short_life, &m[i]);
		for (size_t i = 0; i < t; i++)
			pthread_join(threads[i], NULL);
	}
}
