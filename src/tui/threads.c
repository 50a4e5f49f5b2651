/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Process, thread, list, entry: for those who work on the lists themselves. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "names.h"
#include "tui/view.h"

enum row_kind {
	ROW_PROCESS = 1,
	ROW_THREAD,
	ROW_LIST,
	ROW_ENTRY,
	ROW_PENDING,
	ROW_WAIT,
};

static bool is_folded(const struct tui *tui, const struct row_id *id)
{
	for (size_t i = 0; i < tui->n_folds; i++)
		if (rows_same(&tui->folds[i], id))
			return !tui->fold_all;
	return tui->fold_all;
}

static void set_folded(struct tui *tui, const struct row_id *id, bool folded)
{
	size_t at = 0;

	while (at < tui->n_folds && !rows_same(&tui->folds[at], id))
		at++;
	if (folded == tui->fold_all) {
		if (at < tui->n_folds)
			tui->folds[at] = tui->folds[--tui->n_folds];
	} else if (at == tui->n_folds) {
		/* The oldest is forgotten: only so many are kept. */
		if (tui->n_folds == FOLDS_MAX)
			memmove(tui->folds, tui->folds + 1, --tui->n_folds * sizeof(tui->folds[0]));
		tui->folds[tui->n_folds++] = *id;
	}
	tui->stale[VIEW_THREADS] = true;
}

static struct row *add_row(struct rows *rows, struct row_id id, unsigned depth, size_t index,
			   size_t part)
{
	struct row *row = rows_add(rows);

	if (!row)
		return NULL;
	row->id = id;
	row->depth = depth;
	row->index = index;
	row->part = part;
	return row;
}

/* Of an entry the index of its list stands in id.b, so that its line finds it. */
static int add_entry(struct tui *tui, struct rows *rows, size_t task, size_t list, size_t entry)
{
	const struct list *from = &tui->picture.tasks[task].lists[list];
	bool pending = entry == from->n_entries;
	const struct futex *futex = pending ? &from->pending : &from->entries[entry];
	const struct row_id id = {pending ? ROW_PENDING : ROW_ENTRY,
				  (uint64_t)tui->picture.tasks[task].tid << 16 | list,
				  futex->entry};
	struct row *row;

	if (futex->lock == LOCK_NONE || !tui->picture.locks[futex->lock].selected)
		return 0;
	row = add_row(rows, id, 3, task, entry);
	if (!row)
		return -ENOMEM;
	row->lock = futex->lock;
	row->changed = history_of(tui->history, futex->lock)->changed;
	return 0;
}

static int add_list(struct tui *tui, struct rows *rows, size_t task, size_t index)
{
	const struct list *list = &tui->picture.tasks[task].lists[index];
	const struct row_id id = {ROW_LIST, (uint64_t)tui->picture.tasks[task].tid << 16 | index,
				  list->head};
	int error = add_row(rows, id, 2, task, index) ? 0 : -ENOMEM;

	for (size_t i = 0; i < list->n_entries + list->has_pending && !error; i++)
		error = add_entry(tui, rows, task, index, i);
	return error;
}

static int add_wait(struct tui *tui, struct rows *rows, size_t task, size_t index)
{
	const struct wait *wait = &tui->picture.tasks[task].waits[index];
	const struct row_id id = {ROW_WAIT, (uint64_t)tui->picture.tasks[task].tid << 16 | index,
				  wait->address};
	struct row *row = add_row(rows, id, 2, task, index);

	if (row)
		row->lock = wait->lock;
	return row ? 0 : -ENOMEM;
}

static int add_thread(struct tui *tui, struct rows *rows, size_t index)
{
	const struct task *task = &tui->picture.tasks[index];
	const struct row_id id = {ROW_THREAD, (uint64_t)task->pid, (uint64_t)task->tid};
	struct row *row = add_row(rows, id, 1, index, 0);
	int error = 0;

	if (!row)
		return -ENOMEM;
	row->folded = is_folded(tui, &id);
	row->marked = state_is_marked(tui, &id);
	for (size_t i = 0; i < task->n_waits && !error; i++) {
		if (task->waits[i].lock != LOCK_NONE)
			rows->items[rows->n - 1].lock = task->waits[i].lock;
	}
	if (is_folded(tui, &id))
		return 0;
	for (size_t i = 0; i < task->n_lists && !error; i++)
		error = add_list(tui, rows, index, i);
	for (size_t i = 0; i < task->n_waits && !error; i++)
		error = add_wait(tui, rows, index, i);
	return error;
}

static int add_process(struct tui *tui, struct rows *rows, size_t index, bool *ret_folded)
{
	const struct task *task = &tui->picture.tasks[index];
	const struct row_id id = {ROW_PROCESS, (uint64_t)task->pid, 0};
	struct row *row = add_row(rows, id, 0, index, 0);

	if (!row)
		return -ENOMEM;
	*ret_folded = is_folded(tui, &id);
	row->folded = *ret_folded;
	row->marked = state_is_marked(tui, &id);
	return 0;
}

static int threads_build(struct tui *tui, struct rows *rows)
{
	pid_t pid = 0;
	bool folded = false;
	int error = 0;

	for (size_t i = 0; i < tui->picture.n_tasks && !error; i++) {
		const struct task *task = &tui->picture.tasks[i];

		if (!task->selected || !filter_task(&tui->filter, &tui->picture, task))
			continue;
		if (task->pid != pid)
			error = add_process(tui, rows, i, &folded);
		pid = task->pid;
		if (!error && !folded)
			error = add_thread(tui, rows, i);
	}
	return error;
}

static void process_line(const struct tui *tui, const struct row *row, struct line *line)
{
	const struct task *first = &tui->picture.tasks[row->index];
	size_t threads = 0;
	size_t held = 0;
	size_t waiting = 0;

	for (size_t i = row->index; i < tui->picture.n_tasks; i++) {
		const struct task *task = &tui->picture.tasks[i];

		if (task->pid != first->pid)
			break;
		threads++;
		for (size_t j = 0; j < task->n_lists; j++)
			held += task->lists[j].n_seen;
		for (size_t j = 0; j < task->n_waits; j++)
			waiting += task->waits[j].lock != LOCK_NONE;
	}
	line_add(line, STYLE_STRONG, "%d %s", first->pid, first->comm);
	line_add(line, STYLE_DIM, "  %zu thread%s, %zu lock%s on lists", threads,
		 threads == 1 ? "" : "s", held, held == 1 ? "" : "s");
	if (waiting)
		line_add(line, STYLE_WANTED, ", %zu waiting", waiting);
}

static void thread_line(const struct tui *tui, const struct row *row, struct line *line)
{
	const struct task *task = &tui->picture.tasks[row->index];
	size_t held = 0;
	bool waits = false;

	for (size_t i = 0; i < task->n_lists; i++)
		held += task->lists[i].n_seen;
	for (size_t i = 0; i < task->n_waits; i++)
		waits = waits || task->waits[i].lock != LOCK_NONE;
	line_add(line, STYLE_NORMAL, "%d %s", task->tid, task->comm);
	if (!task->n_lists)
		line_add(line, STYLE_DIM, "  no robust list");
	else if (row->folded)
		line_add(line, STYLE_DIM, "  %zu on lists", held);
	if (task->state == 'T' || task->state == 't')
		line_add(line, STYLE_DOUBTFUL, "  stopped");
	if (waits && row->folded)
		line_add(line, STYLE_WANTED, "  waits");
}

static void list_line(const struct list *list, struct line *line)
{
	char name[LABEL_MAX];

	name_list_size(list, name);
	line_add(line, STYLE_NORMAL, "%s", name);
	line_add(line, STYLE_DIM, "  %zu %s, ", list->n_seen,
		 list->n_seen == 1 ? "entry" : "entries");
	line_add(line, list->end == LIST_COMPLETE ? STYLE_DIM : STYLE_BROKEN, "%s",
		 name_of_list_end(list->end));
	if (list->end_at)
		line_add(line, STYLE_BROKEN, " at 0x%" PRIx64, list->end_at);
	line_add(line, STYLE_DIM, "  head 0x%" PRIx64 "  offset %" PRId64, list->head,
		 list->futex_offset);
}

static void entry_line(const struct tui *tui, const struct row *row, struct line *line)
{
	const struct list *list = &tui->picture.tasks[row->index].lists[row->id.a & 0xffff];
	bool pending = row->id.kind == ROW_PENDING;
	const struct futex *futex = pending ? &list->pending : &list->entries[row->part];
	char text[LABEL_MAX];

	if (pending)
		line_add(line, STYLE_PASSING, "list_op_pending  ");
	line_add(line, state_style(futex->state), "%s", name_of_state(futex->state));
	if (futex->word_ok) {
		name_word(futex->word, text);
		line_add(line, STYLE_DIM, "  %s", text);
	}
	name_lock(&tui->picture.locks[futex->lock], text);
	line_add_path(line, STYLE_STRONG, "  %s", text);
	line_add(line, STYLE_DIM, "  entry 0x%" PRIx64 "%s", futex->entry, futex->pi ? " PI" : "");
}

static void wait_line(const struct tui *tui, const struct row *row, struct line *line)
{
	const struct task *task = &tui->picture.tasks[row->index];
	const struct wait *wait = &task->waits[row->part];
	char text[LABEL_MAX];

	if (wait->lock != LOCK_NONE)
		name_lock(&tui->picture.locks[wait->lock], text);
	else
		name_place(&wait->place, task->pid, wait->address, text);
	line_add_path(line, wait->lock != LOCK_NONE ? STYLE_WANTED : STYLE_DIM, "waits in %s  %s",
		      wait->call, text);
	if (task->slept_ns) {
		name_duration(task->slept_ns, text);
		line_add(line, STYLE_NORMAL, "  for %s", text);
	}
}

static void threads_line(const struct tui *tui, const struct row *row, struct line *line)
{
	static const char blanks[] = "      ";
	bool unicode = canvas_is_unicode();
	const char *open = unicode ? "▾ " : "- ";
	const char *folded = unicode ? "▸ " : "+ ";

	line_add_safe(line, STYLE_DIM, &blanks[sizeof(blanks) - 1 - (size_t)2 * row->depth]);
	if (row->id.kind == ROW_PROCESS || row->id.kind == ROW_THREAD)
		line_add_safe(line, STYLE_DIM, row->folded ? folded : open);
	else
		line_add_safe(line, STYLE_DIM, "  ");
	switch (row->id.kind) {
	case ROW_PROCESS:
		process_line(tui, row, line);
		break;
	case ROW_THREAD:
		thread_line(tui, row, line);
		break;
	case ROW_LIST:
		list_line(&tui->picture.tasks[row->index].lists[row->part], line);
		break;
	case ROW_ENTRY:
	case ROW_PENDING:
		entry_line(tui, row, line);
		break;
	default:
		wait_line(tui, row, line);
	}
}

/* To the thread or process that this row is part of. */
static void go_to_parent(struct rows *rows)
{
	unsigned depth = rows->items[rows->cursor].depth;
	size_t at = rows->cursor;

	if (!depth)
		return;
	while (at && (rows->items[at].depth >= depth || rows->items[at].depth > 1))
		at--;
	rows_go(rows, at);
}

static bool threads_request(struct tui *tui, struct rows *rows, enum request request)
{
	const struct row *row = rows_current(rows);

	switch (request) {
	case REQUEST_FOLD:
	case REQUEST_UNFOLD:
		tui->fold_all = request == REQUEST_FOLD;
		tui->n_folds = 0;
		tui->stale[VIEW_THREADS] = true;
		return true;
	case REQUEST_LEFT:
		if (row && (row->depth > 1 || row->folded))
			go_to_parent(rows);
		else if (row)
			set_folded(tui, &row->id, true);
		return true;
	case REQUEST_RIGHT:
		if (row && row->folded)
			set_folded(tui, &row->id, false);
		return true;
	case REQUEST_OPEN:
		/* A row without a lock has only that to open. */
		if (!row || row->lock != LOCK_NONE || row->depth > 1)
			return false;
		set_folded(tui, &row->id, !row->folded);
		return true;
	default:
		return false;
	}
}

const struct view_ops threads_view = {
	.name = "threads",
	.brief = "thr",
	.build = threads_build,
	.line = threads_line,
	.request = threads_request,
	.nothing = "no thread could be looked at",
	.hint = "?:help  Left/Right:fold  Enter:lock  K:stacks  /:search  &:filter  q:back",
};
