/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stacks of the stack tracee (tests/tracee/stack.c), built in many ways. */
#include "symbol/stack.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "started.h"
#include "symbol/dwarf.h"
#include "target/procfs.h"
#include "unit.h"

#define NOWHERE "/nonexistent"

/* One look at one thread. */
struct look {
	struct symbols *symbols;
	struct stacks *stacks;
	struct arena arena;
	struct frame *frames;
	size_t count;
};

static void look_open(struct look *look, bool lines)
{
	*look = (struct look){0};
	assert_int_equal(symbols_open(NOWHERE, &look->symbols), 0);
	assert_int_equal(stack_open(look->symbols, lines, &look->stacks), 0);
}

static void look_close(struct look *look)
{
	stack_close(look->stacks);
	symbols_close(look->symbols);
	arena_free(&look->arena);
}

static struct proc_syscall call_of(pid_t pid, pid_t tid)
{
	struct proc_syscall call;
	int tasks = procfs_open_tasks(pid);

	assert_true(tasks >= 0);
	assert_int_equal(procfs_syscall(tasks, tid, &call), 0);
	close(tasks);
	assert_false(call.running);
	return call;
}

static void look_at(struct look *look, struct started *started, size_t max)
{
	struct symbols_process process = started_process(started);
	pid_t tid = (pid_t)started_number(started, "tid");
	struct proc_syscall call = call_of(started->pid, tid);
	struct stack_start start;
	ssize_t count;

	stack_enter(look->stacks, &process);
	start = (struct stack_start){.sp = call.sp, .pc = call.pc};
	count = stack_unwind(look->stacks, tid, &start, max, &look->arena, &look->frames);
	assert_true(count > 0);
	look->count = (size_t)count;
}

static bool is_function(const struct frame *frame, const char *name)
{
	return frame->function && strcmp(frame->function, name) == 0;
}

/* The names must be there in this order, with nothing between them but what has no name. */
static void expect_chain(const struct look *look, const char *const *names)
{
	size_t at = 0;

	while (at < look->count && !is_function(&look->frames[at], names[0]))
		at++;
	for (size_t i = 0; names[i]; i++, at++) {
		while (at < look->count && !look->frames[at].function)
			at++;
		if (at == look->count)
			fail_msg("%s is missing", names[i]);
		if (!is_function(&look->frames[at], names[i]))
			fail_msg("%s in place of %s", look->frames[at].function, names[i]);
	}
}

static const struct frame *frame_of(const struct look *look, const char *name)
{
	for (size_t i = 0; i < look->count; i++)
		if (is_function(&look->frames[i], name))
			return &look->frames[i];
	fail_msg("%s is missing", name);
	return NULL;
}

static const char *const chain[] = {
	"stack_take", "stack_inner", "stack_middle", "library_call", "stack_outer",
	"stack_run",  NULL};

/* Starts one kind of the tracee, or skips the test where it was not built. */
static void start(struct started *started, const char *program, const char *argument)
{
	if (access(program, X_OK)) {
		print_message("SKIP: %s was not built here\n", program);
		skip();
	}
	assert_true(started_open(started, program, argument, NULL, NULL));
}

static void expect_stack(const char *program, const char *argument, bool guess)
{
	struct started started;
	struct look look;

	start(&started, program, argument);
	look_open(&look, false);
	look_at(&look, &started, STACK_DEPTH_DEFAULT);
	expect_chain(&look, chain);
	/* A C library that is built with frame pointers, or without tables, is one guess before. */
	if (frame_of(&look, "stack_take")->guess)
		guess = true;
	assert_int_equal(frame_of(&look, "stack_run")->guess, guess);
	assert_false(look.frames[0].guess);
	look_close(&look);
	started_close(&started);
}

static void optimised(void **state)
{
	(void)state;
	expect_stack(TRACEES "/stack_o2", NULL, false);
	expect_stack(TRACEES "/stack_o2", "plain", false);
	expect_stack(TRACEES "/stack_no_pie", "plain", false);
}

/* A plain mutex: nobody below the program's own functions saves the frame pointer. */
static void by_frame_pointer(void **state)
{
	(void)state;
	expect_stack(TRACEES "/stack_o0", "plain", true);
	expect_stack(TRACEES "/stack_frame_pointers", "plain", true);
	/* Under a robust one somebody does. */
	expect_stack(TRACEES "/stack_o0", NULL, false);
}

static void without_tables(void **state)
{
	(void)state;
	expect_stack(TRACEES "/stack_no_tables", NULL, true);
}

static void statically_linked(void **state)
{
	(void)state;
	expect_stack(TRACEES "/stack_static", "plain", false);
	expect_stack(TRACEES "/stack_static_pie", "plain", false);
}

static void musl(void **state)
{
	(void)state;
	expect_stack(TRACEES "/stack_musl", NULL, true);
}

static void expect_signal(const char *program)
{
	static const char *const above[] = {"stack_take", "stack_on_signal", NULL};
	static const char *const below[] = {"stack_inner", "stack_middle", "library_call", NULL};
	struct started started;
	struct look look;

	start(&started, program, "signal");
	look_open(&look, false);
	look_at(&look, &started, STACK_DEPTH_DEFAULT);
	expect_chain(&look, above);
	expect_chain(&look, below);
	look_close(&look);
	started_close(&started);
}

static void through_a_signal(void **state)
{
	(void)state;
	expect_signal(TRACEES "/stack_o2");
	expect_signal(TRACEES "/stack_o0");
	expect_signal(TRACEES "/stack_no_tables");
}

static void stripped(void **state)
{
	struct started started;
	struct look look;
	size_t own = 0;

	(void)state;
	start(&started, TRACEES "/stack_stripped", NULL);
	look_open(&look, false);
	look_at(&look, &started, STACK_DEPTH_DEFAULT);
	for (size_t i = 0; i < look.count; i++) {
		const struct frame *frame = &look.frames[i];

		assert_non_null(frame->module);
		if (!strstr(frame->module, "/stack_stripped"))
			continue;
		own++;
		assert_null(frame->function);
		assert_true(frame->module_offset > 0 && frame->module_offset < 0x10000);
	}
	assert_int_equal(own, 5);
	/* The library has its dynamic symbols. */
	frame_of(&look, "library_call");
	look_close(&look);
	started_close(&started);
}

static void cxx_names(void **state)
{
	static const char *const names[] = {"bank::account<long>::take",
					    "bank::transfer(long)::{lambda(long)#1}::operator()",
					    "bank::each<bank::transfer(long)::{lambda(long)#1}>",
					    "bank::transfer", NULL};
	struct started started;
	struct look look;

	(void)state;
	start(&started, TRACEES "/stack_cxx", NULL);
	look_open(&look, false);
	look_at(&look, &started, STACK_DEPTH_DEFAULT);
	/* clang and newer compilers number the lambda in other ways: the ends are enough there. */
	frame_of(&look, names[0]);
	frame_of(&look, names[3]);
#if defined(__GNUC__) && !defined(__clang__)
	expect_chain(&look, names);
#endif
	look_close(&look);
	started_close(&started);
}

static void limits(void **state)
{
	const struct stack_start zeros = {0};
	const struct stack_start ones = {UINT64_MAX - 7, UINT64_MAX, UINT64_MAX, true};
	struct started started;
	struct symbols_process process;
	struct look look;
	struct frame *frames;

	(void)state;
	start(&started, TRACEES "/stack_o2", NULL);
	look_open(&look, false);
	look_at(&look, &started, 3);
	assert_int_equal(look.count, 3);
	/* Nonsense is one frame, or none. */
	process = started_process(&started);
	stack_enter(look.stacks, &process);
	assert_int_equal(stack_unwind(look.stacks, started.pid, &zeros, 64, &look.arena, &frames),
			 0);
	assert_int_equal(stack_unwind(look.stacks, started.pid, &ones, 64, &look.arena, &frames),
			 1);
	assert_int_equal(frames[0].pc, UINT64_MAX);
	assert_null(frames[0].module);
	look_close(&look);
	started_close(&started);
}

/* The same stacks one after the other, as for a program with many threads and as for many. */
static void again_and_again(void **state)
{
	struct started one;
	struct started two;
	struct look look;

	(void)state;
	start(&one, TRACEES "/stack_o2", NULL);
	start(&two, TRACEES "/stack_no_pie", NULL);
	look_open(&look, false);
	for (int i = 0; i < 20; i++) {
		look_at(&look, i % 3 ? &one : &two, STACK_DEPTH_DEFAULT);
		expect_chain(&look, chain);
	}
	look_close(&look);
	started_close(&one);
	started_close(&two);
}

static void expect_source(const char *program)
{
	struct started started;
	struct look look;
	const struct frame *frame;

	start(&started, program, NULL);
	look_open(&look, true);
	look_at(&look, &started, STACK_DEPTH_DEFAULT);
	frame = frame_of(&look, "stack_outer");
	assert_non_null(frame->source);
	assert_non_null(strstr(frame->source, "stack.c"));
	assert_true(frame->line > 0);
	look_close(&look);
	started_close(&started);
}

static void source_lines(void **state)
{
	(void)state;
	expect_source(TRACEES "/stack_o2");
	/* As clang builds it, without the index of addresses. */
	expect_source(TRACEES "/stack_no_index");
	/* In a file of their own. */
	expect_source(TRACEES "/stack_split");
}

static void libdwfl_sees_the_same(void **state)
{
	struct dwarf_call calls[STACK_DEPTH_DEFAULT];
	struct symbols_process process;
	struct proc_syscall call;
	struct started started;
	struct dwarf_call from;
	struct dwarf *dwarf;
	struct look look;
	ssize_t count;
	bool lost;
	pid_t tid;

	(void)state;
	start(&started, TRACEES "/stack_o2", "plain");
	look_open(&look, false);
	look_at(&look, &started, STACK_DEPTH_DEFAULT);
	process = started_process(&started);
	symbols_enter(look.symbols, &process);
	tid = (pid_t)started_number(&started, "tid");
	call = call_of(started.pid, tid);
	assert_int_equal(dwarf_open(look.symbols, &process, DWARF_FRAMES, &dwarf), 0);
	from = (struct dwarf_call){.pc = call.pc, .sp = call.sp};
	count = dwarf_unwind(dwarf, tid, &from, calls, STACK_DEPTH_DEFAULT, &lost);
	/* It does not guess. */
	if (!look.frames[look.count - 1].guess)
		assert_int_equal(count, look.count);
	assert_in_range(count, 2, look.count);
	for (ssize_t i = 0; i < count; i++)
		assert_int_equal(calls[i].pc, look.frames[i].pc);
	assert_false(calls[0].returns);
	assert_true(calls[1].returns);
	dwarf_close(dwarf);
	look_close(&look);
	started_close(&started);
}

/* It says nothing: it is ready when it sleeps in its futex call. */
static pid_t start_32(const char *program)
{
	struct proc_syscall call = {.running = true};
	pid_t pid = fork();
	int tasks;

	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl(program, program, NULL);
		_exit(127);
	}
	for (int i = 0; i < 10000; i++) {
		tasks = procfs_open_tasks(pid);
		call.number = 0;
		if (tasks >= 0 && procfs_syscall(tasks, pid, &call))
			call.number = 0;
		if (tasks >= 0)
			close(tasks);
		if (!call.running && call.number == 240)
			return pid;
		if (waitpid(pid, NULL, WNOHANG) == pid)
			return -1;
		usleep(1000);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	fail_msg("%s does not sleep", program);
	return -1;
}

static void expect_stack_32(const char *program, bool guess)
{
	static const char *const names[] = {"stack_inner", "stack_outer", "stack_run", NULL};
	struct started started = {.said = -1, .ask = -1};
	struct symbols_process process;
	struct proc_syscall call;
	struct stack_start at;
	struct look look;
	ssize_t count;

	started.pid = start_32(program);
	if (started.pid < 0) {
		print_message("SKIP: programs for i386 are not built, or do not run, here\n");
		skip();
	}
	look_open(&look, true);
	process = started_process(&started);
	call = call_of(started.pid, started.pid);
	stack_enter(look.stacks, &process);
	at = (struct stack_start){.sp = call.sp, .pc = call.pc};
	count = stack_unwind(look.stacks, started.pid, &at, 64, &look.arena, &look.frames);
	/* Nothing is left of it, also if what follows fails. */
	started_close(&started);
	assert_true(count > 0);
	look.count = (size_t)count;
	expect_chain(&look, names);
	assert_false(look.frames[0].guess);
	assert_int_equal(frame_of(&look, "stack_run")->guess, guess);
	if (!strstr(program, "no_tables"))
		assert_non_null(look.frames[0].source);
	look_close(&look);
}

static void i386(void **state)
{
	(void)state;
	expect_stack_32(TRACEES "/stack_bare", false);
	expect_stack_32(TRACEES "/stack_bare_pie", false);
	expect_stack_32(TRACEES "/stack_bare_o0", true);
	expect_stack_32(TRACEES "/stack_bare_frame_pointers", true);
	expect_stack_32(TRACEES "/stack_bare_no_tables", true);
}

/* Whether a program with that C library is built and runs; without an argument it just ends. */
static bool runs_i386(void)
{
	pid_t pid = fork();
	int status = -1;

	assert_true(pid >= 0);
	if (pid == 0) {
		close(STDOUT_FILENO);
		execl(TRACEES "/broken_32", "broken_32", NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status == 0;
}

/* Their C library calls the kernel through the vDSO, which saves the frame pointer. */
static void i386_with_a_libc(void **state)
{
	(void)state;
	if (!runs_i386()) {
		print_message("SKIP: programs for i386 are not built, or do not run, here\n");
		skip();
	}
	expect_stack(TRACEES "/stack_o2_32", NULL, false);
	expect_stack(TRACEES "/stack_o2_32", "plain", false);
	expect_stack(TRACEES "/stack_o0_32", NULL, false);
	expect_stack(TRACEES "/stack_o0_32", "plain", false);
	expect_stack(TRACEES "/stack_static_32", "plain", false);
	expect_signal(TRACEES "/stack_o2_32");
	expect_signal(TRACEES "/stack_o0_32");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(optimised),      cmocka_unit_test(by_frame_pointer),
		cmocka_unit_test(without_tables), cmocka_unit_test(statically_linked),
		cmocka_unit_test(musl),           cmocka_unit_test(through_a_signal),
		cmocka_unit_test(stripped),       cmocka_unit_test(cxx_names),
		cmocka_unit_test(limits),         cmocka_unit_test(again_and_again),
		cmocka_unit_test(source_lines),   cmocka_unit_test(libdwfl_sees_the_same),
		cmocka_unit_test(i386),           cmocka_unit_test(i386_with_a_libc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
