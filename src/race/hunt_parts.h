/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of a hunt for the window share: hunt.c and hunt_*.c. */
#ifndef ROBTRACE_RACE_HUNT_PARTS_H
#define ROBTRACE_RACE_HUNT_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "find_heads.h"
#include "race/steps.h"
#include "target/engine.h"
#include "target/kernel.h"
#include "unlock_race.h"
#include "walk_list.h"

/* The lock that a thread in single steps is about to release. */
struct quarry {
	pid_t tid;
	struct list list; /* kind, bits, head */
	struct steps_lock lock;
	target_addr address;
	size_t n_instructions;
};

struct hunt {
	const struct race_hunt_request *request;
	struct race_failure *failure;
	struct engine *engine;
	struct kernel kernel;
	pid_t command; /* started by us; 0: none */
	pid_t asked;   /* was asked to stop, to be looked at */
	pid_t turn;    /* of the threads that were; the next has a higher number */
	struct quarry quarry;
	struct race_window *out;
	uint64_t deadline_ns;
	bool found;
	struct engine_stop last; /* in which the one in the window stands */
	int after_fd;            /* the file that has the lock; -1 */
	uint64_t after_offset;
};

/* hunt_window.c */

/* Notes why it failed, the first time; gives the error back. */
int hunt_fail(struct hunt *hunt, int error, const char *text);

/* Whether the lock at that address is one that was asked for. */
bool hunt_is_wanted(const struct hunt *hunt, const struct engine_task *task, target_addr address);
/* The stop's task stands in the window: notes all of it. 0 or -ENOMEM. */
int hunt_show_window(struct hunt *hunt, const struct engine_stop *stop, const struct list *list,
		     target_addr entry, target_addr address, uint32_t word);
/* All lists of the thread, walked; each to be given back by walk_release. How many. */
ssize_t hunt_read_lists(const struct hunt *hunt, const struct engine_task *task,
			struct walk walks[HEADS_MAX]);

/* hunt_step.c: by single steps */

/* Asks the next thread to stop, where none is asked or followed. */
void hunt_ask_next(struct hunt *hunt);
/* It has: whether it is followed from now on is in hunt->quarry. */
void hunt_choose(struct hunt *hunt, const struct engine_stop *stop);
/* One instruction, or one call, further. 0 or a negative errno. */
int hunt_follow(struct hunt *hunt, const struct engine_stop *stop);

#endif
