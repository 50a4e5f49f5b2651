/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The second reading of lists: everything again, in one scattered read. */
#ifndef ROBTRACE_VERIFY_LIST_H
#define ROBTRACE_VERIFY_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "model.h"
#include "target/memory.h"

struct verify_item {
	const struct list *list;
	/* Where the entries end: what the last of them leads to, or the head when there is none. */
	target_addr tail; /* as stored: with the PI bit */
	bool has_tail;    /* false: that was not read */
	bool same;        /* out: head, entries, words and links are still as the list has them */
};

/* Compares lists that lie in the same memory. 0, -ENOMEM, or the memory port's error. */
int verify_lists(struct memory *memory, struct verify_item *items, size_t count);

#endif
