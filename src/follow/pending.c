/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --guard: what a dying thread's list_op_pending would make the kernel write to. */
#include <errno.h>

#include "follow/session.h"
#include "guard.h"
#include "lock_label.h"
#include "place.h"
#include "target/procfs.h"
#include "walk_list.h"

static int tell(struct follow *follow, struct engine_task *task, unsigned bits,
		struct guard_action *action)
{
	const struct maps *maps = session_maps(task->data, task->tid, 0);
	struct death_lock *lock = &action->lock;
	struct event event = session_event(follow, task, EVENT_GUARD);
	struct live_memory live;
	char label[LABEL_MAX];

	live_memory_open(&live, task->pid, task->tid);
	if (maps)
		lock->place = place_look(&live.memory, maps, lock->futex->address);
	lock_label(&live.memory, maps, &lock->place, task->pid, lock->futex->address, bits, label);
	live_memory_close(&live);
	lock->label = label;
	event.guard = action;
	return session_emit(follow, &event);
}

/* The third word of the head. */
static int clear(const struct engine_task *task, const struct list *list)
{
	const uint64_t none = 0;
	size_t width = list->bits / 8;

	return live_memory_write(task->tid, list->head + 2 * width, &none, width);
}

static int guard_list(struct follow *follow, struct engine_task *task, const struct list *list,
		      pid_t ns_tid)
{
	enum guard_verdict verdict = guard_judge_pending(list, ns_tid);
	struct guard_action action = {
		.doubtful = verdict == GUARD_DOUBTFUL,
		.lock =
			{
				.kind = list->kind,
				.index = list->index,
				.pending = true,
				.futex = &list->pending,
				.place = {.kind = PLACE_UNKNOWN},
				.fate = FATE_OWNER_DIED,
				.end = list->end,
				.stale = verdict == GUARD_STALE,
				.evidence = guard_evidence(list),
			},
	};
	struct follow_task *data = task->data;
	int error;

	if (verdict != GUARD_STALE && verdict != GUARD_DOUBTFUL)
		return 0;
	/* Once will do: it is looked at again when exit(2) has begun. */
	if (verdict == GUARD_DOUBTFUL && data->doubt_told)
		return 0;
	data->doubt_told = verdict == GUARD_DOUBTFUL;
	if (verdict == GUARD_STALE || follow->request.guard_strict) {
		error = clear(task, list);
		/* It was killed meanwhile, and its memory may be gone: then nothing is written. */
		if (error == -ESRCH)
			return 0;
		action.cleared = !error;
		action.error = -error;
	}
	return tell(follow, task, list->bits, &action);
}

int pending_guard(struct follow *follow, struct engine_task *task, bool by_exec)
{
	struct list heads[HEADS_MAX] = {0};
	struct walk walks[HEADS_MAX] = {0};
	struct live_memory live;
	ssize_t count;
	size_t n_walks = 0;
	bool walked;
	int error = 0;

	if (!follow->request.guard)
		return 0;
	if (!session_task(follow, task))
		return -ENOMEM;
	live_memory_open(&live, task->pid, task->tid);
	count = session_heads(follow, task, &live.memory, heads);
	for (ssize_t i = 0; i < count; i++)
		if (!walk_empty(&live.memory, &heads[i]))
			walks[n_walks++].list = heads[i];
	if (n_walks)
		error = walk_lists(&live.memory, walks, n_walks);
	live_memory_close(&live);
	walked = !error;
	/* The thread is gone, or its memory is. */
	if (error != -ENOMEM)
		error = 0;
	for (size_t i = 0; i < n_walks; i++) {
		if (walked && !error && walks[i].list.has_pending)
			error = guard_list(follow, task, &walks[i].list,
					   procfs_ns_tid(task->pid,
							 by_exec ? task->pid : task->tid));
		walk_release(&walks[i]);
	}
	return error;
}
