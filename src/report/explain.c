/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/explain.h"

#include <errno.h>
#include <langinfo.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "names.h"
#include "report/escape.h"
#include "report/stack_text.h"
#include "report/wrap.h"

/* Threads behind a cycle, and heirs of a lock, that are named one by one. */
#define NAMED_MAX ((size_t)8)

/* The strokes of a circle drawn beside its threads. */
struct strokes {
	const char *first;  /* the arrow comes in at the first thread */
	const char *middle; /* beside each thread between */
	const char *last;   /* and leaves at the last */
	const char *beside; /* beside all other lines */
};

static const struct strokes unicode_strokes = {"╭─▶ ", "├── ", "╰── ", "│   "};
static const struct strokes ascii_strokes = {"+-> ", "+-- ", "+-- ", "|   "};

struct explanation {
	const struct snapshot *snapshot;
	bool color;
	size_t width; /* of the lines; 0: any */
	FILE *out;
	bool failed; /* no memory for an escaped copy */
};

/* Everything that may hold names from outside goes through here. */
static void say(struct explanation *explanation, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void say(struct explanation *explanation, const char *format, ...)
{
	cleanup_free char *safe = NULL;
	va_list args;

	va_start(args, format);
	safe = escape_vformat(format, args);
	va_end(args);
	if (safe)
		fputs(safe, explanation->out);
	else
		explanation->failed = true;
}

/* A sentence; on a terminal, broken to fit. */
static void say_wrapped(struct explanation *explanation, const char *text, size_t at, size_t margin)
{
	cleanup_free char *safe = escape_text(text);

	if (safe)
		wrap_print(safe, at, margin, explanation->width, explanation->out);
	else
		explanation->failed = true;
}

static void headline(struct explanation *explanation, enum problem_kind kind)
{
	fprintf(explanation->out, "%s%s%s: ", explanation->color ? "\033[1;31m" : "",
		name_of_problem(kind), explanation->color ? "\033[0m" : "");
}

static const struct task *task_at(const struct explanation *explanation, size_t index)
{
	return &explanation->snapshot->tasks[index];
}

/* "  for 00:03:12"; nothing for less than a second, or where the kernel does not tell. */
static void say_slept(struct explanation *explanation, const struct task *task)
{
	char text[LABEL_MAX];

	if (task->slept_ns < UINT64_C(1000000000))
		return;
	name_duration(task->slept_ns, text);
	say(explanation, "  for %s", text);
}

static void say_lock(struct explanation *explanation, size_t lock)
{
	char text[LABEL_MAX];

	name_lock(&explanation->snapshot->locks[lock], text);
	say(explanation, "%s", text);
}

static void say_task(struct explanation *explanation, size_t task)
{
	char text[LABEL_MAX];

	name_task(task_at(explanation, task), text);
	say(explanation, "%s", text);
}

/* Source lines were asked for, and there are some: they want a line a call. */
static bool has_lines(const struct task *task)
{
	for (size_t i = 0; i < task->n_frames; i++)
		if (task->frames[i].source)
			return true;
	return false;
}

/* Where the thread stands, behind the strokes of a drawing or blanks. */
static void say_stack(struct explanation *explanation, const struct task *task, const char *beside)
{
	char margin[64];

	snprintf(margin, sizeof(margin), "  %s      ", beside);
	if (has_lines(task) ? stack_print_long(task, margin, explanation->out)
			    : stack_print_short(task, margin, explanation->width, explanation->out))
		explanation->failed = true;
}

/* What a thread of a cycle has that the one before it wants, and what it wants itself. */
static void draw_member(struct explanation *explanation, const struct cycle *cycle, size_t member,
			const struct strokes *strokes, const char *stroke)
{
	const struct task *task = task_at(explanation, cycle->tasks[member]);
	size_t before = cycle->tasks[(member + cycle->n - 1) % cycle->n];
	const char *beside = member + 1 < cycle->n ? strokes->beside : "    ";

	fprintf(explanation->out, "  %s", stroke);
	say_task(explanation, cycle->tasks[member]);
	fprintf(explanation->out, "\n  %s    holds  ", beside);
	say_lock(explanation, task_at(explanation, before)->waits[0].lock);
	fprintf(explanation->out, "\n  %s    waits  ", beside);
	say_lock(explanation, task->waits[0].lock);
	say_slept(explanation, task);
	if (task->waits[0].timed)
		fputs("  (with a timeout)", explanation->out);
	fputc('\n', explanation->out);
	say_stack(explanation, task, beside);
}

static void draw_cycle(struct explanation *explanation, const struct cycle *cycle)
{
	bool unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	const struct strokes *strokes = unicode ? &unicode_strokes : &ascii_strokes;

	for (size_t i = 0; i < cycle->n; i++) {
		const char *stroke = strokes->middle;

		if (cycle->n == 1)
			stroke = "    ";
		else if (i == 0)
			stroke = strokes->first;
		else if (i + 1 == cycle->n)
			stroke = strokes->last;
		draw_member(explanation, cycle, i, strokes, stroke);
	}
}

static void say_behind(struct explanation *explanation, const struct cycle *cycle)
{
	for (size_t i = 0; i < cycle->n_behind && i < NAMED_MAX; i++) {
		const struct task *task = task_at(explanation, cycle->behind[i]);

		fputs(i ? "          " : "  behind: ", explanation->out);
		say_task(explanation, cycle->behind[i]);
		fputs("  waits  ", explanation->out);
		say_lock(explanation, task->waits[0].lock);
		say_slept(explanation, task);
		fputc('\n', explanation->out);
		say_stack(explanation, task, "    ");
	}
	if (cycle->n_behind > NAMED_MAX)
		fprintf(explanation->out, "          and %zu more\n", cycle->n_behind - NAMED_MAX);
}

/* Waiters that outlive the process: one of them inherits. The number of them. */
static size_t write_heirs(const struct explanation *explanation, const struct lock *lock, pid_t pid,
			  FILE *out)
{
	const char *between = "";
	size_t count = 0;

	for (size_t i = 0; i < lock->n_waiters; i++) {
		const struct task *waiter = task_at(explanation, lock->waiters[i].task);

		if (waiter->pid == pid)
			continue;
		count++;
		if (count > NAMED_MAX)
			continue;
		fprintf(out, "%s%d", between, waiter->tid);
		between = " or ";
	}
	if (count > NAMED_MAX)
		fprintf(out, " or one of %zu more", count - NAMED_MAX);
	return count;
}

static void write_end(const struct explanation *explanation, const struct lock *lock, pid_t pid,
		      FILE *out)
{
	char name[LABEL_MAX];

	name_lock(lock, name);
	if (lock->sort != LOCK_ROBUST) {
		fprintf(out, "%s stays locked for ever.", name);
		return;
	}
	fprintf(out, "the kernel marks %s and wakes one waiter: ", name);
	if (!write_heirs(explanation, lock, pid, out))
		fputs("the next to lock it", out);
	fputs(" gets EOWNERDEAD.", out);
}

/* What becomes of a lock that others wait for when the process of its owner ends now. */
static void say_end(struct explanation *explanation, size_t index, const struct task *owner)
{
	const struct lock *lock = &explanation->snapshot->locks[index];
	cleanup_free char *text = NULL;
	size_t size;
	FILE *out;
	int at;

	/* Private memory ends with its process. */
	if (!lock->place.shared)
		return;
	out = open_memstream(&text, &size);
	if (out)
		write_end(explanation, lock, owner->pid, out);
	if (!out || fclose(out)) {
		explanation->failed = true;
		return;
	}
	at = fprintf(explanation->out, "  If process %d ends, ", owner->pid);
	say_wrapped(explanation, text, at > 0 ? (size_t)at : 0, 8);
	fputc('\n', explanation->out);
}

static void say_death(struct explanation *explanation, size_t owner)
{
	const struct snapshot *snapshot = explanation->snapshot;

	for (size_t i = 0; i < snapshot->n_locks; i++)
		if (snapshot->locks[i].owner == owner && snapshot->locks[i].n_waiters)
			say_end(explanation, i, &snapshot->tasks[owner]);
}

static void explain_cycle(struct explanation *explanation, const struct problem *problem)
{
	const struct cycle *cycle = &explanation->snapshot->cycles[problem->cycle];

	if (cycle->n == 1)
		fputs("a thread waits for what it holds itself", explanation->out);
	else
		fprintf(explanation->out, "%zu threads wait for each other", cycle->n);
	if (cycle->n_behind)
		fprintf(explanation->out, ", %zu more behind %s", cycle->n_behind,
			cycle->n == 1 ? "it" : "them");
	fputs("\n\n", explanation->out);
	draw_cycle(explanation, cycle);
	say_behind(explanation, cycle);
	fputc('\n', explanation->out);
	say_death(explanation, cycle->victim);
}

static void explain_lock(struct explanation *explanation, const struct problem *problem)
{
	const struct lock *lock = &explanation->snapshot->locks[problem->lock];

	if (lock->owner != SIZE_MAX) {
		fputs("  owner:  ", explanation->out);
		say_task(explanation, lock->owner);
		fputc('\n', explanation->out);
		say_stack(explanation, task_at(explanation, lock->owner), "    ");
	}
	for (size_t i = 0; i < lock->n_waiters && i < NAMED_MAX; i++) {
		const struct task *waiter = task_at(explanation, lock->waiters[i].task);

		fputs("  waits:  ", explanation->out);
		say_task(explanation, lock->waiters[i].task);
		say_slept(explanation, waiter);
		fputc('\n', explanation->out);
		say_stack(explanation, waiter, "    ");
	}
	if (lock->owner != SIZE_MAX)
		say_death(explanation, lock->owner);
}

static void explain(struct explanation *explanation, const struct problem *problem)
{
	headline(explanation, problem->kind);
	if (problem->cycle != SIZE_MAX) {
		explain_cycle(explanation, problem);
	} else {
		say_wrapped(explanation, problem->text, strlen(name_of_problem(problem->kind)) + 2,
			    2);
		fputs(".\n", explanation->out);
		if (problem->lock != LOCK_NONE)
			explain_lock(explanation, problem);
	}
	fputs("  Next: ", explanation->out);
	say_wrapped(explanation, problem->next, 8, 8);
	fputs(".\n", explanation->out);
}

int explain_print(const struct snapshot *snapshot, bool color, FILE *out)
{
	struct explanation explanation = {
		.snapshot = snapshot, .color = color, .width = wrap_terminal_width(), .out = out};

	for (size_t i = 0; i < snapshot->n_problems; i++) {
		if (i)
			fputc('\n', out);
		explain(&explanation, &snapshot->problems[i]);
	}
	return explanation.failed ? -ENOMEM : 0;
}

int explain_problem(const struct snapshot *snapshot, size_t index, size_t width, FILE *out)
{
	struct explanation explanation = {.snapshot = snapshot, .width = width, .out = out};

	explain(&explanation, &snapshot->problems[index]);
	return explanation.failed ? -ENOMEM : 0;
}
