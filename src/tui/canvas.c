/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/canvas.h"

#include <errno.h>
#include <langinfo.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <wctype.h>

#include "base/cleanup.h"

static const struct cell blank = {.text = {L' '}};

bool canvas_is_unicode(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

int canvas_resize(struct canvas *canvas, int width, int height)
{
	struct cell *cells = calloc((size_t)width * (size_t)height + 1, sizeof(*cells));

	if (!cells)
		return -ENOMEM;
	free(canvas->cells);
	*canvas = (struct canvas){.width = width, .height = height, .cells = cells};
	canvas_clear(canvas);
	return 0;
}

void canvas_clear(struct canvas *canvas)
{
	for (int i = 0; i < canvas->width * canvas->height; i++)
		canvas->cells[i] = blank;
}

void canvas_free(struct canvas *canvas)
{
	free(canvas->cells);
	*canvas = (struct canvas){0};
}

/* Malloced; NULL without memory. What is no text in this locale becomes '?'. */
static wchar_t *widen(const char *text)
{
	wchar_t *wide = calloc(strlen(text) + 1, sizeof(*wide));
	mbstate_t state = {0};
	size_t left = strlen(text);
	wchar_t *out = wide;

	while (wide && left) {
		size_t length = mbrtowc(out, text, left, &state);

		if (length == 0 || length > left || wcwidth(*out) < 0) {
			state = (mbstate_t){0};
			length = length == 0 || length > left ? 1 : length;
			*out = L'?';
		}
		out++;
		text += length;
		left -= length;
	}
	return wide;
}

static int wide_width(const wchar_t *text)
{
	int width = 0;

	for (; *text; text++)
		width += wcwidth(*text);
	return width;
}

int canvas_text_width(const char *text)
{
	cleanup_free wchar_t *wide = widen(text);

	return wide ? wide_width(wide) : 0;
}

static struct cell *cell_at(struct canvas *canvas, int y, int x)
{
	if (y < 0 || x < 0 || y >= canvas->height || x >= canvas->width)
		return NULL;
	return &canvas->cells[y * canvas->width + x];
}

static void put_character(struct canvas *canvas, int y, int x, enum style style, wchar_t character)
{
	struct cell *cell = cell_at(canvas, y, x);

	if (!cell)
		return;
	cell->text[0] = character;
	cell->text[1] = L'\0';
	cell->style = (uint8_t)style;
	if (wcwidth(character) != 2)
		return;
	cell = cell_at(canvas, y, x + 1);
	if (cell)
		*cell = (struct cell){.style = (uint8_t)style};
	else
		cell_at(canvas, y, x)->text[0] = L' ';
}

/* A mark over or under the character before. More than a few are left out. */
static void combine(struct canvas *canvas, int y, int x, wchar_t mark)
{
	struct cell *cell = cell_at(canvas, y, x);

	for (size_t i = 1; cell && i < CELL_CHARACTERS - 1; i++) {
		if (cell->text[i])
			continue;
		cell->text[i] = mark;
		cell->text[i + 1] = L'\0';
		return;
	}
}

/* The text without its first columns. */
static const wchar_t *skip_columns(const wchar_t *text, int count)
{
	int width = 0;

	while (*text && width < count)
		width += wcwidth(*text++);
	while (*text && wcwidth(*text) == 0)
		text++;
	return text;
}

static const wchar_t *ellipsis(void)
{
	return canvas_is_unicode() ? L"\u2026" : L"~";
}

/* Writes until the room is used up. Returns the columns used. */
static int put_wide(struct canvas *canvas, const struct spot *spot, enum style style,
		    const wchar_t *text)
{
	int x = 0;
	int last = -1;

	for (; *text; text++) {
		int width = wcwidth(*text);

		if (width == 0 && last >= 0)
			combine(canvas, spot->y, spot->x + last, *text);
		if (width == 0)
			continue;
		if (x + width > spot->room)
			break;
		put_character(canvas, spot->y, spot->x + x, style, *text);
		last = x;
		x += width;
	}
	return x;
}

int canvas_put(struct canvas *canvas, const struct spot *spot, enum style style, const char *text)
{
	cleanup_free wchar_t *wide = widen(text);
	struct spot rest = *spot;
	const wchar_t *from = wide;
	int width;
	int used = 0;

	if (!wide || spot->room <= 0)
		return 0;
	width = wide_width(wide);
	if (spot->keep_tail && width > spot->room) {
		used = put_wide(canvas, spot, style, ellipsis());
		from = skip_columns(wide, width - spot->room + used);
		rest.x += used;
		rest.room -= used;
		return used + put_wide(canvas, &rest, style, from);
	}
	if (spot->skip > 0)
		from = skip_columns(wide, spot->skip);
	if (wide_width(from) <= spot->room)
		return put_wide(canvas, &rest, style, from);
	rest.room--;
	used = put_wide(canvas, &rest, style, from);
	rest.x += used;
	rest.room = 1;
	return used + put_wide(canvas, &rest, style, ellipsis());
}

int canvas_at(struct canvas *canvas, int y, int x, enum style style, const char *text)
{
	const struct spot spot = {.y = y, .x = x, .room = canvas->width - x};

	return canvas_put(canvas, &spot, style, text);
}

void canvas_fill(struct canvas *canvas, int y, int x, int count, enum style style)
{
	for (int i = 0; i < count; i++) {
		struct cell *cell = cell_at(canvas, y, x + i);

		if (cell)
			cell->style = (uint8_t)style;
	}
}

void canvas_flag(struct canvas *canvas, int y, int x, int count, uint8_t flags)
{
	for (int i = 0; i < count; i++) {
		struct cell *cell = cell_at(canvas, y, x + i);

		if (cell)
			cell->flags = (uint8_t)(cell->flags | flags);
	}
}

/* How many columns from x on are the text; 0: they are not. */
static int match_at(struct canvas *canvas, int y, int x, const wchar_t *text)
{
	int begin = x;

	for (; *text; text++) {
		const struct cell *cell = cell_at(canvas, y, x);

		if (!cell || towlower((wint_t)cell->text[0]) != towlower((wint_t)*text))
			return 0;
		x += wcwidth(*text) == 2 ? 2 : 1;
	}
	return x - begin;
}

void canvas_flag_text(struct canvas *canvas, int y, const char *text, uint8_t flags)
{
	cleanup_free wchar_t *wide = widen(text);

	for (int x = 0; wide && *wide && x < canvas->width; x++)
		canvas_flag(canvas, y, x, match_at(canvas, y, x, wide), flags);
}

static bool is_blank(const struct cell *cell)
{
	return cell->text[0] == L' ' && !cell->text[1];
}

void canvas_dump(const struct canvas *canvas, FILE *out)
{
	for (int y = 0; y < canvas->height; y++) {
		const struct cell *row = &canvas->cells[(ptrdiff_t)y * canvas->width];
		int end = canvas->width;

		while (end && is_blank(&row[end - 1]))
			end--;
		for (int x = 0; x < end; x++)
			fprintf(out, "%ls", row[x].text);
		fputc('\n', out);
	}
}

/* Small letters for styles as they stand in the enum; flags instead where there are some. */
static int style_letter(const struct cell *cell)
{
	static const char letters[N_STYLES] = {
		[STYLE_NORMAL] = '.',   [STYLE_DIM] = 'd',    [STYLE_STRONG] = 's',
		[STYLE_BAR] = 'b',      [STYLE_TAB] = 't',    [STYLE_HEAD] = 'h',
		[STYLE_SORTED] = 'o',   [STYLE_KEY] = 'k',    [STYLE_BROKEN] = 'x',
		[STYLE_DOUBTFUL] = '?', [STYLE_WANTED] = 'w', [STYLE_PASSING] = 'p',
		[STYLE_CYCLE] = 'c',    [STYLE_ALARM] = '!',
	};

	if (cell->flags & CELL_FOUND)
		return 'F';
	if (cell->flags & CELL_CHANGED)
		return 'C';
	if (cell->flags & CELL_SELECTED)
		return 'S';
	return letters[cell->style];
}

void canvas_dump_styles(const struct canvas *canvas, FILE *out)
{
	for (int y = 0; y < canvas->height; y++) {
		for (int x = 0; x < canvas->width; x++)
			fputc(style_letter(&canvas->cells[y * canvas->width + x]), out);
		fputc('\n', out);
	}
}
