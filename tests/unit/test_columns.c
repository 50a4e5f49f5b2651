/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/columns.h"

#include <stdlib.h>
#include <string.h>

#include "abi/futex_word.h"
#include "unit.h"

static struct task tasks[2];
static struct waiter waiters[1];
static struct lock locks[1];
static struct snapshot snapshot;
static struct futex_view view;

static void begin(void)
{
	tasks[0] = (struct task){.pid = 901, .tid = 901, .comm = "smbd", .state = 'T'};
	tasks[1] = (struct task){.pid = 955, .tid = 956, .comm = "smbd"};
	waiters[0].task = 1;
	locks[0] = (struct lock){
		.place = {.kind = PLACE_FILE,
			  .shared = true,
			  .path = "/srv/x.tdb",
			  .offset = 0x218,
			  .dev_major = 0xfe,
			  .has_file = true,
			  .inode = 12},
		.pid = 901,
		.address = 0x7f0000,
		.entry = 0x7f0020,
		.bits = 64,
		.word = 901 | WORD_WAITERS,
		.word_ok = true,
		.state = FUTEX_HELD,
		.mutex = {.libc = "glibc", .robust = true, .errorcheck = true, .shared = true},
		.name = "tdb chain 7",
		.owner = 0,
		.owner_tid = 901,
		.waiters = waiters,
		.n_waiters = 1,
	};
	snapshot = (struct snapshot){.tasks = tasks, .n_tasks = 2, .locks = locks, .n_locks = 1};
	view = (struct futex_view){.snapshot = &snapshot, .lock = &locks[0], .pid = 901};
}

static void expect(const char *name, const char *expected)
{
	const struct column *column = column_find(name, strlen(name));
	struct value value;
	char *text;

	assert_non_null(column);
	value = column->get(&view);
	assert_true(value.type == VALUE_NULL || value.type == column->type);
	text = value_take_text(&value);
	assert_string_equal(text, expected);
	free(text);
}

static void a_held_lock(void **state)
{
	(void)state;
	begin();
	expect("LOCK", "tdb chain 7 /srv/x.tdb+0x218");
	expect("state", "held");
	expect("OWNER", "901 smbd (stopped)");
	expect("WAITERS", "955/956 smbd");
	expect("KIND", "robust,errorcheck,shared");
	expect("NAME", "tdb chain 7");
	expect("PATH", "/srv/x.tdb");
	expect("OFFSET", "0x218");
	expect("MEMORY", "file");
	expect("DEV", "fe:00");
	expect("INODE", "12");
	expect("ADDRESS", "0x7f0000");
	expect("ENTRY", "0x7f0020");
	expect("WORD", "0x80000385");
	expect("OWNER-TID", "901");
	expect("NWAITERS", "1");
	expect("WAITERS-BIT", "yes");
	expect("OWNER-DIED", "no");
	expect("PI", "no");
	expect("COUNT", "");
	expect("LIBC", "glibc");
	expect("BITS", "64");
	expect("PID", "901");
}

static void an_owner_that_died(void **state)
{
	(void)state;
	begin();
	locks[0].state = FUTEX_OWNER_DIED;
	locks[0].word = WORD_OWNER_DIED;
	locks[0].owner = SIZE_MAX;
	locks[0].owner_tid = 0;
	expect("OWNER", "(died)");
	expect("OWNER-TID", "");
	locks[0].dead_tid = 80;
	expect("OWNER", "(80 died)");
	expect("OWNER-DIED", "yes");
}

static void an_owner_we_cannot_see(void **state)
{
	(void)state;
	begin();
	locks[0].owner = SIZE_MAX;
	expect("OWNER", "901");
	expect("OWNER-TID", "901");
}

static void as_a_list_shows_it(void **state)
{
	struct futex futex = {.entry = 0x111, .address = 0x222, .pi = true, .state = FUTEX_WAITING};

	(void)state;
	begin();
	view.futex = &futex;
	expect("STATE", "waiting");
	expect("ENTRY", "0x111");
	expect("ADDRESS", "0x222");
	expect("WORD", "");
	expect("PI", "yes");
	expect("LIBC", "");
}

static void the_table_itself(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_columns; i++) {
		assert_ptr_equal(column_find(columns[i].name, strlen(columns[i].name)),
				 &columns[i]);
		assert_non_null(columns[i].help);
		assert_non_null(columns[i].get);
		assert_true(columns[i].type != VALUE_NULL);
	}
	assert_null(column_find("NOPE", 4));
	assert_null(column_find("LOC", 3));
	assert_null(column_find("", 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_held_lock),
		cmocka_unit_test(an_owner_that_died),
		cmocka_unit_test(an_owner_we_cannot_see),
		cmocka_unit_test(as_a_list_shows_it),
		cmocka_unit_test(the_table_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
