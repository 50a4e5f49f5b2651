/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who waits for whom, drawn as trees: a thread, the locks that it has, who waits for each, and
 * what those have in turn. Circles have no root: they come first, drawn as circles.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "names.h"
#include "tui/view.h"

/* A chain of waits that is deeper is cut; a line could not show it either. */
#define DEPTH_MAX 24
/* Bytes of the strokes beside a row. */
#define BRANCH_MAX (DEPTH_MAX * 12 + 1)

enum row_kind {
	ROW_HEADING = 1, /* of a circle: index is the cycle, part how many there are */
	ROW_MEMBER,      /* a thread of a circle: index is the cycle, part the place in it */
	ROW_BEHIND,      /* a thread that waits behind it */
	ROW_LOCK,        /* a lock: index */
	ROW_THREAD,      /* a thread: index is the task */
	ROW_BLANK,
};

struct strokes {
	const char *first;
	const char *middle;
	const char *last;
	const char *self;
	const char *branch;
	const char *corner;
	const char *trunk;
};

static const struct strokes unicode_strokes = {"╭─▶ ", "├── ", "╰── ", "↺   ", "├─ ", "└─ ", "│  "};
static const struct strokes ascii_strokes = {"+-> ", "+-- ", "+-- ", "(-> ", "|- ", "`- ", "|  "};

static const struct strokes *strokes(void)
{
	return canvas_is_unicode() ? &unicode_strokes : &ascii_strokes;
}

/* The graph in the making. */
struct graph {
	struct tui *tui;
	struct rows *rows;
	bool *seen;    /* beside the tasks: it is in a row already */
	size_t *first; /* beside the tasks: the first of its locks that is waited for */
	size_t *next;  /* beside the locks: another one of the same owner */
	bool failed;
};

static struct row *add_row(struct graph *graph, unsigned kind, const char *branch, size_t index,
			   size_t part)
{
	struct row *row = rows_add_text(graph->rows, STYLE_NORMAL, branch);

	if (!row) {
		graph->failed = true;
		return NULL;
	}
	row->id.kind = kind;
	row->index = index;
	row->part = part;
	return row;
}

static void add_blank(struct graph *graph)
{
	struct row *row = graph->rows->n ? add_row(graph, ROW_BLANK, "", 0, 0) : NULL;

	if (row)
		row->id.a = graph->rows->n;
}

static void add_locks_of(struct graph *graph, size_t task, const char *branch, int depth);

static void add_thread(struct graph *graph, size_t task, const char *branch, const char *below,
		       int depth)
{
	const struct task *one = &graph->tui->picture.tasks[task];
	struct row *row = add_row(graph, ROW_THREAD, branch, task, 0);

	if (!row)
		return;
	row->id.a = (uint64_t)one->tid;
	row->marked = state_is_marked(graph->tui, &row->id);
	if (one->n_waits)
		row->lock = one->waits[0].lock;
	if (graph->seen[task])
		return;
	graph->seen[task] = true;
	add_locks_of(graph, task, below, depth);
}

static void add_lock(struct graph *graph, size_t index, const char *branch, const char *below,
		     int depth)
{
	const struct strokes *with = strokes();
	const struct lock *lock = &graph->tui->picture.locks[index];
	struct row *row = add_row(graph, ROW_LOCK, branch, index, 0);

	if (!row)
		return;
	row->id = state_lock_id(graph->tui, index);
	row->id.kind = ROW_LOCK;
	row->lock = index;
	row->changed = history_of(graph->tui->history, index)->changed;
	for (size_t i = 0; i < lock->n_waiters && depth < DEPTH_MAX; i++) {
		bool last = i + 1 == lock->n_waiters;
		char beside[BRANCH_MAX];
		char under[BRANCH_MAX];

		snprintf(beside, sizeof(beside), "%s%s", below, last ? with->corner : with->branch);
		snprintf(under, sizeof(under), "%s%s", below, last ? "   " : with->trunk);
		add_thread(graph, lock->waiters[i].task, beside, under, depth + 1);
	}
}

static void add_locks_of(struct graph *graph, size_t task, const char *branch, int depth)
{
	const struct strokes *with = strokes();

	for (size_t lock = graph->first[task]; lock != LOCK_NONE && depth < DEPTH_MAX;
	     lock = graph->next[lock]) {
		bool last = graph->next[lock] == LOCK_NONE;
		char beside[BRANCH_MAX];
		char under[BRANCH_MAX];

		snprintf(beside, sizeof(beside), "%s%s", branch,
			 last ? with->corner : with->branch);
		snprintf(under, sizeof(under), "%s%s", branch, last ? "   " : with->trunk);
		add_lock(graph, lock, beside, under, depth + 1);
	}
}

static bool cycle_is_shown(const struct graph *graph, const struct cycle *cycle)
{
	const struct tui *tui = graph->tui;

	for (size_t i = 0; i < cycle->n; i++)
		if (filter_task(&tui->filter, &tui->picture, &tui->picture.tasks[cycle->tasks[i]]))
			return true;
	return false;
}

static void add_cycle(struct graph *graph, size_t index)
{
	const struct strokes *with = strokes();
	const struct cycle *cycle = &graph->tui->picture.cycles[index];
	struct row *row;

	add_blank(graph);
	row = add_row(graph, ROW_HEADING, "", index, 0);
	if (row)
		row->id.a = (uint64_t)graph->tui->picture.tasks[cycle->tasks[0]].tid;
	for (size_t i = 0; i < cycle->n && !graph->failed; i++) {
		const struct task *task = &graph->tui->picture.tasks[cycle->tasks[i]];
		const char *stroke = i ? with->middle : with->first;

		if (cycle->n == 1)
			stroke = with->self;
		else if (i + 1 == cycle->n)
			stroke = with->last;
		row = add_row(graph, ROW_MEMBER, stroke, index, i);
		if (!row)
			return;
		row->id.a = (uint64_t)task->tid;
		row->lock = task->waits[0].lock;
		graph->seen[cycle->tasks[i]] = true;
	}
	for (size_t i = 0; i < cycle->n_behind && !graph->failed; i++) {
		row = add_row(graph, ROW_BEHIND, "    ", index, i);
		if (!row)
			return;
		row->id.a = (uint64_t)graph->tui->picture.tasks[cycle->behind[i]].tid;
		row->lock = graph->tui->picture.tasks[cycle->behind[i]].waits[0].lock;
		graph->seen[cycle->behind[i]] = true;
	}
}

/* Which locks that somebody waits for a thread has. */
static void link_locks(struct graph *graph)
{
	const struct snapshot *picture = &graph->tui->picture;

	for (size_t i = 0; i < picture->n_tasks; i++)
		graph->first[i] = LOCK_NONE;
	/* From the last on: the chain then runs in the order of places. */
	for (size_t i = picture->n_locks; i-- > 0;) {
		const struct lock *lock = &picture->locks[i];

		if (!lock->n_waiters || lock->owner == SIZE_MAX)
			continue;
		graph->next[i] = graph->first[lock->owner];
		graph->first[lock->owner] = i;
	}
}

static bool waits_for_somebody(const struct snapshot *picture, size_t task)
{
	const struct task *one = &picture->tasks[task];

	for (size_t i = 0; i < one->n_waits; i++)
		if (one->waits[i].lock != LOCK_NONE &&
		    picture->locks[one->waits[i].lock].owner != SIZE_MAX)
			return true;
	return false;
}

static void add_trees(struct graph *graph)
{
	const struct tui *tui = graph->tui;

	for (size_t i = 0; i < tui->picture.n_tasks && !graph->failed; i++) {
		if (graph->first[i] == LOCK_NONE || graph->seen[i] ||
		    waits_for_somebody(&tui->picture, i) ||
		    !filter_task(&tui->filter, &tui->picture, &tui->picture.tasks[i]))
			continue;
		add_blank(graph);
		add_thread(graph, i, "", "", 0);
	}
	/* What no root leads to: chains that are cut, circles that did not stand still. */
	for (size_t i = 0; i < tui->picture.n_tasks && !graph->failed; i++) {
		if (graph->first[i] == LOCK_NONE || graph->seen[i] ||
		    !filter_task(&tui->filter, &tui->picture, &tui->picture.tasks[i]))
			continue;
		add_blank(graph);
		add_thread(graph, i, "", "", 0);
	}
}

/* Locks that are waited for and that nobody has: orphans, dead owners. */
static void add_ownerless(struct graph *graph)
{
	const struct tui *tui = graph->tui;

	for (size_t i = 0; i < tui->picture.n_locks && !graph->failed; i++) {
		const struct lock *lock = &tui->picture.locks[i];

		if (!lock->n_waiters || lock->owner != SIZE_MAX ||
		    !filter_lock(&tui->filter, &tui->picture, lock))
			continue;
		add_blank(graph);
		add_lock(graph, i, "", "", 0);
	}
}

static int graph_build(struct tui *tui, struct rows *rows)
{
	cleanup_free bool *seen = calloc(tui->picture.n_tasks + 1, sizeof(*seen));
	cleanup_free size_t *first = calloc(tui->picture.n_tasks + 1, sizeof(*first));
	cleanup_free size_t *next = calloc(tui->picture.n_locks + 1, sizeof(*next));
	struct graph graph = {.tui = tui, .rows = rows, .seen = seen, .first = first, .next = next};

	if (!seen || !first || !next)
		return -ENOMEM;
	link_locks(&graph);
	for (size_t i = 0; i < tui->picture.n_cycles && !graph.failed; i++)
		if (cycle_is_shown(&graph, &tui->picture.cycles[i]))
			add_cycle(&graph, i);
	if (!graph.failed)
		add_trees(&graph);
	if (!graph.failed)
		add_ownerless(&graph);
	return graph.failed ? -ENOMEM : 0;
}

static void add_task(const struct tui *tui, size_t task, enum style style, struct line *line)
{
	char label[LABEL_MAX];

	name_task(&tui->picture.tasks[task], label);
	line_add(line, style, "%s", label);
}

static void add_label(const struct tui *tui, size_t lock, enum style style, struct line *line)
{
	char label[LABEL_MAX];

	name_lock(&tui->picture.locks[lock], label);
	line_add_path(line, style, "%s", label);
}

static void add_slept(const struct task *task, struct line *line)
{
	char text[LABEL_MAX];

	if (!task->slept_ns)
		return;
	name_duration(task->slept_ns, text);
	line_add(line, STYLE_NORMAL, "  %s", text);
}

static void member_line(const struct tui *tui, const struct row *row, struct line *line)
{
	const struct cycle *cycle = &tui->picture.cycles[row->index];
	bool behind = row->id.kind == ROW_BEHIND;
	size_t index = behind ? cycle->behind[row->part] : cycle->tasks[row->part];
	const struct task *task = &tui->picture.tasks[index];
	enum style style = behind ? STYLE_WANTED : STYLE_CYCLE;

	if (behind)
		line_add_safe(line, STYLE_DIM, "behind: ");
	add_task(tui, index, style, line);
	add_slept(task, line);
	line_add_safe(line, STYLE_DIM, "  waits for ");
	add_label(tui, row->lock, STYLE_NORMAL, line);
	if (task->waits[0].timed)
		line_add_safe(line, STYLE_DIM, "  with a timeout");
	if (tui->picture.locks[row->lock].sort != LOCK_ROBUST)
		line_add_safe(line, STYLE_DIM, "  (a hint)");
}

static void thread_line(const struct tui *tui, const struct row *row, struct line *line)
{
	const struct task *task = &tui->picture.tasks[row->index];

	add_task(tui, row->index, task->n_waits ? STYLE_WANTED : STYLE_STRONG, line);
	if (row->lock != LOCK_NONE)
		add_slept(task, line);
	if (task->state == 'T' || task->state == 't')
		line_add_safe(line, STYLE_DOUBTFUL, "  stopped");
}

static void graph_lock_line(const struct tui *tui, const struct row *row, struct line *line)
{
	const struct lock *lock = &tui->picture.locks[row->index];

	line_add(line, state_style(lock->state), "%s", name_of_state(lock->state));
	line_add_safe(line, STYLE_DIM, "  ");
	add_label(tui, row->index, STYLE_NORMAL, line);
}

static void graph_line(const struct tui *tui, const struct row *row, struct line *line)
{
	bool in_cycle = row->id.kind == ROW_MEMBER;

	line_add_safe(line, in_cycle ? STYLE_CYCLE : STYLE_DIM, row->text);
	switch (row->id.kind) {
	case ROW_HEADING:
		line_add(line, STYLE_CYCLE, "circle %zu of %zu: ", row->index + 1,
			 tui->picture.n_cycles);
		if (tui->picture.cycles[row->index].n == 1)
			line_add_safe(line, STYLE_NORMAL, "a thread waits for what it has itself");
		else
			line_add(line, STYLE_NORMAL, "%zu threads wait for each other",
				 tui->picture.cycles[row->index].n);
		break;
	case ROW_MEMBER:
	case ROW_BEHIND:
		member_line(tui, row, line);
		break;
	case ROW_THREAD:
		thread_line(tui, row, line);
		break;
	case ROW_LOCK:
		graph_lock_line(tui, row, line);
		break;
	default:
		break;
	}
}

/* The cursor goes to the next heading of a circle, around at the end. */
static void step_cycle(struct tui *tui, struct rows *rows, bool forward)
{
	for (size_t i = 1; i <= rows->n; i++) {
		size_t at = (rows->cursor + (forward ? i : rows->n - i)) % rows->n;

		if (rows->items[at].id.kind != ROW_HEADING)
			continue;
		rows_go(rows, at);
		rows->top = at;
		return;
	}
	state_say(tui, false, "there is no circle of waits");
}

static bool graph_request(struct tui *tui, struct rows *rows, enum request request)
{
	if (request != REQUEST_NEXT_CYCLE && request != REQUEST_PREVIOUS_CYCLE)
		return false;
	step_cycle(tui, rows, request == REQUEST_NEXT_CYCLE);
	return true;
}

/* The circle that a problem is about. */
static void graph_built(struct tui *tui, struct rows *rows)
{
	for (size_t i = 0; i < rows->n && tui->wants_cycle; i++) {
		if (rows->items[i].id.kind != ROW_HEADING || rows->items[i].index != tui->cycle)
			continue;
		rows_go(rows, i);
		rows->top = i;
		break;
	}
	tui->wants_cycle = false;
}

const struct view_ops graph_view = {
	.name = "graph",
	.brief = "graph",
	.build = graph_build,
	.line = graph_line,
	.built = graph_built,
	.request = graph_request,
	.nothing = "no thread waits for a lock",
	.hint = "?:help  c:next circle  Enter:lock  K:stacks  /:search  &:filter  q:back",
};
