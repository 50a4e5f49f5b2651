/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>

#include "unit.h"

static void grows_and_keeps(void **state)
{
	int *items = NULL;
	size_t capacity = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(vec_reserve(&items, (size_t)i, &capacity, 1, sizeof(*items)), 0);
		items[i] = i;
	}
	for (int i = 0; i < 1000; i++)
		assert_int_equal(items[i], i);
	assert_true(capacity >= 1000 && capacity < 3000);
	free(items);
}

static void refuses_what_cannot_be(void **state)
{
	int *items = NULL;
	size_t capacity = 0;

	(void)state;
	assert_int_equal(vec_reserve(&items, 0, &capacity, SIZE_MAX, sizeof(*items)), -ENOMEM);
	assert_null(items);
	assert_int_equal(capacity, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_and_keeps),
		cmocka_unit_test(refuses_what_cannot_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
