/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "race/steps.h"

#include <string.h>

#include "abi/futex_word.h"
#include "unit.h"

#define ME 4242
#define ENTRY 0x7f00c020

static const struct steps_lock lock = {ENTRY, ME};

struct look {
	target_addr pending;
	bool on_list;
	uint32_t word;
};

static void note_all(struct race_steps *steps, const struct look *looks, size_t count)
{
	*steps = (struct race_steps){0};
	for (size_t i = 0; i < count; i++) {
		struct race_view view = {looks[i].pending, looks[i].on_list, looks[i].word, true};

		steps_note(steps, &lock, &view, i);
	}
}

/* An unlock of four steps, as glibc and musl have it. */
static void four_steps(void **state)
{
	static const struct look looks[] = {
		{0, true, ME},      /* before */
		{ENTRY, true, ME},  /* 1 */
		{ENTRY, false, ME}, /* 2 */
		{ENTRY, false, 0},  /* 3 */
		{ENTRY, false, 88}, /* somebody took it */
		{0, false, 88},     /* 4 */
	};
	struct race_steps steps;

	(void)state;
	note_all(&steps, looks, 6);
	for (size_t i = 0; i < N_RACE_STEPS; i++)
		assert_true(steps.seen[i]);
	assert_int_equal(steps.at[STEP_PENDING], 1);
	assert_int_equal(steps.at[STEP_OFF_LIST], 2);
	assert_int_equal(steps.at[STEP_RELEASED], 3);
	assert_int_equal(steps.at[STEP_CLEARED], 5);
	assert_int_equal(steps.view[STEP_RELEASED].word, 0);
	assert_true(steps_over(&steps));
}

static void before_the_end(void **state)
{
	static const struct look looks[] = {{0, true, ME}, {ENTRY, true, ME}, {ENTRY, false, 0}};
	struct race_steps steps;

	(void)state;
	note_all(&steps, looks, 1);
	/* Nothing is pending yet, and that is no end. */
	assert_false(steps.seen[STEP_CLEARED]);
	note_all(&steps, looks, 3);
	assert_false(steps_over(&steps));
	assert_false(steps.seen[STEP_CLEARED]);
}

/* FUTEX_ROBUST_UNLOCK: the kernel releases and clears. */
static void at_once(void **state)
{
	static const struct look looks[] = {
		{0, true, ME}, {ENTRY, true, ME}, {ENTRY, false, ME}, {0, false, 0}};
	struct race_steps steps;

	(void)state;
	note_all(&steps, looks, 4);
	assert_true(steps_over(&steps));
	assert_int_equal(steps.at[STEP_RELEASED], steps.at[STEP_CLEARED]);
}

static void window(void **state)
{
	static const struct {
		struct look look;
		bool word_ok;
		bool in_window;
	} cases[] = {
		{{ENTRY, false, 0}, true, true},
		{{ENTRY | ENTRY_PI_BIT, false, 0}, true, true},
		{{ENTRY, false, 88 | WORD_WAITERS}, true, true},
		{{ENTRY, false, ME}, true, false},
		{{ENTRY, false, ME | WORD_WAITERS}, true, false},
		{{0, false, 0}, true, false},
		/* Another lock is pending. */
		{{ENTRY + 64, false, 0}, true, false},
		{{ENTRY, false, 0}, false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct race_view view = {cases[i].look.pending, cases[i].look.on_list,
					 cases[i].look.word, cases[i].word_ok};

		assert_int_equal(steps_in_window(&lock, &view), cases[i].in_window);
	}
}

static void corruption(void **state)
{
	static const struct {
		uint32_t before;
		uint32_t after;
		bool corrupted;
	} cases[] = {
		{ME, WORD_OWNER_DIED, true},
		{ME | WORD_WAITERS, WORD_OWNER_DIED | WORD_WAITERS, true},
		{ME, ME, false},
		/* Somebody else wrote it. */
		{ME, 88, false},
		{ME, WORD_OWNER_DIED | WORD_WAITERS, false},
		{WORD_OWNER_DIED, WORD_OWNER_DIED, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned char before[RACE_BYTES] = "0123456789abcde";
		unsigned char after[RACE_BYTES] = "0123456789abcde";

		memcpy(before, &cases[i].before, sizeof(cases[i].before));
		memcpy(after, &cases[i].after, sizeof(cases[i].after));
		assert_int_equal(steps_corrupted(before, after), cases[i].corrupted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(four_steps), cmocka_unit_test(before_the_end),
		cmocka_unit_test(at_once),    cmocka_unit_test(window),
		cmocka_unit_test(corruption),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
