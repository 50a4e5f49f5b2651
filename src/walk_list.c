/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "walk_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi/futex_word.h"
#include "abi/mutex_layout.h"
#include "base/vec.h"
#include "target/page_cache.h"
#include "verify_list.h"

/*
 * Lists walked side by side: enough that a system call serves many, few enough that little time
 * passes between the two readings of one list.
 */
#define CHUNK ((size_t)64)

/* A list head as it lies in memory: three pointer-sized words. */
#define HEAD_WORDS 3

/* Where a walk stands. */
struct cursor {
	struct walk *walk;
	const struct mutex_layout *layout;
	size_t capacity;  /* of list.entries */
	target_addr next; /* as stored: with the PI bit */
	bool done;
	/* What the last entry that was kept leads to, once that was read: for the second reading. */
	target_addr tail;
	bool has_tail;
	/* Brent's search for a cycle: an entry to compare with, renewed at powers of two. */
	target_addr tortoise;
	size_t power;
	size_t lambda;
};

static target_addr load_pointer(const unsigned char *bytes, unsigned bits)
{
	uint32_t narrow;
	uint64_t wide;

	if (bits == 32) {
		memcpy(&narrow, bytes, sizeof(narrow));
		return narrow;
	}
	memcpy(&wide, bytes, sizeof(wide));
	return wide;
}

static target_addr word_address(const struct list *list, target_addr entry)
{
	target_addr address = entry + (uint64_t)list->futex_offset;

	return list->bits == 32 ? (uint32_t)address : address;
}

/*
 * Reads the futex word of futex->address and what the libc keeps around it. CACHE_BAD when the
 * word cannot be read; the rest of the mutex may be missing without harm.
 */
static enum cache_result read_futex(struct page_cache *cache, const struct mutex_layout *layout,
				    struct futex *futex)
{
	unsigned char bytes[MUTEX_SPAN_MAX];
	uint32_t word;
	enum cache_result mutex = CACHE_BAD;
	enum cache_result result = page_cache_get(cache, futex->address, &word, sizeof(word));

	if (layout)
		mutex = page_cache_get(cache, futex->address - layout->before, bytes, layout->span);
	if (result != CACHE_OK)
		return result;
	if (mutex == CACHE_MISSING)
		return CACHE_MISSING;
	futex->word = word;
	futex->word_ok = true;
	futex->no_mutex = layout &&
			  !(mutex == CACHE_OK && layout->decode(layout, bytes, &futex->mutex));
	return CACHE_OK;
}

/* The entry at hand is not kept: the first such one is where the kept ones end. */
static void keep_tail(struct cursor *cursor)
{
	if (!cursor->has_tail)
		cursor->tail = cursor->next;
	cursor->has_tail = true;
}

static int keep_entry(struct cursor *cursor, const struct futex *futex)
{
	struct list *list = &cursor->walk->list;
	int error;

	list->n_seen++;
	if (list->n_entries == WALK_KEEP_MAX) {
		keep_tail(cursor);
		return 0;
	}
	error = vec_reserve(&list->entries, list->n_entries, &cursor->capacity, 1,
			    sizeof(*list->entries));
	if (error)
		return error;
	list->entries[list->n_entries++] = *futex;
	return 0;
}

static void finish(struct cursor *cursor, enum list_end end, target_addr at)
{
	cursor->walk->list.end = end;
	cursor->walk->list.end_at = at;
	cursor->done = true;
}

/* The walk has come to an entry for the second time: keeps each entry of it once. */
static void finish_loop(struct cursor *cursor)
{
	struct list *list = &cursor->walk->list;
	size_t first = 0;

	while (first + cursor->lambda < list->n_entries &&
	       list->entries[first].entry != list->entries[first + cursor->lambda].entry)
		first++;
	if (first + cursor->lambda < list->n_entries) {
		const struct futex *again = &list->entries[first + cursor->lambda];

		cursor->tail = again->entry | (again->pi ? ENTRY_PI_BIT : 0);
		cursor->has_tail = true;
		list->n_entries = first + cursor->lambda;
		list->n_seen = list->n_entries;
	}
	finish(cursor, LIST_LOOP,
	       first < list->n_entries ? list->entries[first].entry : list->head);
}

/* Looks whether the walk ends before the entry. */
static bool ends_before(struct cursor *cursor, target_addr entry)
{
	const struct list *list = &cursor->walk->list;

	if (entry == list->head)
		finish(cursor,
		       list->n_seen > ROBUST_LIST_LIMIT && !list->no_limit ? LIST_TOO_LONG
									   : LIST_COMPLETE,
		       0);
	else if (entry == cursor->tortoise && list->n_seen)
		finish_loop(cursor);
	else if (list->n_seen == WALK_COUNT_MAX)
		finish(cursor, LIST_TOO_LONG, entry);
	if (cursor->done)
		keep_tail(cursor);
	return cursor->done;
}

static void step_tortoise(struct cursor *cursor, target_addr entry)
{
	if (cursor->walk->list.n_seen == 0 || cursor->lambda == cursor->power) {
		cursor->tortoise = entry;
		cursor->power = cursor->power ? cursor->power * 2 : 1;
		cursor->lambda = 0;
	}
	cursor->lambda++;
}

/* One entry onward. CACHE_MISSING: memory has to be read first. */
static enum cache_result step(struct cursor *cursor, struct page_cache *cache, int *ret_error)
{
	struct list *list = &cursor->walk->list;
	target_addr entry = cursor->next & ~ENTRY_PI_BIT;
	struct futex futex = {.entry = entry,
			      .address = word_address(list, entry),
			      .pi = cursor->next & ENTRY_PI_BIT,
			      .on_list = true,
			      .lock = LOCK_NONE};
	unsigned char bytes[8];
	enum cache_result next;
	enum cache_result word;

	if (ends_before(cursor, entry))
		return CACHE_OK;
	next = page_cache_get(cache, entry, bytes, list->bits / 8);
	word = read_futex(cache, cursor->layout, &futex);
	if (next == CACHE_MISSING || word == CACHE_MISSING)
		return CACHE_MISSING;
	if (next == CACHE_BAD && word == CACHE_BAD) {
		keep_tail(cursor);
		finish(cursor, LIST_FAULT, entry);
		return CACHE_OK;
	}
	step_tortoise(cursor, entry);
	*ret_error = keep_entry(cursor, &futex);
	/* An entry whose `next` cannot be read is itself still released. */
	if (futex.address % sizeof(uint32_t) == 0 && word == CACHE_OK)
		list->n_reached = list->n_seen;
	if (futex.address % sizeof(uint32_t))
		finish(cursor, LIST_MISALIGNED, futex.address);
	else if (word == CACHE_BAD || next == CACHE_BAD)
		finish(cursor, LIST_FAULT, entry);
	else
		cursor->next = load_pointer(bytes, list->bits);
	return CACHE_OK;
}

/* The pending entry may be anything; it ends no walk. CACHE_MISSING as above. */
static enum cache_result read_pending(struct cursor *cursor, struct page_cache *cache)
{
	struct futex *pending = &cursor->walk->list.pending;

	if (!cursor->walk->list.has_pending || pending->word_ok)
		return CACHE_OK;
	return read_futex(cache, cursor->layout, pending);
}

static void begin_list(struct cursor *cursor, const unsigned char *head)
{
	struct list *list = &cursor->walk->list;
	size_t width = list->bits / 8;
	target_addr offset = load_pointer(head + width, list->bits);
	target_addr pending = load_pointer(head + 2 * width, list->bits);

	list->head_ok = true;
	list->futex_offset = list->bits == 32 ? (int32_t)(uint32_t)offset : (int64_t)offset;
	list->has_pending = pending != 0;
	cursor->layout = mutex_layout_find(list->bits, list->futex_offset);
	cursor->next = load_pointer(head, list->bits);
	if (!list->has_pending)
		return;
	list->pending = (struct futex){
		.entry = pending & ~ENTRY_PI_BIT, .pi = pending & ENTRY_PI_BIT, .lock = LOCK_NONE};
	list->pending.address = word_address(list, list->pending.entry);
}

static int read_heads(struct memory *memory, struct cursor *cursors, size_t count)
{
	unsigned char heads[CHUNK][HEAD_WORDS * 8];
	struct memory_range ranges[CHUNK];
	int error;

	for (size_t i = 0; i < count; i++)
		ranges[i] = (struct memory_range){
			.address = cursors[i].walk->list.head,
			.size = HEAD_WORDS * (size_t)cursors[i].walk->list.bits / 8,
			.buffer = heads[i],
		};
	error = memory_read(memory, ranges, count);
	if (error)
		return error;
	for (size_t i = 0; i < count; i++) {
		if (ranges[i].ok)
			begin_list(&cursors[i], heads[i]);
		else
			finish(&cursors[i], LIST_FAULT, cursors[i].walk->list.head);
	}
	return 0;
}

/* As far as the cached pages go. Whether it wants more of them. */
static bool advance(struct cursor *cursor, struct page_cache *cache, int *ret_error)
{
	bool wants = read_pending(cursor, cache) == CACHE_MISSING;

	while (!cursor->done && !*ret_error)
		if (step(cursor, cache, ret_error) == CACHE_MISSING)
			return true;
	return wants;
}

static void mark_pending(struct list *list)
{
	for (size_t i = 0; list->has_pending && i < list->n_entries; i++)
		if (list->entries[i].entry == list->pending.entry)
			list->pending.on_list = true;
}

static int read_again(struct memory *memory, const struct cursor *cursors, size_t count)
{
	struct verify_item items[CHUNK];
	int error;

	for (size_t i = 0; i < count; i++)
		items[i] = (struct verify_item){.list = &cursors[i].walk->list,
						.tail = cursors[i].tail,
						.has_tail = cursors[i].has_tail};
	error = verify_lists(memory, items, count);
	for (size_t i = 0; i < count; i++)
		cursors[i].walk->settled = items[i].same;
	return error;
}

static int walk_chunk(struct page_cache *cache, struct walk *walks, size_t count)
{
	struct cursor cursors[CHUNK] = {0};
	bool wants = true;
	int error;

	for (size_t i = 0; i < count; i++)
		cursors[i].walk = &walks[i];
	page_cache_clear(cache);
	error = read_heads(cache->memory, cursors, count);
	while (wants && !error) {
		wants = false;
		for (size_t i = 0; i < count && !error; i++)
			wants = advance(&cursors[i], cache, &error) || wants;
		if (!error)
			error = page_cache_load(cache);
	}
	for (size_t i = 0; i < count; i++)
		mark_pending(&walks[i].list);
	return error ? error : read_again(cache->memory, cursors, count);
}

int walk_lists(struct memory *memory, struct walk *walks, size_t count)
{
	struct page_cache cache;
	int error = page_cache_open(&cache, memory);

	for (size_t i = 0; i < count; i++)
		walk_release(&walks[i]);
	for (size_t first = 0; first < count && !error; first += CHUNK)
		error = walk_chunk(&cache, walks + first,
				   count - first < CHUNK ? count - first : CHUNK);
	page_cache_close(&cache);
	for (size_t i = 0; error && i < count; i++)
		walk_release(&walks[i]);
	return error;
}

bool walk_empty(struct memory *memory, struct list *list)
{
	unsigned char head[HEAD_WORDS * sizeof(uint64_t)];
	size_t width = list->bits / 8;
	target_addr offset;

	if (memory_read_one(memory, list->head, head, HEAD_WORDS * width))
		return false;
	if ((load_pointer(head, list->bits) & ~ENTRY_PI_BIT) != list->head ||
	    load_pointer(head + 2 * width, list->bits))
		return false;
	offset = load_pointer(head + width, list->bits);
	list->head_ok = true;
	list->futex_offset = list->bits == 32 ? (int32_t)offset : (int64_t)offset;
	list->end = LIST_COMPLETE;
	return true;
}

void walk_release(struct walk *walk)
{
	const struct list *old = &walk->list;

	free(old->entries);
	*walk = (struct walk){.list = {.kind = old->kind,
				       .index = old->index,
				       .emulated = old->emulated,
				       .no_limit = old->no_limit,
				       .bits = old->bits,
				       .bits_from = old->bits_from,
				       .head = old->head}};
}

int walk_read_futex(struct memory *memory, target_addr address, const struct mutex_layout *layout,
		    struct futex *ret)
{
	unsigned char bytes[MUTEX_SPAN_MAX];
	uint32_t word;
	struct memory_range ranges[2] = {
		{.address = address, .size = sizeof(word), .buffer = &word},
	};
	int error;

	if (layout)
		ranges[1] = (struct memory_range){
			.address = address - layout->before, .size = layout->span, .buffer = bytes};
	*ret = (struct futex){.address = address, .lock = LOCK_NONE};
	error = memory_read(memory, ranges, layout ? 2 : 1);
	if (error)
		return error;
	if (ranges[0].ok) {
		ret->word = word;
		ret->word_ok = true;
	}
	if (layout && ranges[1].ok)
		layout->decode(layout, bytes, &ret->mutex);
	return 0;
}
