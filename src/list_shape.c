/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "list_shape.h"

#include <stdlib.h>
#include <string.h>

#include "abi/futex_word.h"

/* The head of a 64-bit list; that of a 32-bit one is half of it. */
#define HEAD_BYTES 24

/* A lock lies near its entry: in the same object. */
#define OFFSET_LIKELY (INT64_C(1) << 20)

/* A head read in one of the two ways. */
struct reading {
	target_addr next;
	int64_t futex_offset;
	target_addr pending;
};

static bool is_readable(struct memory *memory, target_addr address)
{
	uint32_t word;

	return memory_read_one(memory, address & ~ENTRY_PI_BIT, &word, sizeof(word)) == 0;
}

static bool is_likely(struct memory *memory, const struct reading *reading)
{
	return reading->futex_offset > -OFFSET_LIKELY && reading->futex_offset < OFFSET_LIKELY &&
	       is_readable(memory, reading->next) &&
	       (!reading->pending || is_readable(memory, reading->pending));
}

unsigned list_shape_bits(struct memory *memory, target_addr head)
{
	uint64_t wide[HEAD_BYTES / sizeof(uint64_t)] = {0};
	uint32_t narrow[3];
	struct reading as_64;
	struct reading as_32;
	bool wide_ok = memory_read_one(memory, head, wide, sizeof(wide)) == 0;

	if (head > UINT32_MAX)
		return 64;
	/* A 32-bit head is shorter: what is behind it may not be there. */
	if (!wide_ok && memory_read_one(memory, head, wide, sizeof(narrow)))
		return 64;
	memcpy(narrow, wide, sizeof(narrow));
	as_64 = (struct reading){wide[0], (int64_t)wide[1], wide[2]};
	as_32 = (struct reading){narrow[0], (int32_t)narrow[1], narrow[2]};
	if (wide_ok && is_likely(memory, &as_64))
		return 64;
	return is_likely(memory, &as_32) ? 32 : 64;
}
