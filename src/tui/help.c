/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keys, from their table, and what the signs mean. */
#include <errno.h>
#include <stdio.h>

#include "tui/view.h"

static const char *const signs[] = {
	"00:03:12   held for so long, for sure: those who wait, or its owner, slept all the time",
	"~00:03:12  the same owner at every look; between two it may have been given back",
	"WAIT       threads that wait for it",
	"bold       other than in the picture before",
	"(a hint)   an ordinary lock, whose owner is a note of the libc",
};

static int add_keys(struct rows *rows)
{
	struct key_help help;
	char text[256];

	for (size_t i = 0; keys_help(i, &help); i++) {
		if (!help.shown && i && !rows_add_text(rows, STYLE_NORMAL, ""))
			return -ENOMEM;
		if (help.shown)
			snprintf(text, sizeof(text), "  %-9s %s", help.shown, help.help);
		else
			snprintf(text, sizeof(text), "%s", help.help);
		if (!rows_add_text(rows, help.shown ? STYLE_NORMAL : STYLE_STRONG, text))
			return -ENOMEM;
	}
	return 0;
}

static int help_build(struct tui *tui, struct rows *rows)
{
	int error = add_keys(rows);
	char text[256];

	(void)tui;
	if (!error &&
	    (!rows_add_text(rows, STYLE_NORMAL, "") || !rows_add_text(rows, STYLE_STRONG, "Signs")))
		error = -ENOMEM;
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]) && !error; i++) {
		snprintf(text, sizeof(text), "  %s", signs[i]);
		if (!rows_add_text(rows, STYLE_NORMAL, text))
			error = -ENOMEM;
	}
	for (size_t i = 0; i < rows->n; i++)
		rows->items[i].id.a = i;
	return error;
}

const struct view_ops help_view = {
	.name = "help",
	.build = help_build,
	.is_pager = true,
	.nothing = "",
	.hint = "q:back",
};
