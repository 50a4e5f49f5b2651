/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "abi/call_flags.h"

#include <linux/futex.h>
#include <string.h>
#include <sys/mman.h>

#include "unit.h"

typedef void text_fn(uint32_t value, char ret[CALL_FLAGS_MAX]);

struct row {
	uint32_t value;
	const char *text;
};

static void compare(text_fn *text_of, const struct row *rows, size_t count)
{
	char text[CALL_FLAGS_MAX];

	for (size_t i = 0; i < count; i++) {
		text_of(rows[i].value, text);
		assert_string_equal(text, rows[i].text);
	}
}

#define COMPARE(text_of, rows) compare(text_of, rows, sizeof(rows) / sizeof((rows)[0]))

static void futex_operations(void **state)
{
	static const struct row rows[] = {
		{FUTEX_WAIT, "FUTEX_WAIT"},
		{FUTEX_WAIT_PRIVATE, "FUTEX_WAIT_PRIVATE"},
		{FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME,
		 "FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME"},
		{FUTEX_LOCK_PI, "FUTEX_LOCK_PI"},
		{FUTEX_CMP_REQUEUE_PI_PRIVATE, "FUTEX_CMP_REQUEUE_PI_PRIVATE"},
		{13, "FUTEX_LOCK_PI2"},
		{FUTEX_WAKE | 512, "FUTEX_UNLOCK_WAKE_LIST64"},
		{FUTEX_WAKE | 512 | 1024, "FUTEX_UNLOCK_WAKE_LIST32"},
		{FUTEX_WAKE | 512 | 128, "FUTEX_UNLOCK_WAKE_LIST64_PRIVATE"},
		{FUTEX_WAKE_BITSET | 512 | 1024 | 128, "FUTEX_UNLOCK_BITSET_LIST32_PRIVATE"},
		{FUTEX_UNLOCK_PI | 512, "FUTEX_UNLOCK_PI_LIST64"},
		/* The kernel says ENOSYS to these; they are shown for what they are. */
		{FUTEX_WAIT | 512, "FUTEX_WAIT|FUTEX_ROBUST_UNLOCK"},
		{FUTEX_WAKE | 1024, "FUTEX_WAKE|FUTEX_ROBUST_LIST32"},
		{14, "0xe /* FUTEX_??? */"},
		{0xffffffff, "0xffffffff /* FUTEX_??? */"},
		{2048 | FUTEX_WAKE, "0x801 /* FUTEX_??? */"},
	};

	(void)state;
	COMPARE(call_futex_op_text, rows);
	assert_int_equal(call_futex_operation(FUTEX_WAKE_PRIVATE | 1536), FUTEX_WAKE);
}

static void wake_ops(void **state)
{
	static const struct row rows[] = {
		{FUTEX_OP(FUTEX_OP_SET, 3, FUTEX_OP_CMP_GT, 4),
		 "FUTEX_OP_SET<<28|0x3<<12|FUTEX_OP_CMP_GT<<24|0x4"},
		{0xff000000, "FUTEX_OP_OPARG_SHIFT<<28|0x7<<28|0x0<<12|0xf<<24|0x0"},
	};

	(void)state;
	COMPARE(call_futex_wake_op_text, rows);
}

static void futex2_flags(void **state)
{
	static const struct row flags[] = {
		{2, "FUTEX2_SIZE_U32"},
		{2 | 128, "FUTEX2_SIZE_U32|FUTEX2_PRIVATE"},
		{0x1000, "FUTEX2_SIZE_U8|0x1000"},
	};
	static const struct row bitsets[] = {
		{0xffffffff, "FUTEX_BITSET_MATCH_ANY"}, {5, "0x5"}, {0, "0"}};
	static const struct row clocks[] = {
		{0, "CLOCK_REALTIME"}, {1, "CLOCK_MONOTONIC"}, {17, "0x11"}};

	(void)state;
	COMPARE(call_futex2_flags_text, flags);
	COMPARE(call_futex_bitset_text, bitsets);
	COMPARE(call_clock_text, clocks);
}

static void memory_flags(void **state)
{
	static const struct row prots[] = {
		{PROT_NONE, "PROT_NONE"},
		{PROT_READ | PROT_WRITE, "PROT_READ|PROT_WRITE"},
		{PROT_EXEC | 0x40, "PROT_EXEC|0x40"},
	};
	static const struct row flags[] = {
		{MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, "MAP_PRIVATE|MAP_ANONYMOUS|MAP_STACK"},
		{MAP_SHARED | MAP_FIXED_NOREPLACE, "MAP_SHARED|MAP_FIXED_NOREPLACE"},
		{MAP_SHARED_VALIDATE | MAP_SYNC, "MAP_SHARED_VALIDATE|MAP_SYNC"},
		{0, "0x0"},
		{0x4000002, "MAP_PRIVATE|0x4000000"},
	};
	static const struct row moves[] = {{0, "0"},
					   {MREMAP_MAYMOVE | MREMAP_FIXED,
					    "MREMAP_MAYMOVE|MREMAP_FIXED"},
					   {16, "0x10"}};

	(void)state;
	COMPARE(call_prot_text, prots);
	COMPARE(call_map_flags_text, flags);
	COMPARE(call_mremap_flags_text, moves);
}

/* Every value fits and ends. */
static void any_value(void **state)
{
	static text_fn *const functions[] = {call_futex_op_text,     call_futex_wake_op_text,
					     call_futex2_flags_text, call_futex_bitset_text,
					     call_clock_text,        call_prot_text,
					     call_map_flags_text,    call_mremap_flags_text};
	char text[CALL_FLAGS_MAX];
	uint32_t value = 1;

	(void)state;
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		functions[i](UINT32_MAX, text);
		assert_true(strlen(text) < CALL_FLAGS_MAX - 1);
		for (int j = 0; j < 20000; j++) {
			value = value * 1664525u + 1013904223u;
			functions[i](value, text);
			assert_true(strlen(text) > 0 && strlen(text) < CALL_FLAGS_MAX - 1);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(futex_operations), cmocka_unit_test(wake_ops),
		cmocka_unit_test(futex2_flags),     cmocka_unit_test(memory_flags),
		cmocka_unit_test(any_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
