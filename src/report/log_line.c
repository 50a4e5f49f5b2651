/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/log_line.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "report/escape.h"

static void append(struct log_line *line, const char *text, size_t length)
{
	if (vec_reserve(&line->text, line->length, &line->capacity, length, 1)) {
		line->failed = true;
		return;
	}
	memcpy(line->text + line->length, text, length);
	line->length += length;
}

void log_line_add(struct log_line *line, const char *format, ...)
{
	cleanup_free char *text = NULL;
	va_list args;
	int length;

	va_start(args, format);
	length = vasprintf(&text, format, args);
	va_end(args);
	if (length < 0) {
		text = NULL;
		line->failed = true;
		return;
	}
	append(line, text, (size_t)length);
	line->column += (size_t)length;
}

void log_line_escaped(struct log_line *line, const char *text)
{
	cleanup_free char *safe = escape_text(text);

	if (safe)
		log_line_add(line, "%s", safe);
	else
		line->failed = true;
}

void log_line_pad(struct log_line *line, size_t column)
{
	if (line->column < column)
		log_line_add(line, "%*s", (int)(column - line->column), "");
}

void log_line_color(struct log_line *line, enum log_color color)
{
	static const char *const codes[] = {
		[LOG_PLAIN] = "\033[0m",   [LOG_ERROR] = "\033[31m", [LOG_DEATH] = "\033[33m",
		[LOG_LOST] = "\033[1;31m", [LOG_QUIET] = "\033[2m",
	};

	if (line->color)
		append(line, codes[color], strlen(codes[color]));
}

void log_line_end(struct log_line *line)
{
	append(line, "\n", 1);
	line->column = 0;
}

void log_line_clear(struct log_line *line)
{
	line->length = 0;
	line->failed = false;
}
