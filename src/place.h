/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where an address lies, and what makes two addresses the same futex.
 *
 * Source: futex(2) and the kernel's get_futex_key: a futex in a shared mapping is known by the
 * inode and the offset in it, any other by the memory (mm) and the address.
 */
#ifndef ROBTRACE_PLACE_H
#define ROBTRACE_PLACE_H

#include "model.h"
#include "target/maps.h"
#include "target/memory.h"

/* path points into the maps. An address that is not mapped gives PLACE_UNKNOWN. */
struct place place_find(const struct maps *maps, target_addr address);

/*
 * The same for who has its memory: what only lies behind a module, and not in its .bss, is told from
 * it. The key of a futex is the same either way.
 */
struct place place_look(struct memory *memory, const struct maps *maps, target_addr address);

/* Equal (place_compare gives 0) exactly where the kernel would see one futex. */
struct futex_key {
	uint64_t inode;
	uint32_t dev_major;
	uint32_t dev_minor;
	pid_t mm;        /* private: the process whose memory it is; else 0 */
	uint64_t offset; /* private: the address */
};

/* mm: the process that stands for the memory in which the address lies. */
struct futex_key place_key(const struct place *place, pid_t mm, target_addr address);

/* Negative, 0, positive: an order by place. */
int place_compare(const struct futex_key *left, const struct futex_key *right);

#endif
