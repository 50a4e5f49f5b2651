/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/stack_memory.h"

#include <stdbool.h>

static struct page_cache *cache_for(struct stack_memory *stack, uint64_t address)
{
	const struct map *map = stack->last;

	if (!map || address < map->start || address >= map->end) {
		map = maps_find(stack->maps, address);
		if (!map)
			return NULL;
		stack->last = map;
	}
	return map->writable ? &stack->fresh : &stack->fixed;
}

static bool read_range(struct stack_memory *stack, const struct memory_range *range)
{
	struct page_cache *cache = cache_for(stack, range->address);
	enum cache_result result;

	if (!cache || !stack->reads)
		return false;
	stack->reads--;
	result = page_cache_get(cache, range->address, range->buffer, range->size);
	if (result == CACHE_MISSING && page_cache_load(cache) == 0)
		result = page_cache_get(cache, range->address, range->buffer, range->size);
	return result == CACHE_OK;
}

static int read_cached(struct memory *memory, struct memory_range *ranges, size_t count)
{
	struct stack_memory *stack = (struct stack_memory *)memory;

	for (size_t i = 0; i < count; i++)
		ranges[i].ok = read_range(stack, &ranges[i]);
	return 0;
}

int stack_memory_open(struct stack_memory *stack)
{
	int error;

	*stack = (struct stack_memory){.memory = {.read = read_cached}};
	error = page_cache_open(&stack->fixed, NULL);
	return error ? error : page_cache_open(&stack->fresh, NULL);
}

void stack_memory_close(struct stack_memory *stack)
{
	page_cache_close(&stack->fixed);
	page_cache_close(&stack->fresh);
}

void stack_memory_enter(struct stack_memory *stack, const struct maps *maps, struct memory *memory)
{
	stack->maps = maps;
	stack->last = NULL;
	stack->fixed.memory = memory;
	stack->fresh.memory = memory;
	page_cache_clear(&stack->fixed);
	page_cache_clear(&stack->fresh);
}

void stack_memory_begin(struct stack_memory *stack, size_t reads)
{
	stack->reads = reads;
	page_cache_clear(&stack->fresh);
}
