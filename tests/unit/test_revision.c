/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "abi/revision.h"

#include <errno.h>
#include <string.h>

#include "unit.h"

#define HEAD UINT64_C(0x10008)

static int check(const char *name, unsigned caller_bits, uint64_t a, uint64_t b, uint64_t c,
		 uint64_t d)
{
	const struct revision *revision = revision_find(name);
	const uint64_t arguments[REVISION_ARGS_MAX] = {a, b, c, d};
	struct revision_request request = revision_read(revision, arguments, caller_bits);

	return revision_check(revision, &request, caller_bits);
}

static void rows(void **state)
{
	(void)state;
	assert_string_equal(revision_at(0)->name, "lpc2025");
	assert_ptr_equal(revision_find("steamos"), revision_at(1));
	assert_null(revision_find("v4"));
	assert_null(revision_find(""));
	for (size_t i = 0; revision_at(i); i++) {
		const struct revision *row = revision_at(i);

		assert_ptr_equal(revision_find(row->name), row);
		assert_in_range(row->lists, 1, REVISION_LISTS_MAX);
		assert_in_range(row->arguments, 1, REVISION_ARGS_MAX);
		assert_in_range(row->n_commands, 1,
				sizeof(row->commands) / sizeof(row->commands[0]));
		for (size_t j = 0; j < row->n_commands; j++) {
			const struct revision_command *command = &row->commands[j];

			assert_int_equal(command->value, j);
			assert_true((command->bits == 0) ==
				    (command->action == REVISION_LIST_LIMIT));
		}
	}
}

static void commands(void **state)
{
	const uint64_t lpc[] = {HEAD, 3, 1, 0};
	const uint64_t steamos[] = {HEAD, 2, 7, 0};
	struct revision_request request;

	(void)state;
	request = revision_read(revision_find("lpc2025"), lpc, 64);
	assert_string_equal(request.command->name, "FUTEX_ROBUST_LIST_CMD_CREATE_LIST_32");
	assert_int_equal(request.action, REVISION_CREATE);
	assert_int_equal(request.bits, 32);
	assert_int_equal(request.head, HEAD);
	assert_int_equal(request.index, 3);
	request = revision_read(revision_find("steamos"), steamos, 64);
	assert_string_equal(request.command->name, "FUTEX_ROBUST_LIST_CMD_MODIFY_64");
	assert_int_equal(request.action, REVISION_SET);
	assert_int_equal(request.index, 7);
	/* The same numbers mean something else in v6. */
	request = revision_read(revision_find("v6"), lpc, 64);
	assert_string_equal(request.command->name, "FUTEX_ROBUST_LIST_CMD_SET_32");
	assert_int_equal(request.action, REVISION_SET);
}

static void v5_has_no_commands(void **state)
{
	const uint64_t create[] = {HEAD, (uint64_t)-1, 1, 99};
	const uint64_t set[] = {HEAD, 0, 0, 99};
	/* A 32-bit register that was not extended. */
	const uint64_t narrow[] = {HEAD, 0xffffffff, 0, 99};
	struct revision_request request = revision_read(revision_find("v5"), create, 64);

	(void)state;
	assert_int_equal(request.action, REVISION_CREATE);
	assert_int_equal(request.bits, 64);
	request = revision_read(revision_find("v5"), set, 64);
	assert_int_equal(request.action, REVISION_SET);
	assert_int_equal(request.bits, 32);
	assert_int_equal(revision_read(revision_find("v5"), narrow, 64).action, REVISION_CREATE);
	assert_int_equal(check("v5", 64, HEAD, (uint64_t)-1, 1, 99), 0);
	assert_int_equal(check("v5", 64, HEAD, (uint64_t)-2, 1, 0), -EINVAL);
	assert_int_equal(check("v5", 64, HEAD, 10, 1, 0), -EINVAL);
	assert_int_equal(check("v5", 64, HEAD, 0, 2, 0), -EINVAL);
	assert_int_equal(check("v5", 64, HEAD + 4, 0, 1, 0), 0);
	assert_int_equal(check("v5", 64, HEAD + 2, 0, 0, 0), -EINVAL);
}

static void arguments_are_cut(void **state)
{
	const uint64_t high = UINT64_C(0xdead00000000);
	const uint64_t arguments[] = {high | HEAD, high | 3, high | 3, high};
	struct revision_request request = revision_read(revision_find("lpc2025"), arguments, 32);

	(void)state;
	assert_int_equal(request.head, HEAD);
	assert_int_equal(request.index, 3);
	assert_int_equal(request.bits, 32);
	assert_int_equal(request.flags, 0);
	assert_int_equal(revision_read(revision_find("lpc2025"), arguments, 64).head, high | HEAD);
}

static void errors(void **state)
{
	const uint64_t minus_one = UINT32_MAX;

	(void)state;
	assert_int_equal(check("lpc2025", 64, HEAD, 10, 2, 0), 0);
	assert_int_equal(check("lpc2025", 64, HEAD, 11, 2, 0), -EINVAL);
	assert_int_equal(check("lpc2025", 64, HEAD, minus_one, 0, 0), -EINVAL);
	assert_int_equal(check("lpc2025", 64, HEAD, 0, 5, 0), -EINVAL);
	assert_int_equal(check("lpc2025", 64, HEAD, 0, 0, 1), -EINVAL);
	assert_int_equal(check("lpc2025", 64, HEAD + 4, 0, 0, 0), -EINVAL);
	assert_int_equal(check("lpc2025", 64, HEAD + 4, 0, 1, 0), 0);
	assert_int_equal(check("lpc2025", 64, HEAD + 2, 0, 1, 0), -EINVAL);
	assert_int_equal(check("lpc2025", 32, HEAD, 0, 0, 0), 0);
	assert_int_equal(check("lpc2025", 64, 1, 99, 4, 0), 0);
	assert_int_equal(check("steamos", 64, HEAD, 0, 1, 0), -EINVAL);
	assert_int_equal(check("steamos", 64, HEAD, 0, 0, 0), 0);
	assert_int_equal(check("steamos", 64, HEAD, 2, 8, 0), -EINVAL);
	assert_int_equal(check("steamos", 32, HEAD, 0, 0, 0), -EOPNOTSUPP);
	assert_int_equal(check("steamos", 64, 1, 4, 99, 0), 0);
	assert_int_equal(check("v6", 32, HEAD, 0, 0, 0), -EOPNOTSUPP);
	assert_int_equal(check("v6", 32, HEAD + 4, 0, 1, 0), 0);
	assert_int_equal(check("v6", 64, 0, 8, 2, 0), -EINVAL);
	assert_int_equal(check("v6", 64, 1, 7, 2, 0), 0);
}

static void numbers_that_mainline_gave_away(void **state)
{
	(void)state;
	assert_null(revision_number_taken(470, 6, 18));
	assert_string_equal(revision_number_taken(470, 6, 19), "listns");
	assert_string_equal(revision_number_taken(470, 7, 0), "listns");
	assert_null(revision_number_taken(471, 6, 19));
	assert_string_equal(revision_number_taken(471, 7, 0), "rseq_slice_yield");
	assert_string_equal(revision_number_taken(468, 6, 18), "file_getattr");
	assert_null(revision_number_taken(468, 6, 1));
	assert_null(revision_number_taken(473, 9, 9));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows),
		cmocka_unit_test(commands),
		cmocka_unit_test(v5_has_no_commands),
		cmocka_unit_test(arguments_are_cut),
		cmocka_unit_test(errors),
		cmocka_unit_test(numbers_that_mainline_gave_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
