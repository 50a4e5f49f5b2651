/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/frozen.h"

#include <errno.h>

#include "fake_memory.h"
#include "unit.h"

static void the_copy_stands_still(void **state)
{
	struct fake_memory fake;
	struct frozen_memory frozen;
	uint32_t word;

	(void)state;
	fake_open(&fake);
	fake_map(&fake, 0x1000, 0x2000);
	fake_put32(&fake, 0x1100, 1);
	fake_put32(&fake, 0x2100, 2);
	assert_int_equal(frozen_memory_open(&frozen, &fake.memory, 0x1080, 0x100), 0);
	fake_put32(&fake, 0x1100, 111);
	fake_put32(&fake, 0x2100, 222);
	assert_int_equal(memory_read_one(&frozen.memory, 0x1100, &word, 4), 0);
	assert_int_equal(word, 1);
	/* What was not copied is as it is now. */
	assert_int_equal(memory_read_one(&frozen.memory, 0x2100, &word, 4), 0);
	assert_int_equal(word, 222);
	assert_int_equal(memory_read_one(&frozen.memory, 0x9000, &word, 4), -EFAULT);
	/* Half in the copy, half behind it: read below. */
	assert_int_equal(memory_read_one(&frozen.memory, 0x117e, &word, 4), 0);
	frozen_memory_close(&frozen);
	fake_close(&fake);
}

static void nothing_to_copy(void **state)
{
	struct fake_memory fake;
	struct frozen_memory frozen;

	(void)state;
	fake_open(&fake);
	assert_int_equal(frozen_memory_open(&frozen, &fake.memory, 0x1000, 16), -EFAULT);
	fake_close(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_copy_stands_still),
		cmocka_unit_test(nothing_to_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
