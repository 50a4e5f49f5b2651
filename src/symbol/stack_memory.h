/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory for unwinding, by pages: what cannot be written to (code, unwind tables) is read once for
 * a process, all else once for each stack.
 */
#ifndef ROBTRACE_SYMBOL_STACK_MEMORY_H
#define ROBTRACE_SYMBOL_STACK_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "target/maps.h"
#include "target/memory.h"
#include "target/page_cache.h"

struct stack_memory {
	struct memory memory; /* the port; ranges of at most CACHE_PAGE bytes */
	const struct maps *maps;
	struct page_cache fixed;
	struct page_cache fresh;
	const struct map *last; /* where the last read was */
	size_t reads;           /* that may still be done; see stack_memory_begin */
};

/* 0 or -ENOMEM; stack_memory_close is safe after that too. */
int stack_memory_open(struct stack_memory *stack);
void stack_memory_close(struct stack_memory *stack);

/* Forgets all and goes over to another process. */
void stack_memory_enter(struct stack_memory *stack, const struct maps *maps, struct memory *memory);

/* Forgets what can have changed. `reads`: after so many reads all fail. */
void stack_memory_begin(struct stack_memory *stack, size_t reads);

#endif
