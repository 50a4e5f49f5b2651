/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one table of keys: which request each makes, in which view, and what the help says of it.
 */
#ifndef ROBTRACE_TUI_KEYS_H
#define ROBTRACE_TUI_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Keys that are no characters. Above Unicode, so that a key is one number. */
enum key {
	KEY_FIRST = 0x200000,
	KEY_ARROW_UP,
	KEY_ARROW_DOWN,
	KEY_ARROW_LEFT,
	KEY_ARROW_RIGHT,
	KEY_PAGE_UP,
	KEY_PAGE_DOWN,
	KEY_TO_HOME,
	KEY_TO_END,
	KEY_RETURN,
	KEY_ESCAPE,
	KEY_ERASE,
	KEY_TABULATOR,
	KEY_TABULATOR_BACK,
	KEY_HELP_1,
	KEY_WHEEL_UP,
	KEY_WHEEL_DOWN,
	KEY_CLICK,
};

/* What came from the terminal. */
struct key_event {
	uint32_t key; /* a character or enum key */
	int y;        /* of the mouse */
	int x;
};

#define KEY_CONTROL(letter) ((uint32_t)(letter)&0x1f)

enum request {
	REQUEST_NONE,
	REQUEST_UP,
	REQUEST_DOWN,
	REQUEST_LEFT,
	REQUEST_RIGHT,
	REQUEST_PAGE_UP,
	REQUEST_PAGE_DOWN,
	REQUEST_HOME,
	REQUEST_END,
	REQUEST_OPEN,
	REQUEST_BACK,
	REQUEST_ESCAPE,
	REQUEST_LOCKS,
	REQUEST_THREADS,
	REQUEST_GRAPH,
	REQUEST_PROBLEMS,
	REQUEST_NEXT_VIEW,
	REQUEST_PREVIOUS_VIEW,
	REQUEST_HELP,
	REQUEST_SEARCH,
	REQUEST_NEXT,
	REQUEST_PREVIOUS,
	REQUEST_FILTER,
	REQUEST_SORT,
	REQUEST_REVERSE,
	REQUEST_MARK,
	REQUEST_UNMARK,
	REQUEST_FOLD,
	REQUEST_UNFOLD,
	REQUEST_NEXT_CYCLE,
	REQUEST_PREVIOUS_CYCLE,
	REQUEST_STACKS,
	REQUEST_FREEZE,
	REQUEST_LOOK,
	REQUEST_DELAY,
	REQUEST_EXPORT,
	REQUEST_BELL,
	REQUEST_REDRAW,
};

/* In this order in the title. */
enum view_id {
	VIEW_LOCKS,
	VIEW_THREADS,
	VIEW_GRAPH,
	VIEW_PROBLEMS,
	VIEW_DETAIL,
	VIEW_HELP,
	N_VIEWS,
};

#define N_TABS VIEW_DETAIL

/* REQUEST_NONE for a key that means nothing here. */
enum request keys_request(enum view_id view, uint32_t key);

/* The rows of the help; NULL shown: a heading. false behind the last. */
struct key_help {
	const char *shown;
	const char *help;
};
bool keys_help(size_t index, struct key_help *ret);

/* A key by its name ("down", "pgup", "enter", "^L", or a character of its own); 0: none. */
uint32_t keys_by_name(const char *name);

#endif
