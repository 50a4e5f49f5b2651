/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "deadlock.h"
#include "problems.h"
#include "snapshot/look.h"
#include "target/procfs.h"
#include "target/sched_clock.h"

/* Rounds of looking again at what contradicts itself. */
#define ROUNDS 4

static int look_at_all(struct look *look, size_t first)
{
	for (size_t i = first; i < look->n_processes; i++) {
		int result = look_at_process(look, &look->processes[i]);

		if (result < 0)
			return result;
	}
	return 0;
}

/* Rounds of neighbours: a chain of waits may lead from one process to the next. */
#define NEIGHBOUR_ROUNDS 8

/* Owners and waiters of our locks may be processes that nobody asked for. Whether there are any. */
static int look_at_neighbours(struct look *look, bool *ret_found)
{
	struct file_id *files = NULL;
	size_t n_files = 0;
	size_t before = look->n_processes;
	int error = look_open_questions(look, &files, &n_files);

	if (!error && n_files)
		error = look_add_neighbours(look, files, n_files);
	free(files);
	*ret_found = look->n_processes != before;
	if (error || !*ret_found)
		return error;
	error = look_at_all(look, before);
	if (!error)
		error = look_join_tasks(look);
	return error ? error : look_build_locks(look);
}

static int look_around(struct look *look)
{
	/* Of all processes there are no others. */
	bool found = look->request->n_pids || look->request->n_files;
	int error = 0;

	for (int round = 0; round < NEIGHBOUR_ROUNDS && found && !error; round++) {
		/* The same processes would be refused again: they count once. */
		size_t refused = look->out->census.not_permitted;

		error = look_at_neighbours(look, &found);
		if (round || !look->request->n_pids)
			look->out->census.not_permitted = refused;
	}
	return error;
}

static int settle_contradictions(struct look *look)
{
	bool changed = true;
	int error = 0;

	for (int round = 0; round < ROUNDS && changed && !error; round++) {
		error = look_recheck(look, &changed);
		if (!error && changed)
			error = look_build_locks(look);
	}
	return error;
}

/* What a thread that we trace would be in without us. */
static char state_untraced(const struct snapshot_request *request, const struct task *task,
			   char state)
{
	struct proc_status status;

	if (state != 't' || !request->tracing || procfs_status(task->pid, task->tid, &status) ||
	    status.tracer != getpid())
		return state;
	for (size_t i = 0; i < request->n_stopped_tids; i++)
		if (request->stopped_tids[i] == task->tid)
			return 'T';
	return 'R';
}

/* R, S, T and so on, of those whose state says something about a lock. */
static void note_state(const struct look *look, struct task *task, struct sched_clock *clock)
{
	struct proc_stat stat;
	uint64_t now = clock_now_ns();
	uint64_t lag;

	if (task->state || procfs_stat(task->pid, task->tid, &stat))
		return;
	task->state = state_untraced(look->request, task, stat.state);
	if (task->state == 'R' || procfs_last_ran(task->pid, task->tid, &task->last_ran))
		return;
	if (sched_clock_lag(clock, stat.cpu, &lag) == 0 && task->last_ran + lag < now)
		task->slept_ns = now - lag - task->last_ran;
}

/* What others wait for its owner to come back from. */
static int note_call(struct look *look, size_t owner)
{
	const struct task *task = &look->out->tasks[owner];

	if (task->call || (task->state != 'S' && task->state != 'D'))
		return 0;
	return look_at_call(look, owner);
}

static int note_states(struct look *look)
{
	struct snapshot *out = look->out;
	struct sched_clock clock = {0};
	int error = 0;

	for (size_t i = 0; i < out->n_locks && !error; i++) {
		const struct lock *lock = &out->locks[i];

		if (!lock->n_waiters || !lock->selected)
			continue;
		if (lock->owner != SIZE_MAX) {
			note_state(look, &out->tasks[lock->owner], &clock);
			error = note_call(look, lock->owner);
		}
		for (size_t j = 0; j < lock->n_waiters; j++)
			note_state(look, &out->tasks[lock->waiters[j].task], &clock);
	}
	sched_clock_close(&clock);
	return error;
}

/* Paths of waits still point into the maps. */
static int keep_wait_paths(struct look *look)
{
	for (size_t i = 0; i < look->out->n_tasks; i++) {
		const struct task *task = &look->out->tasks[i];

		for (size_t j = 0; j < task->n_waits; j++) {
			struct place *place = &task->waits[j].place;

			if (!place->path)
				continue;
			place->path = arena_strdup(&look->out->arena, place->path);
			if (!place->path)
				return -1;
		}
	}
	return 0;
}

struct snapshot_base {
	struct kernel kernel;
	struct idle *idle;
};

int snapshot_base_new(struct snapshot_base **ret)
{
	struct snapshot_base *base = calloc(1, sizeof(*base));
	int error;

	if (!base)
		return -ENOMEM;
	base->idle = idle_new();
	error = base->idle ? kernel_open(&base->kernel) : -ENOMEM;
	if (error) {
		idle_free(base->idle);
		free(base);
		return error;
	}
	*ret = base;
	return 0;
}

void snapshot_base_free(struct snapshot_base *base)
{
	if (!base)
		return;
	kernel_close(&base->kernel);
	idle_free(base->idle);
	free(base);
}

int snapshot_take(const struct snapshot_request *request, struct snapshot *ret)
{
	struct look look = {.request = request, .out = ret};
	uint64_t begin = clock_now_ns();
	int error = 0;

	*ret = (struct snapshot){0};
	if (request->base) {
		look.kernel = request->base->kernel;
		look.idle = request->base->idle;
	} else {
		error = kernel_open(&look.kernel);
	}
	ret->census.unseen_lists = look.kernel.list2.revision &&
				   look.kernel.list2.get_number == REVISION_NONE;
	if (!error)
		error = look_select(&look);
	if (!error)
		error = look_at_all(&look, 0);
	if (!error)
		error = look_join_tasks(&look);
	if (!error)
		error = look_build_locks(&look);
	if (!error)
		error = look_around(&look);
	if (!error)
		error = settle_contradictions(&look);
	if (!error)
		error = deadlock_find(ret);
	if (!error)
		error = look_confirm_cycles(&look);
	if (!error)
		error = look_symbolise(&look);
	if (!error)
		error = keep_wait_paths(&look);
	if (!error)
		error = note_states(&look);
	if (!error)
		error = look_at_pending(&look);
	if (!error)
		error = problems_find(ret);
	for (size_t i = 0; i < look.n_processes; i++)
		look_process_release(&look.processes[i]);
	free(look.processes);
	free(look.occurrences);
	if (look.idle)
		idle_sweep(look.idle);
	else
		kernel_close(&look.kernel);
	ret->census.elapsed_ns = clock_now_ns() - begin;
	if (error)
		snapshot_free(ret);
	return error;
}

void snapshot_free(struct snapshot *snapshot)
{
	free(snapshot->skipped);
	arena_free(&snapshot->arena);
	*snapshot = (struct snapshot){0};
}
