/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Follows robust lists through target memory, many at once, 32- or 64-bit.
 *
 * The lists are user memory: they may loop, lie, point anywhere and change while they are read.
 * A walk therefore costs bounded time and memory and ends in a named state (enum list_end), and
 * it is read twice: once by following pointers, then all of it again in one scattered read.
 *
 * Source for what the kernel would do with the same list: Documentation/locking/
 * robust-futex-ABI.rst; exit_robust_list and handle_futex_death of kernel/futex/core.c.
 */
#ifndef ROBTRACE_WALK_LIST_H
#define ROBTRACE_WALK_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "model.h"
#include "target/memory.h"

/* Entries kept of one list; those behind are only counted. */
#define WALK_KEEP_MAX ((size_t)4096)
/* Entries counted of one list; a longer one has n_seen == WALK_COUNT_MAX. */
#define WALK_COUNT_MAX ((size_t)16384)

struct walk {
	/*
	 * In: kind, index, emulated, no_limit, bits, bits_from, head. Out: the rest, but for the entries' state and lock.
	 * entries is malloced and belongs to the caller (walk_release).
	 */
	struct list list;
	/* Out: both readings were the same. If not, the list says what the first one saw. */
	bool settled;
};

/*
 * Walks all lists, which lie in the same memory. Walks may be used again: earlier results are
 * given back first. 0, -ENOMEM, or the memory port's error (then the walks hold nothing).
 */
int walk_lists(struct memory *memory, struct walk *walks, size_t count);

/*
 * Whether the list (kind, bits and head set) is empty and nothing is pending, by one read of its
 * head. Then the rest is filled in as by walk_lists; otherwise, or unreadable, nothing is changed.
 */
bool walk_empty(struct memory *memory, struct list *list);

/* Gives back what walk_lists put into the walk. */
void walk_release(struct walk *walk);

/*
 * Reads one futex that is on no list, at an address known from elsewhere; `layout` is NULL where
 * the libc is not known. Sets address, word, word_ok and mutex. 0 or the memory port's error.
 */
int walk_read_futex(struct memory *memory, target_addr address, const struct mutex_layout *layout,
		    struct futex *ret);

#endif
