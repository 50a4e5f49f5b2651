/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The locks, a row each: what is broken or wanted first. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "names.h"
#include "report/columns.h"
#include "tui/view.h"

enum column_id {
	COLUMN_NAME,
	COLUMN_STATE,
	COLUMN_OWNER,
	COLUMN_HELD,
	COLUMN_WAIT,
	COLUMN_WHERE,
	COLUMN_DOING,
	COLUMN_PROCESS,
	COLUMN_WAITERS,
	N_COLUMNS,
};

static const struct table_column locks_columns[N_COLUMNS] = {
	[COLUMN_NAME] = {.name = "LOCK", .min = 4, .want = 11, .drop = 2},
	[COLUMN_STATE] = {.name = "STATE"},
	[COLUMN_OWNER] = {.name = "OWNER", .min = 7, .want = 12},
	[COLUMN_HELD] = {.name = "HELD FOR", .drop = 3},
	[COLUMN_WAIT] = {.name = "WAIT", .right = true},
	[COLUMN_WHERE] = {.name = "WHERE", .min = 12, .want = 24, .keep_tail = true},
	[COLUMN_DOING] = {.name = "OWNER IS", .min = 8, .want = 12, .drop = 4},
	[COLUMN_PROCESS] = {.name = "PROCESS", .min = 8, .want = 14, .drop = 5},
	[COLUMN_WAITERS] = {.name = "WAITERS", .min = 8, .want = 20, .drop = 6},
};

/* Broken locks and those of a problem first, then those that somebody waits for, then the rest. */
static unsigned urgency(const struct lock *lock, bool is_problem)
{
	if (is_problem)
		return lock->n_waiters ? 0 : 2;
	switch (lock->state) {
	case FUTEX_ORPHAN:
	case FUTEX_OWNER_DIED:
	case FUTEX_NOT_RECOVERABLE:
	case FUTEX_INCONSISTENT:
		return lock->n_waiters ? 0 : 2;
	case FUTEX_FREE:
		return 4;
	default:
		return lock->n_waiters ? 1 : 3;
	}
}

static int compare_numbers(uint64_t left, uint64_t right)
{
	return (left > right) - (left < right);
}

static int compare_texts(const char *left, const char *right)
{
	/* What has no name comes behind what has one. */
	if (!left || !right)
		return (left == NULL) - (right == NULL);
	return strcmp(left, right);
}

static int compare_doing(const struct tui *tui, const struct lock *a, const struct lock *b)
{
	char left[LABEL_MAX] = "";
	char right[LABEL_MAX] = "";

	if (a->owner != SIZE_MAX)
		name_task_note(&tui->picture.tasks[a->owner], left);
	if (b->owner != SIZE_MAX)
		name_task_note(&tui->picture.tasks[b->owner], right);
	return strcmp(left, right);
}

/* Many waiters and long holds come first, names from a to z. */
static int compare_by(const struct tui *tui, size_t column, const struct row *a_row,
		      const struct row *b_row)
{
	size_t left = a_row->index;
	size_t right = b_row->index;
	const struct lock *a = &tui->picture.locks[left];
	const struct lock *b = &tui->picture.locks[right];

	switch (column) {
	case COLUMN_NAME:
		return compare_texts(a->name, b->name);
	case COLUMN_STATE:
		return compare_texts(name_of_state(a->state), name_of_state(b->state));
	case COLUMN_OWNER:
		return compare_numbers((uint64_t)a->owner_tid, (uint64_t)b->owner_tid);
	case COLUMN_HELD:
		return compare_numbers(state_held_ns(tui, right), state_held_ns(tui, left));
	case COLUMN_WAIT:
	case COLUMN_WAITERS:
		return compare_numbers(b->n_waiters, a->n_waiters);
	case COLUMN_WHERE:
		return compare_texts(a->place.path, b->place.path);
	case COLUMN_DOING:
		return compare_doing(tui, a, b);
	case COLUMN_PROCESS:
		return compare_numbers((uint64_t)a->pid, (uint64_t)b->pid);
	default:
		if (a_row->part != b_row->part)
			return compare_numbers(a_row->part, b_row->part);
		return compare_numbers(b->n_waiters, a->n_waiters);
	}
}

static int compare_rows(const void *left, const void *right, void *context)
{
	const struct tui *tui = context;
	const struct row *a = left;
	const struct row *b = right;
	size_t column = tui->sort_column ? tui->sort_column - 1 : N_COLUMNS;
	int order;

	if (a->marked != b->marked)
		return a->marked ? -1 : 1;
	order = compare_by(tui, column, a, b);
	if (order)
		return tui->reverse ? -order : order;
	/* Of equal rank: as they stand in the picture, by place. */
	return compare_numbers(a->index, b->index);
}

/* One bool a lock: whether a problem is about it. Malloced; NULL without memory. */
static bool *locks_of_problems(const struct snapshot *picture)
{
	bool *found = calloc(picture->n_locks + 1, sizeof(*found));

	for (size_t i = 0; found && i < picture->n_problems; i++)
		if (picture->problems[i].lock != LOCK_NONE)
			found[picture->problems[i].lock] = true;
	for (size_t i = 0; found && i < picture->n_cycles; i++)
		for (size_t j = 0; j < picture->cycles[i].n; j++)
			found[picture->tasks[picture->cycles[i].tasks[j]].waits[0].lock] = true;
	return found;
}

static int locks_build(struct tui *tui, struct rows *rows)
{
	cleanup_free bool *is_problem = locks_of_problems(&tui->picture);

	if (!is_problem)
		return -ENOMEM;
	for (size_t i = 0; i < tui->picture.n_locks; i++) {
		struct row *row;

		if (!state_shows_lock(tui, i))
			continue;
		row = rows_add(rows);
		if (!row)
			return -ENOMEM;
		row->id = state_lock_id(tui, i);
		row->index = i;
		row->part = urgency(&tui->picture.locks[i], is_problem[i]);
		row->lock = i;
		row->changed = history_of(tui->history, i)->changed;
		row->marked = state_is_marked(tui, &row->id);
	}
	if (rows->n)
		qsort_r(rows->items, rows->n, sizeof(*rows->items), compare_rows, tui);
	return 0;
}

/* What show has in a column. */
static void add_shown(struct line *line, const struct futex_view *view, const char *column,
		      enum style style)
{
	struct value value = column_find(column, strlen(column))->get(view);
	char *text = value_take_text(&value);

	line_add(line, style, "%s", text ? text : "");
	free(text);
}

static bool is_stopped(const struct task *task)
{
	return task->state == 'T' || task->state == 't';
}

/* What an owner does has a column of its own; that it is stopped must be seen. */
static void add_owner(const struct tui *tui, const struct futex_view *view, enum style style,
		      struct line *line)
{
	const struct task *owner;
	char label[LABEL_MAX];

	if (view->lock->owner == SIZE_MAX) {
		add_shown(line, view, "OWNER", view->lock->owner_tid ? STYLE_NORMAL : style);
		return;
	}
	owner = &tui->picture.tasks[view->lock->owner];
	name_task(owner, label);
	line_add(line, is_stopped(owner) ? STYLE_DOUBTFUL : STYLE_NORMAL, "%s%s", label,
		 is_stopped(owner) ? " (stopped)" : "");
}

static void add_doing(const struct tui *tui, const struct lock *lock, struct line *line)
{
	char note[LABEL_MAX] = "";

	if (lock->owner != SIZE_MAX)
		name_task_note(&tui->picture.tasks[lock->owner], note);
	line_add(line, STYLE_DIM, "%s", note);
}

static void add_where(const struct lock *lock, struct line *line)
{
	char label[LABEL_MAX];

	name_place(&lock->place, lock->pid, lock->address, label);
	line_add(line, STYLE_NORMAL, "%s", label);
}

static int compare_pids(const void *key, const void *element)
{
	const struct task *task = element;
	pid_t pid = *(const pid_t *)key;

	if (pid == task->pid && task->tid == task->pid)
		return 0;
	if (pid == task->pid)
		return -1;
	return pid < task->pid ? -1 : 1;
}

/* A process that maps it. */
static void add_process(const struct tui *tui, const struct lock *lock, struct line *line)
{
	const struct task *task = NULL;

	if (tui->picture.n_tasks)
		task = bsearch(&lock->pid, tui->picture.tasks, tui->picture.n_tasks, sizeof(*task),
			       compare_pids);
	line_add(line, STYLE_DIM, "%d%s%s", lock->pid, task ? " " : "", task ? task->comm : "");
}

/* Whether the lock is what a thread of a circle waits for. */
static bool is_in_cycle(const struct tui *tui, size_t lock)
{
	const struct snapshot *picture = &tui->picture;

	for (size_t i = 0; i < picture->n_cycles; i++)
		for (size_t j = 0; j < picture->cycles[i].n; j++)
			if (picture->tasks[picture->cycles[i].tasks[j]].waits[0].lock == lock)
				return true;
	return false;
}

static enum style style_of(const struct tui *tui, size_t lock)
{
	const struct lock *one = &tui->picture.locks[lock];
	enum style style = state_style(one->state);

	if (style != STYLE_NORMAL)
		return style;
	if (is_in_cycle(tui, lock))
		return STYLE_CYCLE;
	return one->n_waiters ? STYLE_WANTED : STYLE_NORMAL;
}

static void locks_line(const struct tui *tui, const struct row *row, struct line *line)
{
	const struct lock *lock = &tui->picture.locks[row->lock];
	const struct futex_view view = {.snapshot = &tui->picture, .lock = lock, .pid = lock->pid};
	enum style style = style_of(tui, row->lock);
	enum style wanted = lock->n_waiters ? STYLE_WANTED : STYLE_DIM;
	char held[32];

	state_held(tui, row->lock, held, sizeof(held));
	line_add(line, STYLE_STRONG, "%s", lock->name ? lock->name : "");
	line_add(line, style, "%s", name_of_state(lock->state));
	add_owner(tui, &view, style, line);
	line_add(line, held[0] == '~' ? STYLE_DIM : STYLE_NORMAL, "%s", held);
	line_add(line, wanted, "%zu", lock->n_waiters);
	add_where(lock, line);
	add_doing(tui, lock, line);
	add_process(tui, lock, line);
	add_shown(line, &view, "WAITERS", STYLE_NORMAL);
}

/* The next column that is on the screen; behind the last: by urgency. */
static void sort_next(struct tui *tui)
{
	do {
		tui->sort_column = (tui->sort_column + 1) % (N_COLUMNS + 1);
	} while (tui->sort_column && !tui->widths[tui->sort_column - 1]);
	tui->reverse = false;
}

static bool locks_request(struct tui *tui, struct rows *rows, enum request request)
{
	(void)rows;
	if (request == REQUEST_SORT)
		sort_next(tui);
	else if (request == REQUEST_REVERSE)
		tui->reverse = !tui->reverse;
	else
		return false;
	state_say(tui, false, "sorted by %s%s",
		  tui->sort_column ? locks_columns[tui->sort_column - 1].name : "urgency",
		  tui->reverse ? ", the other way round" : "");
	tui->stale[VIEW_LOCKS] = true;
	return true;
}

const struct view_ops locks_view = {
	.name = "locks",
	.brief = "locks",
	.build = locks_build,
	.line = locks_line,
	.columns = locks_columns,
	.n_columns = N_COLUMNS,
	.request = locks_request,
	.nothing = "no robust lock is held or waited for",
	.hint = "?:help  Enter:lock  K:stacks  /:search  &:filter  s:sort  f:freeze  q:quit",
};
