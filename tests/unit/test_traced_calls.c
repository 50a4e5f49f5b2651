/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "abi/traced_calls.h"

#include <string.h>
#include <sys/syscall.h>

#include "abi/revision.h"
#include "unit.h"

static struct traced_calls calls;

static const char *name_at(enum call_abi abi, long number)
{
	const struct traced_call *call = traced_calls_find(&calls, abi, number);

	return call ? call->name : "";
}

static void begin(const char *revision, long set_nr, long get_nr)
{
	traced_calls_init(&calls, revision_find(revision), set_nr, get_nr);
}

static void numbers_of_each_abi(void **state)
{
	static const struct {
		const char *name;
		long numbers[4];
	} rows[] = {
		{"set_robust_list", {273, 311, 99, 338}},
		{"futex", {202, 240, 98, 240}},
		{"futex_waitv", {449, 449, 449, 449}},
		{"exit", {60, 1, 93, 1}},
		{"munmap", {11, 91, 215, 91}},
	};

	(void)state;
	begin("lpc2025", -1, -1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (enum call_abi abi = ABI_X86_64; abi <= ABI_ARM; abi++)
			assert_string_equal(name_at(abi, rows[i].numbers[abi]), rows[i].name);
	assert_string_equal(name_at(ABI_X86_64, 0), "");
	assert_string_equal(name_at(ABI_X86_64, -1), "");
	assert_string_equal(name_at(ABI_X86_64, 422), "");
}

/* Each number is one call's. */
static void no_number_twice(void **state)
{
	(void)state;
	for (size_t r = 0; revision_at(r); r++) {
		traced_calls_init(&calls, revision_at(r), -1, -1);
		for (size_t i = 0; i < calls.n_rows; i++)
			for (enum call_abi abi = ABI_X86_64; abi <= ABI_ARM; abi++)
				if (calls.rows[i].numbers[abi] >= 0)
					assert_ptr_equal(
						traced_calls_find(&calls, abi,
								  calls.rows[i].numbers[abi]),
						&calls.rows[i]);
	}
}

/* The headers of the machine that this is built on know the old calls. */
static void as_the_headers_have_it(void **state)
{
	static const struct {
		const char *name;
		long number;
	} rows[] = {
		{"set_robust_list", SYS_set_robust_list},
		{"get_robust_list", SYS_get_robust_list},
		{"futex", SYS_futex},
		{"exit", SYS_exit},
		{"mmap", SYS_mmap},
		{"munmap", SYS_munmap},
		{"mremap", SYS_mremap},
		{"truncate", SYS_truncate},
		{"ftruncate", SYS_ftruncate},
	};

	(void)state;
	begin("v6", -1, -1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(name_at(wait_abi_native(8 * sizeof(long)), rows[i].number),
				    rows[i].name);
}

static void numbers_of_the_new_calls(void **state)
{
	(void)state;
	begin("lpc2025", -1, -1);
	assert_string_equal(name_at(ABI_X86_64, 470), "set_robust_list2");
	assert_string_equal(name_at(ABI_I386, 471), "get_robust_list2");
	begin("v5", -1, -1);
	assert_string_equal(name_at(ABI_X86_64, 468), "set_robust_list2");
	assert_string_equal(name_at(ABI_X86_64, 463), "set_robust_list2");
	assert_string_equal(name_at(ABI_X86_64, 470), "");
	begin("v5", 500, -1);
	assert_string_equal(name_at(ABI_X86_64, 500), "set_robust_list2");
	assert_string_equal(name_at(ABI_X86_64, 468), "");
	begin("steamos", -1, 601);
	assert_string_equal(name_at(ABI_X86_64, 473), "set_robust_list2");
	assert_string_equal(name_at(ABI_X86_64, 601), "get_robust_list2");
	assert_string_equal(name_at(ABI_X86_64, 474), "");
}

static void another_call_has_the_number(void **state)
{
	(void)state;
	begin("lpc2025", -1, -1);
	traced_calls_taken(&calls, 470, "listns");
	traced_calls_taken(&calls, 202, "no");
	traced_calls_taken(&calls, 999, "no");
	assert_string_equal(name_at(ABI_X86_64, 470), "listns");
	assert_int_equal(traced_calls_find(&calls, ABI_ARM, 470)->form, CALL_FORM_OTHER);
	assert_string_equal(name_at(ABI_X86_64, 471), "get_robust_list2");
	assert_string_equal(name_at(ABI_X86_64, 202), "futex");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_of_each_abi),
		cmocka_unit_test(no_number_twice),
		cmocka_unit_test(as_the_headers_have_it),
		cmocka_unit_test(numbers_of_the_new_calls),
		cmocka_unit_test(another_call_has_the_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
