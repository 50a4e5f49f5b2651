/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All that the interface knows: the picture, the history of its locks, where the cursor is. What
 * keys and pictures do to it, and how it is drawn, is here, without a terminal or a clock.
 */
#ifndef ROBTRACE_TUI_STATE_H
#define ROBTRACE_TUI_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "history.h"
#include "model.h"
#include "tui.h"
#include "tui/canvas.h"
#include "tui/filter.h"
#include "tui/keys.h"
#include "tui/line.h"
#include "tui/prompt.h"
#include "tui/rows.h"

/* Views one behind the other; more cannot be opened. */
#define VIEWS_MAX 8
#define MARKS_MAX 64
#define FOLDS_MAX 256
#define MESSAGE_MAX 256

/* At most these are asked for: owner and waiters of one lock. */
#define STACK_TIDS_MAX 33

/* What the loop has to do after a key. */
struct tui_orders {
	bool quit;
	bool look;      /* take a picture now */
	bool new_delay; /* delay_ns is another */
	bool redraw;    /* the terminal may show anything */
	bool ring;
};

struct tui {
	/* The picture that is shown. */
	struct snapshot picture;
	bool has_picture;
	const char *trouble; /* why there is none, or why the last look failed */
	struct history *history;
	uint64_t now_ns; /* of this one, CLOCK_MONOTONIC */
	time_t wall;     /* when that was */
	bool utc;        /* how the time of day is told */
	uint64_t n_looks;

	const char *selection; /* what is looked at, for the title */
	uint64_t delay_ns;
	bool frozen;
	bool bell;
	bool stacks;          /* in the view of a lock */
	uint64_t stacks_seen; /* n_looks of the last picture that was taken with stacks */

	enum view_id views[VIEWS_MAX]; /* the last is shown, the others are behind it */
	size_t n_views;
	struct rows rows[N_VIEWS];
	bool stale[N_VIEWS]; /* rows must be made anew before they are drawn */
	struct canvas canvas;
	struct arena scratch; /* for one drawing */

	struct filter filter;
	char search[FILTER_MAX];
	struct prompt prompt;
	char message[MESSAGE_MAX];
	bool is_alarm;

	struct row_id marks[MARKS_MAX];
	size_t n_marks;
	struct row_id folds[FOLDS_MAX]; /* folded, or unfolded where fold_all */
	size_t n_folds;
	bool fold_all;

	/* Of the view of locks: */
	size_t sort_column; /* 0: by urgency, else a column, counted from 1 */
	bool reverse;
	int widths[LINE_PIECES];  /* of its columns, as drawn */
	int natural[LINE_PIECES]; /* the widest that was seen: columns do not jump */

	size_t cycle; /* which the graph is to show, once, where wants_cycle */
	bool wants_cycle;

	uint64_t detail_serial; /* the lock whose view is open */
	char *detail_label;     /* malloced */
	pid_t stack_tids[STACK_TIDS_MAX];
	size_t n_stack_tids;

	struct row_id *problems; /* of the picture before; malloced */
	size_t n_problems;
	bool *new_problems; /* beside picture.problems; malloced */

	struct tui_orders orders; /* the loop clears them */
};

/* 0 or -ENOMEM; state_free gives back what there is either way. */
int state_init(struct tui *tui, int width, int height);
void state_free(struct tui *tui);

/* A picture and when it was taken. */
struct tui_look {
	struct snapshot snapshot;
	uint64_t now_ns; /* CLOCK_MONOTONIC */
	time_t wall;
	bool has_stacks; /* it was to have stacks */
};

/* Takes over the snapshot. 0 or -ENOMEM. */
int state_take(struct tui *tui, struct tui_look *look);
/* A look failed; `why` lives as long as the interface. */
void state_fail(struct tui *tui, const char *why);
/* What the next picture has to have. */
struct tui_wish state_wish(struct tui *tui);
int state_resize(struct tui *tui, int width, int height);

/* For views: */

enum view_id state_view(const struct tui *tui);
/* Shows the view; one that is open already comes to the front, without what is before it. */
void state_open(struct tui *tui, enum view_id view);
/* The view of the lock, which is in the picture. */
void state_open_lock(struct tui *tui, size_t lock);
/* Rows are made anew before they are drawn. */
void state_stale(struct tui *tui);
void state_say(struct tui *tui, bool is_alarm, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
bool state_is_marked(const struct tui *tui, const struct row_id *id);
enum style state_style(enum futex_state state);
/* "00:03:12", "~00:00:05" where looks agree but nothing proves it, "" when nobody has it. */
void state_held(const struct tui *tui, size_t lock, char *text, size_t size);
/* In ns, for sorting. */
uint64_t state_held_ns(const struct tui *tui, size_t lock);
/* The lock is one that rows are made of: asked for, robust, not filtered out. */
bool state_shows_lock(const struct tui *tui, size_t lock);
struct row_id state_lock_id(const struct tui *tui, size_t lock);
/* Whether problems[index] was not in the picture before. */
bool state_is_new_problem(const struct tui *tui, size_t index);
struct row_id state_problem_id(const struct tui *tui, size_t index);

#endif
