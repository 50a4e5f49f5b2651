/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "abi/block_calls.h"

#include <sys/syscall.h>

#include "unit.h"

static void numbers_of_this_machine(void **state)
{
	const struct {
		long number;
		const char *name;
	} rows[] = {
		{SYS_read, "read"},
		{SYS_ppoll, "ppoll"},
		{SYS_accept4, "accept4"},
		{SYS_clock_nanosleep, "clock_nanosleep"},
		{SYS_epoll_pwait, "epoll_pwait"},
		{SYS_futex, "futex"},
		{SYS_flock, "flock"},
		{SYS_fsync, "fsync"},
		{SYS_wait4, "wait4"},
		{SYS_clone, "clone"},
	};

	(void)state;
	if (wait_abi_native(64) != ABI_X86_64)
		skip();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(block_call_name(ABI_X86_64, rows[i].number), rows[i].name);
}

static void numbers_of_32_bit_programs(void **state)
{
	(void)state;
	assert_string_equal(block_call_name(ABI_I386, 3), "read");
	assert_string_equal(block_call_name(ABI_I386, 102), "socketcall");
	assert_string_equal(block_call_name(ABI_I386, 162), "nanosleep");
	assert_string_equal(block_call_name(ABI_I386, 168), "poll");
	assert_string_equal(block_call_name(ABI_I386, 407), "clock_nanosleep_time64");
}

static void what_has_no_name(void **state)
{
	(void)state;
	assert_null(block_call_name(ABI_X86_64, 100000));
	/* No number of the other ABI, and not the mark for 'none' either. */
	assert_null(block_call_name(ABI_X86_64, -1));
	assert_null(block_call_name(ABI_I386, -1));
	assert_null(block_call_name(ABI_AARCH64, 63));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_of_this_machine),
		cmocka_unit_test(numbers_of_32_bit_programs),
		cmocka_unit_test(what_has_no_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
