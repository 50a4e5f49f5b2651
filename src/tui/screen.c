/* SPDX-License-Identifier: GPL-2.0-or-later */
#define NCURSES_NOMACROS 1
#include "tui/screen.h"

#include <curses.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "tui/rescue.h"

/* Reads without a key, though poll said there is one, after which the terminal must be gone. */
#define EMPTY_READS_MAX 64

/* Behind an escape the rest of a key's sequence comes within that many ms, or it was Escape. */
#define ESCAPE_DELAY 25

struct screen {
	SCREEN *curses;
	int colors; /* 0: none */
	int empty_reads;
};

/* What a style looks like. Colours: -1 is the terminal's own. */
struct look {
	short foreground;
	attr_t attributes;
};

static const struct look mono[N_STYLES] = {
	[STYLE_NORMAL] = {-1, A_NORMAL},
	[STYLE_DIM] = {-1, A_NORMAL},
	[STYLE_STRONG] = {-1, A_BOLD},
	[STYLE_BAR] = {-1, A_NORMAL},
	[STYLE_TAB] = {-1, A_BOLD | A_UNDERLINE},
	[STYLE_HEAD] = {-1, A_BOLD},
	[STYLE_SORTED] = {-1, A_BOLD | A_UNDERLINE},
	[STYLE_KEY] = {-1, A_BOLD},
	[STYLE_BROKEN] = {-1, A_BOLD},
	[STYLE_DOUBTFUL] = {-1, A_BOLD},
	[STYLE_WANTED] = {-1, A_NORMAL},
	[STYLE_PASSING] = {-1, A_NORMAL},
	[STYLE_CYCLE] = {-1, A_BOLD},
	[STYLE_ALARM] = {-1, A_BOLD | A_REVERSE},
};

static const struct look colors_8[N_STYLES] = {
	[STYLE_NORMAL] = {-1, A_NORMAL},
	[STYLE_DIM] = {-1, A_DIM},
	[STYLE_STRONG] = {-1, A_BOLD},
	[STYLE_BAR] = {-1, A_NORMAL},
	[STYLE_TAB] = {-1, A_BOLD},
	[STYLE_HEAD] = {COLOR_CYAN, A_NORMAL},
	[STYLE_SORTED] = {COLOR_CYAN, A_BOLD},
	[STYLE_KEY] = {COLOR_CYAN, A_NORMAL},
	[STYLE_BROKEN] = {COLOR_RED, A_BOLD},
	[STYLE_DOUBTFUL] = {COLOR_YELLOW, A_BOLD},
	[STYLE_WANTED] = {COLOR_CYAN, A_BOLD},
	[STYLE_PASSING] = {COLOR_GREEN, A_NORMAL},
	[STYLE_CYCLE] = {COLOR_MAGENTA, A_BOLD},
	[STYLE_ALARM] = {COLOR_RED, A_BOLD | A_REVERSE},
};

static const struct look colors_256[N_STYLES] = {
	[STYLE_NORMAL] = {-1, A_NORMAL}, [STYLE_DIM] = {245, A_NORMAL},
	[STYLE_STRONG] = {-1, A_BOLD},   [STYLE_BAR] = {250, A_NORMAL},
	[STYLE_TAB] = {231, A_BOLD},     [STYLE_HEAD] = {110, A_NORMAL},
	[STYLE_SORTED] = {117, A_BOLD},  [STYLE_KEY] = {117, A_NORMAL},
	[STYLE_BROKEN] = {203, A_BOLD},  [STYLE_DOUBTFUL] = {221, A_NORMAL},
	[STYLE_WANTED] = {81, A_BOLD},   [STYLE_PASSING] = {114, A_NORMAL},
	[STYLE_CYCLE] = {213, A_BOLD},   [STYLE_ALARM] = {203, A_BOLD | A_REVERSE},
};

/* Backgrounds, of terminals with 256 colours; others have attributes for them. */
enum ground {
	GROUND_NONE,
	GROUND_BAR,
	GROUND_SELECTED,
	GROUND_CHANGED,
	N_GROUNDS,
};

static const short grounds[N_GROUNDS] = {
	[GROUND_NONE] = -1, [GROUND_BAR] = 236, [GROUND_SELECTED] = 24, [GROUND_CHANGED] = 17};

static const struct look *scheme(const struct screen *screen)
{
	if (!screen->colors)
		return mono;
	return screen->colors >= 256 ? colors_256 : colors_8;
}

static short pair_of(int style, int ground)
{
	return (short)(ground * N_STYLES + style + 1);
}

static void define_colors(struct screen *screen, bool color)
{
	const struct look *looks;

	if (!color || !has_colors() || start_color() == ERR)
		return;
	use_default_colors();
	screen->colors = COLORS;
	looks = scheme(screen);
	for (int ground = 0; ground < (screen->colors >= 256 ? N_GROUNDS : 1); ground++)
		for (int style = 0; style < N_STYLES; style++)
			init_pair(pair_of(style, ground), looks[style].foreground, grounds[ground]);
}

/* A string of terminfo without its notes about delays ("$<5>"). */
static void add_capability(char *farewell, size_t size, const char *name)
{
	char capability[8];
	const char *text;
	size_t used = strlen(farewell);

	snprintf(capability, sizeof(capability), "%s", name);
	text = tigetstr(capability);
	if (!text || text == (const char *)-1)
		return;
	for (; *text && used + 1 < size; text++) {
		if (text[0] == '$' && text[1] == '<' && strchr(text, '>'))
			text = strchr(text, '>');
		else
			farewell[used++] = *text;
	}
	farewell[used] = '\0';
}

static void arm_rescue(void)
{
	/* The mouse is no capability of its own in terminfo; these switch off what may be on. */
	char farewell[512] = "\033[?1006l\033[?1002l\033[?1000l";

	add_capability(farewell, sizeof(farewell), "sgr0");
	add_capability(farewell, sizeof(farewell), "op");
	add_capability(farewell, sizeof(farewell), "cnorm");
	add_capability(farewell, sizeof(farewell), "rmkx");
	add_capability(farewell, sizeof(farewell), "rmcup");
	rescue_arm(farewell, strlen(farewell));
}

/* What keeps this terminal from being used; empty: nothing. */
static void find_trouble(char why[SCREEN_WHY_MAX])
{
	const char *term = getenv("TERM");
	char name[] = "cup";
	const char *cup;
	int status = 0;

	why[0] = '\0';
	if (!term || !*term) {
		snprintf(why, SCREEN_WHY_MAX, "TERM is not set: which terminal is this?");
	} else if (setupterm(NULL, STDOUT_FILENO, &status) == ERR) {
		snprintf(why, SCREEN_WHY_MAX,
			 status < 0 ? "there is no terminfo database here"
				    : "the terminal '%.64s' (TERM) is not known here; try "
				      "TERM=xterm, or install its terminfo entry",
			 term);
	} else {
		cup = tigetstr(name);
		if (!cup || cup == (const char *)-1)
			snprintf(
				why, SCREEN_WHY_MAX,
				"the terminal '%.64s' (TERM) cannot place its cursor; see robtrace "
				"show",
				term);
		del_curterm(cur_term);
	}
}

int screen_open(bool color, struct screen **ret, char why[SCREEN_WHY_MAX])
{
	struct screen *screen = calloc(1, sizeof(*screen));

	if (!screen) {
		snprintf(why, SCREEN_WHY_MAX, "out of memory");
		return -ENOMEM;
	}
	find_trouble(why);
	if (!why[0]) {
		/* The modes that it gives back are those of now. */
		rescue_note();
		screen->curses = newterm(NULL, stdout, stdin);
		if (!screen->curses)
			snprintf(why, SCREEN_WHY_MAX, "the terminal cannot be used");
	}
	if (!screen->curses) {
		free(screen);
		return -ENOTTY;
	}
	arm_rescue();
	set_escdelay(ESCAPE_DELAY);
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	leaveok(stdscr, FALSE);
	define_colors(screen, color);
	mousemask(BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
	mouseinterval(0);
	def_prog_mode();
	*ret = screen;
	return 0;
}

void screen_close(struct screen *screen)
{
	mousemask(0, NULL);
	endwin();
	rescue_disarm();
	delscreen(screen->curses);
	free(screen);
}

void screen_size(const struct screen *screen, int *ret_width, int *ret_height)
{
	(void)screen;
	*ret_width = COLS;
	*ret_height = LINES;
}

void screen_resized(struct screen *screen)
{
	struct winsize size;

	(void)screen;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row && size.ws_col)
		resizeterm(size.ws_row, size.ws_col);
	/* What the terminal has made of the old text is not known, also where the size is as before. */
	clearok(curscr, TRUE);
}

static void set_look(const struct screen *screen, const struct cell *cell)
{
	const struct look *look = &scheme(screen)[cell->style];
	attr_t attributes = look->attributes;
	enum ground ground = GROUND_NONE;
	int style = cell->style;

	if (cell->flags & CELL_BAR)
		ground = GROUND_BAR;
	if (cell->flags & CELL_CHANGED)
		ground = GROUND_CHANGED;
	if (cell->flags & CELL_SELECTED)
		ground = GROUND_SELECTED;
	if (cell->flags & CELL_CHANGED)
		attributes |= A_BOLD;
	if (cell->flags & (CELL_FOUND | CELL_MARKED))
		attributes |= A_UNDERLINE;
	if (cell->flags & CELL_FOUND)
		attributes |= A_BOLD;
	if (screen->colors < 256) {
		if (ground == GROUND_BAR || ground == GROUND_SELECTED)
			attributes |= A_REVERSE;
		ground = GROUND_NONE;
	}
	/* Grey on the bar of the cursor would be hard to read. */
	if (ground == GROUND_SELECTED && style == STYLE_DIM)
		style = STYLE_NORMAL;
	attr_set(attributes, screen->colors ? pair_of(style, (int)ground) : 0, NULL);
}

static void show_row(struct screen *screen, const struct canvas *canvas, int y, wchar_t *text)
{
	const struct cell *row = &canvas->cells[(ptrdiff_t)y * canvas->width];

	for (int x = 0, next; x < canvas->width; x = next) {
		size_t length = 0;

		for (next = x; next < canvas->width && row[next].style == row[x].style &&
			       row[next].flags == row[x].flags;
		     next++)
			for (const wchar_t *from = row[next].text; *from; from++)
				text[length++] = *from;
		text[length] = L'\0';
		set_look(screen, &row[x]);
		mvaddnwstr(y, x, text, (int)length);
	}
}

void screen_show(struct screen *screen, const struct canvas *canvas, bool cursor, int y, int x)
{
	cleanup_free wchar_t *text = calloc((size_t)canvas->width * CELL_CHARACTERS + 1,
					    sizeof(*text));

	if (!text)
		return;
	erase();
	for (int row = 0; row < canvas->height && row < LINES; row++)
		show_row(screen, canvas, row, text);
	curs_set(cursor ? 1 : 0);
	move(y, x);
	refresh();
}

static uint32_t key_of_code(wint_t code)
{
	static const struct {
		int code;
		uint32_t key;
	} codes[] = {
		{KEY_UP, KEY_ARROW_UP},         {KEY_DOWN, KEY_ARROW_DOWN},
		{KEY_LEFT, KEY_ARROW_LEFT},     {KEY_RIGHT, KEY_ARROW_RIGHT},
		{KEY_PPAGE, KEY_PAGE_UP},       {KEY_NPAGE, KEY_PAGE_DOWN},
		{KEY_HOME, KEY_TO_HOME},        {KEY_END, KEY_TO_END},
		{KEY_ENTER, KEY_RETURN},        {KEY_BACKSPACE, KEY_ERASE},
		{KEY_BTAB, KEY_TABULATOR_BACK}, {KEY_F(1), KEY_HELP_1},
	};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if ((wint_t)codes[i].code == code)
			return codes[i].key;
	return 0;
}

static uint32_t key_of_character(wint_t character)
{
	switch (character) {
	case '\r':
	case '\n':
		return KEY_RETURN;
	case '\t':
		return KEY_TABULATOR;
	case '\b':
	case 0x7f:
		return KEY_ERASE;
	case 0x1b:
		return KEY_ESCAPE;
	default:
		return (uint32_t)character;
	}
}

static uint32_t mouse_key(struct key_event *ret)
{
	MEVENT event;

	if (getmouse(&event) == ERR)
		return 0;
	ret->y = event.y;
	ret->x = event.x;
	if (event.bstate & BUTTON4_PRESSED)
		return KEY_WHEEL_UP;
	if (event.bstate & BUTTON5_PRESSED)
		return KEY_WHEEL_DOWN;
	if (event.bstate & BUTTON1_PRESSED)
		return KEY_CLICK;
	return 0;
}

int screen_key(struct screen *screen, struct key_event *ret)
{
	wint_t character;
	int status = get_wch(&character);

	*ret = (struct key_event){0};
	if (status == ERR)
		return ++screen->empty_reads > EMPTY_READS_MAX ? -EIO : 0;
	screen->empty_reads = 0;
	if (status != KEY_CODE_YES)
		ret->key = key_of_character(character);
	else if (character == KEY_MOUSE)
		ret->key = mouse_key(ret);
	else
		ret->key = key_of_code(character);
	return 1;
}

void screen_suspend(struct screen *screen)
{
	(void)screen;
	def_prog_mode();
	endwin();
}

void screen_resume(struct screen *screen)
{
	reset_prog_mode();
	screen_resized(screen);
	screen_redraw(screen);
}

void screen_redraw(struct screen *screen)
{
	(void)screen;
	clearok(curscr, TRUE);
}

void screen_ring(struct screen *screen)
{
	(void)screen;
	beep();
}
