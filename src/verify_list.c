/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "verify_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi/futex_word.h"
#include "base/cleanup.h"
#include "base/vec.h"

/* Stretches closer than this are read as one: a system call's cost is per stretch, not byte. */
#define MERGE_GAP ((uint64_t)96)
/* A merged stretch stays inside one grain, so that an unmapped page spoils no other. */
#define GRAIN ((uint64_t)4096)

struct span {
	uint64_t address;
	uint64_t size;
};

struct spans {
	struct span *items;
	size_t count;
	size_t capacity;
};

/* Takes `next` into the stretch if that stays small and inside one grain. */
static bool merge(struct span *into, const struct span *next)
{
	uint64_t start = next->address < into->address ? next->address : into->address;
	uint64_t end = into->address + into->size;
	uint64_t next_end = next->address + next->size;

	if (next_end < next->address || end < into->address)
		return false;
	if (next->address > end + MERGE_GAP || into->address > next_end + MERGE_GAP)
		return false;
	if (next_end > end)
		end = next_end;
	if (start / GRAIN != (end - 1) / GRAIN)
		return false;
	*into = (struct span){start, end - start};
	return true;
}

static int add_span(struct spans *spans, uint64_t address, uint64_t size)
{
	const struct span span = {address, size};
	int error;

	/* Entry and word lie together, and often the next lock beside them. */
	if (spans->count && merge(&spans->items[spans->count - 1], &span))
		return 0;
	error = vec_reserve(&spans->items, spans->count, &spans->capacity, 1,
			    sizeof(*spans->items));
	if (!error)
		spans->items[spans->count++] = span;
	return error;
}

static int add_list(struct spans *spans, const struct list *list)
{
	uint64_t width = list->bits / 8;
	int error = 0;

	if (!list->head_ok)
		return 0;
	error = add_span(spans, list->head, 3 * width);
	if (!error && list->has_pending && list->pending.word_ok)
		error = add_span(spans, list->pending.address, sizeof(uint32_t));
	for (size_t i = 0; i < list->n_entries && !error; i++) {
		error = add_span(spans, list->entries[i].entry, width);
		if (!error)
			error = add_span(spans, list->entries[i].address, sizeof(uint32_t));
	}
	return error;
}

static int compare_spans(const void *left, const void *right)
{
	const struct span *a = left;
	const struct span *b = right;

	return (a->address > b->address) - (a->address < b->address);
}

static void merge_spans(struct spans *spans)
{
	size_t last = 0;

	if (!spans->count)
		return;
	qsort(spans->items, spans->count, sizeof(*spans->items), compare_spans);
	for (size_t i = 1; i < spans->count; i++)
		if (!merge(&spans->items[last], &spans->items[i]))
			spans->items[++last] = spans->items[i];
	spans->count = last + 1;
}

/* All that was read again. */
struct reading {
	struct memory_range *ranges; /* ascending by address */
	size_t count;
};

/* Whether `size` bytes at `address` are there again and hold `value`. */
static bool still(const struct reading *reading, uint64_t address, uint64_t value, size_t size)
{
	size_t low = 0;
	size_t high = reading->count;
	const struct memory_range *range;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (reading->ranges[middle].address <= address)
			low = middle;
		else
			high = middle;
	}
	range = &reading->ranges[low];
	/* The reading is in the target's byte order, which is ours: little-endian. */
	return low < reading->count && range->ok && range->address <= address &&
	       address + size <= range->address + range->size &&
	       memcmp((const char *)range->buffer + (address - range->address), &value, size) == 0;
}

/* What the entry before, or the head, must hold to lead to this entry. */
static uint64_t stored_pointer(const struct futex *futex)
{
	return futex->entry | (futex->pi ? ENTRY_PI_BIT : 0);
}

static bool list_still(const struct reading *reading, const struct verify_item *item)
{
	const struct list *list = item->list;
	size_t width = list->bits / 8;
	uint64_t pending = list->has_pending ? stored_pointer(&list->pending) : 0;
	target_addr from = list->head;

	if (!list->head_ok)
		return false;
	if (!still(reading, list->head + width, (uint64_t)list->futex_offset, width) ||
	    !still(reading, list->head + 2 * width, pending, width))
		return false;
	if (list->has_pending && list->pending.word_ok &&
	    !still(reading, list->pending.address, list->pending.word, sizeof(uint32_t)))
		return false;
	for (size_t i = 0; i < list->n_entries; i++) {
		const struct futex *entry = &list->entries[i];

		if (!still(reading, from, stored_pointer(entry), width))
			return false;
		if (entry->word_ok &&
		    !still(reading, entry->address, entry->word, sizeof(uint32_t)))
			return false;
		from = entry->entry;
	}
	/* To the head, to an entry for the second time, to what cannot be read, or further on. */
	return !item->has_tail || still(reading, from, item->tail, width);
}

int verify_lists(struct memory *memory, struct verify_item *items, size_t count)
{
	struct spans spans = {0};
	struct reading reading = {0};
	cleanup_free unsigned char *bytes = NULL;
	size_t total = 0;
	int error = 0;

	for (size_t i = 0; i < count && !error; i++)
		error = add_list(&spans, items[i].list);
	if (error)
		goto out;
	merge_spans(&spans);
	for (size_t i = 0; i < spans.count; i++)
		total += spans.items[i].size;
	bytes = malloc(total ? total : 1);
	reading.ranges = calloc(spans.count ? spans.count : 1, sizeof(*reading.ranges));
	error = bytes && reading.ranges ? 0 : -ENOMEM;
	if (error)
		goto out;
	total = 0;
	for (size_t i = 0; i < spans.count; i++) {
		reading.ranges[i] = (struct memory_range){.address = spans.items[i].address,
							  .size = spans.items[i].size,
							  .buffer = bytes + total};
		total += spans.items[i].size;
	}
	reading.count = spans.count;
	error = memory_read(memory, reading.ranges, reading.count);
	for (size_t i = 0; i < count && !error; i++)
		items[i].same = list_still(&reading, &items[i]);
out:
	free(spans.items);
	free(reading.ranges);
	return error;
}
