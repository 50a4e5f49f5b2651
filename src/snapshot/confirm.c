/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A circle of waits is told only when all of it was there at one moment. Its threads were read one
 * after the other, so each edge is read again between two looks at whether the threads have run:
 * when none has, everything that was read in between was true at the same time.
 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "snapshot/look.h"
#include "target/procfs.h"

/* What would change if the thread had run. */
struct pulse {
	struct proc_schedstat stat;
	bool known; /* the kernel counts (CONFIG_SCHED_INFO) */
};

static bool take_pulse(const struct task *task, struct pulse *ret)
{
	struct proc_stat stat;

	*ret = (struct pulse){0};
	if (procfs_stat(task->pid, task->tid, &stat) || stat.state == 'R' || stat.state == 'Z' ||
	    stat.state == 'X')
		return false;
	ret->known = procfs_schedstat(task->pid, task->tid, &ret->stat) == 0;
	return true;
}

static bool same_pulse(const struct pulse *before, const struct pulse *after)
{
	return before->known == after->known && before->stat.run_ns == after->stat.run_ns &&
	       before->stat.slices == after->stat.slices;
}

/* The TID that the lock must name, as its owner counts. */
static uint32_t owner_ns_tid(const struct look *look, size_t lock)
{
	return (uint32_t)look->out->tasks[look->out->locks[lock].owner].ns_tid;
}

static bool edge_still(struct look *look, size_t task_index)
{
	struct task *task = &look->out->tasks[task_index];
	struct wait *old = task->waits;
	size_t n_old = task->n_waits;
	bool same = look_again_at_waits(look, look_process_of(look, task_index), task) == 0 &&
		    task->n_waits == n_old;

	for (size_t i = 0; same && i < n_old; i++)
		same = task->waits[i].address == old[i].address && old[i].lock != LOCK_NONE &&
		       look_named_by(look_process_of(look, task_index), &old[i],
				     &look->out->locks[old[i].lock]) ==
			       owner_ns_tid(look, old[i].lock);
	task->waits = old;
	task->n_waits = n_old;
	return same;
}

static bool cycle_holds(struct look *look, const struct cycle *cycle)
{
	cleanup_free struct pulse *before = calloc(cycle->n, sizeof(*before));

	if (!before)
		return false;
	for (size_t i = 0; i < cycle->n; i++)
		if (!take_pulse(&look->out->tasks[cycle->tasks[i]], &before[i]))
			return false;
	for (size_t i = 0; i < cycle->n; i++)
		if (!edge_still(look, cycle->tasks[i]))
			return false;
	for (size_t i = 0; i < cycle->n; i++) {
		struct pulse after;

		if (!take_pulse(&look->out->tasks[cycle->tasks[i]], &after) ||
		    !same_pulse(&before[i], &after))
			return false;
	}
	return true;
}

int look_confirm_cycles(struct look *look)
{
	size_t kept = 0;

	for (size_t i = 0; i < look->out->n_cycles; i++)
		if (cycle_holds(look, &look->out->cycles[i]))
			look->out->cycles[kept++] = look->out->cycles[i];
	look->out->n_cycles = kept;
	return 0;
}
