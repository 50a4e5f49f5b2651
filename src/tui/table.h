/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Columns that fit the screen: what is wide gives way first, then columns go one by one. */
#ifndef ROBTRACE_TUI_TABLE_H
#define ROBTRACE_TUI_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "tui/line.h"

/* Blanks between two columns. */
#define TABLE_GAP 2

struct table_column {
	const char *name;
	int min;        /* how narrow it may get; 0: it is never cut */
	int want;       /* others are dropped before it gets narrower than that; 0: as min */
	unsigned drop;  /* the highest goes first; 0: never */
	bool right;     /* aligned to the right */
	bool keep_tail; /* cut at the front */
};

/*
 * Fits `count` columns of these widths into `width`: widths[i] becomes what is given to it, 0 for
 * a column that is left out. What is over goes to no column.
 */
void table_fit(const struct table_column *columns, size_t count, int width,
	       int widths[LINE_PIECES]);

#endif
