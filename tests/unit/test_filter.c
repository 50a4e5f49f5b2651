/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/revision.h"
#include "abi/traced_calls.h"
#include "unit.h"

/* Numbers of x32 carry this bit: __X32_SYSCALL_BIT of asm/unistd.h. */
#define X32_BIT 0x40000000u

#if defined(__aarch64__)
#define ARCH_64 AUDIT_ARCH_AARCH64
#define ARCH_32 AUDIT_ARCH_ARM
#else
#define ARCH_64 AUDIT_ARCH_X86_64
#define ARCH_32 AUDIT_ARCH_I386
#endif

/* set_robust_list, get_robust_list, futex_time64 (32 bits only), one of 64 bits only, a new one */
static const struct filter_call calls[] = {
	{273, 311}, {274, 312}, {-1, 422}, {299, -1}, {470, 470}};

#define N_CALLS (sizeof(calls) / sizeof(calls[0]))

static bool compares(const struct sock_filter *at, uint32_t value)
{
	switch (BPF_OP(at->code)) {
	case BPF_JEQ:
		return value == at->k;
	case BPF_JGT:
		return value > at->k;
	case BPF_JGE:
		return value >= at->k;
	case BPF_JSET:
		return value & at->k;
	default:
		fail_msg("a comparison 0x%x that this test does not know", at->code);
		return false;
	}
}

/* What the kernel does with a classic BPF program: its verdict on a call. */
static uint32_t verdict(const struct sock_fprog *program, uint32_t arch, uint32_t nr)
{
	const struct seccomp_data data = {.nr = (int)nr, .arch = arch};
	uint32_t value = 0;

	for (size_t i = 0; i < program->len; i++) {
		const struct sock_filter *at = &program->filter[i];

		if (at->code == (BPF_RET | BPF_K)) {
			return at->k;
		} else if (at->code == (BPF_LD | BPF_W | BPF_ABS)) {
			assert_true(at->k + sizeof(value) <= sizeof(data));
			memcpy(&value, (const char *)&data + at->k, sizeof(value));
		} else if (at->code == (BPF_JMP | BPF_JA)) {
			i += at->k;
		} else if (BPF_CLASS(at->code) == BPF_JMP && BPF_SRC(at->code) == BPF_K) {
			i += compares(at, value) ? at->jt : at->jf;
		} else {
			fail_msg("an instruction 0x%x that this test does not know", at->code);
		}
	}
	fail_msg("the program runs over its end");
	return 0;
}

static bool is_chosen(uint32_t arch, uint32_t nr)
{
	for (size_t i = 0; i < N_CALLS; i++) {
		long number = arch == ARCH_64 ? calls[i].number_64 : calls[i].number_32;

		if (number >= 0 && (uint32_t)number == nr)
			return true;
	}
	return false;
}

static void build(struct sock_fprog *program)
{
	memset(program, 0, sizeof(*program));
	assert_int_equal(filter_build(calls, N_CALLS, program), 0);
	assert_true(program->len > 0);
}

static void wanted_calls_stop_and_no_other(void **state)
{
	static const uint32_t archs[] = {ARCH_64, ARCH_32};
	struct sock_fprog program;

	(void)state;
	build(&program);
	for (size_t i = 0; i < 2; i++)
		for (uint32_t nr = 0; nr < 600; nr++)
			assert_int_equal(verdict(&program, archs[i], nr),
					 is_chosen(archs[i], nr) ? SECCOMP_RET_TRACE | FILTER_MARK
								 : SECCOMP_RET_ALLOW);
	filter_release(&program);
}

/* Numbers that mean nothing, and those of x32, are the kernel's matter, not ours. */
static void other_numbers_pass(void **state)
{
	static const uint32_t numbers[] = {UINT32_MAX, INT32_MAX, 0x80000000u, 273 | 0x80000000u};
	struct sock_fprog program;

	(void)state;
	build(&program);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		assert_int_equal(verdict(&program, ARCH_64, numbers[i]), SECCOMP_RET_ALLOW);
		assert_int_equal(verdict(&program, ARCH_32, numbers[i]), SECCOMP_RET_ALLOW);
	}
	for (uint32_t nr = 0; nr < 600; nr++)
		assert_int_equal(verdict(&program, ARCH_64, nr | X32_BIT), SECCOMP_RET_ALLOW);
	filter_release(&program);
}

static void other_architectures_pass(void **state)
{
	static const uint32_t archs[] = {0, AUDIT_ARCH_MIPS, AUDIT_ARCH_PPC64, UINT32_MAX};
	struct sock_fprog program;

	(void)state;
	build(&program);
	for (size_t i = 0; i < sizeof(archs) / sizeof(archs[0]); i++)
		for (uint32_t nr = 0; nr < 600; nr++)
			assert_int_equal(verdict(&program, archs[i], nr), SECCOMP_RET_ALLOW);
	filter_release(&program);
}

static void no_call_at_all(void **state)
{
	struct sock_fprog program = {0};

	(void)state;
	assert_int_equal(filter_build(NULL, 0, &program), 0);
	for (uint32_t nr = 0; nr < 600; nr++) {
		assert_int_equal(verdict(&program, ARCH_64, nr), SECCOMP_RET_ALLOW);
		assert_int_equal(verdict(&program, ARCH_32, nr), SECCOMP_RET_ALLOW);
	}
	filter_release(&program);
	assert_null(program.filter);
}

/* Every call of the table, of every revision: what `trace -e all` asks for. */
static void the_whole_table(void **state)
{
	(void)state;
	for (size_t row = 0; revision_at(row); row++) {
		struct filter_call all[48];
		struct sock_fprog program = {0};
		struct traced_calls table;
		size_t count = 0;

		traced_calls_init(&table, revision_at(row), -1, -1);
		assert_true(table.n_rows <= sizeof(all) / sizeof(all[0]));
		for (size_t i = 0; i < table.n_rows; i++)
			all[count++] = (struct filter_call){
				table.rows[i].numbers[wait_abi_native(64)],
				table.rows[i].numbers[wait_abi_native(32)]};
		assert_int_equal(filter_build(all, count, &program), 0);
		for (size_t i = 0; i < count; i++) {
			if (all[i].number_64 >= 0)
				assert_int_equal(verdict(&program, ARCH_64,
							 (uint32_t)all[i].number_64),
						 SECCOMP_RET_TRACE | FILTER_MARK);
			if (all[i].number_32 >= 0)
				assert_int_equal(verdict(&program, ARCH_32,
							 (uint32_t)all[i].number_32),
						 SECCOMP_RET_TRACE | FILTER_MARK);
		}
		assert_int_equal(verdict(&program, ARCH_64, SYS_getppid), SECCOMP_RET_ALLOW);
		assert_int_equal(verdict(&program, ARCH_64, SYS_exit_group), SECCOMP_RET_ALLOW);
		filter_release(&program);
	}
}

static void too_many_calls(void **state)
{
	struct filter_call many[49];
	struct sock_fprog program = {0};

	(void)state;
	for (size_t i = 0; i < 49; i++)
		many[i] = (struct filter_call){(long)i, (long)i};
	assert_int_equal(filter_build(many, 49, &program), -E2BIG);
	assert_null(program.filter);
	/* The fullest that there may be has the longest jumps. */
	assert_int_equal(filter_build(many, 48, &program), 0);
	assert_int_equal(verdict(&program, ARCH_32, 47), SECCOMP_RET_TRACE | FILTER_MARK);
	assert_int_equal(verdict(&program, ARCH_32, 48), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict(&program, ARCH_64, 47), SECCOMP_RET_TRACE | FILTER_MARK);
	assert_int_equal(verdict(&program, ARCH_64, 48), SECCOMP_RET_ALLOW);
	filter_release(&program);
}

/* In a child, under the filter: 0 when all is as it must be, else a number that says what is not. */
static int live_under_filter(const struct sock_fprog *program)
{
	const struct filter_call none = {-1, -1};
	struct sock_fprog second = {0};
	pid_t parent = getppid();

	if (filter_load(program))
		return 1;
	/* Nobody traces us: the call that the filter chooses is none. */
	if (syscall(SYS_set_robust_list, NULL, 24) != -1 || errno != ENOSYS)
		return 2;
	if (getppid() != parent || syscall(SYS_gettid) != getpid())
		return 3;
	/* x32 where the kernel has it not, and a number without a call: answered by the kernel. */
	if (syscall((long)(X32_BIT | 999), 0) != -1 || errno != ENOSYS)
		return 4;
	/* What the program may do is the same: it may set filters of its own. */
	if (filter_build(&none, 1, &second) || filter_load(&second))
		return 5;
	filter_release(&second);
	return 0;
}

static void the_kernel_takes_it(void **state)
{
	struct sock_fprog program;
	int status;
	pid_t pid;

	(void)state;
	build(&program);
	pid = fork();
	if (pid == 0)
		_exit(live_under_filter(&program));
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	filter_release(&program);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void no_program(void **state)
{
	const struct sock_fprog empty = {0};
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(filter_load(&empty) == -EINVAL ? 0 : 1);
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wanted_calls_stop_and_no_other),
		cmocka_unit_test(other_numbers_pass),
		cmocka_unit_test(other_architectures_pass),
		cmocka_unit_test(no_call_at_all),
		cmocka_unit_test(the_whole_table),
		cmocka_unit_test(too_many_calls),
		cmocka_unit_test(the_kernel_takes_it),
		cmocka_unit_test(no_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
