/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/holds.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/vec.h"
#include "place.h"
#include "problems.h"

/* A waiter in the first look at a hold, and when it had last run. */
struct sleeper {
	pid_t tid;
	uint64_t last_ran;
};

/* A contended lock and its owner, and since when every look has shown the two together. */
struct hold {
	struct futex_key key;
	pid_t owner;
	uint64_t since_ns;
	struct sleeper *sleepers; /* in the first of these looks, ascending by TID */
	size_t n_sleepers;
	bool seen; /* in the newest look */
};

static struct hold *find_hold(struct holds *holds, const struct futex_key *key, pid_t owner)
{
	for (size_t i = 0; i < holds->count; i++)
		if (holds->items[i].owner == owner && place_compare(&holds->items[i].key, key) == 0)
			return &holds->items[i];
	return NULL;
}

static int compare_sleepers(const void *left, const void *right)
{
	const struct sleeper *a = left;
	const struct sleeper *b = right;

	return (a->tid > b->tid) - (a->tid < b->tid);
}

/* The hold begins with this look. */
static int begin_hold(struct hold *hold, const struct snapshot *snapshot, const struct lock *lock,
		      uint64_t now)
{
	struct sleeper *sleepers = reallocarray(hold->sleepers, lock->n_waiters + 1,
						sizeof(*sleepers));

	if (!sleepers)
		return -ENOMEM;
	for (size_t i = 0; i < lock->n_waiters; i++) {
		const struct task *task = &snapshot->tasks[lock->waiters[i].task];

		sleepers[i] = (struct sleeper){task->tid, task->last_ran};
	}
	qsort(sleepers, lock->n_waiters, sizeof(*sleepers), compare_sleepers);
	hold->sleepers = sleepers;
	hold->n_sleepers = lock->n_waiters;
	hold->since_ns = now;
	return 0;
}

/*
 * A lock that is given back wakes a waiter. While all who waited at the first look have slept on,
 * its owner had it all the time. Where the kernel does not tell when a thread ran, equal looks have
 * to do.
 */
static bool slept_through(const struct snapshot *snapshot, const struct lock *lock,
			  const struct hold *hold)
{
	size_t count = 0;

	for (size_t i = 0; i < lock->n_waiters; i++) {
		const struct task *task = &snapshot->tasks[lock->waiters[i].task];
		const struct sleeper now = {task->tid, task->last_ran};
		const struct sleeper *then = bsearch(&now, hold->sleepers, hold->n_sleepers,
						     sizeof(now), compare_sleepers);

		count += then && then->last_ran == now.last_ran;
	}
	return count == hold->n_sleepers;
}

static int note(struct holds *holds, struct snapshot *snapshot, size_t index, uint64_t now,
		uint64_t limit_ns)
{
	const struct lock *lock = &snapshot->locks[index];
	struct futex_key key = place_key(&lock->place, lock->pid, lock->address);
	struct hold *hold = find_hold(holds, &key, lock->owner_tid);
	int error = 0;

	if (!hold) {
		error = vec_reserve(&holds->items, holds->count, &holds->capacity, 1,
				    sizeof(*holds->items));
		if (error)
			return error;
		hold = &holds->items[holds->count++];
		*hold = (struct hold){.key = key, .owner = lock->owner_tid};
		error = begin_hold(hold, snapshot, lock, now);
	} else if (!slept_through(snapshot, lock, hold)) {
		error = begin_hold(hold, snapshot, lock, now);
	}
	hold->seen = true;
	if (error || now - hold->since_ns < limit_ns)
		return error;
	return problems_add_long_hold(snapshot, index, now - hold->since_ns);
}

int holds_note(struct holds *holds, struct snapshot *snapshot, uint64_t now, uint64_t limit_ns)
{
	size_t kept = 0;
	int error = 0;

	for (size_t i = 0; i < holds->count; i++)
		holds->items[i].seen = false;
	for (size_t i = 0; i < snapshot->n_locks && !error; i++) {
		const struct lock *lock = &snapshot->locks[i];

		if (lock->selected && lock->n_waiters && lock->owner_tid &&
		    lock->sort == LOCK_ROBUST)
			error = note(holds, snapshot, i, now, limit_ns);
	}
	for (size_t i = 0; i < holds->count; i++) {
		if (holds->items[i].seen)
			holds->items[kept++] = holds->items[i];
		else
			free(holds->items[i].sleepers);
	}
	holds->count = kept;
	return error;
}

void holds_release(struct holds *holds)
{
	for (size_t i = 0; i < holds->count; i++)
		free(holds->items[i].sleepers);
	free(holds->items);
	*holds = (struct holds){0};
}
