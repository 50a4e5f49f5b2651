/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "deadlock.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"

/* The graph beside the snapshot: arrays over its tasks, and over its locks. */
struct graph {
	const struct snapshot *snapshot;
	size_t *first_lock; /* per task, and one more: into owned */
	size_t *owned;      /* locks in the order of their owners */
	bool *goes_on;      /* per task: somebody will let it go on */
	size_t *queue;      /* tasks that go on and have not been looked at */
	size_t *mark;       /* per task: number of the path that came by, or of its cycle */
	bool *in_cycle;     /* per task */
	size_t *cycle_of;   /* per task: the cycle it stands in or behind; SIZE_MAX none */
};

static void graph_close(struct graph *graph)
{
	free(graph->first_lock);
	free(graph->owned);
	free(graph->goes_on);
	free(graph->queue);
	free(graph->mark);
	free(graph->in_cycle);
	free(graph->cycle_of);
}

/* Sorts the locks by owner (counting sort). */
static void index_owners(struct graph *graph)
{
	const struct snapshot *snapshot = graph->snapshot;

	for (size_t i = 0; i < snapshot->n_locks; i++)
		if (snapshot->locks[i].owner != SIZE_MAX)
			graph->first_lock[snapshot->locks[i].owner + 1]++;
	for (size_t i = 0; i < snapshot->n_tasks; i++)
		graph->first_lock[i + 1] += graph->first_lock[i];
	for (size_t i = snapshot->n_locks; i-- > 0;) {
		size_t owner = snapshot->locks[i].owner;

		/* Counts down from the end of the owner's part: mark is free for that now. */
		if (owner != SIZE_MAX)
			graph->owned[graph->first_lock[owner] + graph->mark[owner]++] = i;
	}
	for (size_t i = 0; i < snapshot->n_tasks; i++)
		graph->mark[i] = 0;
}

static int graph_open(struct graph *graph, const struct snapshot *snapshot)
{
	size_t tasks = snapshot->n_tasks + 1;

	*graph = (struct graph){
		.snapshot = snapshot,
		.first_lock = calloc(tasks + 1, sizeof(size_t)),
		.owned = calloc(snapshot->n_locks + 1, sizeof(size_t)),
		.goes_on = calloc(tasks, sizeof(bool)),
		.queue = calloc(tasks, sizeof(size_t)),
		.mark = calloc(tasks, sizeof(size_t)),
		.in_cycle = calloc(tasks, sizeof(bool)),
		.cycle_of = calloc(tasks, sizeof(size_t)),
	};
	if (!graph->first_lock || !graph->owned || !graph->goes_on || !graph->queue ||
	    !graph->mark || !graph->in_cycle || !graph->cycle_of)
		return -ENOMEM;
	index_owners(graph);
	return 0;
}

/* The owner that the wait hangs on, or SIZE_MAX when that is nobody we know. */
static size_t owner_of_wait(const struct graph *graph, const struct wait *wait)
{
	return wait->lock == LOCK_NONE ? SIZE_MAX : graph->snapshot->locks[wait->lock].owner;
}

static bool hangs_on_owners(const struct graph *graph, const struct task *task)
{
	for (size_t i = 0; i < task->n_waits; i++)
		if (owner_of_wait(graph, &task->waits[i]) == SIZE_MAX)
			return false;
	return task->n_waits > 0;
}

/* From the threads that wait for nobody to all that they will let go on. */
static void spread_progress(struct graph *graph)
{
	const struct snapshot *snapshot = graph->snapshot;
	size_t used = 0;

	for (size_t i = 0; i < snapshot->n_tasks; i++) {
		graph->goes_on[i] = !hangs_on_owners(graph, &snapshot->tasks[i]);
		if (graph->goes_on[i])
			graph->queue[used++] = i;
	}
	while (used) {
		size_t task = graph->queue[--used];

		for (size_t i = graph->first_lock[task]; i < graph->first_lock[task + 1]; i++) {
			const struct lock *lock = &snapshot->locks[graph->owned[i]];

			for (size_t j = 0; j < lock->n_waiters; j++) {
				size_t waiter = lock->waiters[j].task;

				if (graph->goes_on[waiter])
					continue;
				graph->goes_on[waiter] = true;
				graph->queue[used++] = waiter;
			}
		}
	}
}

/* A doomed thread has doomed owners only, so the first wait leads on as well as any. */
static size_t next_of(const struct graph *graph, size_t task)
{
	return owner_of_wait(graph, &graph->snapshot->tasks[task].waits[0]);
}

static int add_cycle(struct graph *graph, struct snapshot *snapshot, size_t start)
{
	struct cycle *cycle = &snapshot->cycles[snapshot->n_cycles];
	size_t at = start;

	*cycle = (struct cycle){0};
	do {
		cycle->n++;
		at = next_of(graph, at);
	} while (at != start);
	cycle->tasks = arena_alloc(&snapshot->arena, cycle->n * sizeof(size_t));
	if (!cycle->tasks)
		return -ENOMEM;
	for (size_t i = 0; i < cycle->n; i++) {
		cycle->tasks[i] = at;
		graph->in_cycle[at] = true;
		graph->cycle_of[at] = snapshot->n_cycles;
		at = next_of(graph, at);
	}
	snapshot->n_cycles++;
	return 0;
}

/*
 * Follows each doomed thread to where its way closes. Paths are numbered: coming to a thread of
 * the same path closes a new cycle, to one of an older path leads to a cycle known already.
 */
static int find_cycles(struct graph *graph, struct snapshot *snapshot)
{
	size_t path = 0;

	for (size_t i = 0; i < snapshot->n_tasks; i++)
		graph->cycle_of[i] = SIZE_MAX;
	for (size_t i = 0; i < snapshot->n_tasks; i++) {
		size_t at = i;

		if (graph->goes_on[i] || graph->mark[i])
			continue;
		path++;
		while (!graph->mark[at]) {
			graph->mark[at] = path;
			at = next_of(graph, at);
		}
		if (graph->mark[at] == path && add_cycle(graph, snapshot, at))
			return -ENOMEM;
		/* All on the way stand in or behind the cycle that the way led to. */
		for (size_t on = i; graph->cycle_of[on] == SIZE_MAX; on = next_of(graph, on))
			graph->cycle_of[on] = graph->cycle_of[at];
	}
	return 0;
}

static int list_behind(struct graph *graph, struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->n_tasks; i++)
		if (graph->cycle_of[i] != SIZE_MAX && !graph->in_cycle[i])
			snapshot->cycles[graph->cycle_of[i]].n_behind++;
	for (size_t i = 0; i < snapshot->n_cycles; i++) {
		struct cycle *cycle = &snapshot->cycles[i];

		cycle->behind = arena_alloc(&snapshot->arena,
					    (cycle->n_behind + 1) * sizeof(size_t));
		if (!cycle->behind)
			return -ENOMEM;
		cycle->n_behind = 0;
	}
	for (size_t i = 0; i < snapshot->n_tasks; i++) {
		struct cycle *cycle;

		if (graph->cycle_of[i] == SIZE_MAX || graph->in_cycle[i])
			continue;
		cycle = &snapshot->cycles[graph->cycle_of[i]];
		cycle->behind[cycle->n_behind++] = i;
	}
	return 0;
}

static size_t count_doomed(const struct graph *graph)
{
	size_t count = 0;

	for (size_t i = 0; i < graph->snapshot->n_tasks; i++)
		count += !graph->goes_on[i];
	return count;
}

int deadlock_find(struct snapshot *snapshot)
{
	struct graph graph;
	int error = graph_open(&graph, snapshot);

	snapshot->n_cycles = 0;
	snapshot->cycles = NULL;
	if (!error) {
		spread_progress(&graph);
		snapshot->cycles = arena_alloc(&snapshot->arena, (count_doomed(&graph) + 1) *
									 sizeof(*snapshot->cycles));
		error = snapshot->cycles ? find_cycles(&graph, snapshot) : -ENOMEM;
	}
	if (!error)
		error = list_behind(&graph, snapshot);
	graph_close(&graph);
	return error;
}
