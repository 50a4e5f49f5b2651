/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The interface without a terminal: for tests, and for screens in documents. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/json_read.h"
#include "snapshot.h"
#include "tui.h"
#include "tui/draw.h"
#include "tui/handle.h"
#include "tui/state.h"

/* 2026-01-01 00:00:00, and a machine that has been up for a day. */
#define SCRIPT_WALL ((time_t)1767225600)
#define SCRIPT_NOW_NS UINT64_C(86400000000000)

struct play {
	struct tui tui;
	const struct tui_script *script;
	size_t next_picture;
	uint64_t elapsed_ns;
	char *why;
};

static int trouble(struct play *play, const char *what, const char *detail)
{
	snprintf(play->why, TUI_WHY_MAX, "%s: %s", what, detail);
	return -EINVAL;
}

/* The next picture; the last one again when there are no more. Each takes the time of a delay. */
static int take(struct play *play)
{
	const struct tui_script *script = play->script;
	size_t index = play->next_picture;
	struct tui_look look = {0};
	char detail[JSON_WHY_MAX];
	FILE *in;
	int error;

	if (!script->n_pictures)
		return 0;
	if (index >= script->n_pictures)
		index = script->n_pictures - 1;
	in = fopen(script->pictures[index], "re");
	if (!in)
		return trouble(play, script->pictures[index], strerror(errno));
	error = json_read(in, &look.snapshot, detail);
	fclose(in);
	if (error)
		return trouble(play, script->pictures[index], detail);
	if (play->next_picture)
		play->elapsed_ns += play->tui.delay_ns;
	play->next_picture++;
	look.now_ns = SCRIPT_NOW_NS + play->elapsed_ns;
	look.wall = SCRIPT_WALL + (time_t)(play->elapsed_ns / UINT64_C(1000000000));
	look.has_stacks = true;
	error = state_take(&play->tui, &look);
	if (error)
		snapshot_free(&look.snapshot);
	return error;
}

static void obey(struct play *play)
{
	if (play->tui.orders.ring)
		fputs("(rings)\n", play->script->out);
	if (play->tui.orders.quit)
		fputs("(leaves)\n", play->script->out);
	play->tui.orders = (struct tui_orders){0};
}

/* What a loop would do at every turn. */
static int settle(struct play *play)
{
	int error = draw_screen(&play->tui);

	if (!error)
		obey(play);
	return error;
}

static int press(struct play *play, const struct key_event *event)
{
	int error = handle_key(&play->tui, event);

	return error ? error : settle(play);
}

static int press_named(struct play *play, char *names)
{
	int error = 0;
	char *name;

	while (!error && (name = strsep(&names, " "))) {
		struct key_event event = {.key = keys_by_name(name)};

		if (!*name)
			continue;
		if (!event.key)
			return trouble(play, name, "is no key");
		error = press(play, &event);
	}
	return error;
}

static int type(struct play *play, const char *text)
{
	wchar_t wide[256];
	size_t length = mbstowcs(wide, text, 255);
	int error = 0;

	if (length == (size_t)-1)
		return trouble(play, text, "is no text in this locale");
	for (size_t i = 0; i < length && !error; i++) {
		const struct key_event event = {.key = (uint32_t)wide[i]};

		error = press(play, &event);
	}
	return error;
}

static int click(struct play *play, const char *where)
{
	struct key_event event = {.key = KEY_CLICK};

	if (sscanf(where, "%d,%d", &event.y, &event.x) != 2)
		return trouble(play, where, "is no place; give ROW,COLUMN");
	return press(play, &event);
}

static int resize(struct play *play, const char *size)
{
	int width;
	int height;
	int error;

	if (sscanf(size, "%dx%d", &width, &height) != 2 || width < 1 || height < 1 ||
	    width > 1000 || height > 1000)
		return trouble(play, size, "is no size; give COLUMNSxROWS");
	error = state_resize(&play->tui, width, height);
	return error ? error : settle(play);
}

static int dump(struct play *play, const char *what)
{
	fprintf(play->script->out, "--- %s\n", *what ? what : "screen");
	canvas_dump(&play->tui.canvas, play->script->out);
	return 0;
}

static int dump_styles(struct play *play, const char *what)
{
	dump(play, what);
	fputs("--- styles\n", play->script->out);
	canvas_dump_styles(&play->tui.canvas, play->script->out);
	return 0;
}

static int command(struct play *play, char *line)
{
	char *rest = line + strcspn(line, " ");
	size_t length = (size_t)(rest - line);
	int error;

	rest += strspn(rest, " ");
	if (!length || *line == '#')
		return 0;
	if (length == 3 && strncmp(line, "key", length) == 0)
		return press_named(play, rest);
	if (length == 4 && strncmp(line, "type", length) == 0)
		return type(play, rest);
	if (length == 5 && strncmp(line, "click", length) == 0)
		return click(play, rest);
	if (length == 4 && strncmp(line, "size", length) == 0)
		return resize(play, rest);
	if (length == 4 && strncmp(line, "dump", length) == 0)
		return dump(play, rest);
	if (length == 6 && strncmp(line, "styles", length) == 0)
		return dump_styles(play, rest);
	if (length == 4 && strncmp(line, "look", length) == 0) {
		error = take(play);
		return error ? error : settle(play);
	}
	return trouble(play, line, "is no command of a script");
}

static int play_lines(struct play *play, FILE *in)
{
	cleanup_free char *line = NULL;
	size_t size = 0;
	int error = 0;

	while (!error && getline(&line, &size, in) >= 0) {
		line[strcspn(line, "\n")] = '\0';
		error = command(play, line);
	}
	if (!error && ferror(in))
		error = trouble(play, play->script->path, "cannot be read");
	return error;
}

int tui_play(const struct tui_options *options, const struct tui_script *script,
	     char why[TUI_WHY_MAX])
{
	bool is_stdin = strcmp(script->path, "-") == 0;
	FILE *in = is_stdin ? stdin : fopen(script->path, "re");
	struct play play = {.tui = {.selection = options->selection,
				    .delay_ns = options->delay_ns,
				    .bell = options->bell,
				    .utc = true},
			    .script = script,
			    .why = why};
	int error;

	why[0] = '\0';
	if (!in)
		return trouble(&play, script->path, strerror(errno));
	error = state_init(&play.tui, script->width, script->height);
	if (!error)
		error = take(&play);
	if (!error)
		error = settle(&play);
	if (!error)
		error = play_lines(&play, in);
	if (!is_stdin)
		fclose(in);
	state_free(&play.tui);
	if (error && !why[0])
		snprintf(why, TUI_WHY_MAX, "%s", strerror(-error));
	return error;
}
