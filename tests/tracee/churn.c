/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Threads that lock and unlock at full speed: A, then B, then B and A back; C, then D, then D
 * and C back. The only sets that one thread ever holds are {A} {A,B} {C} {C,D} and nothing.
 *
 * usage: churn [-c] [-s] [T]
 *   -c  all threads use the same four mutexes: they contend
 *   -s  process-shared mutexes in shared memory
 * ready: pid, base (word of the first mutex), stride, tids=TID,TID...: A to D of the thread at
 *        place i are the mutexes 4 * i to 4 * i + 3, with -c 0 to 3
 */
#include "tracee.h"

struct churner {
	pthread_mutex_t *m; /* A, B, C, D */
	pid_t tid;
};

static void nest(pthread_mutex_t *outer, pthread_mutex_t *inner)
{
	mutex_lock(outer);
	mutex_lock(inner);
	pthread_mutex_unlock(inner);
	pthread_mutex_unlock(outer);
}

static void *churner_run(void *arg)
{
	struct churner *c = arg;

	__atomic_store_n(&c->tid, gettid(), __ATOMIC_RELEASE);
	for (;;) {
		nest(&c->m[0], &c->m[1]);
		nest(&c->m[2], &c->m[3]);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	bool contend = false, shared = false;
	struct churner *churners;
	pthread_mutex_t *m;
	size_t t = 1, sets;
	pid_t *tids;
	int c;

	tracee_begin();
	while ((c = getopt(argc, argv, "cs")) != -1) {
		if (c == 'c')
			contend = true;
		else if (c == 's')
			shared = true;
		else
			tracee_die("usage: churn [-c] [-s] [T]");
	}
	if (optind < argc)
		t = tracee_number(argv[optind]);
	sets = contend ? 1 : t;
	m = shared ? tracee_map_shared(sets * 4 * sizeof(*m)) : tracee_alloc(sets * 4, sizeof(*m));
	for (size_t i = 0; i < sets * 4; i++)
		if (mutex_make(&m[i], shared ? MUTEX_SHARED : 0))
			tracee_die("cannot make the mutexes");
	churners = tracee_alloc(t, sizeof(*churners));
	tids = tracee_alloc(t, sizeof(*tids));
	for (size_t i = 0; i < t; i++) {
		churners[i].m = contend ? m : &m[i * 4];
		pthread_detach(tracee_thread(churner_run, &churners[i]));
	}
	for (size_t i = 0; i < t; i++)
		while (!(tids[i] = __atomic_load_n(&churners[i].tid, __ATOMIC_ACQUIRE)))
			tracee_tick();
	tracee_ready("pid=%d base=%p stride=%zu tids=%s", getpid(), (void *)mutex_word(m),
		     sizeof(*m), tracee_join(tids, t));
	tracee_wait();
	_exit(0);
}
