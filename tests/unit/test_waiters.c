/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "waiters.h"

#include <linux/futex.h>

#include "fake_memory.h"
#include "unit.h"

static struct wait waits[WAITERS_MAX];

static size_t decode(struct proc_syscall call, enum call_abi abi)
{
	struct fake_memory fake;
	size_t count;

	fake_open(&fake);
	fake_map(&fake, 0x5000, 0x1000);
	/* Two elements of struct futex_waitv. */
	fake_put64(&fake, 0x5008, 0x7000);
	fake_put32(&fake, 0x5010, FUTEX2_PRIVATE_FLAG | 2);
	fake_put64(&fake, 0x5020, 0x8000);
	fake_put32(&fake, 0x5028, 2);
	count = waiters_decode(&call, abi, &fake.memory, waits);
	fake_close(&fake);
	return count;
}

static void not_waiting(void **state)
{
	(void)state;
	assert_int_equal(decode((struct proc_syscall){.running = true}, ABI_X86_64), 0);
	assert_int_equal(decode((struct proc_syscall){.number = -1}, ABI_X86_64), 0);
	assert_int_equal(decode((struct proc_syscall){.number = 0}, ABI_X86_64), 0);
	assert_int_equal(decode((struct proc_syscall){.number = 202, .args = {0x7000, FUTEX_WAKE}},
				ABI_X86_64),
			 0);
}

static void futex_wait(void **state)
{
	(void)state;
	assert_int_equal(decode((struct proc_syscall){.number = 202, .args = {0x7000, FUTEX_WAIT}},
				ABI_X86_64),
			 1);
	assert_string_equal(waits[0].call, "futex");
	assert_int_equal(waits[0].address, 0x7000);
	assert_false(waits[0].is_private);
	assert_int_equal(waits[0].lock, LOCK_NONE);
	assert_int_equal(decode((struct proc_syscall){.number = 202,
						      .args = {0x7000, FUTEX_LOCK_PI_PRIVATE}},
				ABI_X86_64),
			 1);
	assert_true(waits[0].is_private);
}

static void requeue_waits_for_two(void **state)
{
	(void)state;
	assert_int_equal(
		decode((struct proc_syscall){.number = 202,
					     .args = {0x7000, FUTEX_WAIT_REQUEUE_PI, 0, 0, 0x9000}},
		       ABI_X86_64),
		2);
	assert_int_equal(waits[0].address, 0x7000);
	assert_int_equal(waits[1].address, 0x9000);
}

static void narrow_arguments(void **state)
{
	struct proc_syscall call = {.number = 240,
				    .args = {UINT64_C(0xffffffff80007000), FUTEX_WAIT}};

	(void)state;
	assert_int_equal(decode(call, ABI_I386), 1);
	assert_int_equal(waits[0].address, 0x80007000);
	call.number = 422;
	assert_int_equal(decode(call, ABI_I386), 1);
	assert_string_equal(waits[0].call, "futex_time64");
}

static void waitv(void **state)
{
	(void)state;
	assert_int_equal(
		decode((struct proc_syscall){.number = 449, .args = {0x5000, 2}}, ABI_X86_64), 2);
	assert_string_equal(waits[0].call, "futex_waitv");
	assert_int_equal(waits[0].address, 0x7000);
	assert_true(waits[0].is_private);
	assert_int_equal(waits[1].address, 0x8000);
	assert_false(waits[1].is_private);
	/* Lies: too many, none, an array that is not there. */
	assert_int_equal(
		decode((struct proc_syscall){.number = 449, .args = {0x5000, 129}}, ABI_X86_64), 0);
	assert_int_equal(
		decode((struct proc_syscall){.number = 449, .args = {0x5000, 0}}, ABI_X86_64), 0);
	assert_int_equal(
		decode((struct proc_syscall){.number = 449, .args = {0xdead, 2}}, ABI_X86_64), 0);
}

static void futex2_and_restart(void **state)
{
	(void)state;
	assert_int_equal(decode((struct proc_syscall){.number = 455, .args = {0x7000, 1, 2, 0x82}},
				ABI_X86_64),
			 1);
	assert_string_equal(waits[0].call, "futex_wait");
	assert_true(waits[0].is_private);
	assert_int_equal(decode((struct proc_syscall){.number = 219, .args = {0x7000, FUTEX_WAIT}},
				ABI_X86_64),
			 1);
	assert_string_equal(waits[0].call, "restart_syscall");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(not_waiting),
		cmocka_unit_test(futex_wait),
		cmocka_unit_test(requeue_waits_for_two),
		cmocka_unit_test(narrow_arguments),
		cmocka_unit_test(waitv),
		cmocka_unit_test(futex2_and_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
