/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A look that a target cannot hold up for ever. Memory may have no answer: a page of a file system
 * that hangs, or of a program that deals with its own faults (userfaultfd(2)) and does not. The
 * thread that reads it then sleeps in the kernel, where only the end of robtrace wakes it.
 */
#ifndef ROBTRACE_CMD_PATIENCE_H
#define ROBTRACE_CMD_PATIENCE_H

#include <stddef.h>
#include <sys/types.h>

#include "snapshot.h"

/* As many processes are left out; then a look fails. */
#define PATIENCE_MAX 16

/* Processes that did not answer before: they are left out from then on. Starts as zeros. */
struct patience {
	pid_t pids[PATIENCE_MAX];
	size_t n;
};

/*
 * snapshot_take of the request, without the processes of `patience`. -ETIMEDOUT: one more has no
 * answer, and is the last of patience->pids now; take it again, with another base, since this look
 * keeps its own for ever. -EBUSY: that were too many.
 */
int patience_take(struct patience *patience, const struct snapshot_request *request,
		  struct snapshot *ret);

#endif
