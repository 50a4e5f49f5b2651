/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The unwind tables of the modules of one process, found when they are first needed. */
#ifndef ROBTRACE_SYMBOL_STACK_TABLES_H
#define ROBTRACE_SYMBOL_STACK_TABLES_H

#include <stddef.h>
#include <stdint.h>

#include "symbol/symbols.h"
#include "symbol/unwind_table.h"

/* Modules whose tables are remembered. */
#define STACK_TABLES_MAX ((size_t)64)
/*
 * Where the tables that we made ourselves seem to lie: behind all that a process can have. An
 * address from there on is read by stack_tables_read, not from the process.
 */
#define STACK_TABLES_OWN (UINT64_C(0xffffff) << 40)

struct stack_table {
	const struct map *first; /* of the module */
	struct unwind_table table;
	bool ok; /* it has one */
};

struct stack_tables {
	struct stack_table known[STACK_TABLES_MAX];
	size_t count;
};

/*
 * The table for an address in the process that `symbols` has entered, or NULL. `cached` is its
 * memory by small pieces. Valid until the next call.
 */
const struct unwind_table *stack_tables_find(struct stack_tables *tables, struct symbols *symbols,
					     const struct symbols_process *process,
					     struct memory *cached, uint64_t address);

/* Eight bytes of a table of our own. 0 or -EFAULT. */
int stack_tables_read(const struct stack_tables *tables, uint64_t address, uint64_t *ret);

void stack_tables_forget(struct stack_tables *tables);

#endif
