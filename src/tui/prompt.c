/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/prompt.h"

#include <stdlib.h>
#include <string.h>
#include <wctype.h>

#include "tui/keys.h"

void prompt_open(struct prompt *prompt, enum prompt_kind kind, const char *text)
{
	size_t length;

	*prompt = (struct prompt){.kind = kind};
	length = mbstowcs(prompt->text, text, PROMPT_MAX - 1);
	/* What is no text in this locale is not offered again. */
	prompt->length = length == (size_t)-1 ? 0 : length;
	prompt->cursor = prompt->length;
}

static void erase(struct prompt *prompt, size_t from, size_t count)
{
	memmove(&prompt->text[from], &prompt->text[from + count],
		(prompt->length - from - count) * sizeof(prompt->text[0]));
	prompt->length -= count;
	prompt->cursor = from;
}

static void insert(struct prompt *prompt, wchar_t character)
{
	if (prompt->length >= PROMPT_MAX - 1 || !iswprint((wint_t)character))
		return;
	memmove(&prompt->text[prompt->cursor + 1], &prompt->text[prompt->cursor],
		(prompt->length - prompt->cursor) * sizeof(prompt->text[0]));
	prompt->text[prompt->cursor++] = character;
	prompt->length++;
}

enum prompt_end prompt_key(struct prompt *prompt, uint32_t key)
{
	switch (key) {
	case KEY_RETURN:
		return PROMPT_DONE;
	case KEY_ESCAPE:
		return PROMPT_DROPPED;
	case KEY_ERASE:
		/* Back beyond the beginning: nothing is to be typed after all. */
		if (!prompt->length)
			return PROMPT_DROPPED;
		if (prompt->cursor)
			erase(prompt, prompt->cursor - 1, 1);
		break;
	case KEY_CONTROL('u'):
		erase(prompt, 0, prompt->cursor);
		break;
	case KEY_CONTROL('a'):
	case KEY_TO_HOME:
		prompt->cursor = 0;
		break;
	case KEY_CONTROL('e'):
	case KEY_TO_END:
		prompt->cursor = prompt->length;
		break;
	case KEY_ARROW_LEFT:
		prompt->cursor -= prompt->cursor > 0;
		break;
	case KEY_ARROW_RIGHT:
		prompt->cursor += prompt->cursor < prompt->length;
		break;
	default:
		if (key >= ' ' && key < KEY_FIRST)
			insert(prompt, (wchar_t)key);
	}
	return PROMPT_GOES_ON;
}

void prompt_text(const struct prompt *prompt, char *text, size_t size)
{
	wchar_t wide[PROMPT_MAX];
	size_t length;

	wmemcpy(wide, prompt->text, prompt->length);
	wide[prompt->length] = L'\0';
	length = wcstombs(text, wide, size - 1);
	text[length == (size_t)-1 ? 0 : length] = '\0';
}

const char *prompt_label(const struct prompt *prompt)
{
	static const char *const labels[] = {
		[PROMPT_NONE] = "",
		[PROMPT_SEARCH] = "Search: ",
		[PROMPT_FILTER] = "Filter: ",
		[PROMPT_DELAY] = "Seconds between two looks: ",
		[PROMPT_EXPORT] = "Write JSON to: ",
	};

	return labels[prompt->kind];
}
