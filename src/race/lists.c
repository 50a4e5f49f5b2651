/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The other two faults of the API: what lies beyond the limit, and behind a circle. */
#include "unlock_race.h"

#include <errno.h>

#include "abi/futex_word.h"
#include "base/arena.h"
#include "base/clock.h"
#include "guard.h"
#include "race/puppet.h"
#include "target/kernel.h"
#include "target/live.h"
#include "walk_list.h"

/* Over the limit; and a circle that can be counted by eye. */
#define N_LIMIT 3000
#define N_CIRCULAR 8

static size_t count_fate(const struct death *death, enum death_fate fate)
{
	size_t count = 0;

	for (size_t i = 0; i < death->n_locks; i++)
		count += death->locks[i].fate == fate;
	return count;
}

/* As trace does at the end of any thread. */
static int foretell(struct puppet *puppet, const struct engine_stop *stop, struct race_lists *out)
{
	const struct kernel kernel = {0};
	struct walk walk = {.list = {.kind = LIST_ROBUST, .bits = 64}};
	struct arena arena = {0};
	struct live_memory live;
	struct death death;
	int error;

	out->tid = stop->task->tid;
	error = kernel_robust_head(&kernel, out->tid, &walk.list.head);
	if (!error) {
		live_memory_open(&live, stop->task->pid, out->tid);
		error = walk_lists(&live.memory, &walk, 1);
		live_memory_close(&live);
	}
	if (!error)
		error = guard_judge_death(&walk.list, 1, out->tid, &arena, &death);
	if (!error) {
		out->end = walk.list.end;
		out->n_listed = walk.list.n_seen;
		out->n_would_mark = count_fate(&death, FATE_OWNER_DIED);
	}
	walk_release(&walk);
	arena_free(&arena);
	return error ? puppet_fail(puppet, error, "the victim's list cannot be read") : 0;
}

static void count_words(const struct puppet *puppet, struct race_lists *out)
{
	const unsigned char *base = (const unsigned char *)puppet->board + BOARD_SIZE;

	for (size_t i = 0; i < out->n_locks; i++) {
		const void *at = base + i * sizeof(struct own_mutex);
		uint32_t word = __atomic_load_n(&((const struct own_mutex *)at)->word,
						__ATOMIC_ACQUIRE);

		out->n_marked += word == WORD_OWNER_DIED;
		out->n_stuck += (word & WORD_TID_MASK) == (uint32_t)out->tid;
	}
}

static int run(struct puppet *puppet, struct race_lists *out)
{
	struct engine_stop stop;
	int error = 0;
	int got;

	while ((got = puppet_next(puppet, &stop)) > 0) {
		bool at_end = puppet_mark_of(&stop) == MARK_DYING;

		if (at_end) {
			error = foretell(puppet, &stop, out);
			puppet_kill(puppet);
		} else if (!puppet->killed || stop.kind == ENGINE_EXITING ||
			   stop.kind == ENGINE_GONE) {
			engine_resume(puppet->engine, &stop, false);
		}
	}
	if (got < 0)
		return puppet_fail(puppet, got, "waiting for the victim failed");
	if (!error && puppet->failure->text[0])
		error = -EPROTO;
	return error;
}

int race_lists(bool circular, struct race_lists *ret, struct race_failure *ret_failure)
{
	struct race_lists out = {.circular = circular, .n_locks = circular ? N_CIRCULAR : N_LIMIT};
	const struct puppet_start start = {.libc = RACE_GLIBC,
					   .job = circular ? JOB_CIRCULAR : JOB_LIMIT,
					   .n_locks = out.n_locks};
	struct puppet puppet;
	uint64_t begin = clock_now_ns();
	int error = puppet_open(&puppet, &start, ret_failure);

	if (!error)
		error = run(&puppet, &out);
	if (!error)
		count_words(&puppet, &out);
	error = puppet_close(&puppet) ? -EINTR : error;
	if (error)
		return ret_failure->error ? -ret_failure->error : error;
	out.took_ns = clock_now_ns() - begin;
	*ret = out;
	return 0;
}
