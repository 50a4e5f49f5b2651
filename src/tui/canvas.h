/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The screen as cells, before it goes to a terminal or into a text. Views draw here, so they know
 * nothing of terminals, and every screen can be made without one.
 *
 * What is outside is cut; nothing here fails but canvas_resize and, for want of memory, texts,
 * which then are not there.
 */
#ifndef ROBTRACE_TUI_CANVAS_H
#define ROBTRACE_TUI_CANVAS_H

#include <stdbool.h>
#include <stdio.h>
#include <wchar.h>

#include "tui/style.h"

/* A character and what combines with it. */
#define CELL_CHARACTERS 4

struct cell {
	wchar_t text[CELL_CHARACTERS]; /* text[0] is 0 in the right half of a wide character */
	uint8_t style;
	uint8_t flags;
};

struct canvas {
	int width;
	int height;
	struct cell *cells; /* malloced, row by row */
};

/* All blank. 0 or -ENOMEM. */
int canvas_resize(struct canvas *canvas, int width, int height);
void canvas_clear(struct canvas *canvas);
void canvas_free(struct canvas *canvas);

/* Columns that a text takes; what cannot be printed counts as one. */
int canvas_text_width(const char *text);

/*
 * Writes a text that is safe already (report/escape.h) into `room` columns from x on, leaving out
 * `skip` columns of it; what is cut off is shown by an ellipsis. Returns the columns used.
 */
struct spot {
	int y;
	int x;
	int room;
	int skip;
	bool keep_tail; /* cut at the front: a file is known by its end */
};
int canvas_put(struct canvas *canvas, const struct spot *spot, enum style style, const char *text);

/* The same at one place, without skipping. */
int canvas_at(struct canvas *canvas, int y, int x, enum style style, const char *text);

/* Gives a stretch of a row a style, or flags besides. */
void canvas_fill(struct canvas *canvas, int y, int x, int count, enum style style);
void canvas_flag(struct canvas *canvas, int y, int x, int count, uint8_t flags);

/* The same where the row has that text, in capitals or not. */
void canvas_flag_text(struct canvas *canvas, int y, const char *text, uint8_t flags);

/* As text, a line a row, without blanks at the end; with a letter for each style when asked. */
void canvas_dump(const struct canvas *canvas, FILE *out);
void canvas_dump_styles(const struct canvas *canvas, FILE *out);

/* Whether the terminal can show more than ASCII (setlocale(3)). */
bool canvas_is_unicode(void);

#endif
