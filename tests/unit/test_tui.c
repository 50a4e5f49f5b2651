/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of tui/ that need neither picture nor terminal. */
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "tui/canvas.h"
#include "tui/keys.h"
#include "tui/prompt.h"
#include "tui/rows.h"
#include "tui/table.h"

#include "unit.h"

static void test_no_key_means_two_things(void **state)
{
	(void)state;
	for (enum view_id view = 0; view < N_VIEWS; view++) {
		assert_int_equal(keys_request(view, 'q'), REQUEST_BACK);
		assert_int_equal(keys_request(view, KEY_ARROW_UP), REQUEST_UP);
		assert_int_equal(keys_request(view, 'k'), REQUEST_UP);
		assert_int_equal(keys_request(view, 'j'), REQUEST_DOWN);
		assert_int_equal(keys_request(view, 'K'), REQUEST_STACKS);
		assert_int_equal(keys_request(view, 'x'), REQUEST_NONE);
	}
	assert_int_equal(keys_by_name("pgdn"), KEY_PAGE_DOWN);
	assert_int_equal(keys_by_name("^L"), 12);
	assert_int_equal(keys_by_name("q"), 'q');
	assert_int_equal(keys_by_name("nosuch"), 0);
}

static void test_columns_give_way(void **state)
{
	static const struct table_column columns[] = {
		{.name = "A"},
		{.name = "B", .min = 4, .want = 10},
		{.name = "C", .min = 2, .drop = 1},
		{.name = "D", .drop = 2},
	};
	int widths[LINE_PIECES];

	(void)state;
	for (int width = 1; width < 80; width++) {
		int sum = -TABLE_GAP;

		memcpy(widths, (int[]){5, 20, 8, 6}, 4 * sizeof(int));
		table_fit(columns, 4, width, widths);
		for (size_t i = 0; i < 4; i++)
			sum += widths[i] ? widths[i] + TABLE_GAP : 0;
		assert_int_equal(widths[0], 5);
		assert_true(widths[1] >= 4 && widths[1] <= 20);
		assert_true(sum <= width || width < 5 + TABLE_GAP + 4);
		/* D goes before C, and both before B is cut below what it wants. */
		assert_true(widths[2] || !widths[3]);
		assert_true(widths[1] >= 10 || (!widths[2] && !widths[3]));
	}
	assert_int_equal(widths[1], 20);
	assert_int_equal(widths[3], 6);
}

static void test_prompt(void **state)
{
	static const struct {
		uint32_t key;
		const char *text;
	} steps[] = {
		{'x', "abx"},          {KEY_ARROW_LEFT, "abx"}, {'y', "abyx"},
		{KEY_TO_HOME, "abyx"}, {'z', "zabyx"},          {KEY_ERASE, "abyx"},
		{7, "abyx"},           {KEY_WHEEL_UP, "abyx"},  {KEY_TO_END, "abyx"},
		{KEY_ERASE, "aby"},    {KEY_CONTROL('u'), ""},
	};
	struct prompt prompt;
	char text[64];

	(void)state;
	prompt_open(&prompt, PROMPT_FILTER, "ab");
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		assert_int_equal(prompt_key(&prompt, steps[i].key), PROMPT_GOES_ON);
		prompt_text(&prompt, text, sizeof(text));
		assert_string_equal(text, steps[i].text);
	}
	assert_int_equal(prompt_key(&prompt, KEY_ERASE), PROMPT_DROPPED);
	assert_int_equal(prompt_key(&prompt, KEY_RETURN), PROMPT_DONE);
	for (size_t i = 0; i < 2 * PROMPT_MAX; i++)
		prompt_key(&prompt, 'a');
	assert_int_equal(prompt.length, PROMPT_MAX - 1);
}

/* The whole line y as text. */
static void expect_line(const struct canvas *canvas, const char *wanted)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	canvas_dump(canvas, out);
	fclose(out);
	assert_string_equal(text, wanted);
	free(text);
}

static void test_canvas(void **state)
{
	struct canvas canvas = {0};
	const struct spot cut = {.room = 8};
	const struct spot tail = {.room = 8, .keep_tail = true};
	const struct spot skipped = {.room = 8, .skip = 3};

	(void)state;
	assert_int_equal(canvas_resize(&canvas, 8, 1), 0);
	assert_int_equal(canvas_put(&canvas, &cut, STYLE_NORMAL, "abcdefghij"), 8);
	expect_line(&canvas, "abcdefg…\n");
	assert_int_equal(canvas_put(&canvas, &tail, STYLE_NORMAL, "abcdefghij"), 8);
	expect_line(&canvas, "…defghij\n");
	canvas_clear(&canvas);
	assert_int_equal(canvas_put(&canvas, &skipped, STYLE_NORMAL, "abcdefghij"), 7);
	expect_line(&canvas, "defghij\n");
	canvas_clear(&canvas);
	/* A wide character is not cut in half. */
	assert_int_equal(canvas_put(&canvas, &cut, STYLE_NORMAL, "日本語日本"), 7);
	expect_line(&canvas, "日本語…\n");
	canvas_clear(&canvas);
	assert_int_equal(canvas_put(&canvas, &cut, STYLE_NORMAL, "e\xcc\x81\xff"), 2);
	expect_line(&canvas, "e\xcc\x81?\n");
	/* Outside there is nothing to draw on. */
	canvas_at(&canvas, 5, 3, STYLE_NORMAL, "x");
	canvas_at(&canvas, -1, 3, STYLE_NORMAL, "x");
	canvas_fill(&canvas, 0, -3, 99, STYLE_BAR);
	canvas_flag_text(&canvas, 0, "E", CELL_FOUND);
	assert_int_equal(canvas.cells[0].flags, CELL_FOUND);
	canvas_free(&canvas);
}

static void fill(struct rows *rows, uint64_t first, uint64_t count)
{
	rows_begin(rows);
	for (uint64_t i = 0; i < count; i++)
		rows_add(rows)->id.a = first + i;
	rows_end(rows);
}

static void test_cursor_stays(void **state)
{
	struct rows rows = {0};

	(void)state;
	fill(&rows, 0, 100);
	rows_scroll(&rows, 10, false);
	rows_move(&rows, 50);
	rows_scroll(&rows, 10, false);
	assert_int_equal(rows_current(&rows)->id.a, 50);
	assert_int_equal(rows.top, 41);
	/* Twenty rows less above it: the same row, on the same line of the screen. */
	fill(&rows, 20, 80);
	rows_scroll(&rows, 10, false);
	assert_int_equal(rows_current(&rows)->id.a, 50);
	assert_int_equal(rows.cursor - rows.top, 9);
	/* It is gone: the cursor stays where it was, or goes to the last row. */
	fill(&rows, 90, 5);
	rows_scroll(&rows, 10, false);
	assert_int_equal(rows_current(&rows)->id.a, 94);
	assert_int_equal(rows.top, 0);
	fill(&rows, 0, 0);
	assert_null(rows_current(&rows));
	rows_move(&rows, 3);
	rows_move(&rows, -3);
	fill(&rows, 0, 100);
	rows_scroll(&rows, 10, true);
	rows_page(&rows, 1000);
	rows_scroll(&rows, 10, true);
	assert_int_equal(rows.top, 90);
	rows_free(&rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_key_means_two_things),
		cmocka_unit_test(test_columns_give_way),
		cmocka_unit_test(test_prompt),
		cmocka_unit_test(test_canvas),
		cmocka_unit_test(test_cursor_stays),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
