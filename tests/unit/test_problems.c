/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "problems.h"

#include <string.h>

#include "unit.h"

static struct list lists[1];
static struct task tasks[2];
static struct waiter waiters[1];
static struct lock lock_array[1];
static struct snapshot snapshot;

static void begin(void)
{
	memset(lists, 0, sizeof(lists));
	memset(tasks, 0, sizeof(tasks));
	lists[0] = (struct list){.bits = 64, .head = 0x1000, .head_ok = true};
	tasks[0] = (struct task){.pid = 700,
				 .tid = 703,
				 .comm = "worker",
				 .lists = lists,
				 .n_lists = 1,
				 .selected = true};
	tasks[1] = (struct task){.pid = 81, .tid = 81, .comm = "mdb_load", .selected = true};
	waiters[0].task = 1;
	lock_array[0] = (struct lock){.place = {.kind = PLACE_FILE,
						.shared = true,
						.path = "/dev/shm/jobs",
						.offset = 64},
				      .selected = true,
				      .waiters = waiters,
				      .word_ok = true};
	snapshot = (struct snapshot){
		.tasks = tasks, .n_tasks = 2, .locks = lock_array, .n_locks = 1};
}

static void expect(enum problem_kind kind, pid_t tid, const char *words)
{
	assert_int_equal(problems_find(&snapshot), 0);
	assert_int_equal(snapshot.n_problems, 1);
	assert_int_equal(snapshot.problems[0].kind, kind);
	assert_true(snapshot.problems[0].n_tids > 0);
	assert_int_equal(snapshot.problems[0].tids[0], tid);
	assert_non_null(strstr(snapshot.problems[0].text, words));
	assert_non_null(snapshot.problems[0].next);
	arena_free(&snapshot.arena);
}

static void nothing_is_wrong(void **state)
{
	(void)state;
	begin();
	lock_array[0].state = FUTEX_HELD;
	assert_int_equal(problems_find(&snapshot), 0);
	assert_int_equal(snapshot.n_problems, 0);
	arena_free(&snapshot.arena);
}

static void locks_that_are_broken(void **state)
{
	(void)state;
	begin();
	lock_array[0].state = FUTEX_OWNER_DIED;
	lock_array[0].dead_tid = 80;
	expect(PROBLEM_OWNER_DEAD, 80, "/dev/shm/jobs+0x40: thread 80 died holding it");
	lock_array[0].n_waiters = 1;
	expect(PROBLEM_OWNER_DEAD, 80, "81 mdb_load still sleeps");
	lock_array[0].state = FUTEX_ORPHAN;
	lock_array[0].word = 80;
	expect(PROBLEM_ORPHAN, 80, "names thread 80");
	lock_array[0].state = FUTEX_NOT_RECOVERABLE;
	lock_array[0].dead_tid = 0;
	expect(PROBLEM_NOT_RECOVERABLE, 81, "ENOTRECOVERABLE");
}

static void dead_owner_and_stopped_waiters(void **state)
{
	(void)state;
	begin();
	lock_array[0].state = FUTEX_OWNER_DIED;
	lock_array[0].n_waiters = 1;
	tasks[1].state = 'T';
	assert_int_equal(problems_find(&snapshot), 0);
	assert_non_null(
		strstr(snapshot.problems[0].text, "81 mdb_load waits for it, but is stopped"));
	assert_non_null(strstr(snapshot.problems[0].next, "(kill -CONT 81)"));
	arena_free(&snapshot.arena);
}

static void held_for_long(void **state)
{
	(void)state;
	begin();
	lock_array[0].state = FUTEX_HELD;
	lock_array[0].owner = 0;
	lock_array[0].owner_tid = 703;
	lock_array[0].n_waiters = 1;
	tasks[0].state = 'S';
	tasks[0].call = "accept4";
	tasks[0].slept_ns = UINT64_C(61000000000);
	assert_int_equal(problems_find(&snapshot), 0);
	assert_int_equal(snapshot.n_problems, 0);
	assert_int_equal(problems_add_long_hold(&snapshot, 0, UINT64_C(90000000000)), 0);
	assert_string_equal(snapshot.problems[0].text,
			    "/dev/shm/jobs+0x40: held by 700/703 worker for at least 00:01:30; "
			    "81 mdb_load waits for it; its owner sleeps in accept4, for 00:01:01");
	arena_free(&snapshot.arena);
	tasks[0].state = 'D';
	assert_int_equal(problems_find(&snapshot), 0);
	assert_int_equal(problems_add_long_hold(&snapshot, 0, 0), 0);
	assert_non_null(strstr(snapshot.problems[0].next, "device or a file system"));
	arena_free(&snapshot.arena);
}

static void lists_that_are_broken(void **state)
{
	(void)state;
	begin();
	lists[0].end = LIST_FAULT;
	lists[0].end_at = 0x2000;
	lists[0].n_seen = lists[0].n_reached = 3;
	expect(PROBLEM_LIST_CUT, 703,
	       "700/703 worker: its robust list is cut behind 3 entries, at entry 0x2000");
	lists[0].read_only = true;
	expect(PROBLEM_LIST_CUT, 703, "cannot be written");
	lists[0].head_ok = false;
	expect(PROBLEM_LIST_CUT, 703, "the head of its robust list, 0x1000, cannot be read");
	begin();
	lists[0].end = LIST_TOO_LONG;
	lists[0].n_seen = 3000;
	expect(PROBLEM_LIST_TOO_LONG, 703, "holds 3000 locks");
	expect(PROBLEM_LIST_TOO_LONG, 703, ": 952 would stay locked");
	lists[0].end = LIST_LOOP;
	lists[0].end_at = 0x2000;
	expect(PROBLEM_LIST_LOOP, 703, "circle at entry 0x2000");
	lists[0].end = LIST_MISALIGNED;
	lists[0].end_at = 0x2002;
	expect(PROBLEM_MISALIGNED, 703, "futex word 0x2002");
}

static void others_are_not_told(void **state)
{
	(void)state;
	begin();
	lock_array[0].state = FUTEX_ORPHAN;
	lock_array[0].selected = false;
	lists[0].end = LIST_LOOP;
	tasks[0].selected = false;
	assert_int_equal(problems_find(&snapshot), 0);
	assert_int_equal(snapshot.n_problems, 0);
	arena_free(&snapshot.arena);
}

static void worst_comes_first(void **state)
{
	(void)state;
	begin();
	lock_array[0].state = FUTEX_OWNER_DIED;
	lists[0].end = LIST_LOOP;
	assert_int_equal(problems_find(&snapshot), 0);
	assert_int_equal(snapshot.n_problems, 2);
	/* Nobody waits for the lock: the broken list is the worse of the two. */
	assert_int_equal(snapshot.problems[0].kind, PROBLEM_LIST_LOOP);
	arena_free(&snapshot.arena);
	lock_array[0].n_waiters = 1;
	assert_int_equal(problems_find(&snapshot), 0);
	assert_int_equal(snapshot.problems[0].kind, PROBLEM_OWNER_DEAD);
	arena_free(&snapshot.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_wrong),
		cmocka_unit_test(locks_that_are_broken),
		cmocka_unit_test(dead_owner_and_stopped_waiters),
		cmocka_unit_test(held_for_long),
		cmocka_unit_test(lists_that_are_broken),
		cmocka_unit_test(others_are_not_told),
		cmocka_unit_test(worst_comes_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
