/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A child takes a robust mutex in a mapped file and is killed; this process keeps the mapping.
 *
 * usage: owner_died [-i | -n | -z] [-k] [-o OFFSET] FILE [N]
 *   (default) nobody locks it again: the word has FUTEX_OWNER_DIED and is on no list
 *   -i  it is locked again, EOWNERDEAD is taken, it stays inconsistent; N threads wait for it
 *   -n  the same and unlocked so: not recoverable
 *   -z  N threads sleep on the dead word by a bare FUTEX_WAIT: nobody will wake them
 *   -k  the file has a mutex at OFFSET already: use that
 * ready: pid, tid, dead, word, offset, waiters=TID,TID...
 */
#include "tracee.h"

struct options {
	char mode; /* 0, 'i', 'n', 'z' */
	bool keep;
	size_t offset;
	const char *file;
	size_t n;
};

static void parse(struct options *o, int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "inzko:")) != -1) {
		switch (c) {
		case 'i':
		case 'n':
		case 'z':
			o->mode = (char)c;
			break;
		case 'k':
			o->keep = true;
			break;
		case 'o':
			o->offset = tracee_number(optarg);
			break;
		default:
			tracee_die("wrong option");
		}
	}
	if (argc - optind < 1 || argc - optind > 2)
		tracee_die("usage: owner_died [-i | -n | -z] [-k] [-o OFFSET] FILE [N]");
	o->file = argv[optind];
	o->n = optind + 1 < argc ? tracee_number(argv[optind + 1]) : 0;
}

/* Returns the TID that the word named. */
static pid_t kill_owner(pthread_mutex_t *m)
{
	pid_t child = tracee_fork();

	if (child == 0) {
		mutex_lock(m);
		raise(SIGKILL);
	}
	if (waitpid(child, NULL, 0) != child)
		tracee_die("waitpid: %s", strerror(errno));
	if (!(__atomic_load_n(mutex_word(m), __ATOMIC_ACQUIRE) & WORD_OWNER_DIED))
		tracee_die("the kernel did not mark the word");
	return child;
}

static void *sleeper_run(void *arg)
{
	struct waiter *w = arg;
	uint32_t *word = mutex_word(w->mutex);

	__atomic_store_n(&w->tid, gettid(), __ATOMIC_RELEASE);
	for (;;)
		syscall(NR_FUTEX, word, 0 /* FUTEX_WAIT */, __atomic_load_n(word, __ATOMIC_RELAXED),
			NULL, NULL, 0);
	return NULL;
}

static pid_t sleeper_start(struct waiter *w, pthread_mutex_t *m)
{
	pid_t tid;

	__atomic_fetch_or(mutex_word(m), WORD_WAITERS, __ATOMIC_RELAXED);
	w->mutex = m;
	pthread_detach(tracee_thread(sleeper_run, w));
	tid = waiter_tid(w);
	tracee_await_blocked(getpid(), tid, NR_FUTEX, mutex_word(m));
	return tid;
}

static void take_over(pthread_mutex_t *m, bool give_up)
{
	int err = pthread_mutex_lock(m);

	if (err != EOWNERDEAD)
		tracee_die("expected EOWNERDEAD, got: %s", strerror(err));
	if (give_up && pthread_mutex_unlock(m))
		tracee_die("pthread_mutex_unlock failed");
	if (give_up && pthread_mutex_lock(m) != ENOTRECOVERABLE)
		tracee_die("expected ENOTRECOVERABLE");
}

int main(int argc, char **argv)
{
	struct options o = {0};
	struct waiter *waiters;
	pthread_mutex_t *m;
	pid_t dead, *tids;

	tracee_begin();
	parse(&o, argc, argv);
	m = (pthread_mutex_t *)(void *)((char *)tracee_map_file(o.file, o.offset + sizeof(*m)) +
					o.offset);
	if (!o.keep && mutex_make(m, MUTEX_SHARED))
		tracee_die("cannot make the mutex");
	dead = kill_owner(m);
	if (o.mode == 'i' || o.mode == 'n')
		take_over(m, o.mode == 'n');
	waiters = tracee_alloc(o.n, sizeof(*waiters));
	tids = tracee_alloc(o.n, sizeof(*tids));
	for (size_t i = 0; i < o.n; i++)
		tids[i] = o.mode == 'z' ? sleeper_start(&waiters[i], m)
					: waiter_start(&waiters[i], m);
	tracee_ready("pid=%d tid=%d dead=%d word=%p offset=%zu waiters=%s", getpid(), gettid(),
		     dead, (void *)mutex_word(m), o.offset, tracee_join(tids, o.n));
	tracee_wait();
	_exit(0);
}
