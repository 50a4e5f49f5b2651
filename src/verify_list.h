/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The second reading of lists: everything again, in one scattered read. */
#ifndef ROBTRACE_VERIFY_LIST_H
#define ROBTRACE_VERIFY_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "model.h"
#include "target/memory.h"

/*
 * Whether each list's head, entries and words are still as the list has them; the lists lie in the
 * same memory. 0, -ENOMEM, or the memory port's error.
 */
int verify_lists(struct memory *memory, const struct list *const *lists, size_t count,
		 bool *ret_same);

#endif
