/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/rows.h"

#include <stdlib.h>

#include "base/vec.h"
#include "model.h"

bool rows_same(const struct row_id *left, const struct row_id *right)
{
	return left->kind == right->kind && left->a == right->a && left->b == right->b;
}

void rows_begin(struct rows *rows)
{
	rows->has_old = rows->cursor < rows->n;
	if (rows->has_old)
		rows->old = rows->items[rows->cursor].id;
	rows->old_line = rows->cursor - rows->top;
	rows->n = 0;
	arena_free(&rows->texts);
}

struct row *rows_add(struct rows *rows)
{
	if (vec_reserve(&rows->items, rows->n, &rows->capacity, 1, sizeof(*rows->items)))
		return NULL;
	rows->items[rows->n] = (struct row){.lock = LOCK_NONE};
	return &rows->items[rows->n++];
}

struct row *rows_add_text(struct rows *rows, enum style style, const char *text)
{
	const char *copy = arena_strdup(&rows->texts, text);
	struct row *row = copy ? rows_add(rows) : NULL;

	if (row) {
		row->style = style;
		row->text = copy;
	}
	return row;
}

void rows_end(struct rows *rows)
{
	size_t line = rows->old_line;

	for (size_t i = 0; i < rows->n && rows->has_old; i++) {
		if (!rows_same(&rows->items[i].id, &rows->old))
			continue;
		/* It keeps its line on the screen too, while there are rows above it. */
		rows->cursor = i;
		rows->top = i > line ? i - line : 0;
		return;
	}
	rows_go(rows, rows->cursor);
}

const struct row *rows_current(const struct rows *rows)
{
	return rows->cursor < rows->n ? &rows->items[rows->cursor] : NULL;
}

void rows_go(struct rows *rows, size_t to)
{
	rows->cursor = to;
	if (rows->cursor >= rows->n)
		rows->cursor = rows->n ? rows->n - 1 : 0;
}

void rows_move(struct rows *rows, long by)
{
	if (by < 0 && (size_t)-by > rows->cursor)
		rows_go(rows, 0);
	else
		rows_go(rows, rows->cursor + (size_t)by);
}

void rows_page(struct rows *rows, long by)
{
	size_t last = rows->n > rows->page ? rows->n - rows->page : 0;

	/* Of a text the cursor is its first line on the screen. */
	if (rows->cursor > last)
		rows->cursor = last;
	rows_move(rows, by);
	if (rows->cursor > last)
		rows->cursor = last;
}

void rows_scroll(struct rows *rows, size_t page, bool is_pager)
{
	rows->page = page;
	if (!page)
		return;
	if (is_pager)
		rows->top = rows->cursor;
	if (rows->cursor < rows->top)
		rows->top = rows->cursor;
	if (rows->cursor >= rows->top + page)
		rows->top = rows->cursor - page + 1;
	/* No empty lines below the last row while there are rows above the first. */
	if (rows->top + page > rows->n)
		rows->top = rows->n > page ? rows->n - page : 0;
}

void rows_free(struct rows *rows)
{
	free(rows->items);
	arena_free(&rows->texts);
	*rows = (struct rows){0};
}
