/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages of target memory, read many at a time.
 *
 * Whoever follows pointers asks for bytes; what is not here yet is noted, and one
 * page_cache_load fetches all that was noted by everybody in one read of the memory port.
 */
#ifndef ROBTRACE_TARGET_PAGE_CACHE_H
#define ROBTRACE_TARGET_PAGE_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "target/memory.h"

/* The grain of the cache. Every page size of Linux is a multiple of it. */
#define CACHE_PAGE 4096

enum cache_result {
	CACHE_OK,
	CACHE_MISSING, /* noted: ask again after the next page_cache_load */
	CACHE_BAD,     /* cannot be read */
};

struct cached_page;

struct page_cache {
	struct memory *memory;
	struct cached_page *pages; /* the first n_pages are in use */
	size_t n_pages;
	size_t n_loaded; /* pages behind these are noted, not read */
	size_t capacity;
	uint32_t *slots; /* hash of address to index + 1 */
	bool out_of_memory;
};

/* 0 or -ENOMEM. page_cache_close is safe after a failed open. */
int page_cache_open(struct page_cache *cache, struct memory *memory);
void page_cache_close(struct page_cache *cache);

/* Forgets all pages, so that the next look is a fresh one. */
void page_cache_clear(struct page_cache *cache);

/* Copies `size` bytes (at most CACHE_PAGE) at `address`. */
enum cache_result page_cache_get(struct page_cache *cache, uint64_t address, void *buffer,
				 size_t size);

/* Reads what is noted. 0, -ENOMEM, or the memory port's error. */
int page_cache_load(struct page_cache *cache);

#endif
