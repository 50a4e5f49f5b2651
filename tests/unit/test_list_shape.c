/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "list_shape.h"

#include "fake_memory.h"
#include "unit.h"

#define NEAR UINT64_C(0x10000)
#define OTHER UINT64_C(0x20000)
#define FAR UINT64_C(0x7f0000000000)

static void put_head(struct fake_memory *fake, unsigned bits, uint64_t head, uint64_t next,
		     int32_t offset, uint64_t pending)
{
	unsigned width = bits / 8;

	fake_put_pointer(fake, bits, head, next);
	fake_put_pointer(fake, bits, head + width, (uint64_t)(int64_t)offset);
	fake_put_pointer(fake, bits, head + 2 * width, pending);
}

static int setup(void **state)
{
	static struct fake_memory fake;

	fake_open(&fake);
	fake_map(&fake, NEAR, 4096);
	fake_map(&fake, OTHER, 4096);
	fake_map(&fake, FAR, 4096);
	*state = &fake;
	return 0;
}

static int teardown(void **state)
{
	fake_close(*state);
	return 0;
}

static void a_head_above_4_gib_is_64_bit(void **state)
{
	struct fake_memory *fake = *state;

	put_head(fake, 32, FAR, NEAR, -20, 0);
	assert_int_equal(list_shape_bits(&fake->memory, FAR), 64);
}

static void lists_of_both_sizes_below(void **state)
{
	struct fake_memory *fake = *state;

	/* Empty, of one entry, with the PI bit, with a pending entry. */
	for (unsigned bits = 32; bits <= 64; bits += 32) {
		put_head(fake, bits, NEAR, NEAR, -20, 0);
		assert_int_equal(list_shape_bits(&fake->memory, NEAR), bits);
		put_head(fake, bits, NEAR, OTHER + 8, -32, 0);
		assert_int_equal(list_shape_bits(&fake->memory, NEAR), bits);
		put_head(fake, bits, NEAR, (OTHER + 8) | 1, 8, OTHER + 64);
		assert_int_equal(list_shape_bits(&fake->memory, NEAR), bits);
	}
	put_head(fake, 64, NEAR, FAR + 8, -32, 0);
	assert_int_equal(list_shape_bits(&fake->memory, NEAR), 64);
}

static void a_32_bit_head_at_the_end_of_a_page(void **state)
{
	struct fake_memory *fake = *state;
	const uint64_t head = NEAR + 4096 - 12;

	put_head(fake, 32, head, OTHER, 0, 0);
	assert_int_equal(list_shape_bits(&fake->memory, head), 32);
}

static void nonsense_is_64_bit(void **state)
{
	struct fake_memory *fake = *state;

	assert_int_equal(list_shape_bits(&fake->memory, UINT64_C(0x90000)), 64);
	put_head(fake, 32, NEAR, 0x90000, 0, 0);
	assert_int_equal(list_shape_bits(&fake->memory, NEAR), 64);
	put_head(fake, 32, NEAR, OTHER, INT32_MIN, 0);
	assert_int_equal(list_shape_bits(&fake->memory, NEAR), 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_head_above_4_gib_is_64_bit, setup, teardown),
		cmocka_unit_test_setup_teardown(lists_of_both_sizes_below, setup, teardown),
		cmocka_unit_test_setup_teardown(a_32_bit_head_at_the_end_of_a_page, setup,
						teardown),
		cmocka_unit_test_setup_teardown(nonsense_is_64_bit, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
