/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Words of a dying task's emulated lists that a kernel with the new API would mark, and who marks
 * them in its place.
 *
 * Source: exit_robust_list of kernel/futex/core.c, for each list in the order of the indexes.
 */
#ifndef ROBTRACE_FOLLOW_OWED_H
#define ROBTRACE_FOLLOW_OWED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "follow/session.h"
#include "target/mark.h"

struct owed_word {
	unsigned index; /* of its list */
	target_addr address;
	struct mark mark;
	bool shared;
	int fd;          /* shared: of the mapped file, or -1 */
	uint64_t offset; /* in it */
	bool done;
};

struct owed {
	struct owed *next;
	pid_t tid;
	pid_t pid; /* whose memory it is */
	pid_t ns_tid;
	struct owed_word *words;
	size_t count;
	size_t capacity;
	bool holding;
	struct engine_stop held; /* stop of the dying task */
	uint64_t hold_until_ns;
	pid_t asked; /* who was asked to do it; 0: nobody yet */
};

/* All words of all emulated lists of a stopped task. NULL in *ret: there are none. 0 or -ENOMEM. */
int owed_gather(struct follow *follow, struct engine_task *task, struct owed **ret);

#endif
