/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The screen: title, the rows of the view, status, last line. */
#ifndef ROBTRACE_TUI_DRAW_H
#define ROBTRACE_TUI_DRAW_H

#include "tui/state.h"

/* Lines that are no rows: title, heading (where the view has one), status, last line. */
#define DRAW_TITLE_Y 0
#define DRAW_HEAD_Y 1

/* Draws all into tui->canvas. 0 or -ENOMEM. */
int draw_screen(struct tui *tui);

/* Makes the rows of the view that is shown, if they are stale. 0 or -ENOMEM. */
int draw_rows_ready(struct tui *tui);

/* The first line of rows on the screen. */
int draw_first_row_y(const struct tui *tui);

/* Where the cursor of the prompt stands; false: there is none. */
bool draw_cursor(const struct tui *tui, int *ret_y, int *ret_x);

/* The tab that is lit: of a view without one, the one behind it. */
enum view_id draw_lit_tab(const struct tui *tui);

/* The view whose name stands at that column of the title; N_VIEWS: none. */
enum view_id draw_tab_at(const struct tui *tui, int x);

/* The text of a row, for searching; in tui->scratch. */
const char *draw_row_text(struct tui *tui, const struct row *row);

#endif
