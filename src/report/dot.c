/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/dot.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "names.h"
#include "report/escape.h"

struct drawing {
	const struct snapshot *snapshot;
	bool *shown;          /* per task: it has a node */
	bool *in_cycle;       /* per task */
	bool *leads_to_cycle; /* one a lock: a thread of a circle, or one behind it, waits for it */
	FILE *out;
};

/* A quoted string of the dot language: in it only '"' and '\' mean something. */
static int put_label(const char *text, FILE *out)
{
	cleanup_free char *safe = escape_utf8(text);

	if (!safe)
		return -ENOMEM;
	fputc('"', out);
	for (const char *at = safe; *at; at++) {
		if (*at == '"' || *at == '\\')
			fputc('\\', out);
		fputc(*at, out);
	}
	fputc('"', out);
	return 0;
}

static const char *lock_color(const struct lock *lock)
{
	switch (lock->state) {
	case FUTEX_ORPHAN:
	case FUTEX_OWNER_DIED:
	case FUTEX_NOT_RECOVERABLE:
		return "red";
	case FUTEX_INCONSISTENT:
	case FUTEX_FOREIGN:
		return "orange";
	default:
		return "black";
	}
}

/* Ordinary locks are drawn where somebody waits for them, and circles with all who wait behind. */
static bool is_drawn(const struct drawing *drawing, size_t index)
{
	const struct lock *lock = &drawing->snapshot->locks[index];

	if (drawing->leads_to_cycle[index])
		return true;
	return lock->selected && (lock->sort == LOCK_ROBUST || lock->n_waiters);
}

static void mark_cycle(const struct drawing *drawing, const struct cycle *cycle)
{
	const struct task *tasks = drawing->snapshot->tasks;

	for (size_t i = 0; i < cycle->n; i++) {
		drawing->in_cycle[cycle->tasks[i]] = true;
		drawing->leads_to_cycle[tasks[cycle->tasks[i]].waits[0].lock] = true;
	}
	for (size_t i = 0; i < cycle->n_behind; i++)
		drawing->leads_to_cycle[tasks[cycle->behind[i]].waits[0].lock] = true;
}

static int draw_lock(const struct drawing *drawing, size_t index)
{
	const struct lock *lock = &drawing->snapshot->locks[index];
	char label[LABEL_MAX];
	int error;

	name_lock(lock, label);
	fprintf(drawing->out, "\tl%zu [shape=ellipse, color=%s%s, label=", index, lock_color(lock),
		lock->sort == LOCK_ROBUST ? "" : ", style=dashed");
	error = put_label(label, drawing->out);
	if (!error) {
		fputs(", tooltip=", drawing->out);
		error = put_label(name_of_state(lock->state), drawing->out);
	}
	fputs("];\n", drawing->out);
	if (lock->owner != SIZE_MAX)
		drawing->shown[lock->owner] = true;
	for (size_t i = 0; i < lock->n_waiters; i++)
		drawing->shown[lock->waiters[i].task] = true;
	return error;
}

static int draw_task(const struct drawing *drawing, size_t index)
{
	char label[LABEL_MAX];
	int error;

	name_task(&drawing->snapshot->tasks[index], label);
	fprintf(drawing->out, "\tt%zu [shape=box, color=%s, label=", index,
		drawing->in_cycle[index] ? "red" : "black");
	error = put_label(label, drawing->out);
	fputs("];\n", drawing->out);
	return error;
}

static void draw_edges(const struct drawing *drawing, size_t index)
{
	static const char marked[] = ", color=red, penwidth=2";
	const struct lock *lock = &drawing->snapshot->locks[index];
	bool owner_in_cycle = lock->owner != SIZE_MAX && drawing->in_cycle[lock->owner];
	bool closes = false;

	for (size_t i = 0; i < lock->n_waiters; i++) {
		size_t waiter = lock->waiters[i].task;
		bool cycle = owner_in_cycle && drawing->in_cycle[waiter];

		closes = closes || cycle;
		fprintf(drawing->out, "\tt%zu -> l%zu [label=\"waits\"%s];\n", waiter, index,
			cycle ? marked : "");
	}
	if (lock->owner != SIZE_MAX)
		fprintf(drawing->out, "\tl%zu -> t%zu [label=\"held by\"%s];\n", index, lock->owner,
			closes ? marked : "");
}

static int draw(const struct drawing *drawing)
{
	const struct snapshot *snapshot = drawing->snapshot;
	int error = 0;

	for (size_t i = 0; i < snapshot->n_cycles; i++)
		mark_cycle(drawing, &snapshot->cycles[i]);
	fputs("digraph robtrace {\n\trankdir=LR;\n", drawing->out);
	for (size_t i = 0; i < snapshot->n_locks && !error; i++)
		if (is_drawn(drawing, i))
			error = draw_lock(drawing, i);
	for (size_t i = 0; i < snapshot->n_tasks && !error; i++)
		if (drawing->shown[i])
			error = draw_task(drawing, i);
	for (size_t i = 0; i < snapshot->n_locks && !error; i++)
		if (is_drawn(drawing, i))
			draw_edges(drawing, i);
	fputs("}\n", drawing->out);
	return error;
}

int dot_print(const struct snapshot *snapshot, FILE *out)
{
	struct drawing drawing = {
		.snapshot = snapshot,
		.shown = calloc(snapshot->n_tasks + 1, sizeof(bool)),
		.in_cycle = calloc(snapshot->n_tasks + 1, sizeof(bool)),
		.leads_to_cycle = calloc(snapshot->n_locks + 1, sizeof(bool)),
		.out = out,
	};
	int error = -ENOMEM;

	if (drawing.shown && drawing.in_cycle && drawing.leads_to_cycle)
		error = draw(&drawing);
	free(drawing.shown);
	free(drawing.in_cycle);
	free(drawing.leads_to_cycle);
	return error;
}
