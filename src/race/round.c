/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One round: the unlocker goes step by step until the word is released and list_op_pending still
 * names it, and stands still there; the taker takes the lock, gives it back and puts a file in its
 * place; then all of it is killed.
 */
#include "unlock_race.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "abi/call_flags.h"
#include "abi/futex_word.h"
#include "base/clock.h"
#include "guard.h"
#include "race/puppet.h"
#include "race/steps.h"
#include "target/kernel.h"
#include "target/live.h"
#include "walk_list.h"

/* An unlock has some hundred instructions; the first one also binds its symbols. */
#define INSTRUCTIONS_MAX ((size_t)200000)

enum stage {
	STAGE_BEFORE,    /* the victim comes to its MARK_READY */
	STAGE_UNLOCKING, /* the unlocker is on its way */
	STAGE_WINDOW,    /* it stands in the window, the taker is at work */
	STAGE_OVER,      /* all is killed */
};

struct round {
	struct puppet puppet;
	const struct race_request *request;
	struct race_round *out;
	enum stage stage;
	struct list list; /* of the unlocker: kind, bits, head */
	struct steps_lock lock;
	struct live_memory live;
	bool is_open;
};

/* ---- Looking ---- */

/* Head and word in one go. */
static int look(struct round *round, struct race_view *ret)
{
	uint64_t head[3] = {0};
	uint32_t word = 0;
	struct memory_range ranges[] = {
		{.address = round->list.head, .size = sizeof(head), .buffer = head},
		{.address = round->out->address, .size = sizeof(word), .buffer = &word},
	};
	int error = memory_read(&round->live.memory, ranges, 2);

	if (error || !ranges[0].ok)
		return puppet_fail(&round->puppet, error ? error : -EFAULT,
				   "the victim's list cannot be read");
	*ret = (struct race_view){
		.pending = head[2],
		/* It has one lock. */
		.on_list = (head[0] & ~ENTRY_PI_BIT) == round->lock.entry,
		.word = word,
		.word_ok = ranges[1].ok,
	};
	return 0;
}

/* Where its list is and what lies on it, while the lock is held. */
static int find_lock(struct round *round)
{
	const struct kernel kernel = {0};
	struct walk walk;
	int error;

	round->list = (struct list){.kind = LIST_ROBUST, .bits = 64};
	error = kernel_robust_head(&kernel, round->out->unlocker, &round->list.head);
	if (error)
		return puppet_fail(&round->puppet, error, "the victim's list cannot be asked for");
	walk = (struct walk){.list = round->list};
	error = walk_lists(&round->live.memory, &walk, 1);
	if (error || walk.list.n_entries != 1 || walk.list.end != LIST_COMPLETE ||
	    (walk.list.entries[0].word & WORD_TID_MASK) != (uint32_t)round->out->unlocker) {
		walk_release(&walk);
		return puppet_fail(&round->puppet, error ? error : -EPROTO,
				   "the victim does not hold its lock");
	}
	round->out->entry = walk.list.entries[0].entry;
	round->out->address = walk.list.entries[0].address;
	round->lock = (struct steps_lock){round->out->entry, (uint32_t)round->out->unlocker};
	walk_release(&walk);
	return 0;
}

/* The bytes that will lie there, as if they were the unlocker's lock. */
static int prepare_file(struct round *round)
{
	const struct race_board *board = round->puppet.board;
	uint32_t word = (uint32_t)round->out->unlocker;
	off_t offset = (off_t)(round->out->address - board->map);
	int fd = round->puppet.file_fd;

	round->out->file_offset = (uint64_t)offset;
	if (pwrite(fd, &word, sizeof(word), offset) != sizeof(word) ||
	    pread(fd, round->out->before, RACE_BYTES, offset) != RACE_BYTES)
		return puppet_fail(&round->puppet, -EIO, "the victim's file cannot be written");
	return 0;
}

/* ---- The stages ---- */

static int on_ready(struct round *round, const struct engine_stop *stop)
{
	int error;

	round->out->pid = stop->task->pid;
	round->out->unlocker = stop->task->tid;
	round->out->taker = round->puppet.board->taker;
	round->out->has_helper = round->puppet.board->has_helper;
	live_memory_open(&round->live, stop->task->pid, stop->task->tid);
	round->is_open = true;
	error = find_lock(round);
	if (!error)
		error = prepare_file(round);
	if (!error)
		round->stage = STAGE_UNLOCKING;
	return error;
}

static void finish(struct round *round, enum race_reason reason)
{
	round->out->reason = reason;
	round->stage = STAGE_OVER;
	puppet_kill(&round->puppet);
}

/* Whether the unlocker may go on. Negative: failed. */
static int look_at_unlock(struct round *round)
{
	struct race_view view;
	int error = look(round, &view);

	if (error)
		return error;
	steps_note(&round->out->steps, &round->lock, &view, round->out->n_instructions);
	if (steps_in_window(&round->lock, &view)) {
		round->stage = STAGE_WINDOW;
		return 0;
	}
	if (!steps_over(&round->out->steps))
		return 1;
	finish(round, REASON_NO_WINDOW);
	return 0;
}

/* The taker sleeps, or waits to be told: both let it go on. */
static void rouse_taker(struct round *round)
{
	struct engine_task *taker = engine_find(round->puppet.engine, round->out->taker);

	puppet_go(&round->puppet);
	/*
	 * The one who would wake it stands still. A wake-up for no reason may come at any time;
	 * its call begins anew then, and the word is another one.
	 */
	if (round->request->waiter && taker)
		engine_ask(taker);
}

static bool is_unlockers(const struct round *round, const struct engine_stop *stop)
{
	return stop->task->tid == round->out->unlocker;
}

/* A stop of the unlocker on its way. Whether it may go on; negative: failed. */
static int on_unlocking(struct round *round, const struct engine_stop *stop)
{
	bool at_wake = puppet_is_futex(stop, FUTEX_OPERATION_WAKE) &&
		       stop->args[0] == round->out->address;
	int result;

	if (stop->kind == ENGINE_STEPPED) {
		round->out->n_instructions++;
		round->out->stepped = true;
		if (round->out->n_instructions > INSTRUCTIONS_MAX)
			return puppet_fail(&round->puppet, -EPROTO,
					   "the victim does not get through its unlock");
	} else if (!at_wake && puppet_mark_of(stop) != MARK_UNLOCKED) {
		return 1;
	}
	result = look_at_unlock(round);
	if (result == 0 && round->stage == STAGE_WINDOW)
		rouse_taker(round);
	else if (result == 1 && puppet_mark_of(stop) == MARK_UNLOCKED)
		finish(round, REASON_BEFORE_WAKE);
	return result < 0 ? result : result && round->stage == STAGE_UNLOCKING;
}

/* The taker has come to the end, or waits for the unlocker. */
static int on_window(struct round *round, const struct engine_stop *stop)
{
	struct race_view view = {0};
	int error;

	if (stop->task->tid != round->out->taker)
		return 1;
	if (puppet_is_futex(stop, FUTEX_OPERATION_WAIT) && stop->args[0] != round->out->address &&
	    stop->args[0] != round->puppet.board->go_at) {
		finish(round, REASON_LIBC_WAITS);
		return 0;
	}
	if (puppet_mark_of(stop) != MARK_MAPPED)
		return 1;
	error = look(round, &view);
	if (error)
		return error;
	round->out->mapped = view.word_ok;
	round->out->word = view.word;
	round->out->killed = true;
	finish(round, REASON_NONE);
	return 0;
}

/* What trace --guard does, at the same moment. */
static int guard(struct round *round)
{
	const uint64_t none = 0;
	struct walk walk = {.list = round->list};
	int error = walk_lists(&round->live.memory, &walk, 1);
	bool stale = !error && guard_judge_pending(&walk.list, round->out->unlocker) == GUARD_STALE;

	walk_release(&walk);
	if (stale)
		error = live_memory_write(round->out->unlocker,
					  round->list.head + 2 * sizeof(uint64_t), &none,
					  sizeof(none));
	if (error)
		return puppet_fail(&round->puppet, error, "the guard cannot clear list_op_pending");
	round->out->guarded = stale;
	return 0;
}

/* Whether the task may go on; negative: failed. */
static int on_stop(struct round *round, const struct engine_stop *stop)
{
	switch (round->stage) {
	case STAGE_BEFORE:
		if (puppet_mark_of(stop) != MARK_READY)
			return 1;
		return on_ready(round, stop) ? -1 : 1;
	case STAGE_UNLOCKING:
		return is_unlockers(round, stop) ? on_unlocking(round, stop) : 1;
	case STAGE_WINDOW:
		return on_window(round, stop);
	case STAGE_OVER:
		if (stop->kind == ENGINE_EXITING && is_unlockers(round, stop) &&
		    round->request->guard && round->out->killed && guard(round))
			return -1;
		break;
	}
	return 1;
}

/* The kernel wakes who stands still and is killed; resuming it could skip its last stop. */
static bool may_resume(const struct round *round, const struct engine_stop *stop)
{
	return !round->puppet.killed || stop->kind == ENGINE_EXITING || stop->kind == ENGINE_GONE;
}

static void go_on(struct round *round, const struct engine_stop *stop)
{
	bool steps = round->stage == STAGE_UNLOCKING && !round->request->waiter &&
		     is_unlockers(round, stop);

	if (steps)
		engine_step(round->puppet.engine, stop);
	else
		engine_resume(round->puppet.engine, stop, false);
}

static int run(struct round *round)
{
	struct engine_stop stop;
	int got;

	while ((got = puppet_next(&round->puppet, &stop)) > 0) {
		int result = on_stop(round, &stop);

		if (result < 0)
			puppet_kill(&round->puppet);
		if (result != 0 && may_resume(round, &stop))
			go_on(round, &stop);
	}
	if (got < 0)
		return puppet_fail(&round->puppet, got, "waiting for the victim failed");
	return round->puppet.failure->text[0] ? -1 : 0;
}

static int judge(struct round *round)
{
	struct race_round *out = round->out;

	if (pread(round->puppet.file_fd, out->after, RACE_BYTES, (off_t)out->file_offset) !=
	    RACE_BYTES)
		return puppet_fail(&round->puppet, -EIO, "the victim's file cannot be read");
	if (steps_corrupted(out->before, out->after))
		out->verdict = RACE_CORRUPTED;
	else if (out->guarded)
		out->verdict = RACE_PREVENTED;
	else
		out->verdict = RACE_NOT_REPRODUCED;
	if (out->verdict == RACE_NOT_REPRODUCED && out->killed)
		out->reason = REASON_KERNEL_SPARED;
	return 0;
}

int race_round(const struct race_request *request, struct race_round *ret,
	       struct race_failure *ret_failure)
{
	const struct puppet_start start = {
		.libc = request->libc,
		.job = request->libc == RACE_ROBUST_UNLOCK ? JOB_ROBUST_UNLOCK : JOB_PTHREAD,
		.flags = (request->waiter ? VICTIM_WAITER : 0u) | (request->raw ? VICTIM_RAW : 0u),
		.folder = request->folder,
	};
	struct race_round out = {0};
	struct round round = {.request = request, .out = &out};
	uint64_t begin = clock_now_ns();
	int error = puppet_open(&round.puppet, &start, ret_failure);

	if (!error)
		error = run(&round);
	if (!error)
		error = judge(&round);
	if (round.is_open)
		live_memory_close(&round.live);
	error = puppet_close(&round.puppet) ? -EINTR : error;
	if (error)
		return ret_failure->error ? -ret_failure->error : error;
	out.took_ns = clock_now_ns() - begin;
	*ret = out;
	return 0;
}

bool race_is_victim(int argc, char **argv)
{
	return argc > 1 && strcmp(argv[1], VICTIM_ARGUMENT) == 0;
}

int race_victim(int argc, char **argv)
{
	return victim_main(argc, argv);
}
