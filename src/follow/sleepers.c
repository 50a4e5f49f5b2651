/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who of the followed sleeps on a lock. A picture of processes finds waiters by the lists that the
 * kernel knows; of a lock on an emulated list only its waiters' own calls tell.
 */
#include <errno.h>
#include <unistd.h>

#include "abi/futex_word.h"
#include "follow/session.h"
#include "place.h"
#include "target/procfs.h"
#include "waiters.h"

struct sleepers {
	struct follow *follow;
	struct arena *arena;
	struct death *death;
	pid_t pid; /* whose death it is */
	pid_t tid;
	int error;
};

static int add_sleeper(struct sleepers *sleepers, struct death_lock *lock, pid_t tid)
{
	pid_t *grown = arena_alloc(sleepers->arena, (lock->n_waiters + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	for (size_t i = 0; i < lock->n_waiters; i++)
		grown[i] = lock->waiters[i];
	grown[lock->n_waiters++] = tid;
	lock->waiters = grown;
	return 0;
}

static void match(struct sleepers *sleepers, struct engine_task *task, const struct wait *wait)
{
	const struct maps *maps = session_maps(task->data, task->tid, UINT64_C(50000000));
	struct place place = {.kind = PLACE_UNKNOWN};
	struct futex_key theirs;

	if (maps)
		place = place_find(maps, wait->address);
	theirs = place_key(&place, task->pid, wait->address);
	for (size_t i = 0; i < sleepers->death->n_locks && !sleepers->error; i++) {
		struct death_lock *lock = &sleepers->death->locks[i];
		struct futex_key ours = place_key(&lock->place, sleepers->pid,
						  lock->futex->address);

		if (lock->kind == LIST_LIST2 && place_compare(&ours, &theirs) == 0)
			sleepers->error = add_sleeper(sleepers, lock, task->tid);
	}
}

static void visit(void *context, struct engine_task *task)
{
	struct sleepers *sleepers = context;
	struct proc_syscall call;
	struct live_memory live;
	struct wait waits[WAITERS_MAX];
	size_t count = 0;
	int bits;
	int fd;

	if (sleepers->error || task->tid == sleepers->tid || task->leaving)
		return;
	if (!session_task(sleepers->follow, task)) {
		sleepers->error = -ENOMEM;
		return;
	}
	fd = procfs_open_tasks(task->pid);
	if (fd < 0)
		return;
	bits = procfs_elf_bits(task->pid);
	live_memory_open(&live, task->pid, task->tid);
	if (procfs_syscall(fd, task->tid, &call) == 0 && !call.running)
		count = waiters_decode(&call, wait_abi_native(bits == 32 ? 32 : 64), &live.memory,
				       waits);
	live_memory_close(&live);
	close(fd);
	for (size_t i = 0; i < count; i++)
		match(sleepers, task, &waits[i]);
}

int sleepers_find(struct follow *follow, struct engine_task *task, struct arena *arena,
		  struct death *death)
{
	struct sleepers sleepers = {.follow = follow,
				    .arena = arena,
				    .death = death,
				    .pid = task->pid,
				    .tid = task->tid};
	bool wanted = false;

	for (size_t i = 0; i < death->n_locks; i++)
		wanted = wanted || (death->locks[i].kind == LIST_LIST2 &&
				    death->locks[i].futex->word & WORD_WAITERS);
	if (wanted)
		engine_each(follow->engine, visit, &sleepers);
	return sleepers.error;
}
