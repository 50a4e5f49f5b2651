/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/page_cache.h"

#include <errno.h>

#include "fake_memory.h"
#include "unit.h"

struct fixture {
	struct fake_memory fake;
	struct page_cache cache;
};

static void begin(struct fixture *fixture)
{
	fake_open(&fixture->fake);
	fake_map(&fixture->fake, 0x1000, 0x3000);
	fake_put32(&fixture->fake, 0x1010, 0x11111111);
	fake_put32(&fixture->fake, 0x1ffe, 0x22222222);
	assert_int_equal(page_cache_open(&fixture->cache, &fixture->fake.memory), 0);
}

static void end(struct fixture *fixture)
{
	page_cache_close(&fixture->cache);
	fake_close(&fixture->fake);
}

static void notes_then_loads_in_one_read(void **state)
{
	struct fixture fixture;
	uint32_t word;

	(void)state;
	begin(&fixture);
	assert_int_equal(page_cache_get(&fixture.cache, 0x1010, &word, 4), CACHE_MISSING);
	assert_int_equal(page_cache_get(&fixture.cache, 0x3000, &word, 4), CACHE_MISSING);
	assert_int_equal(page_cache_get(&fixture.cache, 0x1014, &word, 4), CACHE_MISSING);
	assert_int_equal(fixture.fake.calls, 0);
	assert_int_equal(page_cache_load(&fixture.cache), 0);
	assert_int_equal(fixture.fake.calls, 1);
	assert_int_equal(fixture.fake.ranges, 2);
	assert_int_equal(page_cache_get(&fixture.cache, 0x1010, &word, 4), CACHE_OK);
	assert_int_equal(word, 0x11111111);
	assert_int_equal(page_cache_load(&fixture.cache), 0);
	assert_int_equal(fixture.fake.calls, 1);
	end(&fixture);
}

static void across_pages(void **state)
{
	struct fixture fixture;
	uint32_t word;

	(void)state;
	begin(&fixture);
	assert_int_equal(page_cache_get(&fixture.cache, 0x1ffe, &word, 4), CACHE_MISSING);
	assert_int_equal(page_cache_load(&fixture.cache), 0);
	assert_int_equal(page_cache_get(&fixture.cache, 0x1ffe, &word, 4), CACHE_OK);
	assert_int_equal(word, 0x22222222);
	end(&fixture);
}

static void bad_pages(void **state)
{
	struct fixture fixture;
	uint32_t word;

	(void)state;
	begin(&fixture);
	assert_int_equal(page_cache_get(&fixture.cache, 0x9000, &word, 4), CACHE_MISSING);
	assert_int_equal(page_cache_get(&fixture.cache, 0x3ffe, &word, 4), CACHE_MISSING);
	assert_int_equal(page_cache_load(&fixture.cache), 0);
	assert_int_equal(page_cache_get(&fixture.cache, 0x9000, &word, 4), CACHE_BAD);
	/* Half of it is there: not enough. */
	assert_int_equal(page_cache_get(&fixture.cache, 0x3ffe, &word, 4), CACHE_BAD);
	assert_int_equal(page_cache_get(&fixture.cache, UINT64_MAX - 2, &word, 4), CACHE_BAD);
	end(&fixture);
}

static void clear_forgets(void **state)
{
	struct fixture fixture;
	uint32_t word;

	(void)state;
	begin(&fixture);
	assert_int_equal(page_cache_get(&fixture.cache, 0x1010, &word, 4), CACHE_MISSING);
	assert_int_equal(page_cache_load(&fixture.cache), 0);
	fake_put32(&fixture.fake, 0x1010, 5);
	page_cache_clear(&fixture.cache);
	assert_int_equal(page_cache_get(&fixture.cache, 0x1010, &word, 4), CACHE_MISSING);
	assert_int_equal(page_cache_load(&fixture.cache), 0);
	assert_int_equal(page_cache_get(&fixture.cache, 0x1010, &word, 4), CACHE_OK);
	assert_int_equal(word, 5);
	end(&fixture);
}

static void more_than_it_holds(void **state)
{
	struct fixture fixture;
	uint32_t word;

	(void)state;
	begin(&fixture);
	fake_map(&fixture.fake, 0x10000000, (size_t)5000 * CACHE_PAGE);
	for (uint64_t i = 0; i < 5000; i++) {
		uint64_t address = 0x10000000 + i * CACHE_PAGE;

		fake_put32(&fixture.fake, address, (uint32_t)i);
		assert_int_equal(page_cache_get(&fixture.cache, address, &word, 4), CACHE_MISSING);
		assert_int_equal(page_cache_load(&fixture.cache), 0);
		assert_int_equal(page_cache_get(&fixture.cache, address, &word, 4), CACHE_OK);
		assert_int_equal(word, i);
	}
	assert_true(fixture.cache.n_pages <= 2048);
	end(&fixture);
}

static void error_goes_up(void **state)
{
	struct fixture fixture;
	uint32_t word;

	(void)state;
	begin(&fixture);
	fixture.fake.error = -ESRCH;
	assert_int_equal(page_cache_get(&fixture.cache, 0x1010, &word, 4), CACHE_MISSING);
	assert_int_equal(page_cache_load(&fixture.cache), -ESRCH);
	end(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(notes_then_loads_in_one_read),
		cmocka_unit_test(across_pages),
		cmocka_unit_test(bad_pages),
		cmocka_unit_test(clear_forgets),
		cmocka_unit_test(more_than_it_holds),
		cmocka_unit_test(error_goes_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
