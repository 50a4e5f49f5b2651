/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes were read one after the other, so two of them may tell of different moments: a lock
 * that one still had and another already has. What contradicts itself, or would be called
 * broken, is read again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi/futex_word.h"
#include "snapshot/look.h"
#include "walk_list.h"

static bool same_waits(const struct wait *left, size_t n_left, const struct wait *right,
		       size_t n_right)
{
	if (n_left != n_right)
		return false;
	for (size_t i = 0; i < n_left; i++)
		if (left[i].address != right[i].address || left[i].call != right[i].call)
			return false;
	return true;
}

/* A waiter of a lock must still be one after its owner was read. */
static int recheck_waits(struct look *look, size_t index, bool *ret_changed)
{
	struct task *task = &look->out->tasks[index];
	struct wait *old = task->waits;
	size_t n_old = task->n_waits;
	int error;

	if (!n_old || strcmp(old[0].call, "list_op_pending") == 0)
		return 0;
	error = look_again_at_waits(look, look_process_of(look, index), task);
	if (error == -ENOMEM)
		return error;
	if (!error && same_waits(old, n_old, task->waits, task->n_waits)) {
		task->waits = old;
		task->n_waits = n_old;
	} else {
		*ret_changed = true;
	}
	return 0;
}

static bool waits_for_lock(const struct task *task)
{
	for (size_t i = 0; i < task->n_waits; i++)
		if (task->waits[i].lock != LOCK_NONE)
			return true;
	return false;
}

static bool same_futex(const struct futex *left, const struct futex *right)
{
	return left->entry == right->entry && left->word == right->word &&
	       left->word_ok == right->word_ok && left->on_list == right->on_list;
}

static bool same_lists(const struct list *left, size_t n_left, const struct list *right,
		       size_t n_right)
{
	if (n_left != n_right)
		return false;
	for (size_t i = 0; i < n_left; i++) {
		const struct list *a = &left[i];
		const struct list *b = &right[i];

		if (a->head != b->head || a->n_entries != b->n_entries ||
		    a->has_pending != b->has_pending ||
		    (a->has_pending && !same_futex(&a->pending, &b->pending)))
			return false;
		for (size_t j = 0; j < a->n_entries; j++)
			if (!same_futex(&a->entries[j], &b->entries[j]))
				return false;
	}
	return true;
}

static int recheck_lists(struct look *look, size_t index, bool *ret_changed)
{
	struct task *task = &look->out->tasks[index];
	struct list *old = task->lists;
	size_t n_old = task->n_lists;
	int error = look_again_at_lists(look, look_process_of(look, index), task);

	if (error == -ENOMEM)
		return error;
	if (!error && same_lists(old, n_old, task->lists, task->n_lists)) {
		task->lists = old;
		task->n_lists = n_old;
	} else {
		*ret_changed = true;
	}
	return 0;
}

/* A lock seen in a known file only: is the word still the same? */
static bool home_changed(struct look *look, const struct occurrence *sight)
{
	struct look_process *process = &look->processes[sight->process];
	struct futex again;

	return walk_read_futex(&process->live.memory, sight->futex->address, NULL, &again) == 0 &&
	       again.word_ok && again.word != sight->futex->word;
}

/* The lock's sights cannot all be true at one moment, or it would be called broken. */
static bool is_doubtful(const struct look *look, size_t index)
{
	const struct lock *lock = &look->out->locks[index];
	const struct lock_sights *sights = &look->sights[index];
	uint32_t tid = lock->word & WORD_TID_MASK;

	if (lock->state == FUTEX_ORPHAN || (lock->state == FUTEX_OWNER_DIED && lock->n_waiters))
		return true;
	for (size_t i = sights->first; i < sights->first + sights->count; i++)
		if ((look->occurrences[i].futex->word & WORD_TID_MASK) != tid)
			return true;
	for (size_t i = 0; i < lock->n_waiters; i++)
		if (lock->waiters[i].task == lock->owner)
			return true;
	return false;
}

static int recheck_lock(struct look *look, size_t index, bool *ret_changed)
{
	const struct lock_sights *sights = &look->sights[index];
	int error = 0;

	for (size_t i = sights->first; i < sights->first + sights->count && !error; i++) {
		const struct occurrence *sight = &look->occurrences[i];

		if (sight->task == SIZE_MAX)
			*ret_changed = home_changed(look, sight) || *ret_changed;
		else
			error = recheck_lists(look, sight->task, ret_changed);
	}
	return error;
}

int look_recheck(struct look *look, bool *ret_changed)
{
	int error = 0;

	*ret_changed = false;
	for (size_t i = 0; i < look->out->n_tasks && !error; i++)
		if (waits_for_lock(&look->out->tasks[i]))
			error = recheck_waits(look, i, ret_changed);
	for (size_t i = 0; i < look->out->n_locks && !error; i++)
		if (is_doubtful(look, i))
			error = recheck_lock(look, i, ret_changed);
	return error;
}
