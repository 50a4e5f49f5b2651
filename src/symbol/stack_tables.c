/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/stack_tables.h"

#include <errno.h>
#include <string.h>

#include "symbol/module.h"

void stack_tables_forget(struct stack_tables *tables)
{
	for (size_t i = 0; i < tables->count; i++)
		unwind_table_release(&tables->known[i].table);
	tables->count = 0;
}

static bool load(struct symbols *symbols, const struct symbols_process *process,
		 struct memory *cached, const struct map *first, struct unwind_table *ret)
{
	target_addr address;
	uint64_t size;

	if (unwind_table_find(first, cached, ret) == 0)
		return true;
	return symbols_eh_frame(symbols, first, &address, &size) &&
	       unwind_table_make(process->memory, address, size, ret) == 0;
}

const struct unwind_table *stack_tables_find(struct stack_tables *tables, struct symbols *symbols,
					     const struct symbols_process *process,
					     struct memory *cached, uint64_t address)
{
	struct stack_table *known;
	struct module module;

	if (!module_find(process->maps, address, &module) || module.bss)
		return NULL;
	for (size_t i = 0; i < tables->count; i++)
		if (tables->known[i].first == module.first)
			return tables->known[i].ok ? &tables->known[i].table : NULL;
	if (tables->count == STACK_TABLES_MAX)
		stack_tables_forget(tables);
	known = &tables->known[tables->count];
	*known = (struct stack_table){.first = module.first};
	known->ok = load(symbols, process, cached, module.first, &known->table);
	if (known->table.own)
		known->table.entries = STACK_TABLES_OWN + ((uint64_t)tables->count << 32);
	tables->count++;
	return known->ok ? &known->table : NULL;
}

int stack_tables_read(const struct stack_tables *tables, uint64_t address, uint64_t *ret)
{
	size_t index = (size_t)((address - STACK_TABLES_OWN) >> 32);
	size_t entry = (size_t)(address & UINT32_MAX) / sizeof(struct unwind_entry);
	const struct unwind_table *table;

	if (index >= tables->count)
		return -EFAULT;
	table = &tables->known[index].table;
	if (!table->own || entry >= table->count)
		return -EFAULT;
	memcpy(ret, &table->own[entry], sizeof(*ret));
	return 0;
}
