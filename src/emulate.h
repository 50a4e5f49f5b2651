/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * set_robust_list2 and get_robust_list2 as a kernel of a given revision answers them: the lists of
 * one task. Pure: it touches no task. What follows at the task's end is in follow/owed.c.
 *
 * Source: abi/revision.h.
 */
#ifndef ROBTRACE_EMULATE_H
#define ROBTRACE_EMULATE_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/revision.h"

struct emulated_list {
	bool used;     /* CREATE does not give this index out */
	uint64_t head; /* may be 0 in a used slot */
	unsigned bits; /* 32 or 64; 0: never registered */
	bool legacy;   /* of set_robust_list: the kernel itself knows it */
};

/* All 0: a task that has registered nothing, as every new one and every one after an exec. */
struct emulated_lists {
	struct emulated_list slots[REVISION_LISTS_MAX];
};

/* What the call returns: an index, 0, the number of lists, or a negative errno. */
int64_t emulate_set(const struct revision *revision, struct emulated_lists *lists,
		    const uint64_t args[REVISION_ARGS_MAX], unsigned caller_bits);

/*
 * The task has called set_robust_list, with success: where the heads of that call are among the
 * indexes, it takes one.
 */
void emulate_set_legacy(const struct revision *revision, struct emulated_lists *lists,
			uint64_t head, unsigned caller_bits);

/* There is a list, and no kernel looks after it. */
bool emulate_is_ours(const struct emulated_list *list);

/* The list that is asked for. 0 or -EINVAL; who may ask is for the caller to know. */
int emulate_get(const struct revision *revision, const struct emulated_lists *lists, uint32_t index,
		uint32_t flags, struct emulated_list *ret);

#endif
