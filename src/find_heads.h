/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which robust lists a thread has and where their heads are. One row a source of heads; the
 * lists of another API are another row.
 */
#ifndef ROBTRACE_FIND_HEADS_H
#define ROBTRACE_FIND_HEADS_H

#include <stddef.h>
#include <sys/types.h>

#include "model.h"
#include "target/kernel.h"
#include "target/memory.h"

/* Lists of set_robust_list2 that are asked for; no revision allows as many. */
#define HEADS_LIST2_MAX 32

/* The most lists that one thread can have. */
#define HEADS_MAX (2 + HEADS_LIST2_MAX)

/*
 * Fills kind, index, bits, bits_from and head of each list that the thread has registered. `memory`
 * is the thread's: where the kernel does not tell the word size of a list, its head is looked at.
 * The number of them, or a negative errno: -ESRCH the thread is gone, -EPERM no right to ask.
 */
ssize_t find_heads(const struct kernel *kernel, struct memory *memory, pid_t tid,
		   struct list ret_lists[HEADS_MAX]);

#endif
