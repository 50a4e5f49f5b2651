/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "history.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "place.h"

/* Locks that are remembered though the newest picture has them no more, and for how long. */
#define GONE_MAX 4096
#define GONE_NS UINT64_C(600000000000)

/* A waiter, and when it had last run. */
struct sleeper {
	pid_t tid;
	uint64_t last_ran;
};

struct item {
	struct futex_key key;
	struct lock_past past;
	enum futex_state state;
	size_t n_waiters;
	struct sleeper *sleepers; /* who waited at kept_since_ns, ascending by TID */
	size_t n_sleepers;
	uint64_t seen_ns; /* the last look that showed it */
	size_t index;     /* in the newest picture, or LOCK_NONE */
	pid_t owner_pid;  /* of past.owner, 0 if not known */
	char owner_comm[HISTORY_COMM_MAX];
};

struct history {
	struct item *items; /* ascending by key */
	size_t n_items;
	size_t items_capacity;
	struct item *spare; /* the items of the next look; what is kept needs no new pages */
	size_t spare_capacity;
	struct sight *sights;
	size_t sights_capacity;
	size_t by_lock_capacity;
	size_t *by_lock; /* beside the locks of the newest picture: into items */
	size_t n_locks;
	uint64_t last_serial;
	uint64_t n_looks;
};

/* A lock of the new picture on its way into the history. */
struct sight {
	struct futex_key key;
	size_t index;
};

struct history *history_new(void)
{
	return calloc(1, sizeof(struct history));
}

static void item_release(struct item *item)
{
	free(item->past.holds);
	free(item->sleepers);
}

void history_free(struct history *history)
{
	if (!history)
		return;
	for (size_t i = 0; i < history->n_items; i++)
		item_release(&history->items[i]);
	free(history->items);
	free(history->spare);
	free(history->sights);
	free(history->by_lock);
	free(history);
}

static int compare_sights(const void *left, const void *right)
{
	const struct sight *a = left;
	const struct sight *b = right;
	int order = place_compare(&a->key, &b->key);

	return order ? order : (a->index > b->index) - (a->index < b->index);
}

/* 0 or -ENOMEM. */
static int sort_sights(struct history *history, const struct snapshot *snapshot)
{
	struct sight *sights;
	bool sorted = true;

	if (vec_reserve(&history->sights, 0, &history->sights_capacity, snapshot->n_locks + 1,
			sizeof(*sights)))
		return -ENOMEM;
	sights = history->sights;
	for (size_t i = 0; i < snapshot->n_locks; i++) {
		const struct lock *lock = &snapshot->locks[i];

		sights[i] = (struct sight){.key = place_key(&lock->place, lock->pid, lock->address),
					   .index = i};
		sorted = sorted && (!i || compare_sights(&sights[i - 1], &sights[i]) < 0);
	}
	/* Nearly always it is. */
	if (!sorted)
		qsort(sights, snapshot->n_locks, sizeof(*sights), compare_sights);
	return 0;
}

/* Who had it until now is put among its earlier owners; without memory it is forgotten. */
static void close_hold(struct item *item)
{
	struct lock_past *past = &item->past;
	struct past_hold *hold;

	if (!past->owner)
		return;
	if (!past->holds)
		past->holds = calloc(HISTORY_HOLDS, sizeof(*past->holds));
	if (!past->holds)
		return;
	hold = &past->holds[past->n_holds++ % HISTORY_HOLDS];
	*hold = (struct past_hold){.pid = item->owner_pid,
				   .tid = past->owner,
				   .since_ns = past->owner_since_ns,
				   .until_ns = item->seen_ns};
	memcpy(hold->comm, item->owner_comm, sizeof(hold->comm));
}

static int compare_sleepers(const void *left, const void *right)
{
	const struct sleeper *a = left;
	const struct sleeper *b = right;

	return (a->tid > b->tid) - (a->tid < b->tid);
}

/* From this look on it is watched whether those who wait sleep on. */
static void begin_kept(struct item *item, const struct snapshot *snapshot, const struct lock *lock,
		       uint64_t now_ns)
{
	struct sleeper *sleepers = reallocarray(item->sleepers, lock->n_waiters + 1,
						sizeof(*sleepers));

	item->past.kept_since_ns = sleepers ? now_ns : 0;
	if (!sleepers)
		return;
	for (size_t i = 0; i < lock->n_waiters; i++) {
		const struct task *task = &snapshot->tasks[lock->waiters[i].task];

		sleepers[i] = (struct sleeper){task->tid, task->last_ran};
	}
	qsort(sleepers, lock->n_waiters, sizeof(*sleepers), compare_sleepers);
	item->sleepers = sleepers;
	item->n_sleepers = lock->n_waiters;
}

/*
 * A lock that is given back wakes a waiter. While all who waited at the first look have slept on,
 * its owner had it all the time. Where the kernel does not tell when a thread ran, equal looks have
 * to do.
 */
static bool slept_through(const struct item *item, const struct snapshot *snapshot,
			  const struct lock *lock)
{
	size_t count = 0;

	for (size_t i = 0; i < lock->n_waiters; i++) {
		const struct task *task = &snapshot->tasks[lock->waiters[i].task];
		const struct sleeper now = {task->tid, task->last_ran};
		const struct sleeper *then = bsearch(&now, item->sleepers, item->n_sleepers,
						     sizeof(now), compare_sleepers);

		count += then && then->last_ran == now.last_ran;
	}
	return count == item->n_sleepers;
}

static void note_kept(struct item *item, const struct snapshot *snapshot, const struct lock *lock,
		      bool same_owner, uint64_t now_ns)
{
	struct lock_past *past = &item->past;

	if (!lock->owner_tid || !lock->n_waiters)
		past->kept_since_ns = 0;
	else if (!same_owner || !past->kept_since_ns || !slept_through(item, snapshot, lock))
		begin_kept(item, snapshot, lock, now_ns);
}

static void note_owner(struct item *item, const struct snapshot *snapshot, const struct lock *lock,
		       uint64_t now_ns)
{
	struct lock_past *past = &item->past;
	const struct task *owner = lock->owner == SIZE_MAX ? NULL : &snapshot->tasks[lock->owner];

	past->owner = lock->owner_tid;
	past->owner_since_ns = now_ns;
	past->n_owners += lock->owner_tid != 0;
	item->owner_pid = owner ? owner->pid : 0;
	memset(item->owner_comm, 0, sizeof(item->owner_comm));
	if (owner)
		strncpy(item->owner_comm, owner->comm, sizeof(item->owner_comm) - 1);
}

static void note_longest(struct lock_past *past, const struct snapshot *snapshot,
			 const struct lock *lock, uint64_t now_ns)
{
	uint64_t held_ns = past->owner ? now_ns - past->owner_since_ns : 0;

	/* To take a lock a thread has to run: whoever sleeps had it before. */
	if (lock->owner != SIZE_MAX && snapshot->tasks[lock->owner].slept_ns > held_ns)
		held_ns = snapshot->tasks[lock->owner].slept_ns;
	if (held_ns > past->longest_ns)
		past->longest_ns = held_ns;
}

static void note_lock(struct history *history, struct item *item, const struct snapshot *snapshot,
		      size_t index, uint64_t now_ns)
{
	const struct lock *lock = &snapshot->locks[index];
	struct lock_past *past = &item->past;
	bool is_first = !past->serial;
	bool same_owner = !is_first && past->owner == lock->owner_tid;

	past->is_new = history->n_looks && (is_first || item->index == LOCK_NONE);
	past->changed = past->is_new || (!is_first && (item->state != lock->state || !same_owner ||
						       item->n_waiters != lock->n_waiters));
	if (is_first) {
		past->serial = ++history->last_serial;
		past->first_ns = now_ns;
	}
	if (!same_owner && !is_first)
		close_hold(item);
	note_kept(item, snapshot, lock, same_owner, now_ns);
	if (!same_owner)
		note_owner(item, snapshot, lock, now_ns);
	note_longest(past, snapshot, lock, now_ns);
	item->state = lock->state;
	item->n_waiters = lock->n_waiters;
	item->seen_ns = now_ns;
	item->index = index;
}

/* A lock that the new picture does not show. Whether it is still to be remembered. */
static bool note_gone(struct item *item, uint64_t now_ns, size_t *n_gone)
{
	/* It is held by nobody, or there is no such lock any more. */
	if (item->index != LOCK_NONE) {
		close_hold(item);
		item->past.owner = 0;
		item->past.owner_since_ns = now_ns;
		item->past.kept_since_ns = 0;
		item->index = LOCK_NONE;
	}
	if (now_ns - item->seen_ns > GONE_NS || *n_gone >= GONE_MAX)
		return false;
	++*n_gone;
	return true;
}

/* Old items and new sights, both in the order of their keys, become the new items. */
static void merge(struct history *history, const struct snapshot *snapshot, uint64_t now_ns)
{
	const struct sight *sights = history->sights;
	struct item *items = history->spare;
	size_t count = 0;
	size_t n_gone = 0;
	size_t old = 0;

	for (size_t i = 0; i < snapshot->n_locks || old < history->n_items;) {
		int order = 1;

		if (old >= history->n_items)
			order = -1;
		else if (i < snapshot->n_locks)
			order = place_compare(&sights[i].key, &history->items[old].key);
		if (order > 0) {
			items[count] = history->items[old++];
			if (note_gone(&items[count], now_ns, &n_gone))
				count++;
			else
				item_release(&items[count]);
			continue;
		}
		items[count] = order == 0 ? history->items[old++]
					  : (struct item){.key = sights[i].key, .index = LOCK_NONE};
		note_lock(history, &items[count], snapshot, sights[i].index, now_ns);
		history->by_lock[sights[i++].index] = count++;
	}
	history->n_items = count;
}

int history_note(struct history *history, const struct snapshot *snapshot, uint64_t now_ns)
{
	struct item *old = history->items;
	size_t old_capacity = history->items_capacity;

	if (sort_sights(history, snapshot) ||
	    vec_reserve(&history->spare, 0, &history->spare_capacity,
			snapshot->n_locks + history->n_items + 1, sizeof(*history->spare)) ||
	    vec_reserve(&history->by_lock, 0, &history->by_lock_capacity, snapshot->n_locks + 1,
			sizeof(*history->by_lock)))
		return -ENOMEM;
	history->n_locks = snapshot->n_locks;
	merge(history, snapshot, now_ns);
	history->items = history->spare;
	history->items_capacity = history->spare_capacity;
	history->spare = old;
	history->spare_capacity = old_capacity;
	history->n_looks++;
	return 0;
}

const struct lock_past *history_of(const struct history *history, size_t index)
{
	return &history->items[history->by_lock[index]].past;
}

const struct lock_past *history_find(const struct history *history, uint64_t serial,
				     size_t *ret_index)
{
	for (size_t i = 0; i < history->n_items; i++) {
		if (history->items[i].past.serial != serial)
			continue;
		*ret_index = history->items[i].index;
		return &history->items[i].past;
	}
	return NULL;
}

uint64_t history_kept_ns(const struct history *history, const struct snapshot *snapshot,
			 size_t index, uint64_t now_ns)
{
	const struct lock *lock = &snapshot->locks[index];
	const struct lock_past *past = history_of(history, index);
	uint64_t kept_ns = past->kept_since_ns ? now_ns - past->kept_since_ns : 0;

	/* To take a lock a thread has to run: whoever sleeps had it before. */
	if (lock->owner != SIZE_MAX && snapshot->tasks[lock->owner].slept_ns > kept_ns)
		kept_ns = snapshot->tasks[lock->owner].slept_ns;
	return kept_ns;
}
