/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which task can mark the words that a dead one has left, and is asked to. */
#include <unistd.h>

#include "base/clock.h"
#include "follow/owed.h"
#include "target/kernel.h"
#include "target/procfs.h"

struct candidates {
	struct follow *follow;
	const struct owed *owed;
	uint64_t begin_ns;
	const struct engine_task *best;
	bool best_has_memory; /* that of the dead */
	unsigned score;
};

bool owed_same_memory(const struct owed *owed, const struct engine_task *task)
{
	return owed->pid &&
	       (task->pid == owed->pid || kernel_compare_memory(task->pid, owed->pid) == 0);
}

target_addr owed_reach(const struct owed *owed, const struct owed_word *word, bool same,
		       const struct maps *maps)
{
	if (word->done)
		return 0;
	if (same)
		return word->address;
	return maps ? owed_address_in(owed, word, maps) : 0;
}

const struct maps *owed_maps_for(struct follow *follow, const struct owed *owed,
				 struct engine_task *task, uint64_t begin_ns)
{
	struct follow_task *data = session_task(follow, task);
	bool wanted = false;

	for (size_t i = 0; i < owed->count; i++)
		wanted = wanted || (owed->words[i].shared && !owed->words[i].done);
	return wanted && data ? session_maps(data, task->tid, clock_now_ns() - begin_ns) : NULL;
}

/* Whether a thread sleeps on one of the words; then it is asked last. */
static bool waits_for_one(const struct owed *owed, const struct engine_task *task, bool same,
			  const struct maps *maps)
{
	int fd = procfs_open_tasks(task->pid);
	struct proc_syscall call;
	bool waits = false;

	if (fd < 0)
		return false;
	if (procfs_syscall(fd, task->tid, &call) == 0 && !call.running)
		for (size_t i = 0; i < owed->count && !waits && call.args[0]; i++)
			waits = call.args[0] == owed_reach(owed, &owed->words[i], same, maps);
	close(fd);
	return waits;
}

/* A parent in vfork cannot be stopped before its child is gone; one under job control rests. */
static bool can_come(const struct follow *follow, const struct engine_task *task)
{
	const struct follow_task *data = task->data;
	struct proc_stat stat;

	if (data && data->vfork_child && engine_find(follow->engine, data->vfork_child))
		return false;
	return task->wait.kind != WAIT_GROUP_STOP &&
	       procfs_stat(task->pid, task->tid, &stat) == 0 && stat.state != 'D' &&
	       stat.state != 'Z' && stat.state != 'X';
}

static bool may_be_asked(const struct owed *owed, const struct engine_task *task)
{
	const struct follow_task *data = task->data;

	return task->tid != owed->tid && !task->leaving && task->seen &&
	       !(data && data->cannot_inject);
}

static void consider(void *context, struct engine_task *task)
{
	struct candidates *candidates = context;
	const struct owed *owed = candidates->owed;
	const struct maps *maps = NULL;
	bool reaches = false;
	unsigned score;
	bool same;

	if (!may_be_asked(owed, task))
		return;
	same = owed_same_memory(owed, task);
	if (!same)
		maps = owed_maps_for(candidates->follow, owed, task, candidates->begin_ns);
	for (size_t i = 0; i < owed->count && !reaches && (same || maps); i++)
		reaches = owed_reach(owed, &owed->words[i], same, maps) != 0;
	if (!reaches)
		return;
	score = !can_come(candidates->follow, task)     ? 1
		: waits_for_one(owed, task, same, maps) ? 2
		: same                                  ? 4
							: 3;
	if (score > candidates->score) {
		candidates->score = score;
		candidates->best = task;
		candidates->best_has_memory = same;
	}
}

bool owed_choose(struct follow *follow, struct owed *owed)
{
	struct candidates candidates = {.follow = follow, .owed = owed, .begin_ns = clock_now_ns()};

	engine_each(follow->engine, consider, &candidates);
	owed->asked = candidates.best ? candidates.best->tid : 0;
	/* The dead one's own number says nothing of its memory once that is given back. */
	if (candidates.best && candidates.best_has_memory)
		owed->pid = candidates.best->pid;
	return candidates.score > 1;
}
