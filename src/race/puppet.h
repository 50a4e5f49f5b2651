/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A victim under trace, and what it shares with its tracer. */
#ifndef ROBTRACE_RACE_PUPPET_H
#define ROBTRACE_RACE_PUPPET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "race/board.h"
#include "target/engine.h"
#include "unlock_race.h"

struct puppet {
	struct engine *engine;
	pid_t pid;
	struct race_board *board;
	size_t board_size;
	int board_fd;
	int file_fd; /* the file that comes to lie where the lock was, or -1 */
	bool killed;
	uint64_t deadline_ns;
	struct race_failure *failure;
};

struct puppet_start {
	enum race_libc libc;
	enum victim_job job;
	unsigned flags;     /* enum victim_flag */
	size_t n_locks;     /* behind the board */
	const char *folder; /* for the file; NULL: none */
};

/*
 * Starts it. 0, or a negative errno and *failure, which must live as long as the puppet. Give back
 * with puppet_close either way.
 */
int puppet_open(struct puppet *puppet, const struct puppet_start *start,
		struct race_failure *failure);

/*
 * The next stop of the victim. 1; 0 when it is gone. A control signal or the end of its time kills
 * it, and *failure says so; what it says at MARK_FAILED likewise.
 */
int puppet_next(struct puppet *puppet, struct engine_stop *ret);

/* The mark that the stop is, or 0. */
enum victim_mark puppet_mark_of(const struct engine_stop *stop);

/* Whether the stop is the entry of futex(2), with this operation. */
bool puppet_is_futex(const struct engine_stop *stop, uint32_t operation);

/* Lets the taker go on. */
void puppet_go(const struct puppet *puppet);

/* Its tasks end by themselves then; none of them is resumed. */
void puppet_kill(struct puppet *puppet);

/* Notes a failure, the first only. Returns error. */
int puppet_fail(struct puppet *puppet, int error, const char *text);

/*
 * Kills what is left. 0, or -EINTR and the failure says so: a control signal came when all was over
 * already. It must end the run all the same.
 */
int puppet_close(struct puppet *puppet);

#endif
