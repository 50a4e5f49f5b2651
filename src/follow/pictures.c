/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pictures of the traced processes, in between their stops. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/vec.h"
#include "follow/session.h"

struct pid_list {
	pid_t *items;
	size_t count;
	size_t capacity;
};

struct picture_lists {
	struct pid_list processes;
	struct pid_list stopped;
};

/* Without memory it is left out. */
static void add_to(struct pid_list *list, pid_t pid)
{
	if (vec_reserve(&list->items, list->count, &list->capacity, 1, sizeof(*list->items)) == 0)
		list->items[list->count++] = pid;
}

static void add_pid(void *context, struct engine_task *task)
{
	struct picture_lists *lists = context;

	if (task->quiet)
		return;
	if (task->wait.kind == WAIT_GROUP_STOP && !task->stopped)
		add_to(&lists->stopped, task->tid);
	/* Tasks come by TID; a process is added with its leader, or with the first that is left. */
	for (size_t i = 0; i < lists->processes.count; i++)
		if (lists->processes.items[i] == task->pid)
			return;
	add_to(&lists->processes, task->pid);
}

int pictures_take(struct follow *follow)
{
	struct picture_lists lists = {0};
	struct follow_picture wanted;
	int error = 0;

	engine_each(follow->engine, add_pid, &lists);
	wanted = (struct follow_picture){
		.pids = lists.processes.items,
		.n_pids = lists.processes.count,
		.stopped_tids = lists.stopped.items,
		.n_stopped_tids = lists.stopped.count,
		.emulated = session_emulated(follow),
	};
	if (wanted.n_pids && follow->request.picture)
		error = follow->request.picture(follow->request.context, &wanted);
	free(lists.processes.items);
	free(lists.stopped.items);
	return error;
}

int pictures_take_due(struct follow *follow)
{
	uint64_t begun = clock_now_ns();
	int error = pictures_take(follow);
	uint64_t now = clock_now_ns();
	uint64_t took = now - begun;
	uint64_t pause = follow->request.snapshot_ns;

	/* As much time for the programs as this one took: else they would never go on. */
	follow->next_picture_ns = now + (took > pause ? took : pause);
	return error;
}
