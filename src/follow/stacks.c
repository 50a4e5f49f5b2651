/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stacks of stopped tasks (-k). */
#include <errno.h>

#include "follow/session.h"
#include "target/stop.h"

/* As for names: maps of this age will do. */
#define MAPS_AGE_NS UINT64_C(50000000)

static int open_stacks(struct follow *follow)
{
	int error = symbols_open(SYMBOLS_DEBUG_ROOT, &follow->symbols);

	if (!error)
		error = stack_open(follow->symbols, follow->request.source_lines, &follow->stacks);
	return error;
}

int stacks_at(struct follow *follow, const struct engine_stop *stop, struct frame **ret,
	      size_t *ret_count)
{
	struct engine_task *task = stop->task;
	struct follow_task *data = task->data;
	struct symbols_process process = {.pid = task->pid, .tid = task->tid, .bits = stop->bits};
	struct stack_start start = {.sp = stop->sp, .pc = stop->pc};
	struct thread_stop here = {.tid = task->tid};
	struct stop_registers registers;
	struct live_memory live;
	struct frame *frames = NULL;
	ssize_t count;
	int error = follow->stacks ? 0 : open_stacks(follow);

	*ret = NULL;
	*ret_count = 0;
	if (error)
		return error;
	process.maps = session_maps(data, task->tid, MAPS_AGE_NS);
	if (!process.maps)
		return 0;
	if (thread_stop_registers(&here, &registers) == 0) {
		start.bp = registers.bp;
		start.bp_ok = true;
	}
	live_memory_open(&live, task->pid, task->tid);
	process.memory = &live.memory;
	stack_enter(follow->stacks, &process);
	count = stack_unwind(follow->stacks, task->tid, &start, follow->request.stack_depth,
			     &data->arena, &frames);
	live_memory_close(&live);
	if (count > 0) {
		*ret = frames;
		*ret_count = (size_t)count;
	}
	return count == -ENOMEM ? -ENOMEM : 0;
}

void stacks_close(struct follow *follow)
{
	if (follow->stacks)
		stack_close(follow->stacks);
	if (follow->symbols)
		symbols_close(follow->symbols);
}
