/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/page_cache.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/vec.h"

/* 8 MiB at most: a hostile list with an entry a page must not make us big. */
#define PAGES_MAX ((size_t)2048)
#define SLOTS (PAGES_MAX * 4)

struct cached_page {
	uint64_t number; /* address / CACHE_PAGE */
	bool bad;
	unsigned char *data; /* kept over page_cache_clear, for the next page */
};

int page_cache_open(struct page_cache *cache, struct memory *memory)
{
	*cache = (struct page_cache){.memory = memory};
	cache->slots = calloc(SLOTS, sizeof(*cache->slots));
	return cache->slots ? 0 : -ENOMEM;
}

void page_cache_close(struct page_cache *cache)
{
	for (size_t i = 0; i < cache->capacity; i++)
		free(cache->pages[i].data);
	free(cache->pages);
	free(cache->slots);
	*cache = (struct page_cache){0};
}

void page_cache_clear(struct page_cache *cache)
{
	if (cache->n_pages)
		memset(cache->slots, 0, SLOTS * sizeof(*cache->slots));
	cache->n_pages = 0;
	cache->n_loaded = 0;
}

/* The slot that holds the page, or the empty one where it belongs. */
static uint32_t *find_slot(struct page_cache *cache, uint64_t number)
{
	size_t slot = (size_t)((number * UINT64_C(0x9e3779b97f4a7c15)) >> 32) % SLOTS;

	while (cache->slots[slot] && cache->pages[cache->slots[slot] - 1].number != number)
		slot = (slot + 1) % SLOTS;
	return &cache->slots[slot];
}

static enum cache_result note_page(struct page_cache *cache, uint64_t number, uint32_t *slot)
{
	size_t old = cache->capacity;

	/* Full of pages: start anew; walkers ask again for the few that they still need. */
	if (cache->n_pages == PAGES_MAX) {
		page_cache_clear(cache);
		slot = find_slot(cache, number);
	}
	if (vec_reserve(&cache->pages, cache->n_pages, &cache->capacity, 1,
			sizeof(*cache->pages))) {
		cache->out_of_memory = true; /* told by the next page_cache_load */
		return CACHE_MISSING;
	}
	if (cache->capacity > old)
		memset(cache->pages + old, 0, (cache->capacity - old) * sizeof(*cache->pages));
	cache->pages[cache->n_pages].number = number;
	cache->pages[cache->n_pages].bad = false;
	*slot = (uint32_t)++cache->n_pages;
	return CACHE_MISSING;
}

static enum cache_result get_in_page(struct page_cache *cache, uint64_t address, void *buffer,
				     size_t size)
{
	uint64_t number = address / CACHE_PAGE;
	uint32_t *slot = find_slot(cache, number);
	size_t index = *slot;

	if (!index)
		return note_page(cache, number, slot);
	index--;
	if (index >= cache->n_loaded)
		return CACHE_MISSING;
	if (cache->pages[index].bad)
		return CACHE_BAD;
	memcpy(buffer, cache->pages[index].data + address % CACHE_PAGE, size);
	return CACHE_OK;
}

enum cache_result page_cache_get(struct page_cache *cache, uint64_t address, void *buffer,
				 size_t size)
{
	size_t first = CACHE_PAGE - (size_t)(address % CACHE_PAGE);
	enum cache_result low;
	enum cache_result high;

	if (size > CACHE_PAGE || address > UINT64_MAX - size)
		return CACHE_BAD;
	if (size <= first)
		return get_in_page(cache, address, buffer, size);
	low = get_in_page(cache, address, buffer, first);
	high = get_in_page(cache, address + first, (unsigned char *)buffer + first, size - first);
	if (low == CACHE_BAD || high == CACHE_BAD)
		return CACHE_BAD;
	return low == CACHE_OK ? high : CACHE_MISSING;
}

int page_cache_load(struct page_cache *cache)
{
	size_t count = cache->n_pages - cache->n_loaded;
	struct cached_page *pages;
	cleanup_free struct memory_range *ranges = NULL;
	int error;

	if (cache->out_of_memory)
		return -ENOMEM;
	if (!count)
		return 0;
	pages = cache->pages + cache->n_loaded;
	ranges = calloc(count, sizeof(*ranges));
	if (!ranges)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		if (!pages[i].data)
			pages[i].data = malloc(CACHE_PAGE);
		if (!pages[i].data)
			return -ENOMEM;
		ranges[i] = (struct memory_range){.address = pages[i].number * CACHE_PAGE,
						  .size = CACHE_PAGE,
						  .buffer = pages[i].data};
	}
	error = memory_read(cache->memory, ranges, count);
	if (error)
		return error;
	for (size_t i = 0; i < count; i++)
		pages[i].bad = !ranges[i].ok;
	cache->n_loaded = cache->n_pages;
	return 0;
}
