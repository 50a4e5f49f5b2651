/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The unwind table of a module: which frame description belongs to an address. Read from the
 * memory of the process, because its file may be gone or closed to us.
 *
 * Source: Linux Standard Base, "Exception Frames": .eh_frame_hdr, to which PT_GNU_EH_FRAME points,
 * and .eh_frame.
 */
#ifndef ROBTRACE_SYMBOL_UNWIND_TABLE_H
#define ROBTRACE_SYMBOL_UNWIND_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "target/maps.h"
#include "target/memory.h"

/* Both count from `base`. Sorted by function. */
struct unwind_entry {
	int32_t function;
	int32_t description;
};

struct unwind_table {
	uint64_t base;
	size_t count;
	uint64_t entries;         /* their address in the process */
	struct unwind_entry *own; /* malloced; NULL where they are in the process */
};

/*
 * The table that linkers make, of the 64-bit module whose first mapping this is. 0; -ENOENT: it has
 * none; or an error of the memory.
 */
int unwind_table_find(const struct map *first, struct memory *memory, struct unwind_table *ret);

/*
 * Makes one where the linker made none, as in static programs, from the .eh_frame at this address.
 * `memory` must read ranges of any size. 0, -ENOENT where it holds nothing we understand, -ENOMEM,
 * or an error of the memory.
 */
int unwind_table_make(struct memory *memory, uint64_t address, uint64_t size,
		      struct unwind_table *ret);

void unwind_table_release(struct unwind_table *table);

#endif
