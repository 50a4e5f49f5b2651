/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Workers that fight for some locks at full speed and can never be in a deadlock: each takes a few
 * of them in rising order; or, now and then, in falling order, all but the first by trylock, and
 * gives up what it has when one is taken.
 *
 * usage: order [-k] [-m] [-p] [-t] FILE N
 *   -k  all the time one of the workers is killed, and another started
 *   -m  every other lock is an ordinary mutex or a rwlock, which nobody may die with
 *   -p  the robust mutexes are PI mutexes
 *   -t  the workers are threads, the locks in memory of the process's own
 * ready: pid, locks (how many), stride, base
 */
#include "tracee.h"

#define N_LOCKS 4
#define WORKERS_MAX 64

struct fought {
	union {
		pthread_mutex_t mutex;
		pthread_rwlock_t rwlock;
		char space[64];
	};
	bool is_rwlock;
};

struct options {
	bool kill, mixed, pi, threads;
	const char *file;
	size_t n;
};

static struct fought *locks;

static void parse(struct options *o, int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "kmpt")) != -1) {
		switch (c) {
		case 'k':
			o->kill = true;
			break;
		case 'm':
			o->mixed = true;
			break;
		case 'p':
			o->pi = true;
			break;
		case 't':
			o->threads = true;
			break;
		default:
			tracee_die("wrong option");
		}
	}
	if (argc - optind != 2 || (o->kill && (o->mixed || o->threads)))
		tracee_die("usage: order [-k | -m | -t] [-p] FILE N");
	o->file = argv[optind];
	o->n = tracee_number(argv[optind + 1]);
	if (o->n > WORKERS_MAX)
		tracee_die("too many workers");
}

static void make_ordinary(struct fought *lock, bool rwlock, int sharing)
{
	pthread_rwlockattr_t rwlock_attr;
	pthread_mutexattr_t attr;

	lock->is_rwlock = rwlock;
	if (rwlock) {
		pthread_rwlockattr_init(&rwlock_attr);
		pthread_rwlockattr_setpshared(&rwlock_attr, sharing);
		pthread_rwlock_init(&lock->rwlock, &rwlock_attr);
		return;
	}
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, sharing);
	pthread_mutex_init(&lock->mutex, &attr);
}

static void make_locks(const struct options *o)
{
	unsigned flags = (o->threads ? 0 : MUTEX_SHARED) | (o->pi ? MUTEX_PI : 0);

	locks = o->threads ? tracee_alloc(N_LOCKS, sizeof(*locks))
			   : tracee_map_file(o->file, N_LOCKS * sizeof(*locks));
	for (size_t i = 0; i < N_LOCKS; i++) {
		if (o->mixed && i % 2)
			make_ordinary(&locks[i], i == 1,
				      o->threads ? PTHREAD_PROCESS_PRIVATE
						 : PTHREAD_PROCESS_SHARED);
		else if (mutex_make(&locks[i].mutex, flags))
			tracee_die("cannot make the mutexes");
	}
}

static bool take(struct fought *lock, bool wait)
{
	int err;

	if (lock->is_rwlock)
		err = wait ? pthread_rwlock_wrlock(&lock->rwlock)
			   : pthread_rwlock_trywrlock(&lock->rwlock);
	else
		err = wait ? pthread_mutex_lock(&lock->mutex) : pthread_mutex_trylock(&lock->mutex);
	if (err == EOWNERDEAD) {
		pthread_mutex_consistent(&lock->mutex);
		return true;
	}
	if (err && err != EBUSY)
		tracee_die("cannot lock: %s", strerror(err));
	return err == 0;
}

static void give_back(unsigned have)
{
	for (size_t i = 0; i < N_LOCKS; i++) {
		if (!(have & (1u << i)))
			continue;
		if (locks[i].is_rwlock)
			pthread_rwlock_unlock(&locks[i].rwlock);
		else
			pthread_mutex_unlock(&locks[i].mutex);
	}
}

/* Long enough for the others to fall asleep on what we have, at times. */
static void use(unsigned *random)
{
	struct timespec pause = {.tv_nsec = 1000};

	if (rand_r(random) % 2 == 0)
		nanosleep(&pause, NULL);
}

__attribute__((noreturn)) static void work(unsigned random)
{
	for (;;) {
		unsigned wanted = (unsigned)rand_r(&random) >> 4 & ((1u << N_LOCKS) - 1);
		bool falling = rand_r(&random) / 16 % 4 == 0;
		unsigned have = 0;

		for (size_t step = 0; step < N_LOCKS; step++) {
			size_t i = falling ? N_LOCKS - 1 - step : step;

			if (!(wanted & (1u << i)))
				continue;
			if (!take(&locks[i], !falling || !have))
				break;
			have |= 1u << i;
			use(&random);
		}
		give_back(have);
	}
}

static void *thread_run(void *arg)
{
	work((unsigned)(uintptr_t)arg);
}

static pid_t start(const struct options *o, unsigned number)
{
	pid_t pid;

	if (o->threads) {
		pthread_detach(tracee_thread(thread_run, (void *)(uintptr_t)number));
		return 0;
	}
	pid = tracee_fork();
	if (pid == 0)
		work(number);
	return pid;
}

/* Looks after stdin while the first thread kills and starts workers. */
static void *reaper_run(void *arg)
{
	(void)arg;
	tracee_wait();
	_exit(0);
}

int main(int argc, char **argv)
{
	struct options o = {0};
	pid_t workers[WORKERS_MAX];
	unsigned random = 1, number = 0;

	tracee_begin();
	parse(&o, argc, argv);
	make_locks(&o);
	for (size_t i = 0; i < o.n; i++)
		workers[i] = start(&o, ++number);
	tracee_ready("pid=%d locks=%d stride=%zu base=%p", getpid(), N_LOCKS, sizeof(*locks),
		     (void *)locks);
	if (!o.kill) {
		tracee_wait();
		_exit(0);
	}
	/* Not before the forks: a child must not find a lock of the libc taken. */
	pthread_detach(tracee_thread(reaper_run, NULL));
	for (;;) {
		size_t i = (size_t)rand_r(&random) / 16 % o.n;

		for (int ms = rand_r(&random) / 16 % 10; ms >= 0; ms--)
			tracee_tick();
		kill(workers[i], SIGKILL);
		waitpid(workers[i], NULL, 0);
		workers[i] = start(&o, ++number);
	}
}
