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

void line_add(struct line *line, enum style style, const char *format, ...)
{
	cleanup_free char *safe = NULL;
	const char *copy;
	va_list args;

	va_start(args, format);
	safe = escape_vformat(format, args);
	va_end(args);
	copy = safe ? arena_strdup(line->scratch, safe) : NULL;
	line_add_safe(line, style, copy ? copy : "");
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
