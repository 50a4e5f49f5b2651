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

/* The most lists that one thread can have. */
#define HEADS_MAX 2

/*
 * Fills kind, index, bits and head of each list that the thread has registered. The number of
 * them, or a negative errno: -ESRCH the thread is gone, -EPERM no right to ask.
 */
ssize_t find_heads(const struct kernel *kernel, pid_t tid, struct list ret_lists[HEADS_MAX]);

#endif
