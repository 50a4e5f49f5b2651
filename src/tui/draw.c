/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/draw.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/escape.h"
#include "tui/view.h"

/* Where the texts begin that stand beside a label. */
#define LABEL_WIDTH 10

/* Of a path, as much is shown even so. */
#define PATH_MIN 20

#define PROGRAM " robtrace top "

static int bottom(const struct tui *tui)
{
	return tui->canvas.height - 1;
}

int draw_first_row_y(const struct tui *tui)
{
	return view_ops(state_view(tui))->columns ? DRAW_HEAD_Y + 1 : DRAW_HEAD_Y;
}

int draw_rows_ready(struct tui *tui)
{
	enum view_id view = state_view(tui);
	struct rows *rows = &tui->rows[view];
	int error = 0;

	if (!tui->stale[view])
		return 0;
	rows_begin(rows);
	if (tui->has_picture || view == VIEW_HELP)
		error = view_ops(view)->build(tui, rows);
	rows_end(rows);
	if (!error && view_ops(view)->built)
		view_ops(view)->built(tui, rows);
	tui->stale[view] = false;
	return error;
}

static void row_line(const struct tui *tui, const struct row *row, struct line *line)
{
	const struct view_ops *ops = view_ops(state_view(tui));

	if (ops->line) {
		ops->line(tui, row, line);
		return;
	}
	if (row->label)
		line_add(line, STYLE_DIM, "%-*s", LABEL_WIDTH, row->label);
	line_add_safe_path(line, row->style, row->text ? row->text : "");
}

const char *draw_row_text(struct tui *tui, const struct row *row)
{
	struct line line = {.scratch = &tui->scratch};

	row_line(tui, row, &line);
	return line_text(&line, view_ops(state_view(tui))->columns);
}

static void finish_row(struct tui *tui, const struct row *row, int y, bool selected)
{
	int width = tui->canvas.width;

	if (tui->search[0])
		canvas_flag_text(&tui->canvas, y, tui->search, CELL_FOUND);
	if (row->changed)
		canvas_flag(&tui->canvas, y, 0, width, CELL_CHANGED);
	if (row->marked)
		canvas_flag(&tui->canvas, y, 0, width, CELL_MARKED);
	if (selected)
		canvas_flag(&tui->canvas, y, 0, width, CELL_SELECTED);
}

/* How many columns the pieces need. */
static int width_of(const struct line *line)
{
	int width = 0;

	for (size_t i = 0; i < line->n; i++)
		width += canvas_text_width(line->pieces[i].text);
	return width;
}

/*
 * One piece behind the other, without the columns that are scrolled out at the left. At the very
 * left a path gives way to what is beside it, from its front on: files differ at their end.
 */
static void draw_pieces(struct tui *tui, const struct line *line, int y, int skip)
{
	struct spot spot = {.y = y};
	int excess = skip ? 0 : width_of(line) - tui->canvas.width;

	for (size_t i = 0; i < line->n; i++) {
		int width = canvas_text_width(line->pieces[i].text);
		int room = tui->canvas.width - spot.x;

		spot.keep_tail = excess > 0 && line->pieces[i].is_path;
		if (spot.keep_tail) {
			int left = width - excess > PATH_MIN ? width - excess : PATH_MIN;

			excess -= width > left ? width - left : 0;
			room = left < room ? left : room;
		}
		spot.skip = skip < width ? skip : width;
		skip -= spot.skip;
		spot.room = room;
		spot.x += canvas_put(&tui->canvas, &spot, line->pieces[i].style,
				     line->pieces[i].text);
	}
}

/* shift: of a place, as many columns are left out at its front; 0: its end is shown. */
static void draw_cells(struct tui *tui, const struct view_ops *ops, const struct line *line, int y,
		       int shift)
{
	struct spot spot = {.y = y};

	for (size_t i = 0; i < ops->n_columns && i < line->n; i++) {
		int width = canvas_text_width(line->pieces[i].text);
		int left = spot.x;

		if (!tui->widths[i])
			continue;
		spot.room = tui->widths[i];
		spot.keep_tail = ops->columns[i].keep_tail && !shift;
		spot.skip = ops->columns[i].keep_tail && shift ? shift - 1 : 0;
		if (ops->columns[i].right && width < spot.room)
			spot.x += spot.room - width;
		canvas_put(&tui->canvas, &spot, line->pieces[i].style, line->pieces[i].text);
		spot.x = left + tui->widths[i] + TABLE_GAP;
	}
}

static void draw_headings(struct tui *tui, const struct view_ops *ops)
{
	bool unicode = canvas_is_unicode();
	struct line line = {.scratch = &tui->scratch};

	for (size_t i = 0; i < ops->n_columns; i++) {
		bool sorts = tui->sort_column == i + 1;
		const char *down = unicode ? "▼" : "v";
		const char *up = unicode ? "▲" : "^";

		line_add(&line, sorts ? STYLE_SORTED : STYLE_HEAD, "%s%s", ops->columns[i].name,
			 !sorts         ? ""
			 : tui->reverse ? up
					: down);
	}
	canvas_fill(&tui->canvas, DRAW_HEAD_Y, 0, tui->canvas.width, STYLE_HEAD);
	draw_cells(tui, ops, &line, DRAW_HEAD_Y, 0);
}

/* Columns of a table: as wide as what is on the screen, or was before, where there is room. */
static void fit_columns(struct tui *tui, const struct view_ops *ops, const struct line *lines,
			size_t count)
{
	for (size_t i = 0; i < ops->n_columns; i++) {
		int width = canvas_text_width(ops->columns[i].name) + (tui->sort_column == i + 1);

		for (size_t j = 0; j < count; j++) {
			int here = i < lines[j].n ? canvas_text_width(lines[j].pieces[i].text) : 0;

			width = here > width ? here : width;
		}
		if (width > tui->natural[i])
			tui->natural[i] = width;
		tui->widths[i] = tui->natural[i];
	}
	table_fit(ops->columns, ops->n_columns, tui->canvas.width, tui->widths);
}

static int draw_rows(struct tui *tui, int first, size_t page)
{
	const struct view_ops *ops = view_ops(state_view(tui));
	struct rows *rows = &tui->rows[state_view(tui)];
	size_t count = rows->n - rows->top < page ? rows->n - rows->top : page;
	cleanup_free struct line *lines = calloc(count + 1, sizeof(*lines));

	if (!lines)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		lines[i].scratch = &tui->scratch;
		row_line(tui, &rows->items[rows->top + i], &lines[i]);
	}
	if (ops->columns) {
		fit_columns(tui, ops, lines, count);
		draw_headings(tui, ops);
	}
	for (size_t i = 0; i < count; i++) {
		const struct row *row = &rows->items[rows->top + i];
		int y = first + (int)i;

		if (ops->columns)
			draw_cells(tui, ops, &lines[i], y, rows->shift);
		else
			draw_pieces(tui, &lines[i], y, rows->shift);
		finish_row(tui, row, y, rows->top + i == rows->cursor && !ops->is_pager);
	}
	return 0;
}

static void draw_nothing(struct tui *tui, int first)
{
	const struct view_ops *ops = view_ops(state_view(tui));
	const char *text = ops->nothing;

	if (tui->trouble)
		text = tui->trouble;
	else if (!tui->has_picture)
		text = "looking...";
	else if (!tui->picture.census.processes)
		text = "none of the processes is there any more, or may be looked at";
	else if (tui->filter.text[0])
		text = "the filter lets nothing through; & and Enter shows all again";
	canvas_at(&tui->canvas, first, 0, tui->trouble ? STYLE_ALARM : STYLE_DIM, text);
}

/* The name of a tab as the title has it: " 4 problems(2) ". */
static void tab_name(const struct tui *tui, enum view_id view, char *text, size_t size)
{
	const struct view_ops *ops = view_ops(view);
	const char *name = tui->canvas.width < 72 ? ops->brief : ops->name;

	if (view == VIEW_PROBLEMS && tui->picture.n_problems)
		snprintf(text, size, " %d %s(%zu) ", (int)view + 1, name, tui->picture.n_problems);
	else
		snprintf(text, size, " %d %s ", (int)view + 1, name);
}

enum view_id draw_lit_tab(const struct tui *tui)
{
	for (size_t i = tui->n_views; i-- > 0;)
		if (tui->views[i] < N_TABS)
			return tui->views[i];
	return VIEW_LOCKS;
}

/* Where the tabs begin: a narrow screen has no room for the program's name. */
static int tabs_x(const struct tui *tui)
{
	return tui->canvas.width < 60 ? 0 : (int)strlen(PROGRAM);
}

enum view_id draw_tab_at(const struct tui *tui, int x)
{
	int at = tabs_x(tui);

	for (enum view_id view = 0; view < N_TABS; view++) {
		char text[64];

		tab_name(tui, view, text, sizeof(text));
		if (x >= at && x < at + (int)strlen(text))
			return view;
		at += (int)strlen(text);
	}
	return N_VIEWS;
}

static void draw_clock(struct tui *tui, int from)
{
	struct tm tm;
	char text[16];
	int x;

	if (!tui->has_picture)
		return;
	if (tui->utc)
		gmtime_r(&tui->wall, &tm);
	else
		localtime_r(&tui->wall, &tm);
	strftime(text, sizeof(text), "%H:%M:%S ", &tm);
	x = tui->canvas.width - (int)strlen(text);
	if (x > from)
		canvas_at(&tui->canvas, DRAW_TITLE_Y, x, STYLE_BAR, text);
}

static void draw_title(struct tui *tui)
{
	struct canvas *canvas = &tui->canvas;
	int x = tabs_x(tui);

	canvas_fill(canvas, DRAW_TITLE_Y, 0, canvas->width, STYLE_BAR);
	if (x)
		canvas_at(canvas, DRAW_TITLE_Y, 0, STYLE_BAR, PROGRAM);
	for (enum view_id view = 0; view < N_TABS; view++) {
		enum style style = view == draw_lit_tab(tui) ? STYLE_TAB : STYLE_BAR;
		char text[64];

		tab_name(tui, view, text, sizeof(text));
		x += canvas_at(canvas, DRAW_TITLE_Y, x, style, text);
	}
	if (tui->selection && x + 12 < canvas->width) {
		cleanup_free char *safe = escape_text(tui->selection);
		const struct spot spot = {.y = DRAW_TITLE_Y,
					  .x = x + 1,
					  .room = canvas->width - x - 12,
					  .keep_tail = true};

		if (safe)
			x += canvas_put(canvas, &spot, STYLE_BAR, safe) + 1;
	}
	draw_clock(tui, x);
	canvas_flag(canvas, DRAW_TITLE_Y, 0, canvas->width, CELL_BAR);
}

/* Processes whose memory does not answer (cmd/patience.h). */
static size_t count_silent(const struct snapshot *picture)
{
	size_t count = 0;

	for (size_t i = 0; i < picture->n_skipped; i++)
		count += picture->skipped[i].reason == SKIP_FAILED &&
			 picture->skipped[i].error == ETIMEDOUT;
	return count;
}

/* What the status line says, the most important first; what does not fit is left out. */
static void status_line(const struct tui *tui, struct line *line)
{
	const struct census *census = &tui->picture.census;
	size_t silent = count_silent(&tui->picture);
	size_t locks = 0;

	for (size_t i = 0; i < tui->picture.n_locks; i++)
		locks += tui->picture.locks[i].selected &&
			 tui->picture.locks[i].sort == LOCK_ROBUST;
	if (tui->frozen)
		line_add_safe(line, STYLE_DOUBTFUL, "FROZEN");
	else
		line_add(line, STYLE_BAR, "every %g s", (double)tui->delay_ns / 1e9);
	if (tui->trouble)
		line_add(line, STYLE_ALARM, "%s", tui->trouble);
	if (tui->filter.text[0])
		line_add(line, STYLE_STRONG, "filter: %s", tui->filter.text);
	line_add(line, tui->picture.n_problems ? STYLE_BROKEN : STYLE_BAR, "%zu problem%s",
		 tui->picture.n_problems, tui->picture.n_problems == 1 ? "" : "s");
	line_add(line, STYLE_BAR, "%zu lock%s", locks, locks == 1 ? "" : "s");
	line_add(line, STYLE_BAR, "%zu process%s", census->processes,
		 census->processes == 1 ? "" : "es");
	line_add(line, STYLE_BAR, "%zu thread%s", census->threads, census->threads == 1 ? "" : "s");
	if (census->not_permitted)
		line_add(line, STYLE_DOUBTFUL, "%zu not readable", census->not_permitted);
	if (silent)
		line_add(line, STYLE_DOUBTFUL, "%zu without an answer", silent);
	if (census->unseen_waits)
		line_add(line, STYLE_DOUBTFUL, "waiters of %zu not visible", census->unseen_waits);
	if (census->unseen_lists)
		line_add_safe(line, STYLE_DOUBTFUL, "lists of set_robust_list2 not visible");
	if (census->changed)
		line_add(line, STYLE_DOUBTFUL, "%zu list%s never stood still", census->changed,
			 census->changed == 1 ? "" : "s");
	if (census->vanished)
		line_add(line, STYLE_BAR, "%zu ended", census->vanished);
	line_add(line, STYLE_BAR, "%" PRIu64 " ms", (census->elapsed_ns + 999999) / 1000000);
}

static void draw_status(struct tui *tui)
{
	struct line line = {.scratch = &tui->scratch};
	int y = bottom(tui) - 1;
	int x = 1;

	if (y <= DRAW_HEAD_Y)
		return;
	status_line(tui, &line);
	canvas_fill(&tui->canvas, y, 0, tui->canvas.width, STYLE_BAR);
	for (size_t i = 0; i < line.n; i++) {
		int width = canvas_text_width(line.pieces[i].text);
		struct spot spot = {.y = y, .x = x, .room = tui->canvas.width - x};

		/* The first two are cut rather than left out. */
		if (width > spot.room && i > 1)
			continue;
		x += canvas_put(&tui->canvas, &spot, line.pieces[i].style, line.pieces[i].text) + 2;
	}
	canvas_flag(&tui->canvas, y, 0, tui->canvas.width, CELL_BAR);
}

/* "Enter:lock  /:search": what is before a colour stands out. */
static void draw_hint(struct tui *tui, int y)
{
	const char *hint = view_ops(state_view(tui))->hint;
	int x = 0;

	while (*hint) {
		size_t key = strcspn(hint, ":");
		size_t all = strcspn(hint, " ");
		char text[64];

		/* The help of a key may have blanks: it ends before two of them. */
		while (hint[all] && strncmp(hint + all, "  ", 2) != 0)
			all++;
		if (x + (int)all > tui->canvas.width)
			return;
		snprintf(text, sizeof(text), "%.*s", (int)key, hint);
		x += canvas_at(&tui->canvas, y, x, STYLE_KEY, text);
		snprintf(text, sizeof(text), " %.*s", (int)(all - key - 1), hint + key + 1);
		x += canvas_at(&tui->canvas, y, x, STYLE_DIM, text) + 2;
		hint += all + strspn(hint + all, " ");
	}
}

static void draw_prompt(struct tui *tui, int y)
{
	char text[PROMPT_MAX * 4];
	int x = canvas_at(&tui->canvas, y, 0, STYLE_KEY, prompt_label(&tui->prompt));
	struct spot spot = {.y = y, .x = x, .room = tui->canvas.width - x - 1, .keep_tail = true};

	prompt_text(&tui->prompt, text, sizeof(text));
	canvas_put(&tui->canvas, &spot, STYLE_NORMAL, text);
}

bool draw_cursor(const struct tui *tui, int *ret_y, int *ret_x)
{
	struct prompt typed = tui->prompt;
	char text[PROMPT_MAX * 4];

	if (tui->prompt.kind == PROMPT_NONE)
		return false;
	typed.length = typed.cursor;
	prompt_text(&typed, text, sizeof(text));
	*ret_y = bottom(tui);
	*ret_x = canvas_text_width(prompt_label(&tui->prompt)) + canvas_text_width(text);
	if (*ret_x >= tui->canvas.width)
		*ret_x = tui->canvas.width - 1;
	return true;
}

static void draw_last_line(struct tui *tui)
{
	int y = bottom(tui);

	if (tui->prompt.kind != PROMPT_NONE)
		draw_prompt(tui, y);
	else if (tui->message[0])
		canvas_at(&tui->canvas, y, 0, tui->is_alarm ? STYLE_ALARM : STYLE_NORMAL,
			  tui->message);
	else
		draw_hint(tui, y);
}

int draw_screen(struct tui *tui)
{
	int first = draw_first_row_y(tui);
	int page = bottom(tui) - 1 - first;
	struct rows *rows = &tui->rows[state_view(tui)];
	int error = draw_rows_ready(tui);

	canvas_clear(&tui->canvas);
	if (!error) {
		rows_scroll(rows, page > 0 ? (size_t)page : 1, view_ops(state_view(tui))->is_pager);
		error = draw_rows(tui, first, rows->page);
	}
	if (!rows->n)
		draw_nothing(tui, first);
	draw_title(tui);
	draw_status(tui);
	draw_last_line(tui);
	arena_free(&tui->scratch);
	return error;
}
