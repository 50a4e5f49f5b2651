/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One thread after the other is stopped; one that holds a lock goes on by single steps. */
#include <errno.h>

#include "abi/futex_word.h"
#include "race/hunt_parts.h"
#include "target/live.h"
#include "target/procfs.h"

/* Instructions for which one thread goes by single steps; then it runs freely for a while. */
#define INSTRUCTIONS_MAX ((size_t)200000)

struct next {
	pid_t after;
	pid_t found;
	pid_t first;
};

static void visit_next(void *context, struct engine_task *task)
{
	struct next *next = context;

	if (task->quiet || task->leaving || task->starting)
		return;
	if (!next->first)
		next->first = task->tid;
	if (!next->found && task->tid > next->after)
		next->found = task->tid;
}

/* One thread after the other, by number. Some sleep for ever; asking those costs little. */
void hunt_ask_next(struct hunt *hunt)
{
	struct next next = {.after = hunt->turn};
	struct engine_task *task;

	if (hunt->quarry.tid || hunt->asked)
		return;
	engine_each(hunt->engine, visit_next, &next);
	hunt->turn = next.found ? next.found : next.first;
	task = hunt->turn ? engine_find(hunt->engine, hunt->turn) : NULL;
	if (!task || !engine_may_step(task))
		return;
	hunt->asked = task->tid;
	engine_ask(task);
}

/* The stopped thread holds a lock that is wanted: it goes on by single steps. */
void hunt_choose(struct hunt *hunt, const struct engine_stop *stop)
{
	struct walk walks[HEADS_MAX];
	ssize_t count;
	uint32_t tid;

	hunt->asked = 0;
	if (!engine_may_step(stop->task))
		return;
	count = hunt_read_lists(hunt, stop->task, walks);
	tid = (uint32_t)procfs_ns_tid(stop->task->pid, stop->task->tid);
	for (ssize_t i = 0; i < count && !hunt->quarry.tid; i++) {
		const struct list *list = &walks[i].list;

		/* Most locks are given back in the order against that in which they were taken. */
		for (size_t j = 0; j < list->n_entries && !hunt->quarry.tid; j++) {
			const struct futex *entry = &list->entries[j];

			if (!entry->word_ok || (entry->word & WORD_TID_MASK) != tid ||
			    !hunt_is_wanted(hunt, stop->task, entry->address))
				continue;
			hunt->quarry = (struct quarry){
				.tid = stop->task->tid,
				.list = {.bits = list->bits, .head = list->head},
				.lock = {entry->entry, tid},
				.address = entry->address,
			};
		}
	}
	for (ssize_t i = 0; i < count; i++)
		walk_release(&walks[i]);
}

/* list_op_pending, the word, and the next instruction. */
struct glance {
	struct race_view view;
	bool at_call;
};

static int glance_at(const struct hunt *hunt, const struct engine_stop *stop, struct glance *ret)
{
	const struct quarry *quarry = &hunt->quarry;
	unsigned char next[2] = {0};
	uint64_t pending = 0;
	uint32_t word = 0;
	struct live_memory live;
	struct memory_range ranges[] = {
		{quarry->list.head + 2 * quarry->list.bits / 8, quarry->list.bits / 8, &pending, 0},
		{quarry->address, sizeof(word), &word, 0},
		{stop->pc, sizeof(next), next, 0},
	};
	int error;

	live_memory_open(&live, stop->task->pid, stop->task->tid);
	error = memory_read(&live.memory, ranges, 3);
	live_memory_close(&live);
	if (error || !ranges[0].ok)
		return error ? error : -EFAULT;
	*ret = (struct glance){
		.view = {.pending = pending, .word = word, .word_ok = ranges[1].ok},
		/* syscall, int $0x80, sysenter */
		.at_call = (next[0] == 0x0f && (next[1] == 0x05 || next[1] == 0x34)) ||
			   (next[0] == 0xcd && next[1] == 0x80),
	};
	return 0;
}

static void let_quarry_go(struct hunt *hunt)
{
	hunt->out->n_looked_at++;
	hunt->quarry = (struct quarry){0};
}

/* One instruction, or one call, further. Negative: failed. */
int hunt_follow(struct hunt *hunt, const struct engine_stop *stop)
{
	struct quarry *quarry = &hunt->quarry;
	struct glance glance;

	if (stop->kind == ENGINE_EXITING || stop->kind == ENGINE_GONE ||
	    stop->kind == ENGINE_EXEC || glance_at(hunt, stop, &glance) ||
	    quarry->n_instructions++ > INSTRUCTIONS_MAX ||
	    (stop->kind == ENGINE_END && !engine_may_step(stop->task))) {
		let_quarry_go(hunt);
		engine_resume(hunt->engine, stop, false);
		return 0;
	}
	if (steps_in_window(&quarry->lock, &glance.view))
		return hunt_show_window(hunt, stop, &quarry->list, quarry->lock.entry,
					quarry->address, glance.view.word);
	if (glance.view.word_ok && (glance.view.word & WORD_TID_MASK) != quarry->lock.tid) {
		/* Released, and no window was seen. */
		let_quarry_go(hunt);
		engine_resume(hunt->engine, stop, false);
	} else if (stop->kind == ENGINE_ENTRY || glance.at_call || engine_in_call(stop->task)) {
		engine_pass_call(hunt->engine, stop);
	} else {
		engine_step(hunt->engine, stop);
	}
	return 0;
}
