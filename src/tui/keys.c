/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/keys.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define KEYS_EACH 4

/* Bits of enum view_id. */
#define IN(view) (1u << (view))
#define EVERYWHERE (IN(N_VIEWS) - 1u)

struct key_row {
	unsigned views;
	enum request request; /* REQUEST_NONE: a heading of the help */
	uint32_t keys[KEYS_EACH];
	const char *shown; /* NULL: the help does not show it */
	const char *help;
};

static const struct key_row rows[] = {
	{0, REQUEST_NONE, {0}, NULL, "Moving"},
	{EVERYWHERE, REQUEST_UP, {'k', KEY_ARROW_UP, KEY_WHEEL_UP}, "Up k", "one row up"},
	{EVERYWHERE, REQUEST_DOWN, {'j', KEY_ARROW_DOWN, KEY_WHEEL_DOWN}, "Down j", "one row down"},
	{EVERYWHERE,
	 REQUEST_LEFT,
	 {'h', KEY_ARROW_LEFT},
	 "Left h",
	 "threads: fold; elsewhere: scroll to the left"},
	{EVERYWHERE,
	 REQUEST_RIGHT,
	 {'l', KEY_ARROW_RIGHT},
	 "Right l",
	 "threads: unfold; elsewhere: scroll to the right, to what did not fit"},
	{EVERYWHERE,
	 REQUEST_PAGE_UP,
	 {KEY_PAGE_UP, KEY_CONTROL('b'), KEY_CONTROL('u')},
	 "PgUp ^B",
	 "a screen up"},
	{EVERYWHERE,
	 REQUEST_PAGE_DOWN,
	 {KEY_PAGE_DOWN, KEY_CONTROL('f'), KEY_CONTROL('d')},
	 "PgDn ^F",
	 "a screen down"},
	{EVERYWHERE, REQUEST_HOME, {KEY_TO_HOME}, "Home", "to the first row"},
	{EVERYWHERE, REQUEST_END, {KEY_TO_END, 'G'}, "End G", "to the last row"},
	{EVERYWHERE,
	 REQUEST_OPEN,
	 {KEY_RETURN},
	 "Enter",
	 "the lock, its waiters, its history; also a click on the chosen row"},
	{EVERYWHERE, REQUEST_BACK, {'q'}, "q Esc", "back; q in the first view: leave"},
	{EVERYWHERE, REQUEST_ESCAPE, {KEY_ESCAPE}, NULL, NULL},
	{0, REQUEST_NONE, {0}, NULL, "Views"},
	{EVERYWHERE, REQUEST_LOCKS, {'1'}, "1", "locks, contended and broken ones first"},
	{EVERYWHERE,
	 REQUEST_THREADS,
	 {'2', 't'},
	 "2 t",
	 "threads, their lists and what is on them"},
	{EVERYWHERE, REQUEST_GRAPH, {'3', 'g'}, "3 g", "graph: who waits for whom"},
	{EVERYWHERE, REQUEST_PROBLEMS, {'4', 'p'}, "4 p", "problems, and what to do"},
	{EVERYWHERE, REQUEST_NEXT_VIEW, {KEY_TABULATOR}, "Tab", "the next view"},
	{EVERYWHERE, REQUEST_PREVIOUS_VIEW, {KEY_TABULATOR_BACK}, NULL, NULL},
	{EVERYWHERE, REQUEST_HELP, {'?', KEY_HELP_1}, "? F1", "this text"},
	{0, REQUEST_NONE, {0}, NULL, "Finding"},
	{EVERYWHERE, REQUEST_SEARCH, {'/'}, "/", "search in the rows"},
	{EVERYWHERE, REQUEST_NEXT, {'n'}, "n", "the next row found"},
	{EVERYWHERE, REQUEST_PREVIOUS, {'N'}, "N", "the one before"},
	{EVERYWHERE,
	 REQUEST_FILTER,
	 {'&'},
	 "&",
	 "show only what has all words: pid:N file:TEXT state:NAME or any text"},
	{IN(VIEW_LOCKS), REQUEST_SORT, {'s'}, "s", "locks: sort by the next column"},
	{IN(VIEW_LOCKS), REQUEST_REVERSE, {'S'}, "S", "locks: the other way round"},
	{EVERYWHERE, REQUEST_MARK, {' '}, "Space", "mark the row; marked locks stay on top"},
	{EVERYWHERE, REQUEST_UNMARK, {'U'}, "U", "unmark all"},
	{IN(VIEW_THREADS), REQUEST_FOLD, {'-'}, "-", "threads: fold all"},
	{IN(VIEW_THREADS), REQUEST_UNFOLD, {'+', '='}, "+", "threads: unfold all"},
	{EVERYWHERE, REQUEST_NEXT_CYCLE, {'c'}, "c", "graph: the next circle of waits"},
	{EVERYWHERE, REQUEST_PREVIOUS_CYCLE, {'C'}, "C", "graph: the one before"},
	{0, REQUEST_NONE, {0}, NULL, "Doing"},
	{EVERYWHERE,
	 REQUEST_STACKS,
	 {'K'},
	 "K",
	 "stacks: where owner and waiters stand in the code"},
	{EVERYWHERE, REQUEST_FREEZE, {'f'}, "f", "freeze the picture, and let it go on"},
	{EVERYWHERE, REQUEST_LOOK, {'r'}, "r", "look now"},
	{EVERYWHERE, REQUEST_DELAY, {'d'}, "d", "seconds between two looks"},
	{EVERYWHERE, REQUEST_EXPORT, {'e'}, "e", "write this picture as JSON into a file"},
	{EVERYWHERE, REQUEST_BELL, {'b'}, "b", "ring when a new problem is seen, or do not"},
	{EVERYWHERE, REQUEST_REDRAW, {KEY_CONTROL('l')}, "^L", "draw the screen anew"},
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

static const struct {
	const char *name;
	uint32_t key;
} names[] = {
	{"up", KEY_ARROW_UP},
	{"down", KEY_ARROW_DOWN},
	{"left", KEY_ARROW_LEFT},
	{"right", KEY_ARROW_RIGHT},
	{"pgup", KEY_PAGE_UP},
	{"pgdn", KEY_PAGE_DOWN},
	{"home", KEY_TO_HOME},
	{"end", KEY_TO_END},
	{"enter", KEY_RETURN},
	{"esc", KEY_ESCAPE},
	{"backspace", KEY_ERASE},
	{"tab", KEY_TABULATOR},
	{"backtab", KEY_TABULATOR_BACK},
	{"f1", KEY_HELP_1},
	{"wheelup", KEY_WHEEL_UP},
	{"wheeldown", KEY_WHEEL_DOWN},
	{"space", ' '},
};

enum request keys_request(enum view_id view, uint32_t key)
{
	for (size_t i = 0; i < N_ROWS; i++)
		for (size_t j = 0; j < KEYS_EACH && rows[i].keys[j]; j++)
			if (rows[i].keys[j] == key && rows[i].views & IN(view))
				return rows[i].request;
	return REQUEST_NONE;
}

bool keys_help(size_t index, struct key_help *ret)
{
	for (size_t i = 0; i < N_ROWS; i++) {
		if (!rows[i].help || index--)
			continue;
		*ret = (struct key_help){.shown = rows[i].shown, .help = rows[i].help};
		return true;
	}
	return false;
}

uint32_t keys_by_name(const char *name)
{
	wchar_t wide[3] = {0};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i].name, name) == 0)
			return names[i].key;
	if (name[0] == '^' && name[1] >= '@' && name[1] <= '_' && !name[2])
		return KEY_CONTROL(name[1]);
	return mbstowcs(wide, name, 2) == 1 ? (uint32_t)wide[0] : 0;
}
