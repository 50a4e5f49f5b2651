/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/procfs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

#define REST                                                                      \
	" 1 100 100 0 -1 4194560 2118 0 0 0 3 1 0 0 20 0 1 0 6789 11177984 1024 " \
	"18446744073709551615 94000000 94100000 140720000 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0\n"

static void stat_line(void **state)
{
	struct proc_stat stat;

	(void)state;
	assert_int_equal(procfs_parse_stat("4242 (mdb_load) S" REST, &stat), 0);
	assert_string_equal(stat.comm, "mdb_load");
	assert_int_equal(stat.state, 'S');
	assert_int_equal(stat.ppid, 1);
	assert_false(stat.kernel_thread);
	assert_int_equal(stat.start_time, 6789);
	assert_int_equal(stat.start_code, 94000000);
	assert_int_equal(stat.start_stack, 140720000);
}

static void names_that_lie(void **state)
{
	struct proc_stat stat;

	(void)state;
	assert_int_equal(procfs_parse_stat("1 (a) R (b\n) Z" REST, &stat), 0);
	assert_string_equal(stat.comm, "a) R (b\n");
	assert_int_equal(stat.state, 'Z');
	assert_int_equal(procfs_parse_stat("1 () R" REST, &stat), 0);
	assert_string_equal(stat.comm, "");
	assert_int_equal(procfs_parse_stat("", &stat), -EPROTO);
	assert_int_equal(procfs_parse_stat("1 )( R", &stat), -EPROTO);
	assert_int_equal(procfs_parse_stat("1 (a) R 5", &stat), -EPROTO);
}

static void kernel_thread(void **state)
{
	struct proc_stat stat;

	(void)state;
	assert_int_equal(
		procfs_parse_stat("2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 "
				  "0 1 0 0 18446744073709551615 0 0 0 0 0 0 0 0 0 0 0 0 -1 3 0\n",
				  &stat),
		0);
	assert_true(stat.kernel_thread);
	assert_int_equal(stat.cpu, 3);
}

static void status_file(void **state)
{
	struct proc_status status;
	const char *text =
		"Name:\tTgid:\nTgid:\t500\nNgid:\t0\nPid:\t501\nPPid:\t1\nTracerPid:\t7\n"
		"Uid:\t1000\t1001\t1002\t1003\nGid:\t5\t6\t7\t8\nNSpid:\t501\t12\t2\n";

	(void)state;
	assert_int_equal(procfs_parse_status(text, &status), 0);
	assert_int_equal(status.tgid, 500);
	assert_int_equal(status.tracer, 7);
	assert_int_equal(status.uid[0], 1000);
	assert_int_equal(status.uid[2], 1002);
	assert_int_equal(status.gid[1], 6);
	assert_int_equal(status.ns_tid, 2);
	assert_int_equal(status.ns_depth, 3);
	assert_int_equal(procfs_parse_status("Name:\tx\n", &status), -EPROTO);
}

static void status_without_namespaces(void **state)
{
	struct proc_status status;

	(void)state;
	assert_int_equal(procfs_parse_status("Tgid:\t5\nPid:\t6\nTracerPid:\t0\nUid:\t0\t0\t0\t0\n"
					     "Gid:\t0\t0\t0\t0\n",
					     &status),
			 0);
	assert_int_equal(status.ns_tid, 6);
	assert_int_equal(status.ns_depth, 1);
}

static void syscall_file(void **state)
{
	struct proc_syscall call;

	(void)state;
	assert_int_equal(procfs_parse_syscall("running\n", &call), 0);
	assert_true(call.running);
	assert_int_equal(procfs_parse_syscall(
				 "202 0x7f00 0x80 0x1092 0x0 0x0 0xffffffff 0x7ffe10 0x7fab20\n",
				 &call),
			 0);
	assert_false(call.running);
	assert_int_equal(call.number, 202);
	assert_int_equal(call.args[0], 0x7f00);
	assert_int_equal(call.args[5], 0xffffffff);
	assert_int_equal(call.sp, 0x7ffe10);
	assert_int_equal(call.pc, 0x7fab20);
	assert_int_equal(procfs_parse_syscall("-1 0x7ffe10 0x7fab20\n", &call), 0);
	assert_int_equal(call.number, -1);
	assert_int_equal(call.pc, 0x7fab20);
	assert_int_equal(procfs_parse_syscall("202 0x7f00\n", &call), -EPROTO);
	assert_int_equal(procfs_parse_syscall("", &call), -EPROTO);
}

static void ourselves(void **state)
{
	struct proc_stat stat;
	struct proc_status status;
	pid_t *tids = NULL;
	pid_t *pids = NULL;
	ssize_t count;
	bool found = false;

	(void)state;
	assert_int_equal(procfs_stat(getpid(), getpid(), &stat), 0);
	assert_int_equal(stat.state, 'R');
	assert_int_equal(stat.ppid, getppid());
	assert_int_equal(procfs_status(getpid(), getpid(), &status), 0);
	assert_int_equal(status.uid[0], getuid());
	assert_int_equal(procfs_elf_bits(getpid()), 8 * sizeof(void *));
	assert_true(procfs_pid_namespace(getpid()) != 0);
	assert_int_equal(procfs_tids(getpid(), &tids), 1);
	assert_int_equal(tids[0], getpid());
	count = procfs_pids(&pids);
	for (ssize_t i = 0; i < count; i++) {
		found = found || pids[i] == getpid();
		assert_true(i == 0 || pids[i - 1] < pids[i]);
	}
	assert_true(found);
	free(tids);
	free(pids);
}

static void nobody(void **state)
{
	struct proc_stat stat;
	pid_t *tids = NULL;

	(void)state;
	/* Beyond the kernel's largest PID. */
	assert_int_equal(procfs_stat(1 << 29, 1 << 29, &stat), -ESRCH);
	assert_int_equal(procfs_tids(1 << 29, &tids), -ESRCH);
	assert_int_equal(procfs_living_thread(1 << 29), -ESRCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stat_line),
		cmocka_unit_test(names_that_lie),
		cmocka_unit_test(kernel_thread),
		cmocka_unit_test(status_file),
		cmocka_unit_test(status_without_namespaces),
		cmocka_unit_test(syscall_file),
		cmocka_unit_test(ourselves),
		cmocka_unit_test(nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
