/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a view is: one way to make rows of a picture. Each file of a view ends in one of these. */
#ifndef ROBTRACE_TUI_VIEW_H
#define ROBTRACE_TUI_VIEW_H

#include "tui/keys.h"
#include "tui/line.h"
#include "tui/rows.h"
#include "tui/state.h"
#include "tui/table.h"

struct view_ops {
	const char *name;
	const char *brief; /* of a tab, on a narrow screen */
	bool is_pager;     /* a text to read: it scrolls, no row is chosen */
	/* Makes the rows of tui->picture, with rows_add and its like. 0 or -ENOMEM. */
	int (*build)(struct tui *tui, struct rows *rows);
	/* When the cursor is back on its row; may be NULL. */
	void (*built)(struct tui *tui, struct rows *rows);
	/* The pieces of a row; NULL: its label and text are all. */
	void (*line)(const struct tui *tui, const struct row *row, struct line *line);
	/* A table: its pieces are the cells. NULL: one piece behind the other. */
	const struct table_column *columns;
	size_t n_columns;
	/* What is special about a request here: true when that is all. May be NULL. */
	bool (*request)(struct tui *tui, struct rows *rows, enum request request);
	/* What is said when there are no rows. */
	const char *nothing;
	/* Keys that the last line names. */
	const char *hint;
};

extern const struct view_ops locks_view;
extern const struct view_ops threads_view;
extern const struct view_ops graph_view;
extern const struct view_ops problems_view;
extern const struct view_ops detail_view;
extern const struct view_ops help_view;

const struct view_ops *view_ops(enum view_id view);

#endif
