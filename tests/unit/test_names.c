/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "names.h"

#include <string.h>

#include "abi/futex_word.h"
#include "unit.h"

static void mutexes(void **state)
{
	struct mutex_info mutex = {.libc = "glibc", .robust = true};
	char text[LABEL_MAX];

	(void)state;
	name_mutex(&mutex, text);
	assert_string_equal(text, "robust");
	mutex.pi = mutex.recursive = mutex.shared = true;
	mutex.count = 3;
	name_mutex(&mutex, text);
	assert_string_equal(text, "robust,pi,recursive(3),shared");
	mutex.libc = NULL;
	name_mutex(&mutex, text);
	assert_string_equal(text, "");
}

static void places(void **state)
{
	char text[LABEL_MAX];
	struct place place = {
		.kind = PLACE_FILE, .shared = true, .path = "/srv/db/lock.mdb", .offset = 0x40};
	struct lock lock = {.name = "LMDB writer", .pid = 601, .address = 0x7f00};

	(void)state;
	name_place(&place, 601, 0x7f00, text);
	assert_string_equal(text, "/srv/db/lock.mdb+0x40");
	lock.place = place;
	name_lock(&lock, text);
	assert_string_equal(text, "LMDB writer /srv/db/lock.mdb+0x40");
	place = (struct place){
		.kind = PLACE_FILE, .module = true, .path = "/usr/bin/bank", .offset = 0x4010};
	name_place(&place, 601, 0x7f00, text);
	assert_string_equal(text, "bank+0x4010 [601]");
	place = (struct place){.kind = PLACE_HEAP, .path = "[heap]", .offset = 0x10};
	name_place(&place, 601, 0x7f00, text);
	assert_string_equal(text, "[heap]+0x10 [601]");
	place = (struct place){.kind = PLACE_ANON, .offset = 0x10};
	name_place(&place, 601, 0x7f00, text);
	assert_string_equal(text, "0x7f00 [601]");
	place = (struct place){.kind = PLACE_SHARED_ANON,
			       .shared = true,
			       .path = "/dev/zero (deleted)",
			       .inode = 600,
			       .offset = 8};
	name_place(&place, 601, 0x7f00, text);
	assert_string_equal(text, "shared memory 600+0x8");
}

static void the_longest_path_keeps_its_offset(void **state)
{
	char path[4096];
	char text[LABEL_MAX];
	struct place place = {.kind = PLACE_FILE, .shared = true, .path = path, .offset = 0x40};

	(void)state;
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	name_place(&place, 1, 0, text);
	assert_non_null(strstr(text, "+0x40"));
}

static void tasks_and_words(void **state)
{
	struct task task = {.pid = 601, .tid = 601, .comm = "bank"};
	char text[LABEL_MAX];

	(void)state;
	name_task(&task, text);
	assert_string_equal(text, "601 bank");
	task.tid = 604;
	name_task(&task, text);
	assert_string_equal(text, "601/604 bank");
	name_word(0, text);
	assert_string_equal(text, "0");
	name_word(604 | WORD_WAITERS, text);
	assert_string_equal(text, "604|WAITERS");
	name_word(WORD_OWNER_DIED | WORD_WAITERS, text);
	assert_string_equal(text, "OWNER_DIED|WAITERS");
}

static void what_an_owner_does(void **state)
{
	static const struct {
		struct task task;
		const char *doing;
		const char *note;
	} rows[] = {
		{{.tid = 5, .ns_tid = 5}, "", ""},
		{{.tid = 5, .ns_tid = 5, .state = 'R'}, "runs", ""},
		{{.tid = 5, .ns_tid = 5, .state = 'S'}, "sleeps", ""},
		{{.tid = 5, .ns_tid = 5, .state = 'S', .call = "read"},
		 "sleeps in read",
		 "in read"},
		{{.tid = 5, .ns_tid = 5, .state = 'D', .call = "fsync"},
		 "is in uninterruptible sleep in fsync",
		 "in fsync, uninterruptible sleep"},
		{{.tid = 5, .state = 'D'}, "is in uninterruptible sleep", "uninterruptible sleep"},
		{{.tid = 5, .state = 'T'}, "is stopped by a signal (SIGSTOP or ^Z)", "stopped"},
		{{.tid = 5, .state = 't'}, "is stopped by a debugger", "stopped"},
		{{.tid = 5, .state = 'Z'}, "has ended", "ended"},
		{{.tid = 5, .ns_tid = 1},
		 "is 1 in its own PID namespace",
		 "1 in its PID namespace"},
		{{.tid = 5, .ns_tid = 1, .state = 'S', .call = "read"},
		 "sleeps in read and is 1 in its own PID namespace",
		 "in read, 1 in its PID namespace"},
	};
	char text[LABEL_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		name_doing(&rows[i].task, text);
		assert_string_equal(text, rows[i].doing);
		name_task_note(&rows[i].task, text);
		assert_string_equal(text, rows[i].note);
	}
}

static void lists(void **state)
{
	struct list list = {.kind = LIST_COMPAT, .bits = 32};
	char label[LABEL_MAX];

	(void)state;
	name_list(&list, label);
	assert_string_equal(label, "compat");
	list = (struct list){.kind = LIST_LIST2, .index = 10};
	name_list(&list, label);
	assert_string_equal(label, "#10");
	list.bits = 64;
	list.bits_from = BITS_BY_SHAPE;
	name_list_size(&list, label);
	assert_string_equal(label, "#10 64-bit?");
	list = (struct list){.kind = LIST_LIST2,
			     .index = 1,
			     .emulated = true,
			     .bits = 32,
			     .bits_from = BITS_BY_REGISTRATION};
	name_list_size(&list, label);
	assert_string_equal(label, "emulated #1 32-bit");
	assert_string_equal(name_of_bits_source(BITS_BY_WIDTH), "width");
	assert_string_equal(name_of_bits_source(BITS_BY_REGISTRATION), "registration");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists),
		cmocka_unit_test(mutexes),
		cmocka_unit_test(places),
		cmocka_unit_test(the_longest_path_keeps_its_offset),
		cmocka_unit_test(tasks_and_words),
		cmocka_unit_test(what_an_owner_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
