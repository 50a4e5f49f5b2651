/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Threads that wait as programs wait when nothing is wrong, each with a robust mutex of its own:
 * for a condition variable, a semaphore, a barrier, another thread's end, a rwlock that others
 * read, work in a queue, a futex of no library. And one thread that waits for the first one's mutex.
 *
 * usage: asleep
 * ready: pid, tids=TID,TID... (those that wait for no lock, in that order), waiter=TID
 */
#include "tracee.h"

#include <semaphore.h>

#define N_WAYS 8

struct sleeper {
	pthread_mutex_t mutex; /* held while it sleeps */
	void (*wait)(void);
	pid_t tid;
};

static pthread_mutex_t queue_mutex, guard = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t queue_filled = PTHREAD_COND_INITIALIZER;
static pthread_cond_t ready_cond = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t barrier;
static sem_t semaphore;
static pthread_t never_ends;
static uint32_t bare;

static void wait_cond(void)
{
	pthread_mutex_lock(&guard);
	pthread_cond_wait(&ready_cond, &guard);
}

static void wait_semaphore(void)
{
	sem_wait(&semaphore);
}

static void wait_barrier(void)
{
	pthread_barrier_wait(&barrier);
}

static void wait_join(void)
{
	pthread_join(never_ends, NULL);
}

/* The first thread reads it. */
static void wait_rwlock(void)
{
	pthread_rwlock_wrlock(&rwlock);
}

/* With the queue's robust mutex, that pthread_cond_wait() gives back. */
static void wait_queue(void)
{
	mutex_lock(&queue_mutex);
	pthread_cond_wait(&queue_filled, &queue_mutex);
}

static void wait_timed(void)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += TRACEE_SECONDS;
	pthread_mutex_lock(&guard);
	pthread_cond_timedwait(&ready_cond, &guard, &until);
}

/* A word that happens to be the TID of the one who waits for it. */
static void wait_bare(void)
{
	bare = (uint32_t)gettid();
	syscall(NR_FUTEX, &bare, 0 /* FUTEX_WAIT */, bare, NULL, NULL, 0);
}

static void (*const ways[N_WAYS])(void) = {
	wait_cond,   wait_semaphore, wait_barrier, wait_join,
	wait_rwlock, wait_queue,     wait_timed,   wait_bare,
};

static void *never_run(void *arg)
{
	(void)arg;
	tracee_sleep();
}

static void *sleeper_run(void *arg)
{
	struct sleeper *sleeper = arg;

	mutex_hold(&sleeper->mutex, 0);
	__atomic_store_n(&sleeper->tid, gettid(), __ATOMIC_RELEASE);
	sleeper->wait();
	tracee_die("nobody has woken this thread");
}

int main(void)
{
	struct sleeper *sleepers = tracee_alloc(N_WAYS, sizeof(*sleepers));
	struct waiter waiter;
	pid_t tids[N_WAYS];

	tracee_begin();
	if (mutex_make(&queue_mutex, 0) || sem_init(&semaphore, 0, 0))
		tracee_die("cannot make the locks");
	pthread_barrier_init(&barrier, NULL, 2);
	pthread_rwlock_rdlock(&rwlock);
	never_ends = tracee_thread(never_run, NULL);
	for (size_t i = 0; i < N_WAYS; i++) {
		sleepers[i].wait = ways[i];
		pthread_detach(tracee_thread(sleeper_run, &sleepers[i]));
		while (!(tids[i] = __atomic_load_n(&sleepers[i].tid, __ATOMIC_ACQUIRE)))
			tracee_tick();
		tracee_await_blocked(getpid(), tids[i], NR_FUTEX, NULL);
	}
	tracee_ready("pid=%d tids=%s waiter=%d", getpid(), tracee_join(tids, N_WAYS),
		     waiter_start(&waiter, &sleepers[0].mutex));
	tracee_wait();
	_exit(0);
}
