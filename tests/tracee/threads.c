/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * T threads hold K robust mutexes each; all of them sleep.
 *
 * usage: threads T K
 * ready: pid, base (word of the first mutex), stride, k, tids=TID,TID...: the thread at place i
 *        holds the mutexes i * K to i * K + K - 1
 */
#include "tracee.h"

struct holder {
	pthread_mutex_t *mutexes;
	size_t k;
	pid_t tid; /* 0 until it holds all */
};

static void *holder_run(void *arg)
{
	struct holder *h = arg;

	for (size_t i = 0; i < h->k; i++)
		mutex_hold(&h->mutexes[i], 0);
	__atomic_store_n(&h->tid, gettid(), __ATOMIC_RELEASE);
	tracee_sleep();
}

int main(int argc, char **argv)
{
	struct holder *holders;
	pthread_mutex_t *m;
	size_t t, k;
	pid_t *tids;

	tracee_begin();
	if (argc != 3)
		tracee_die("usage: threads T K");
	t = tracee_number(argv[1]);
	k = tracee_number(argv[2]);
	m = tracee_alloc(t * k, sizeof(*m));
	holders = tracee_alloc(t, sizeof(*holders));
	tids = tracee_alloc(t, sizeof(*tids));
	for (size_t i = 0; i < t; i++) {
		holders[i].mutexes = &m[i * k];
		holders[i].k = k;
		pthread_detach(tracee_thread(holder_run, &holders[i]));
	}
	for (size_t i = 0; i < t; i++)
		while (!(tids[i] = __atomic_load_n(&holders[i].tid, __ATOMIC_ACQUIRE)))
			tracee_tick();
	tracee_ready("pid=%d base=%p stride=%zu k=%zu tids=%s", getpid(), (void *)mutex_word(m),
		     sizeof(*m), k, tracee_join(tids, t));
	tracee_wait();
	_exit(0);
}
