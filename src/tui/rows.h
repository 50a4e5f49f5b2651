/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rows of a view: more than fit on the screen, made anew for every picture, with a cursor that
 * stays on the same thing.
 */
#ifndef ROBTRACE_TUI_ROWS_H
#define ROBTRACE_TUI_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "tui/style.h"

/* What a row is, in every picture. */
struct row_id {
	unsigned kind; /* of the view's own */
	uint64_t a;
	uint64_t b;
};

struct row {
	struct row_id id;
	size_t index;      /* the view's own: into the picture */
	size_t part;       /* likewise */
	size_t lock;       /* what Enter opens: into the picture's locks, or LOCK_NONE */
	unsigned depth;    /* in a tree */
	enum style style;  /* of the text */
	const char *text;  /* in `texts`, safe to print; NULL: the view makes it when it is drawn */
	const char *label; /* what the text is, beside it; a literal, or NULL */
	bool changed;
	bool marked;
	bool folded;
};

struct rows {
	struct row *items; /* malloced */
	size_t n;
	size_t capacity;
	size_t cursor;
	size_t top;         /* the first that is drawn */
	size_t page;        /* how many are drawn */
	int shift;          /* columns left out at the left */
	struct arena texts; /* of the rows */
	/* Of the rows before: */
	bool has_old;
	struct row_id old;
	size_t old_line; /* of the cursor on the screen */
};

bool rows_same(const struct row_id *left, const struct row_id *right);

/* Drops all rows and remembers where the cursor was. */
void rows_begin(struct rows *rows);
/* The new row, all zero but for lock, which is LOCK_NONE; NULL without memory. */
struct row *rows_add(struct rows *rows);
/* A row of text, copied; NULL without memory. */
struct row *rows_add_text(struct rows *rows, enum style style, const char *text);
/* Puts the cursor back, on the same row where that is still there. */
void rows_end(struct rows *rows);

/* The row of the cursor; NULL when there is none. */
const struct row *rows_current(const struct rows *rows);
void rows_move(struct rows *rows, long by);
void rows_go(struct rows *rows, size_t to);
/* Of a text that is read: scrolls by so many rows. */
void rows_page(struct rows *rows, long by);
/* Scrolls so that the cursor is among the `page` rows that are drawn. */
void rows_scroll(struct rows *rows, size_t page, bool is_pager);
void rows_free(struct rows *rows);

#endif
