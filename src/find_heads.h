/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which robust lists a thread has and where their heads are. One row a source of heads; the
 * lists of another API are another row.
 */
#ifndef ROBTRACE_FIND_HEADS_H
#define ROBTRACE_FIND_HEADS_H

#include <stddef.h>
#include <sys/types.h>

#include "abi/revision.h"
#include "model.h"
#include "target/kernel.h"
#include "target/memory.h"

/* Lists of set_robust_list2 that are asked for; no revision allows as many. */
#define HEADS_LIST2_MAX 32

/* The most lists that one thread can have. */
#define HEADS_MAX (2 + HEADS_LIST2_MAX + REVISION_LISTS_MAX)

/* Who knows of lists that no kernel can be asked for. */
struct emulated_heads {
	/*
	 * Fills what find_heads fills of the emulated lists of the thread, whose number is as we
	 * count. How many; 0 also for a thread that nobody knows.
	 */
	size_t (*ask)(const void *context, pid_t tid, struct list ret[REVISION_LISTS_MAX]);
	const void *context;
};

/*
 * Fills kind, index, emulated, no_limit, bits, bits_from and head of each list that the thread has
 * registered. `memory` is the thread's: where the kernel does not tell the word size of a list, its
 * head is looked at. `emulated` NULL: no lists are. The number of them, or a negative errno: -ESRCH
 * the thread is gone, -EPERM no right to ask.
 */
ssize_t find_heads(const struct kernel *kernel, const struct emulated_heads *emulated,
		   struct memory *memory, pid_t tid, struct list ret_lists[HEADS_MAX]);

#endif
