/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/line.h"

#include <stdarg.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/escape.h"

void line_add_safe(struct line *line, enum style style, const char *text)
{
	if (line->n < LINE_PIECES)
		line->pieces[line->n++] = (struct piece){.style = style, .text = text};
}

/* Formatted, safe and copied; "" without memory. */
static const char *make(struct line *line, const char *format, va_list args)
{
	cleanup_free char *safe = escape_vformat(format, args);
	const char *copy = safe ? arena_strdup(line->scratch, safe) : NULL;

	return copy ? copy : "";
}

void line_add(struct line *line, enum style style, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	line_add_safe(line, style, make(line, format, args));
	va_end(args);
}

void line_add_path(struct line *line, enum style style, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	line_add_safe_path(line, style, make(line, format, args));
	va_end(args);
}

void line_add_safe_path(struct line *line, enum style style, const char *text)
{
	const char *blank = *text == '/' ? NULL : strstr(text, " /");
	bool has_path = *text == '/' || blank;
	char *copy = has_path ? arena_strdup(line->scratch, text) : NULL;
	char *front = has_path ? arena_strdup(line->scratch, text) : NULL;
	char *path;
	char *end;

	if (!copy || !front) {
		line_add_safe(line, style, text);
		return;
	}
	path = copy + (blank ? blank + 1 - text : 0);
	front[path - copy] = '\0';
	/* What follows is set off by two blanks. */
	end = strstr(path, "  ");
	line_add_safe(line, style, front);
	line_add_safe(line, style, path);
	if (line->pieces[line->n - 1].text == path)
		line->pieces[line->n - 1].is_path = true;
	if (!end)
		return;
	*end = '\0';
	line_add_safe(line, style, text + (end - copy));
}

const char *line_text(const struct line *line, bool spaced)
{
	size_t size = 1;
	char *text;
	char *end;

	for (size_t i = 0; i < line->n; i++)
		size += strlen(line->pieces[i].text) + 2;
	text = arena_alloc(line->scratch, size);
	if (!text)
		return "";
	end = text;
	for (size_t i = 0; i < line->n; i++) {
		end = stpcpy(end, line->pieces[i].text);
		end = stpcpy(end, spaced ? "  " : "");
	}
	return text;
}
