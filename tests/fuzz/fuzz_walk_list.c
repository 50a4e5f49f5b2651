/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Robust lists in hostile memory. The input is the memory: a few pages at an address that pointers
 * of the input can easily hit, other pages missing; it changes between reads when it says so.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "walk_list.h"

#define BASE UINT64_C(0x10000)
#define SIZE ((size_t)0x4000)
#define N_WALKS 4

struct fuzz_memory {
	struct memory memory;
	unsigned char bytes[SIZE];
	uint8_t missing; /* bit i: page i cannot be read */
	uint8_t flips;   /* bytes changed at each read */
	uint32_t seed;
};

/* A page number that cannot be read, or an address outside, spoils a range. */
static int readable(const struct fuzz_memory *fuzz, uint64_t address, size_t size)
{
	uint64_t first = address - BASE;

	if (address < BASE || size > SIZE || first > SIZE - size)
		return 0;
	for (uint64_t page = first >> 12; page <= (first + size - 1) >> 12; page++)
		if (fuzz->missing >> page & 1)
			return 0;
	return 1;
}

static int fuzz_read(struct memory *memory, struct memory_range *ranges, size_t count)
{
	struct fuzz_memory *fuzz = (struct fuzz_memory *)memory;

	for (uint8_t i = 0; i < (fuzz->flips & 3); i++) {
		fuzz->seed = fuzz->seed * 1664525u + 1013904223u;
		fuzz->bytes[(fuzz->seed >> 8) % SIZE] ^= (unsigned char)fuzz->seed;
	}
	for (size_t i = 0; i < count; i++) {
		if (!ranges[i].size || !readable(fuzz, ranges[i].address, ranges[i].size))
			continue;
		memcpy(ranges[i].buffer, fuzz->bytes + (ranges[i].address - BASE), ranges[i].size);
		ranges[i].ok = true;
	}
	return 0;
}

static void check(const struct walk *walk)
{
	const struct list *list = &walk->list;

	if (list->n_entries > WALK_KEEP_MAX || list->n_seen > WALK_COUNT_MAX ||
	    list->n_entries > list->n_seen)
		abort();
	if (list->end == LIST_CHANGED)
		abort();
	for (size_t i = 0; i < list->n_entries; i++)
		if (list->entries[i].entry & 1 || !list->entries[i].on_list)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fuzz_memory fuzz;
	struct walk walks[N_WALKS] = {0};

	if (size < 2 + N_WALKS * 3)
		return 0;
	fuzz.memory.read = fuzz_read;
	fuzz.missing = data[0];
	fuzz.flips = data[1];
	fuzz.seed = data[1];
	for (size_t i = 0; i < N_WALKS; i++) {
		const uint8_t *at = data + 2 + i * 3;

		walks[i].list.bits = at[0] & 1 ? 32 : 64;
		walks[i].list.head = BASE + (uint64_t)at[1] * 64 + at[2] % 64;
	}
	data += 2 + N_WALKS * 3;
	size -= 2 + N_WALKS * 3;
	memset(fuzz.bytes, 0, sizeof(fuzz.bytes));
	/* A short input is repeated, so that small ones fill the memory with structure. */
	for (size_t i = 0; size && i < SIZE; i++)
		fuzz.bytes[i] = data[i % size];
	if (walk_lists(&fuzz.memory, walks, N_WALKS) == 0)
		for (size_t i = 0; i < N_WALKS; i++)
			check(&walks[i]);
	for (size_t i = 0; i < N_WALKS; i++)
		walk_release(&walks[i]);
	return 0;
}
