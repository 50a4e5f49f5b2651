/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that is given back all at once: a snapshot takes many small pieces and drops them
 * together. Nothing here aborts: NULL or -ENOMEM goes up to the caller.
 */
#ifndef ROBTRACE_BASE_ARENA_H
#define ROBTRACE_BASE_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *blocks;
	size_t first; /* bytes of the first block; 0: many, as for a picture */
};

/* Zeroed memory, aligned for any object; NULL when there is none left. */
void *arena_alloc(struct arena *arena, size_t size);

/* Copies of what is given; NULL when there is no memory. arena_copy of 0 bytes is not NULL. */
void *arena_copy(struct arena *arena, const void *data, size_t size);
char *arena_strdup(struct arena *arena, const char *text);
char *arena_printf(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Gives everything back and leaves an empty arena, of the same first size. */
void arena_free(struct arena *arena);

#endif
