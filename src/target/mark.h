/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel does to a robust futex whose owner died, done from outside.
 *
 * Source: handle_futex_death of kernel/futex/core.c. For FUTEX_WAKE_OP futex(2).
 */
#ifndef ROBTRACE_TARGET_MARK_H
#define ROBTRACE_TARGET_MARK_H

#include <stdbool.h>
#include <stdint.h>

#include "target/inject.h"
#include "target/memory.h"

struct mark {
	uint32_t tid; /* the dead, as its futex words name it */
	bool pi;
	bool pending; /* from list_op_pending */
};

/* A part of a file that is mapped for the words in it; all 0: of none. */
struct mark_view {
	int fd;
	uint64_t start;
	void *base;
};

/*
 * A word in a file or shared memory, through a mapping of our own: atomic against every process.
 * fd is open for reading and writing, and stays open as long as the view. Takes SIGBUS for itself
 * meanwhile: a file may be cut at any time, and its lock is gone then, which is no error. 0 or a
 * negative errno.
 */
int mark_shared(struct mark_view *view, int fd, uint64_t offset, const struct mark *mark);
void mark_view_close(struct mark_view *view);

/*
 * A word in memory that only some other task can reach: by calls that this task makes for us.
 * woken_itself: it is the one that is woken by this, so that nobody else is. *ret_woken: somebody
 * is due to be woken. 0 or a negative errno.
 */
int mark_by_task(struct inject *inject, struct memory *memory, uint64_t address,
		 const struct mark *mark, bool woken_itself, bool *ret_woken);

#endif
