/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The second reading of walked lists (walk_list.h): everything again, in one scattered read. */
#ifndef ROBTRACE_VERIFY_LIST_H
#define ROBTRACE_VERIFY_LIST_H

#include <stddef.h>

#include "target/memory.h"
#include "walk_list.h"

/*
 * Sets `settled` of each walk whose head, entries and words are still as the walk has them.
 * 0, -ENOMEM, or the memory port's error.
 */
int verify_lists(struct memory *memory, struct walk *walks, size_t count);

#endif
