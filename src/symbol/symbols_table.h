/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The symbols of one kind from one symbol table, sorted: 12 bytes each, the names stay where they
 * are. Source: elf(5), Elf64_Sym.
 */
#ifndef ROBTRACE_SYMBOL_SYMBOLS_TABLE_H
#define ROBTRACE_SYMBOL_SYMBOLS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "symbol/symbols_bytes.h"
#include "symbol/symbols_elf.h"

/* Where the table and its names lie in the file. Sizes are checked when they are read. */
struct symbols_source {
	unsigned bits;
	uint64_t base;   /* lowest address of the file: symbols are counted from there */
	uint64_t offset; /* in the file */
	uint64_t size;   /* 0: there is no such table */
	uint64_t names_offset;
	uint64_t names_size;
};

struct symbols_entry {
	uint32_t start; /* from source->base */
	uint32_t size;  /* never 0 */
	uint32_t
		name; /* offset of the name, << 2, and how it is bound: 0 global, 1 weak, 2 local */
};

/* All 0 is the table that is not loaded yet. */
struct symbols_table {
	bool loaded; /* also when that failed: it is not tried again */
	struct symbols_entry *entries;
	size_t count;
};

bool symbols_table_find(struct symbols_table *table, const struct symbols_bytes *bytes,
			const struct symbols_source *source, enum symbols_kind kind,
			uint64_t address, struct symbols_budget *budget, struct symbols_hit *ret);

void symbols_table_free(struct symbols_table *table);

#endif
