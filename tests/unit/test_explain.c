/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paragraphs and graphs of one deadlock, made by hand: 501 and 502 in a circle, 503 behind. */
#include "report/explain.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deadlock.h"
#include "problems.h"
#include "report/dot.h"
#include "unit.h"

static struct frame frames[] = {
	{.pc = 0x1000, .function = "pthread_mutex_lock", .module = "/lib/libc.so.6"},
	{.pc = 0x2000, .module = "/usr/lib/lm\033db.so", .module_offset = 0x6f21},
	{.pc = 0x3000, .guess = true},
};
static struct wait waits[3] = {{.lock = 1}, {.lock = 0}, {.lock = 0}};
static struct waiter waiters_a[2] = {{1}, {2}};
static struct waiter waiters_b[1] = {{0}};
static struct task tasks[3];
static struct lock locks[2];
static struct snapshot snapshot;

static void begin(void)
{
	for (int i = 0; i < 3; i++)
		tasks[i] = (struct task){.pid = 501 + i,
					 .tid = 501 + i,
					 .comm = "python3",
					 .selected = true,
					 .slept_ns = UINT64_C(192000000000),
					 .waits = &waits[i],
					 .n_waits = 1};
	tasks[0].frames = frames;
	tasks[0].n_frames = 3;
	for (int i = 0; i < 2; i++)
		locks[i] = (struct lock){.place = {.kind = PLACE_FILE,
						   .shared = true,
						   .path = i ? "/srv/b \"x\"/lock.mdb"
							     : "/srv/a/lock.mdb",
						   .offset = 64},
					 .name = "LMDB writer",
					 .word_ok = true,
					 .state = FUTEX_HELD,
					 .selected = true,
					 .owner = (size_t)i,
					 .owner_tid = 501 + i,
					 .waiters = i ? waiters_b : waiters_a,
					 .n_waiters = i ? 1 : 2};
	snapshot = (struct snapshot){.tasks = tasks, .n_tasks = 3, .locks = locks, .n_locks = 2};
	assert_int_equal(deadlock_find(&snapshot), 0);
	assert_int_equal(problems_find(&snapshot), 0);
}

static char *explained(void)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(explain_print(&snapshot, false, out), 0);
	fclose(out);
	return text;
}

static void expect(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no '%s' in:\n%s", part, text);
}

static void a_deadlock(void **state)
{
	char *text;

	(void)state;
	begin();
	text = explained();
	expect(text, "deadlock: 2 threads wait for each other, 1 more behind them\n");
	expect(text, "501 python3\n");
	expect(text, "holds  LMDB writer /srv/a/lock.mdb+0x40\n");
	expect(text, "waits  LMDB writer /srv/b \"x\"/lock.mdb+0x40  for 00:03:12\n");
	expect(text, "pthread_mutex_lock  <  lm\\x1bdb.so+0x6f21  <  ?0x3000\n");
	expect(text, "behind: 503 python3  waits  LMDB writer /srv/a/lock.mdb+0x40");
	expect(text,
	       "If process 501 ends, the kernel marks LMDB writer /srv/a/lock.mdb+0x40 and wakes one "
	       "waiter: 502 or 503 gets EOWNERDEAD.");
	expect(text, "Next: ");
	assert_null(strchr(text, '\033'));
	free(text);
	arena_free(&snapshot.arena);
}

static void drawn_in_ascii(void **state)
{
	char *text;

	(void)state;
	assert_non_null(setlocale(LC_ALL, "C"));
	begin();
	text = explained();
	for (const char *at = text; *at; at++)
		assert_true((unsigned char)*at < 0x80);
	expect(text, "+-> 501 python3");
	free(text);
	arena_free(&snapshot.arena);
	setlocale(LC_ALL, "C.UTF-8");
}

static void nothing_wrong_nothing_said(void **state)
{
	char *text;

	(void)state;
	begin();
	arena_free(&snapshot.arena);
	snapshot.n_problems = 0;
	text = explained();
	assert_string_equal(text, "");
	free(text);
}

static void as_a_graph(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	begin();
	assert_int_equal(dot_print(&snapshot, out), 0);
	fclose(out);
	expect(text, "label=\"LMDB writer /srv/b \\\"x\\\"/lock.mdb+0x40\"");
	expect(text, "t0 -> l1 [label=\"waits\", color=red, penwidth=2];");
	expect(text, "l1 -> t1 [label=\"held by\", color=red, penwidth=2];");
	/* 503 waits too, but is not part of the circle. */
	expect(text, "t2 -> l0 [label=\"waits\"];");
	free(text);
	arena_free(&snapshot.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_deadlock),
		cmocka_unit_test(drawn_in_ascii),
		cmocka_unit_test(nothing_wrong_nothing_said),
		cmocka_unit_test(as_a_graph),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
