/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line that is typed: a search, a filter, a number, the name of a file. */
#ifndef ROBTRACE_TUI_PROMPT_H
#define ROBTRACE_TUI_PROMPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wchar.h>

#define PROMPT_MAX 120

enum prompt_kind {
	PROMPT_NONE,
	PROMPT_SEARCH,
	PROMPT_FILTER,
	PROMPT_DELAY,
	PROMPT_EXPORT,
};

struct prompt {
	enum prompt_kind kind; /* PROMPT_NONE: nothing is asked */
	wchar_t text[PROMPT_MAX];
	size_t length;
	size_t cursor;
};

enum prompt_end {
	PROMPT_GOES_ON,
	PROMPT_DONE,
	PROMPT_DROPPED,
};

void prompt_open(struct prompt *prompt, enum prompt_kind kind, const char *text);
enum prompt_end prompt_key(struct prompt *prompt, uint32_t key);
/* What was typed, as bytes of the locale; cut to `size`. */
void prompt_text(const struct prompt *prompt, char *text, size_t size);
/* "Search: " */
const char *prompt_label(const struct prompt *prompt);

#endif
