/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One row of a view as pieces of text, each with its meaning; of a table, its cells. */
#ifndef ROBTRACE_TUI_LINE_H
#define ROBTRACE_TUI_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "tui/style.h"

#define LINE_PIECES 20

struct piece {
	enum style style;
	const char *text; /* safe to print */
	bool is_path;     /* its end matters more than its front */
};

struct line {
	struct arena *scratch; /* of the caller; the texts lie there */
	struct piece pieces[LINE_PIECES];
	size_t n;
};

/* Adds a piece; the text is made safe. Without memory, or room, it is not there. */
void line_add(struct line *line, enum style style, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Adds what is safe already and lives as long as the line. */
void line_add_safe(struct line *line, enum style style, const char *text);

/* As these two; what of the text is a path becomes a piece of its own. */
void line_add_path(struct line *line, enum style style, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void line_add_safe_path(struct line *line, enum style style, const char *text);

/* All pieces, with two blanks between where `spaced`. In the scratch arena; "" without memory. */
const char *line_text(const struct line *line, bool spaced);

#endif
