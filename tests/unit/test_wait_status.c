/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/wait_status.h"

#include <signal.h>
#include <sys/ptrace.h>

#include "unit.h"

/* As the kernel packs them: wait(2), and "Stopped states" of ptrace(2). */
#define EXITED(code) ((code) << 8)
#define KILLED(number) (number)
#define DUMPED(number) ((number) | 0x80)
#define STOPPED(number) ((number) << 8 | 0x7f)
#define EVENT(event, number) ((event) << 16 | STOPPED(number))

#define CONTINUED 0xffff

static const struct {
	int status;
	struct wait_event wanted;
} rows[] = {
	{EXITED(0), {.kind = WAIT_EXITED}},
	{EXITED(1), {.kind = WAIT_EXITED, .status = 1}},
	/* No number of a signal, no flag, whatever the bits are. */
	{EXITED(127), {.kind = WAIT_EXITED, .status = 127}},
	{EXITED(128), {.kind = WAIT_EXITED, .status = 128}},
	{EXITED(255), {.kind = WAIT_EXITED, .status = 255}},

	{KILLED(SIGKILL), {.kind = WAIT_KILLED, .signal = SIGKILL}},
	{KILLED(SIGTERM), {.kind = WAIT_KILLED, .signal = SIGTERM}},
	{KILLED(64), {.kind = WAIT_KILLED, .signal = 64}},
	{DUMPED(SIGSEGV), {.kind = WAIT_KILLED, .signal = SIGSEGV, .core = true}},
	{DUMPED(SIGTRAP), {.kind = WAIT_KILLED, .signal = SIGTRAP, .core = true}},

	{STOPPED(SIGTRAP | 0x80), {.kind = WAIT_SYSCALL, .signal = SIGTRAP | 0x80}},

	/* Without an event they are signals on their way, those of job control too. */
	{STOPPED(SIGTRAP), {.kind = WAIT_SIGNAL, .signal = SIGTRAP}},
	{STOPPED(SIGHUP), {.kind = WAIT_SIGNAL, .signal = SIGHUP}},
	{STOPPED(SIGSTOP), {.kind = WAIT_SIGNAL, .signal = SIGSTOP}},
	{STOPPED(SIGTSTP), {.kind = WAIT_SIGNAL, .signal = SIGTSTP}},
	{STOPPED(SIGCONT), {.kind = WAIT_SIGNAL, .signal = SIGCONT}},
	{STOPPED(SIGCHLD), {.kind = WAIT_SIGNAL, .signal = SIGCHLD}},
	{STOPPED(SIGSEGV), {.kind = WAIT_SIGNAL, .signal = SIGSEGV}},
	{STOPPED(64), {.kind = WAIT_SIGNAL, .signal = 64}},

	/* PTRACE_EVENT_STOP: the signal tells the group stop from the others. */
	{EVENT(PTRACE_EVENT_STOP, SIGSTOP), {.kind = WAIT_GROUP_STOP, .signal = SIGSTOP}},
	{EVENT(PTRACE_EVENT_STOP, SIGTSTP), {.kind = WAIT_GROUP_STOP, .signal = SIGTSTP}},
	{EVENT(PTRACE_EVENT_STOP, SIGTTIN), {.kind = WAIT_GROUP_STOP, .signal = SIGTTIN}},
	{EVENT(PTRACE_EVENT_STOP, SIGTTOU), {.kind = WAIT_GROUP_STOP, .signal = SIGTTOU}},
	{EVENT(PTRACE_EVENT_STOP, SIGTRAP), {.kind = WAIT_INTERRUPTED, .signal = SIGTRAP}},

	{EVENT(PTRACE_EVENT_FORK, SIGTRAP), {.kind = WAIT_FORK, .signal = SIGTRAP}},
	{EVENT(PTRACE_EVENT_VFORK, SIGTRAP), {.kind = WAIT_VFORK, .signal = SIGTRAP}},
	{EVENT(PTRACE_EVENT_CLONE, SIGTRAP), {.kind = WAIT_CLONE, .signal = SIGTRAP}},
	{EVENT(PTRACE_EVENT_EXEC, SIGTRAP), {.kind = WAIT_EXEC, .signal = SIGTRAP}},
	{EVENT(PTRACE_EVENT_VFORK_DONE, SIGTRAP), {.kind = WAIT_VFORK_DONE, .signal = SIGTRAP}},
	{EVENT(PTRACE_EVENT_EXIT, SIGTRAP), {.kind = WAIT_EXITING, .signal = SIGTRAP}},
	{EVENT(PTRACE_EVENT_SECCOMP, SIGTRAP), {.kind = WAIT_SECCOMP, .signal = SIGTRAP}},
	/* An event that nobody asked for, of a kernel to come. */
	{EVENT(100, SIGTRAP), {.kind = WAIT_NOTHING, .signal = SIGTRAP}},

	{CONTINUED, {.kind = WAIT_NOTHING}},
};

static void every_status(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct wait_event got = wait_status_decode(rows[i].status);

		print_message("status 0x%x\n", (unsigned)rows[i].status);
		assert_int_equal(got.kind, rows[i].wanted.kind);
		assert_int_equal(got.status, rows[i].wanted.status);
		assert_int_equal(got.signal, rows[i].wanted.signal);
		assert_int_equal(got.core, rows[i].wanted.core);
	}
}

/* Whatever the number, a death stays a death and a delivery a delivery. */
static void every_signal(void **state)
{
	(void)state;
	for (int number = 1; number <= 64; number++) {
		assert_int_equal(wait_status_decode(KILLED(number)).kind, WAIT_KILLED);
		assert_int_equal(wait_status_decode(KILLED(number)).signal, number);
		assert_false(wait_status_decode(KILLED(number)).core);
		assert_int_equal(wait_status_decode(DUMPED(number)).kind, WAIT_KILLED);
		assert_true(wait_status_decode(DUMPED(number)).core);
		assert_int_equal(wait_status_decode(STOPPED(number)).kind, WAIT_SIGNAL);
		assert_int_equal(wait_status_decode(STOPPED(number)).signal, number);
	}
	for (int code = 0; code < 256; code++) {
		assert_int_equal(wait_status_decode(EXITED(code)).kind, WAIT_EXITED);
		assert_int_equal(wait_status_decode(EXITED(code)).status, code);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_status),
		cmocka_unit_test(every_signal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
