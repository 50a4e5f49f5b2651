/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of any size look the same: big ones are not printed by libsmartcols. */
#include "report/text.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

/* On both sides of the size from which on the other printer is used. */
#define MANY 600
#define FEW 500

static struct task tasks[2];
static struct waiter waiters[2] = {{0}, {1}};
static struct lock locks[MANY];
static char paths[MANY][48];

static void make(struct snapshot *snapshot, size_t count)
{
	static const char *const names[] = {"lock", "gr\303\274n", "\346\274\242\345\255\227",
					    "bad\377\033[1m"};

	tasks[0] = (struct task){.pid = 7, .tid = 7, .comm = "one"};
	tasks[1] = (struct task){.pid = 12345, .tid = 12346, .comm = "\346\274\242"};
	for (size_t i = 0; i < count; i++) {
		snprintf(paths[i], sizeof(paths[i]), "/srv/%s%zu", names[i % 4], i);
		locks[i] = (struct lock){
			.place = {.kind = PLACE_FILE, .shared = true, .path = paths[i]},
			.selected = true,
			.word_ok = true,
			.word = (uint32_t)i * 7919,
			.state = i % 3 ? FUTEX_HELD : FUTEX_OWNER_DIED,
			.owner = i % 3 ? i % 2 : SIZE_MAX,
			/* The same rank for all, so that both pictures have the same order. */
			.waiters = waiters,
			.n_waiters = i % 3 ? 2 : 0,
		};
	}
	*snapshot = (struct snapshot){
		.tasks = tasks, .n_tasks = 2, .locks = locks, .n_locks = count};
}

/* Prints `count` rows with these columns; malloced. */
static char *print(size_t count, const char *const *names, size_t n_names, bool no_headings)
{
	const struct column *chosen[8];
	struct text_options options = {
		.columns = chosen, .n_columns = n_names, .no_headings = no_headings};
	struct snapshot snapshot;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (size_t i = 0; i < n_names; i++)
		chosen[i] = column_find(names[i], strlen(names[i]));
	make(&snapshot, count);
	assert_int_equal(text_print_table(&snapshot, &options, out), 0);
	assert_int_equal(fclose(out), 0);
	return text;
}

/* Each line of the small table, without the blanks at its end, begins a line of the big one. */
static void same_lines(const char *const *names, size_t n_names, bool no_headings)
{
	char *few = print(FEW, names, n_names, no_headings);
	char *many = print(MANY, names, n_names, no_headings);
	size_t found = 0;

	for (char *line = strtok(few, "\n"); line; line = strtok(NULL, "\n")) {
		char *end = line + strlen(line);

		if (strncmp(line, "looked at", 9) == 0)
			continue;
		while (end > line && end[-1] == ' ')
			end--;
		*end = '\0';
		assert_non_null(strstr(many, line));
		found++;
	}
	assert_true(found >= FEW);
	free(few);
	free(many);
}

static void by_both_printers(void **state)
{
	static const char *const usual[] = {"LOCK", "STATE", "OWNER", "WAITERS", "KIND"};
	static const char *const numbers[] = {"WORD", "LOCK", "NWAITERS"};
	static const char *const one[] = {"LOCK"};

	(void)state;
	same_lines(usual, 5, false);
	same_lines(usual, 5, true);
	same_lines(numbers, 3, false);
	same_lines(one, 1, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_both_printers),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
