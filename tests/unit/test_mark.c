/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Words that are marked in place of the kernel: in a file, through a mapping of ours, and in the
 * memory of a child that makes the calls for us.
 */
#include "target/mark.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "target/live.h"
#include "unit.h"

#define TID UINT32_C(0x12abc)
#define NOBODY UINT32_C(0x20000000)
#define WAITERS UINT32_C(0x80000000)
#define DIED UINT32_C(0x40000000)
#define FILE_SIZE (5 << 20)

static const struct {
	uint32_t before;
	struct mark mark;
	uint32_t after;
} rows[] = {
	{TID, {TID, false, false}, DIED},
	{TID | WAITERS, {TID, false, false}, DIED | WAITERS},
	/* Of one that had died before, and not been given back. */
	{TID | DIED, {TID, false, false}, DIED},
	{TID | DIED | WAITERS, {TID, true, false}, DIED | WAITERS},
	{TID, {TID, true, false}, DIED},
	{TID, {TID, false, true}, DIED},
	/* Not its own: every other number, also one that differs in one bit. */
	{TID + 1, {TID, false, false}, TID + 1},
	{TID ^ 0x10000, {TID, false, false}, TID ^ 0x10000},
	{0, {TID, false, false}, 0},
	{WAITERS, {TID, false, true}, WAITERS},
	{DIED, {TID, false, false}, DIED},
	{0x3fffff, {0x3fffff, false, false}, DIED},
	{1, {1, false, false}, DIED},
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

/* ---- In a file ---- */

static int make_file(off_t size)
{
	int fd = memfd_create("test_mark", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, size), 0);
	return fd;
}

static uint32_t word_at(int fd, off_t offset)
{
	uint32_t word = 0;

	assert_int_equal(pread(fd, &word, sizeof(word), offset), sizeof(word));
	return word;
}

static void in_a_file(void **state)
{
	struct mark_view view = {0};
	int fd = make_file(FILE_SIZE);

	(void)state;
	for (size_t i = 0; i < N_ROWS; i++) {
		/* Also in parts of the file that are not mapped at first. */
		off_t offset = (off_t)(i % 3 * (2 << 20) + 64 * i + 4);

		assert_int_equal(pwrite(fd, &rows[i].before, 4, offset), 4);
		assert_int_equal(mark_shared(&view, fd, (uint64_t)offset, &rows[i].mark), 0);
		assert_int_equal(word_at(fd, offset), rows[i].after);
	}
	mark_view_close(&view);
	mark_view_close(&view);
	close(fd);
}

static void in_two_files(void **state)
{
	const struct mark mark = {.tid = TID};
	const uint32_t word = TID;
	struct mark_view view = {0};
	int fds[] = {make_file(4096), make_file(4096)};

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(pwrite(fds[i], &word, 4, 8), 4);
	for (int i = 0; i < 2; i++)
		assert_int_equal(mark_shared(&view, fds[i], 8, &mark), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(word_at(fds[i], 8), DIED);
	mark_view_close(&view);
	close(fds[0]);
	close(fds[1]);
}

/* A file that was cut meanwhile must not be our end, nor take our SIGBUS away. */
static void in_a_file_that_was_cut(void **state)
{
	const struct mark mark = {.tid = TID};
	struct mark_view view = {0};
	struct sigaction before;
	struct sigaction after;
	int fd = make_file(3 * 4096);
	const uint32_t word = TID;

	(void)state;
	sigaction(SIGBUS, NULL, &before);
	assert_int_equal(pwrite(fd, &word, 4, 4), 4);
	assert_int_equal(pwrite(fd, &word, 4, 8192), 4);
	assert_int_equal(mark_shared(&view, fd, 4, &mark), 0);
	assert_int_equal(ftruncate(fd, 4096), 0);
	assert_int_equal(mark_shared(&view, fd, 8192, &mark), 0);
	assert_int_equal(pwrite(fd, &word, 4, 8), 4);
	assert_int_equal(mark_shared(&view, fd, 8, &mark), 0);
	assert_int_equal(word_at(fd, 4), DIED);
	assert_int_equal(word_at(fd, 8), DIED);
	sigaction(SIGBUS, NULL, &after);
	assert_ptr_equal(before.sa_handler, after.sa_handler);
	mark_view_close(&view);
	close(fd);
}

static void in_what_cannot_be_mapped(void **state)
{
	const struct mark mark = {.tid = TID};
	struct mark_view view = {0};
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(mark_shared(&view, ends[1], 0, &mark), -EACCES);
	mark_view_close(&view);
	close(ends[0]);
	close(ends[1]);
}

/* Waits for the first word of a mapping: 0 when it was woken. */
static pid_t start_waiter(uint32_t *word)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(60);
		_exit(syscall(SYS_futex, word, FUTEX_WAIT, *word, NULL, NULL, 0) ? errno : 0);
	}
	return pid;
}

static bool is_asleep(pid_t pid)
{
	char path[64];
	char text[16] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (!fgets(text, sizeof(text), file))
		text[0] = '\0';
	fclose(file);
	return strtol(text, NULL, 10) == SYS_futex;
}

static void await_asleep(pid_t pid)
{
	while (!is_asleep(pid)) {
		assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
		sched_yield();
	}
}

/* One is woken, not both; and one who waits for a free word that is pending. */
static void wakes_one(void **state)
{
	static const struct {
		uint32_t word;
		struct mark mark;
	} cases[] = {
		{TID | WAITERS, {TID, false, false}},
		{WAITERS, {TID, false, true}},
	};
	int fd = make_file(4096);
	uint32_t *word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	(void)state;
	assert_ptr_not_equal(word, MAP_FAILED);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mark_view view = {0};
		pid_t waiters[2];
		pid_t woken;
		int status;

		*word = cases[i].word;
		for (int j = 0; j < 2; j++) {
			waiters[j] = start_waiter(word);
			await_asleep(waiters[j]);
		}
		assert_int_equal(mark_shared(&view, fd, 0, &cases[i].mark), 0);
		mark_view_close(&view);
		woken = wait(&status);
		assert_int_equal(status, 0);
		for (int j = 0; j < 2; j++) {
			if (waiters[j] == woken)
				continue;
			await_asleep(waiters[j]);
			kill(waiters[j], SIGKILL);
			waitpid(waiters[j], &status, 0);
			assert_true(WIFSIGNALED(status));
		}
	}
	munmap(word, 4096);
	close(fd);
}

/* ---- By a task ---- */

/* A child whose memory is a copy of ours, stopped in user code and seized. */
static pid_t start_child(void)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(60);
		for (;;)
			pause();
	}
	assert_int_equal(ptrace(PTRACE_SEIZE, pid, NULL, (void *)PTRACE_O_TRACESYSGOOD), 0);
	assert_int_equal(ptrace(PTRACE_INTERRUPT, pid, NULL, NULL), 0);
	assert_int_equal(waitpid(pid, &status, __WALL), pid);
	assert_true(WIFSTOPPED(status));
	return pid;
}

static void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, __WALL);
}

static uint32_t mark_in_child(pid_t pid, uint32_t *word, uint32_t before, const struct mark *mark,
			      int wanted)
{
	struct live_memory live;
	struct inject inject;
	struct user_regs_struct registers;
	struct user_regs_struct registers_after;
	uint32_t after = 0;
	bool woken;

	assert_int_equal(ptrace(PTRACE_GETREGS, pid, NULL, &registers), 0);
	live_memory_open(&live, pid, pid);
	assert_int_equal(inject_begin(&inject, pid, pid), 0);
	assert_int_equal(inject_write(&inject, (uintptr_t)word, &before, 4), wanted);
	assert_int_equal(mark_by_task(&inject, &live.memory, (uintptr_t)word, mark, false, &woken),
			 wanted);
	inject_end(&inject, false);
	if (!wanted)
		assert_int_equal(
			memory_read_one(&live.memory, (uintptr_t)word, &after, sizeof(after)), 0);
	live_memory_close(&live);
	assert_int_equal(ptrace(PTRACE_GETREGS, pid, NULL, &registers_after), 0);
	assert_memory_equal(&registers, &registers_after, sizeof(registers));
	return after;
}

static void by_a_task(void **state)
{
	static uint32_t word;
	/* Somebody began with it, and died in the middle. */
	static const uint32_t half_done[] = {NOBODY, NOBODY | TID,
					     NOBODY | (TID & ~UINT32_C(0x7ff)),
					     NOBODY | WAITERS | 0x10000};
	const struct mark mark = {.tid = TID};
	pid_t pid = start_child();

	(void)state;
	for (size_t i = 0; i < N_ROWS; i++)
		assert_int_equal(mark_in_child(pid, &word, rows[i].before, &rows[i].mark, 0),
				 rows[i].after);
	for (size_t i = 0; i < sizeof(half_done) / sizeof(half_done[0]); i++)
		assert_int_equal(mark_in_child(pid, &word, half_done[i], &mark, 0),
				 DIED | (half_done[i] & WAITERS));
	mark_in_child(pid, NULL, 0, &mark, -EFAULT);
	end_child(pid);
}

/* A call that the task was in begins anew; it is none that was broken off once that is over. */
static void interrupted(void **state)
{
	pid_t pid = start_child();
	struct inject inject;

	(void)state;
	assert_int_equal(inject_begin(&inject, pid, pid), 0);
	/* pause(2), or it had not got there yet. */
	if (inject.registers.orig_rax == SYS_pause)
		assert_true(inject_interrupted(&inject));
	inject.registers.rax = 0;
	assert_false(inject_interrupted(&inject));
	inject.registers.rax = (uint64_t)-ETIMEDOUT;
	assert_false(inject_interrupted(&inject));
	inject.registers.orig_rax = SYS_futex;
	inject.registers.rax = (uint64_t)-512;
	assert_true(inject_interrupted(&inject));
	inject.registers.orig_rax = UINT64_MAX;
	assert_false(inject_interrupted(&inject));
	end_child(pid);
}

/* One that is killed while it works for us ends the job, and its status is kept. */
static void killed_meanwhile(void **state)
{
	static uint32_t word;
	const uint64_t args[6] = {(uintptr_t)&word, FUTEX_WAKE, 1};
	pid_t pid = start_child();
	struct inject inject;
	int64_t result;

	(void)state;
	assert_int_equal(inject_begin(&inject, pid, pid), 0);
	kill(pid, SIGKILL);
	assert_int_equal(inject_call(&inject, SYS_futex, args, &result), -ESRCH);
	if (inject.ended)
		assert_true(WIFSIGNALED(inject.status));
	inject_end(&inject, false);
	waitpid(pid, NULL, __WALL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_a_file),
		cmocka_unit_test(in_two_files),
		cmocka_unit_test(in_a_file_that_was_cut),
		cmocka_unit_test(in_what_cannot_be_mapped),
		cmocka_unit_test(wakes_one),
#if defined(__x86_64__)
		cmocka_unit_test(by_a_task),
		cmocka_unit_test(interrupted),
		cmocka_unit_test(killed_meanwhile),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
