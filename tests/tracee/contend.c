/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A robust mutex in a mapped file: one holder and N waiters, all blocked.
 *
 * usage: contend [-t] [-d] [-w] [-s] [-p] [-P] [-V] [-o OFFSET] FILE N
 *   -t  the waiters are threads of the holder, not processes
 *   -d  the same, and they use a second mapping of the file
 *   -w  only waiters: the mutex is there and held by somebody else
 *   -s  with -w: the first thread of the process waits too (N can be 0)
 *   -p  a PI mutex
 *   -P  private memory and a private mutex: FILE is not used, the waiters are threads
 *   -V  the file is mapped MAP_PRIVATE: the lock is the process's own; the waiters are threads
 *   -o  where in the file the mutex lies
 * ready: pid, tid, word, offset, waiters=TID,TID... (with -s the first thread is among them),
 *        theirs (the word by the address that the waiters use)
 */
#include "tracee.h"

struct options {
	bool threads, second, wait_only, self, pi, private, copy;
	size_t offset;
	const char *file;
	size_t n;
};

static void parse(struct options *o, int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "tdwspPVo:")) != -1) {
		switch (c) {
		case 't':
			o->threads = true;
			break;
		case 'd':
			o->second = o->threads = true;
			break;
		case 'w':
			o->wait_only = true;
			break;
		case 's':
			o->self = true;
			break;
		case 'p':
			o->pi = true;
			break;
		case 'P':
			o->private = o->threads = true;
			break;
		case 'V':
			o->copy = o->threads = true;
			break;
		case 'o':
			o->offset = tracee_number(optarg);
			break;
		default:
			tracee_die("wrong option");
		}
	}
	if (argc - optind != 2)
		tracee_die("usage: contend [-tdwspPV] [-o OFFSET] FILE N");
	o->file = argv[optind];
	o->n = tracee_number(argv[optind + 1]);
}

static pthread_mutex_t *place(const struct options *o)
{
	size_t size = o->offset + sizeof(pthread_mutex_t);
	char *base;
	int fd;

	if (o->private)
		return tracee_alloc(1, sizeof(pthread_mutex_t));
	base = tracee_map_file(o->file, size);
	if (o->copy) {
		munmap(base, size);
		fd = open(o->file, O_RDWR | O_CLOEXEC);
		base = tracee_map(size, MAP_PRIVATE, fd);
		close(fd);
	}
	return (pthread_mutex_t *)(void *)(base + o->offset);
}

struct report {
	const struct options *o;
	pthread_mutex_t *mutex, *theirs;
	pid_t *tids;
	size_t n;
};

static void say(const struct report *r)
{
	char *list = tracee_join(r->tids, r->n);

	tracee_ready("pid=%d tid=%d word=%p offset=%zu waiters=%s theirs=%p", getpid(), getpid(),
		     (void *)mutex_word(r->mutex), r->o->offset, list,
		     (void *)mutex_word(r->theirs));
	free(list);
}

/* The first thread waits for the mutex itself, so another must look after stdin. */
static void *keeper_run(void *arg)
{
	struct report *r = arg;

	tracee_await_blocked(getpid(), getpid(), NR_FUTEX, mutex_word(r->mutex));
	r->tids[r->n++] = getpid();
	say(r);
	tracee_wait();
	_exit(0);
}

int main(int argc, char **argv)
{
	struct options o = {0};
	struct report r = {.o = &o};
	struct waiter *waiters;

	tracee_begin();
	parse(&o, argc, argv);
	r.mutex = place(&o);
	r.tids = tracee_alloc(o.n + 1, sizeof(*r.tids));
	if (!o.wait_only)
		mutex_hold(r.mutex, (o.private ? 0 : MUTEX_SHARED) | (o.pi ? MUTEX_PI : 0));
	waiters = tracee_alloc(o.n, sizeof(*waiters));
	r.theirs = o.second ? place(&o) : r.mutex;
	for (; r.n < o.n; r.n++)
		r.tids[r.n] = o.threads ? waiter_start(&waiters[r.n], r.theirs)
					: waiter_fork(r.theirs);
	if (o.self) {
		pthread_detach(tracee_thread(keeper_run, &r));
		pthread_mutex_lock(r.mutex);
		tracee_sleep();
	}
	say(&r);
	tracee_wait();
	_exit(0);
}
