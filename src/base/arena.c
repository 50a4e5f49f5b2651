/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Blocks grow from one to the other: a small picture stays small. */
#define BLOCK_MIN ((size_t)64 << 10)
#define BLOCK_MAX ((size_t)1 << 20)

struct arena_block {
	struct arena_block *next;
	size_t used;
	size_t size;
	alignas(max_align_t) char data[];
};

/*
 * Zeroed pages straight from the kernel, all of them at once: to touch them one by one costs a page
 * fault each, and a picture of 10,000 locks has a thousand of them.
 */
static struct arena_block *block_new(struct arena *arena, size_t size)
{
	size_t first = arena->first ? arena->first : BLOCK_MIN;
	size_t wanted = arena->blocks ? arena->blocks->size * 2 : first;
	struct arena_block *block;

	if (wanted > BLOCK_MAX)
		wanted = BLOCK_MAX;
	if (size > wanted)
		wanted = size;
	if (wanted < BLOCK_MIN)
		block = calloc(1, sizeof(*block) + wanted);
	else
		block = mmap(NULL, sizeof(*block) + wanted, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (!block || block == MAP_FAILED)
		return NULL;
	block->size = wanted;
	block->next = arena->blocks;
	arena->blocks = block;
	return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	const size_t align = alignof(max_align_t);
	struct arena_block *block = arena->blocks;
	void *memory;

	if (size > SIZE_MAX / 2)
		return NULL;
	size = (size + align - 1) / align * align;
	if (!block || block->size - block->used < size) {
		block = block_new(arena, size);
		if (!block)
			return NULL;
	}
	memory = block->data + block->used;
	block->used += size;
	return memory;
}

void *arena_copy(struct arena *arena, const void *data, size_t size)
{
	void *copy = arena_alloc(arena, size ? size : 1);

	if (copy && size)
		memcpy(copy, data, size);
	return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return arena_copy(arena, text, strlen(text) + 1);
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args;
	char *text = NULL;
	char *copy = NULL;

	va_start(args, format);
	if (vasprintf(&text, format, args) >= 0) {
		copy = arena_strdup(arena, text);
		free(text);
	}
	va_end(args);
	return copy;
}

void arena_free(struct arena *arena)
{
	while (arena->blocks) {
		struct arena_block *next = arena->blocks->next;

		if (arena->blocks->size < BLOCK_MIN)
			free(arena->blocks);
		else
			munmap(arena->blocks, sizeof(*arena->blocks) + arena->blocks->size);
		arena->blocks = next;
	}
}
