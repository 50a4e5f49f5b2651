/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/handle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/json.h"
#include "tui/draw.h"
#include "tui/view.h"

#define SHIFT_STEP 8
#define SHIFT_MAX 4096
/* Rows whose texts are made before their memory is given back. */
#define SEARCH_CHUNK 64

static struct rows *rows_of(struct tui *tui)
{
	return &tui->rows[state_view(tui)];
}

static bool row_matches(struct tui *tui, const struct row *row)
{
	return strcasestr(draw_row_text(tui, row), tui->search);
}

/* The cursor goes to the next row that has the text, around at the end. */
static void search(struct tui *tui, bool forward, bool with_this)
{
	struct rows *rows = rows_of(tui);

	if (!tui->search[0]) {
		state_say(tui, false, "/ searches");
		return;
	}
	for (size_t i = with_this ? 0 : 1; i < rows->n + !with_this; i++) {
		size_t at = (rows->cursor + (forward ? i : rows->n - i)) % rows->n;

		if (row_matches(tui, &rows->items[at])) {
			if (forward ? at < rows->cursor : at > rows->cursor)
				state_say(tui, false, "searched on from the other end");
			rows_go(rows, at);
			return;
		}
		if (i % SEARCH_CHUNK == 0)
			arena_free(&tui->scratch);
	}
	state_say(tui, true, "'%s' is in no row", tui->search);
}

static void set_delay(struct tui *tui, const char *text)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end || !(seconds >= 0.1) || !(seconds <= 3600)) {
		state_say(tui, true, "'%s': give seconds, from 0.1 to 3600", text);
		return;
	}
	tui->delay_ns = (uint64_t)(seconds * 1e9);
	tui->orders.new_delay = true;
}

/* The very same document as of show -J, into a file that is not there yet. */
static void export(struct tui *tui, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
	int error;

	if (!out) {
		state_say(tui, true, "%s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return;
	}
	error = json_print(&tui->picture, out);
	if (fclose(out) && !error)
		error = -errno;
	if (error)
		state_say(tui, true, "%s: %s", path, strerror(-error));
	else
		state_say(tui, false, "written to %s", path);
}

static void end_prompt(struct tui *tui, enum prompt_kind kind)
{
	char text[PROMPT_MAX * 4];

	prompt_text(&tui->prompt, text, sizeof(text));
	switch (kind) {
	case PROMPT_SEARCH:
		snprintf(tui->search, sizeof(tui->search), "%.*s", FILTER_MAX - 1, text);
		if (tui->search[0])
			search(tui, true, true);
		break;
	case PROMPT_FILTER:
		snprintf(tui->filter.text, sizeof(tui->filter.text), "%.*s", FILTER_MAX - 1, text);
		state_stale(tui);
		break;
	case PROMPT_DELAY:
		set_delay(tui, text);
		break;
	case PROMPT_EXPORT:
		if (text[0])
			export(tui, text);
		break;
	case PROMPT_NONE:
		break;
	}
}

static void prompt_handle(struct tui *tui, uint32_t key)
{
	enum prompt_kind kind = tui->prompt.kind;
	enum prompt_end end = prompt_key(&tui->prompt, key);

	if (end == PROMPT_GOES_ON)
		return;
	if (end == PROMPT_DONE)
		end_prompt(tui, kind);
	tui->prompt.kind = PROMPT_NONE;
}

static void ask_export(struct tui *tui)
{
	char name[64];
	struct tm tm;

	if (!tui->has_picture) {
		state_say(tui, true, "there is no picture yet");
		return;
	}
	if (tui->utc)
		gmtime_r(&tui->wall, &tm);
	else
		localtime_r(&tui->wall, &tm);
	strftime(name, sizeof(name), "robtrace-%Y%m%d-%H%M%S.json", &tm);
	prompt_open(&tui->prompt, PROMPT_EXPORT, name);
}

static void ask_delay(struct tui *tui)
{
	char text[32];

	snprintf(text, sizeof(text), "%g", (double)tui->delay_ns / 1e9);
	prompt_open(&tui->prompt, PROMPT_DELAY, text);
}

static void toggle_mark(struct tui *tui)
{
	struct rows *rows = rows_of(tui);
	const struct row *row = rows_current(rows);
	size_t at = 0;

	if (!row || state_view(tui) >= N_TABS)
		return;
	while (at < tui->n_marks && !rows_same(&tui->marks[at], &row->id))
		at++;
	if (at < tui->n_marks)
		tui->marks[at] = tui->marks[--tui->n_marks];
	else if (tui->n_marks < MARKS_MAX)
		tui->marks[tui->n_marks++] = row->id;
	else
		state_say(tui, true, "no more than %d rows can be marked", MARKS_MAX);
	state_stale(tui);
}

static void back(struct tui *tui, bool may_leave)
{
	if (tui->n_views > 1)
		tui->n_views--;
	else
		tui->orders.quit = may_leave;
}

/* Behind each tab are the locks, and behind those is the way out. */
static void go_to_tab(struct tui *tui, int tab)
{
	tui->n_views = 1;
	state_open(tui, (enum view_id)((tab + N_TABS) % N_TABS));
}

static void toggle_stacks(struct tui *tui)
{
	const struct row *row = rows_current(rows_of(tui));

	if (tui->frozen) {
		state_say(tui, true, "frozen: f lets the picture go on, then K reads stacks");
		return;
	}
	if (state_view(tui) != VIEW_DETAIL) {
		if (!row || row->lock == LOCK_NONE) {
			state_say(tui, true, "this row has no lock");
			return;
		}
		tui->stacks = true;
		state_open_lock(tui, row->lock);
	} else {
		tui->stacks = !tui->stacks;
	}
	tui->stale[VIEW_DETAIL] = true;
	tui->orders.look = tui->stacks;
}

static void shift(struct tui *tui, int by)
{
	struct rows *rows = rows_of(tui);

	/* Of a table the first step shows the front of what is cut there. */
	if (view_ops(state_view(tui))->columns && by > 0 && !rows->shift)
		by = 1;
	rows->shift += by;
	if (rows->shift < 0)
		rows->shift = 0;
	if (rows->shift > SHIFT_MAX)
		rows->shift = SHIFT_MAX;
}

static bool handle_moving(struct tui *tui, enum request request)
{
	struct rows *rows = rows_of(tui);
	long page = rows->page > 1 ? (long)rows->page - 1 : 1;
	void (*move)(struct rows * rows, long by) = view_ops(state_view(tui))->is_pager ? rows_page
											: rows_move;

	switch (request) {
	case REQUEST_UP:
		move(rows, -1);
		return true;
	case REQUEST_DOWN:
		move(rows, 1);
		return true;
	case REQUEST_PAGE_UP:
		move(rows, -page);
		return true;
	case REQUEST_PAGE_DOWN:
		move(rows, page);
		return true;
	case REQUEST_HOME:
		rows_go(rows, 0);
		return true;
	case REQUEST_END:
		move(rows, (long)rows->n);
		return true;
	case REQUEST_LEFT:
		shift(tui, -SHIFT_STEP);
		return true;
	case REQUEST_RIGHT:
		shift(tui, SHIFT_STEP);
		return true;
	default:
		return false;
	}
}

static void open_row(struct tui *tui)
{
	const struct row *row = rows_current(rows_of(tui));

	if (state_view(tui) == VIEW_DETAIL || state_view(tui) == VIEW_HELP)
		return;
	if (row && row->lock != LOCK_NONE)
		state_open_lock(tui, row->lock);
	else if (row)
		state_say(tui, false, "this row has no lock");
}

static bool handle_views(struct tui *tui, enum request request)
{
	switch (request) {
	case REQUEST_OPEN:
		open_row(tui);
		return true;
	case REQUEST_BACK:
		back(tui, true);
		return true;
	case REQUEST_ESCAPE:
		tui->search[0] = '\0';
		back(tui, false);
		return true;
	case REQUEST_LOCKS:
		go_to_tab(tui, VIEW_LOCKS);
		return true;
	case REQUEST_NEXT_VIEW:
		go_to_tab(tui, (int)draw_lit_tab(tui) + 1);
		return true;
	case REQUEST_PREVIOUS_VIEW:
		go_to_tab(tui, (int)draw_lit_tab(tui) - 1);
		return true;
	case REQUEST_THREADS:
		state_open(tui, VIEW_THREADS);
		return true;
	case REQUEST_GRAPH:
		state_open(tui, VIEW_GRAPH);
		return true;
	case REQUEST_PROBLEMS:
		state_open(tui, VIEW_PROBLEMS);
		return true;
	case REQUEST_HELP:
		state_open(tui, VIEW_HELP);
		return true;
	default:
		return false;
	}
}

static void toggle_freeze(struct tui *tui)
{
	tui->frozen = !tui->frozen;
	tui->orders.look = !tui->frozen;
	tui->orders.new_delay = true;
}

static void look_now(struct tui *tui)
{
	if (tui->frozen)
		state_say(tui, true, "frozen: f lets the picture go on");
	else
		tui->orders.look = true;
}

static void handle_doing(struct tui *tui, enum request request)
{
	switch (request) {
	case REQUEST_SEARCH:
		prompt_open(&tui->prompt, PROMPT_SEARCH, "");
		break;
	case REQUEST_NEXT:
	case REQUEST_PREVIOUS:
		search(tui, request == REQUEST_NEXT, false);
		break;
	case REQUEST_FILTER:
		prompt_open(&tui->prompt, PROMPT_FILTER, tui->filter.text);
		break;
	case REQUEST_MARK:
		toggle_mark(tui);
		break;
	case REQUEST_UNMARK:
		tui->n_marks = 0;
		state_stale(tui);
		break;
	case REQUEST_NEXT_CYCLE:
	case REQUEST_PREVIOUS_CYCLE:
		tui->cycle = 0;
		tui->wants_cycle = true;
		state_open(tui, VIEW_GRAPH);
		break;
	case REQUEST_STACKS:
		toggle_stacks(tui);
		break;
	case REQUEST_FREEZE:
		toggle_freeze(tui);
		break;
	case REQUEST_LOOK:
		look_now(tui);
		break;
	case REQUEST_DELAY:
		ask_delay(tui);
		break;
	case REQUEST_EXPORT:
		ask_export(tui);
		break;
	case REQUEST_BELL:
		tui->bell = !tui->bell;
		state_say(tui, false, "a new problem rings: %s", tui->bell ? "yes" : "no");
		break;
	case REQUEST_REDRAW:
		tui->orders.redraw = true;
		break;
	default:
		break;
	}
}

static void handle_request(struct tui *tui, enum request request)
{
	const struct view_ops *ops = view_ops(state_view(tui));

	if (ops->request && ops->request(tui, rows_of(tui), request))
		return;
	if (!handle_moving(tui, request) && !handle_views(tui, request))
		handle_doing(tui, request);
}

/* A heading sorts by its column, and once more the other way round. */
static void click_heading(struct tui *tui, int x)
{
	const struct view_ops *ops = view_ops(state_view(tui));
	int at = 0;

	for (size_t i = 0; i < ops->n_columns; i++) {
		if (!tui->widths[i])
			continue;
		if (x >= at && x < at + tui->widths[i]) {
			tui->reverse = tui->sort_column == i + 1 && !tui->reverse;
			tui->sort_column = i + 1;
			tui->stale[state_view(tui)] = true;
			return;
		}
		at += tui->widths[i] + TABLE_GAP;
	}
}

static void click(struct tui *tui, int y, int x)
{
	struct rows *rows = rows_of(tui);
	int first = draw_first_row_y(tui);
	size_t row = rows->top + (size_t)(y - first);

	if (y == DRAW_TITLE_Y) {
		if (draw_tab_at(tui, x) < N_TABS)
			go_to_tab(tui, (int)draw_tab_at(tui, x));
	} else if (y < first) {
		click_heading(tui, x);
	} else if (y < first + (int)rows->page && row < rows->n &&
		   !view_ops(state_view(tui))->is_pager) {
		if (row == rows->cursor)
			handle_request(tui, REQUEST_OPEN);
		else
			rows_go(rows, row);
	}
}

int handle_key(struct tui *tui, const struct key_event *event)
{
	int error = draw_rows_ready(tui);

	if (error)
		return error;
	tui->message[0] = '\0';
	if (tui->prompt.kind != PROMPT_NONE)
		prompt_handle(tui, event->key);
	else if (event->key == KEY_CLICK)
		click(tui, event->y, event->x);
	else
		handle_request(tui, keys_request(state_view(tui), event->key));
	arena_free(&tui->scratch);
	return 0;
}
