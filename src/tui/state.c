/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/state.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "names.h"
#include "report/escape.h"
#include "snapshot.h"

int state_init(struct tui *tui, int width, int height)
{
	tui->history = history_new();
	tui->n_views = 1;
	tui->views[0] = VIEW_LOCKS;
	state_stale(tui);
	return tui->history ? state_resize(tui, width, height) : -ENOMEM;
}

void state_free(struct tui *tui)
{
	snapshot_free(&tui->picture);
	history_free(tui->history);
	for (size_t i = 0; i < N_VIEWS; i++)
		rows_free(&tui->rows[i]);
	canvas_free(&tui->canvas);
	arena_free(&tui->scratch);
	free(tui->detail_label);
	free(tui->problems);
	free(tui->new_problems);
}

void state_stale(struct tui *tui)
{
	for (size_t i = 0; i < N_VIEWS; i++)
		tui->stale[i] = true;
}

int state_resize(struct tui *tui, int width, int height)
{
	int error = canvas_resize(&tui->canvas, width, height);

	memset(tui->natural, 0, sizeof(tui->natural));
	state_stale(tui);
	return error;
}

struct row_id state_problem_id(const struct tui *tui, size_t index)
{
	const struct problem *problem = &tui->picture.problems[index];
	pid_t least = 0;

	/* Waiters come and go; the lock stays, and of a circle and of a list its threads. */
	if (problem->lock != LOCK_NONE)
		return (struct row_id){problem->kind,
				       history_of(tui->history, problem->lock)->serial, 0};
	for (size_t i = 0; i < problem->n_tids; i++)
		if (!least || problem->tids[i] < least)
			least = problem->tids[i];
	return (struct row_id){problem->kind, 0, (uint64_t)least};
}

bool state_is_new_problem(const struct tui *tui, size_t index)
{
	return tui->new_problems && tui->new_problems[index];
}

/* Compares the problems with those of the picture before, and rings. 0 or -ENOMEM. */
static int note_problems(struct tui *tui)
{
	size_t count = tui->picture.n_problems;
	struct row_id *ids = calloc(count + 1, sizeof(*ids));
	bool *are_new = calloc(count + 1, sizeof(*are_new));

	if (!ids || !are_new) {
		free(ids);
		free(are_new);
		free(tui->new_problems);
		tui->new_problems = NULL;
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++) {
		ids[i] = state_problem_id(tui, i);
		are_new[i] = tui->n_looks > 0;
		for (size_t j = 0; j < tui->n_problems && are_new[i]; j++)
			are_new[i] = !rows_same(&ids[i], &tui->problems[j]);
		tui->orders.ring = tui->orders.ring || (are_new[i] && tui->bell);
	}
	free(tui->problems);
	free(tui->new_problems);
	tui->problems = ids;
	tui->n_problems = count;
	tui->new_problems = are_new;
	return 0;
}

int state_take(struct tui *tui, struct tui_look *look)
{
	int error = history_note(tui->history, &look->snapshot, look->now_ns);

	if (error)
		return error;
	snapshot_free(&tui->picture);
	tui->picture = look->snapshot;
	look->snapshot = (struct snapshot){0};
	tui->has_picture = true;
	tui->trouble = NULL;
	tui->now_ns = look->now_ns;
	tui->wall = look->wall;
	error = note_problems(tui);
	tui->n_looks++;
	if (look->has_stacks)
		tui->stacks_seen = tui->n_looks;
	state_stale(tui);
	return error;
}

void state_fail(struct tui *tui, const char *why)
{
	tui->trouble = why;
}

struct tui_wish state_wish(struct tui *tui)
{
	size_t index = LOCK_NONE;
	const struct lock *lock;
	size_t count = 0;

	if (!tui->stacks || state_view(tui) != VIEW_DETAIL || !tui->has_picture ||
	    !history_find(tui->history, tui->detail_serial, &index) || index == LOCK_NONE)
		return (struct tui_wish){0};
	lock = &tui->picture.locks[index];
	if (lock->owner_tid)
		tui->stack_tids[count++] = lock->owner_tid;
	for (size_t i = 0; i < lock->n_waiters && count < STACK_TIDS_MAX; i++)
		tui->stack_tids[count++] = tui->picture.tasks[lock->waiters[i].task].tid;
	return (struct tui_wish){.stack_tids = tui->stack_tids, .n_stack_tids = count};
}

enum view_id state_view(const struct tui *tui)
{
	return tui->views[tui->n_views - 1];
}

void state_open(struct tui *tui, enum view_id view)
{
	for (size_t i = 0; i < tui->n_views; i++)
		if (tui->views[i] == view) {
			tui->n_views = i + 1;
			return;
		}
	/* Each is there once, so there is room for all. */
	tui->views[tui->n_views++] = view;
	tui->stale[view] = true;
}

void state_open_lock(struct tui *tui, size_t lock)
{
	char label[LABEL_MAX];
	char *copy;

	name_lock(&tui->picture.locks[lock], label);
	copy = escape_text(label);
	if (!copy)
		return;
	free(tui->detail_label);
	tui->detail_label = copy;
	if (tui->detail_serial != history_of(tui->history, lock)->serial) {
		tui->detail_serial = history_of(tui->history, lock)->serial;
		rows_free(&tui->rows[VIEW_DETAIL]);
	}
	tui->stale[VIEW_DETAIL] = true;
	state_open(tui, VIEW_DETAIL);
	if (tui->stacks)
		tui->orders.look = true;
}

void state_say(struct tui *tui, bool is_alarm, const char *format, ...)
{
	cleanup_free char *safe = NULL;
	va_list args;

	va_start(args, format);
	safe = escape_vformat(format, args);
	va_end(args);
	snprintf(tui->message, sizeof(tui->message), "%s", safe ? safe : "out of memory");
	tui->is_alarm = is_alarm;
}

bool state_is_marked(const struct tui *tui, const struct row_id *id)
{
	for (size_t i = 0; i < tui->n_marks; i++)
		if (rows_same(&tui->marks[i], id))
			return true;
	return false;
}

enum style state_style(enum futex_state state)
{
	static const enum style styles[] = {
		[GRADE_NORMAL] = STYLE_NORMAL,   [GRADE_FREE] = STYLE_DIM,
		[GRADE_PASSING] = STYLE_PASSING, [GRADE_DOUBTFUL] = STYLE_DOUBTFUL,
		[GRADE_BROKEN] = STYLE_BROKEN,
	};

	return styles[name_grade(state)];
}

uint64_t state_held_ns(const struct tui *tui, size_t lock)
{
	const struct lock_past *past = history_of(tui->history, lock);
	uint64_t kept_ns = history_kept_ns(tui->history, &tui->picture, lock, tui->now_ns);

	if (!past->owner)
		return 0;
	return kept_ns > tui->now_ns - past->owner_since_ns ? kept_ns
							    : tui->now_ns - past->owner_since_ns;
}

void state_held(const struct tui *tui, size_t lock, char *text, size_t size)
{
	uint64_t held_ns = state_held_ns(tui, lock);
	uint64_t kept_ns = history_kept_ns(tui->history, &tui->picture, lock, tui->now_ns);
	char duration[LABEL_MAX];

	text[0] = '\0';
	if (!history_of(tui->history, lock)->owner)
		return;
	name_duration(held_ns, duration);
	snprintf(text, size, "%s%.20s", kept_ns < held_ns || !kept_ns ? "~" : "", duration);
}

bool state_shows_lock(const struct tui *tui, size_t lock)
{
	const struct lock *one = &tui->picture.locks[lock];

	return one->selected && one->sort == LOCK_ROBUST &&
	       filter_lock(&tui->filter, &tui->picture, one);
}

struct row_id state_lock_id(const struct tui *tui, size_t lock)
{
	return (struct row_id){.a = history_of(tui->history, lock)->serial};
}
