/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "abi/wait_calls.h"

#include <linux/futex.h>
#include <sys/syscall.h>

#include "unit.h"

static void numbers_of_this_machine(void **state)
{
	enum call_abi native = wait_abi_native(8 * sizeof(void *));

	(void)state;
	assert_int_equal(wait_call_find(native, SYS_futex)->form, WAIT_FORM_FUTEX);
	assert_int_equal(wait_call_find(native, SYS_restart_syscall)->form, WAIT_FORM_RESTART);
	assert_int_equal(wait_call_find(native, SYS_futex_waitv)->form, WAIT_FORM_WAITV);
	assert_null(wait_call_find(native, SYS_read));
}

static void numbers_of_32_bit_programs(void **state)
{
	(void)state;
	assert_string_equal(wait_call_find(ABI_I386, 240)->name, "futex");
	assert_string_equal(wait_call_find(ABI_I386, 422)->name, "futex_time64");
	assert_int_equal(wait_call_find(ABI_I386, 0)->form, WAIT_FORM_RESTART);
	assert_null(wait_call_find(ABI_I386, 202));
	assert_null(wait_call_find(ABI_X86_64, 240));
}

static void operations(void **state)
{
	(void)state;
	assert_true(futex_op_decode(FUTEX_WAIT).waits);
	assert_true(futex_op_decode(FUTEX_WAIT | FUTEX_PRIVATE_FLAG).waits);
	assert_true(futex_op_decode(FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME).waits);
	assert_false(futex_op_decode(FUTEX_WAIT).pi);
	assert_true(futex_op_decode(FUTEX_LOCK_PI).waits);
	assert_true(futex_op_decode(FUTEX_LOCK_PI_PRIVATE).pi);
	assert_false(futex_op_decode(FUTEX_LOCK_PI).second);
	assert_true(futex_op_decode(FUTEX_WAIT_REQUEUE_PI).waits);
	assert_true(futex_op_decode(FUTEX_WAIT_REQUEUE_PI).second);
	assert_false(futex_op_decode(FUTEX_WAKE).waits);
	assert_false(futex_op_decode(FUTEX_UNLOCK_PI).waits);
	/* musl passes a negative int: only 32 bits count. */
	assert_true(futex_op_decode(UINT64_C(0xffffffff00000000) | FUTEX_WAIT | FUTEX_PRIVATE_FLAG)
			    .waits);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_of_this_machine),
		cmocka_unit_test(numbers_of_32_bit_programs),
		cmocka_unit_test(operations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
