/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * set_robust_list2 and get_robust_list2 of the running kernel: which revision it speaks, at which
 * number, and the heads that it tells. The facts are in abi/revision.h.
 */
#ifndef ROBTRACE_TARGET_LIST2_H
#define ROBTRACE_TARGET_LIST2_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "abi/revision.h"

struct list2_api {
	const struct revision *revision; /* NULL: the kernel has no such call */
	long set_number;
	long get_number;  /* REVISION_NONE: lists of others cannot be asked for */
	unsigned lists;   /* of a task: what LIST_LIMIT answers, or as the row says */
	bool width_tells; /* 4 bytes are written for a 32-bit list: so its word size is known */
};

/* What is at a number, as far as a call that no revision accepts can tell. */
enum list2_number {
	LIST2_TAKEN,  /* another call, by the release of the kernel: not tried */
	LIST2_ABSENT, /* ENOSYS */
	LIST2_OTHER,  /* a call that does not answer as a revision does */
	LIST2_MAYBE,  /* refuses wrong arguments as every revision does */
};

/*
 * Finds out in the calling process, which must be a child made for that and end right afterwards:
 * it registers lists of its own. SIGSEGV and SIGSYS must end it without a fuss.
 */
void list2_probe(struct list2_api *ret);

/*
 * The same rule for one number; also only in such a child, unless it is LIST2_TAKEN: then nothing is
 * called, and *ret_taken_by is the name of the call.
 */
enum list2_number list2_try_number(long number, const char **ret_taken_by);

/*
 * The head of one list of a thread, 0 for a slot that is not used, and its word size, 0 where the
 * kernel does not let it be known. 0, or -ESRCH, -EPERM, -ENOSYS.
 */
int list2_head(const struct list2_api *api, pid_t tid, unsigned index, uint64_t *ret_head,
	       unsigned *ret_bits);

#endif
