/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "abi/call_flags.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "abi/wait_calls.h"

#define ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))

struct bit_name {
	uint32_t bit;
	const char *name;
};

#define CLOCK_REALTIME_FLAG 256u

static void add(char *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(char *text, const char *format, ...)
{
	size_t used = strlen(text);
	va_list args;

	va_start(args, format);
	vsnprintf(text + used, CALL_FLAGS_MAX - used, format, args);
	va_end(args);
}

/* The names of the bits behind what is there, and a number for those without a name. */
static void add_bits(char *text, uint32_t bits, const struct bit_name *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!(bits & names[i].bit))
			continue;
		add(text, "%s%s", text[0] ? "|" : "", names[i].name);
		bits &= ~names[i].bit;
	}
	if (bits)
		add(text, "%s0x%" PRIx32, text[0] ? "|" : "", bits);
}

uint32_t call_futex_operation(uint32_t op)
{
	return op & ~(FUTEX_OP_PRIVATE | CLOCK_REALTIME_FLAG | FUTEX_ROBUST_UNLOCK_FLAG |
		      FUTEX_ROBUST_LIST32_FLAG);
}

/* The operations that have a name of their own with FUTEX_ROBUST_UNLOCK. */
static const char *unlock_name(uint32_t operation)
{
	switch (operation) {
	case FUTEX_OPERATION_WAKE:
		return "FUTEX_UNLOCK_WAKE_LIST";
	case FUTEX_OPERATION_WAKE_BITSET:
		return "FUTEX_UNLOCK_BITSET_LIST";
	case FUTEX_OPERATION_UNLOCK_PI:
		return "FUTEX_UNLOCK_PI_LIST";
	default:
		return NULL;
	}
}

void call_futex_op_text(uint32_t op, char ret[CALL_FLAGS_MAX])
{
	static const char *const names[] = {
		[FUTEX_OPERATION_WAIT] = "FUTEX_WAIT",
		[FUTEX_OPERATION_WAKE] = "FUTEX_WAKE",
		[FUTEX_OPERATION_FD] = "FUTEX_FD",
		[FUTEX_OPERATION_REQUEUE] = "FUTEX_REQUEUE",
		[FUTEX_OPERATION_CMP_REQUEUE] = "FUTEX_CMP_REQUEUE",
		[FUTEX_OPERATION_WAKE_OP] = "FUTEX_WAKE_OP",
		[FUTEX_OPERATION_LOCK_PI] = "FUTEX_LOCK_PI",
		[FUTEX_OPERATION_UNLOCK_PI] = "FUTEX_UNLOCK_PI",
		[FUTEX_OPERATION_TRYLOCK_PI] = "FUTEX_TRYLOCK_PI",
		[FUTEX_OPERATION_WAIT_BITSET] = "FUTEX_WAIT_BITSET",
		[FUTEX_OPERATION_WAKE_BITSET] = "FUTEX_WAKE_BITSET",
		[FUTEX_OPERATION_WAIT_REQUEUE_PI] = "FUTEX_WAIT_REQUEUE_PI",
		[FUTEX_OPERATION_CMP_REQUEUE_PI] = "FUTEX_CMP_REQUEUE_PI",
		[FUTEX_OPERATION_LOCK_PI2] = "FUTEX_LOCK_PI2",
	};
	static const struct bit_name flags[] = {
		{CLOCK_REALTIME_FLAG, "FUTEX_CLOCK_REALTIME"},
		{FUTEX_ROBUST_UNLOCK_FLAG, "FUTEX_ROBUST_UNLOCK"},
		{FUTEX_ROBUST_LIST32_FLAG, "FUTEX_ROBUST_LIST32"},
	};
	uint32_t operation = call_futex_operation(op);
	uint32_t rest = op & ~operation & ~FUTEX_OP_PRIVATE;

	ret[0] = '\0';
	if (operation >= ELEMENTS(names)) {
		add(ret, "0x%" PRIx32 " /* FUTEX_??? */", op);
		return;
	}
	if (rest & FUTEX_ROBUST_UNLOCK_FLAG && unlock_name(operation)) {
		add(ret, "%s%s", unlock_name(operation),
		    rest & FUTEX_ROBUST_LIST32_FLAG ? "32" : "64");
		rest &= ~(FUTEX_ROBUST_UNLOCK_FLAG | FUTEX_ROBUST_LIST32_FLAG);
	} else {
		add(ret, "%s", names[operation]);
	}
	if (op & FUTEX_OP_PRIVATE)
		add(ret, "_PRIVATE");
	add_bits(ret, rest, flags, ELEMENTS(flags));
}

void call_futex_wake_op_text(uint32_t val3, char ret[CALL_FLAGS_MAX])
{
	static const char *const operations[] = {"FUTEX_OP_SET", "FUTEX_OP_ADD", "FUTEX_OP_OR",
						 "FUTEX_OP_ANDN", "FUTEX_OP_XOR"};
	static const char *const comparisons[] = {"FUTEX_OP_CMP_EQ", "FUTEX_OP_CMP_NE",
						  "FUTEX_OP_CMP_LT", "FUTEX_OP_CMP_LE",
						  "FUTEX_OP_CMP_GT", "FUTEX_OP_CMP_GE"};
	uint32_t operation = val3 >> 28 & 7;
	uint32_t comparison = val3 >> 24 & 15;

	ret[0] = '\0';
	if (val3 >> 31)
		add(ret, "FUTEX_OP_OPARG_SHIFT<<28|");
	if (operation < ELEMENTS(operations))
		add(ret, "%s<<28", operations[operation]);
	else
		add(ret, "0x%" PRIx32 "<<28", operation);
	add(ret, "|0x%" PRIx32 "<<12", val3 >> 12 & 0xfff);
	if (comparison < ELEMENTS(comparisons))
		add(ret, "|%s<<24", comparisons[comparison]);
	else
		add(ret, "|0x%" PRIx32 "<<24", comparison);
	add(ret, "|0x%" PRIx32, val3 & 0xfff);
}

void call_futex2_flags_text(uint32_t flags, char ret[CALL_FLAGS_MAX])
{
	static const char *const sizes[] = {"FUTEX2_SIZE_U8", "FUTEX2_SIZE_U16", "FUTEX2_SIZE_U32",
					    "FUTEX2_SIZE_U64"};
	static const struct bit_name names[] = {
		{4, "FUTEX2_NUMA"},
		{8, "FUTEX2_MPOL"},
		{FUTEX2_PRIVATE_FLAG, "FUTEX2_PRIVATE"},
	};

	ret[0] = '\0';
	add(ret, "%s", sizes[flags & 3]);
	add_bits(ret, flags & ~3u, names, ELEMENTS(names));
}

void call_futex_bitset_text(uint32_t bits, char ret[CALL_FLAGS_MAX])
{
	ret[0] = '\0';
	if (bits == UINT32_MAX)
		add(ret, "FUTEX_BITSET_MATCH_ANY");
	else
		add(ret, bits ? "0x%" PRIx32 : "%" PRIu32, bits);
}

void call_clock_text(uint32_t clock, char ret[CALL_FLAGS_MAX])
{
	ret[0] = '\0';
	if (clock == 0)
		add(ret, "CLOCK_REALTIME");
	else if (clock == 1)
		add(ret, "CLOCK_MONOTONIC");
	else
		add(ret, "0x%" PRIx32, clock);
}

void call_prot_text(uint32_t prot, char ret[CALL_FLAGS_MAX])
{
	static const struct bit_name names[] = {
		{1, "PROT_READ"},
		{2, "PROT_WRITE"},
		{4, "PROT_EXEC"},
		{8, "PROT_SEM"},
		{0x01000000, "PROT_GROWSDOWN"},
		{0x02000000, "PROT_GROWSUP"},
	};

	ret[0] = '\0';
	add_bits(ret, prot, names, ELEMENTS(names));
	if (!prot)
		add(ret, "PROT_NONE");
}

void call_map_flags_text(uint32_t flags, char ret[CALL_FLAGS_MAX])
{
	static const char *const types[16] = {
		[1] = "MAP_SHARED", [2] = "MAP_PRIVATE", [3] = "MAP_SHARED_VALIDATE"};
	static const struct bit_name names[] = {
		{0x10, "MAP_FIXED"},
		{0x20, "MAP_ANONYMOUS"},
		{0x40, "MAP_32BIT"},
		{0x80, "MAP_ABOVE4G"},
		{0x100, "MAP_GROWSDOWN"},
		{0x800, "MAP_DENYWRITE"},
		{0x1000, "MAP_EXECUTABLE"},
		{0x2000, "MAP_LOCKED"},
		{0x4000, "MAP_NORESERVE"},
		{0x8000, "MAP_POPULATE"},
		{0x10000, "MAP_NONBLOCK"},
		{0x20000, "MAP_STACK"},
		{0x40000, "MAP_HUGETLB"},
		{0x80000, "MAP_SYNC"},
		{0x100000, "MAP_FIXED_NOREPLACE"},
	};
	uint32_t type = flags & 15;

	ret[0] = '\0';
	if (types[type])
		add(ret, "%s", types[type]);
	else
		add(ret, "0x%" PRIx32, type);
	add_bits(ret, flags & ~15u, names, ELEMENTS(names));
}

void call_mremap_flags_text(uint32_t flags, char ret[CALL_FLAGS_MAX])
{
	static const struct bit_name names[] = {
		{1, "MREMAP_MAYMOVE"},
		{MREMAP_FIXED_FLAG, "MREMAP_FIXED"},
		{4, "MREMAP_DONTUNMAP"},
	};

	ret[0] = '\0';
	add_bits(ret, flags, names, ELEMENTS(names));
	if (!flags)
		add(ret, "0");
}
