/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program that `robtrace race` drives to its end. It is part of the tool and runs as a process
 * of its own; with other libcs it is built alone. The tracer decides who goes on when.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "race/board.h"

#define FUTEX_WAIT_OP 0
#define WAITERS UINT32_C(0x80000000)

/* It ends by itself if its tracer forgets it. */
#define LIFE_SECONDS 300

struct victim {
	struct race_board *board;
	enum victim_job job;
	int file;
	unsigned flags;
	unsigned char *map;
	size_t map_size;
	pthread_mutex_t *mutex;   /* JOB_PTHREAD */
	struct own_mutex *own;    /* JOB_ROBUST_UNLOCK */
	struct own_head own_head; /* of the unlocker */
	struct own_head taker_head;
};

static void mark(enum victim_mark at)
{
	syscall(SYS_prctl, VICTIM_MARK, at, 0, 0, 0);
}

_Noreturn static void give_up(struct victim *victim, const char *what, int error)
{
	strncpy(victim->board->what, what, sizeof(victim->board->what) - 1);
	victim->board->error = error;
	mark(MARK_FAILED);
	_exit(1);
}

static int32_t own_tid(void)
{
	return (int32_t)syscall(SYS_gettid);
}

/* ---- The one who takes the lock, and puts a file in its place ---- */

static void await_go(struct victim *victim)
{
	while (!__atomic_load_n(&victim->board->go, __ATOMIC_ACQUIRE))
		syscall(SYS_futex, &victim->board->go, FUTEX_WAIT_OP, 0, NULL, NULL, 0);
}

static void take_and_release(struct victim *victim)
{
	int error;

	if (victim->job == JOB_ROBUST_UNLOCK) {
		own_lock(&victim->taker_head, victim->own, (uint32_t)victim->board->taker);
		own_unlock(&victim->taker_head, victim->own, (uint32_t)victim->board->taker);
		return;
	}
	error = pthread_mutex_lock(victim->mutex);
	if (!error)
		error = pthread_mutex_unlock(victim->mutex);
	if (error)
		give_up(victim, "the taker's lock and unlock", error);
}

static void replace_memory(struct victim *victim)
{
	const int prot = PROT_READ | PROT_WRITE;
	const int flags = MAP_SHARED | MAP_FIXED;
	void *there;
	int error;

	if (victim->flags & VICTIM_RAW) {
		error = (int)syscall(SYS_munmap, victim->map, victim->map_size);
		there = (void *)syscall(SYS_mmap, victim->map, victim->map_size, prot, flags,
					victim->file, 0);
	} else {
		error = munmap(victim->map, victim->map_size);
		there = mmap(victim->map, victim->map_size, prot, flags, victim->file, 0);
	}
	if (error || there != victim->map)
		give_up(victim, "munmap and mmap", errno);
}

static void *taker(void *argument)
{
	struct victim *victim = argument;

	victim->board->taker = own_tid();
	if (victim->job == JOB_ROBUST_UNLOCK && own_register(&victim->taker_head))
		give_up(victim, "set_robust_list", EINVAL);
	__atomic_store_n(&victim->board->taker_ready, 1, __ATOMIC_RELEASE);
	if (!(victim->flags & VICTIM_WAITER))
		await_go(victim);
	take_and_release(victim);
	replace_memory(victim);
	mark(MARK_MAPPED);
	for (;;)
		pause();
	return NULL;
}

/* ---- The one who unlocks ---- */

static void make_mutex(struct victim *victim)
{
	pthread_mutexattr_t attributes;
	int error;

	victim->mutex = (pthread_mutex_t *)victim->map;
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	error = pthread_mutex_init(victim->mutex, &attributes);
	/* The first call of a function also binds its name: not in single steps. */
	if (!error)
		error = pthread_mutex_lock(victim->mutex);
	if (!error)
		error = pthread_mutex_unlock(victim->mutex);
	if (!error)
		error = pthread_mutex_lock(victim->mutex);
	if (error)
		give_up(victim, "a robust mutex", error);
}

static void make_own(struct victim *victim)
{
	victim->own = (struct own_mutex *)victim->map;
	victim->board->has_helper = (uint32_t)own_has_helper();
	if (!own_supported())
		give_up(victim, "FUTEX_ROBUST_UNLOCK", ENOSYS);
	if (own_register(&victim->own_head))
		give_up(victim, "set_robust_list", EINVAL);
	own_lock(&victim->own_head, victim->own, (uint32_t)victim->board->unlocker);
}

static uint32_t word_now(const struct victim *victim)
{
	const struct own_mutex *own = victim->own;
	const uint32_t *word = own ? &own->word : (const uint32_t *)(const void *)victim->map;

	/* musl has its type before the word; no flag of it is as high. */
	return __atomic_load_n(word, __ATOMIC_ACQUIRE) |
	       (own ? 0 : __atomic_load_n(word + 1, __ATOMIC_ACQUIRE));
}

static void await_taker(struct victim *victim)
{
	const struct timespec moment = {.tv_nsec = 100000};

	while (!__atomic_load_n(&victim->board->taker_ready, __ATOMIC_ACQUIRE))
		nanosleep(&moment, NULL);
	while (victim->flags & VICTIM_WAITER && !(word_now(victim) & WAITERS))
		nanosleep(&moment, NULL);
}

static int unlock_at_mark(struct victim *victim)
{
	pthread_t thread;
	long page = sysconf(_SC_PAGESIZE);
	int error;

	victim->board->unlocker = own_tid();
	victim->board->go_at = (uintptr_t)&victim->board->go;
	victim->map_size = (size_t)page;
	victim->map = mmap(NULL, victim->map_size, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (victim->map == MAP_FAILED)
		give_up(victim, "mmap", errno);
	victim->board->map = (uintptr_t)victim->map;
	victim->board->map_size = victim->map_size;
	if (victim->job == JOB_PTHREAD)
		make_mutex(victim);
	else
		make_own(victim);
	error = pthread_create(&thread, NULL, taker, victim);
	if (error)
		give_up(victim, "a thread", error);
	await_taker(victim);
	mark(MARK_READY);
	if (victim->job == JOB_PTHREAD)
		error = pthread_mutex_unlock(victim->mutex);
	else
		own_unlock(&victim->own_head, victim->own, (uint32_t)victim->board->unlocker);
	if (error)
		give_up(victim, "pthread_mutex_unlock", error);
	mark(MARK_UNLOCKED);
	for (;;)
		pause();
	return 0;
}

/* ---- Many locks, or a circle of them ---- */

/* Locks behind the board, and a list of its own that names them all. */
static int die_with_locks(struct victim *victim)
{
	struct race_board *board = victim->board;
	struct own_mutex *locks = (struct own_mutex *)(void *)((unsigned char *)board + BOARD_SIZE);
	struct own_head *head = &victim->own_head;
	uint32_t count = board->n_locks;
	uint32_t linked = victim->job == JOB_CIRCULAR ? count / 2 : count;

	if (own_register(head))
		give_up(victim, "set_robust_list", EINVAL);
	board->holder = own_tid();
	for (uint32_t i = 0; i < count; i++) {
		locks[i].word = (uint32_t)board->holder;
		locks[i].entry = i + 1 < count ? (uintptr_t)&locks[i + 1].entry : (uintptr_t)head;
	}
	head->next = (uintptr_t)&locks[0].entry;
	/* As a mutex that is locked twice does: those behind are on the list no more. */
	if (victim->job == JOB_CIRCULAR)
		locks[linked - 1].entry = (uintptr_t)&locks[0].entry;
	mark(MARK_DYING);
	for (;;)
		pause();
	return 0;
}

static struct race_board *map_board(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	void *board = size < (off_t)BOARD_SIZE
			      ? MAP_FAILED
			      : mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return board == MAP_FAILED ? NULL : board;
}

int victim_main(int argc, char **argv)
{
	struct victim victim = {0};

	if (argc != 6)
		return 2;
	/* Nothing of it may be left, whatever becomes of its tracer. */
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	prctl(PR_SET_NAME, "victim", 0, 0, 0);
	alarm(LIFE_SECONDS);
	victim.job = (enum victim_job)atoi(argv[2]);
	victim.board = map_board(atoi(argv[3]));
	victim.file = atoi(argv[4]);
	victim.flags = (unsigned)atoi(argv[5]);
	if (!victim.board)
		return 2;
	/* It was gone before we asked to end with it. */
	if (getppid() != victim.board->tracer)
		return 2;
	if (victim.job == JOB_LIMIT || victim.job == JOB_CIRCULAR)
		return die_with_locks(&victim);
	return unlock_at_mark(&victim);
}
