/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/arena.h"

#include <stdalign.h>
#include <string.h>

#include "unit.h"

static void zeroed_aligned_apart(void **state)
{
	struct arena arena = {0};
	unsigned char *last = NULL;

	(void)state;
	for (size_t size = 1; size < 3000; size += 7) {
		unsigned char *memory = arena_alloc(&arena, size);

		assert_non_null(memory);
		assert_int_equal((uintptr_t)memory % alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(memory[i], 0);
		memset(memory, 0xff, size);
		assert_ptr_not_equal(memory, last);
		last = memory;
	}
	arena_free(&arena);
	assert_null(arena.blocks);
}

static void larger_than_a_block(void **state)
{
	struct arena arena = {0};
	char *memory = arena_alloc(&arena, 1 << 20);

	(void)state;
	assert_non_null(memory);
	memory[(1 << 20) - 1] = 'x';
	assert_null(arena_alloc(&arena, SIZE_MAX));
	arena_free(&arena);
}

static void texts(void **state)
{
	struct arena arena = {0};

	(void)state;
	assert_string_equal(arena_strdup(&arena, "lock.mdb"), "lock.mdb");
	assert_string_equal(arena_printf(&arena, "%s+0x%x", "lock.mdb", 64), "lock.mdb+0x40");
	assert_non_null(arena_copy(&arena, NULL, 0));
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zeroed_aligned_apart),
		cmocka_unit_test(larger_than_a_block),
		cmocka_unit_test(texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
