/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/cells.h"

static int add_columns(struct libscols_table *table, const struct text_options *options)
{
	for (size_t i = 0; i < options->n_columns; i++) {
		const struct column *column = options->columns[i];
		int flags = column->right ? SCOLS_FL_RIGHT : 0;

		/* The first column keeps its tail: a cut offset or file name helps nobody. */
		if (column->shrinks && !options->no_truncate)
			flags |= i == 0 ? SCOLS_FL_WRAP : SCOLS_FL_TRUNC;
		if (!scols_table_new_column(table, column->name, 0, flags))
			return -ENOMEM;
	}
	return 0;
}

static int add_row(struct libscols_table *table, const struct snapshot *snapshot,
		   const struct lock *lock, const struct text_options *options)
{
	struct futex_view view = {.snapshot = snapshot, .lock = lock, .pid = lock->pid};
	struct libscols_line *line = scols_table_new_line(table, NULL);

	if (!line)
		return -ENOMEM;
	for (size_t i = 0; i < options->n_columns; i++) {
		struct value value = options->columns[i]->get(&view);
		cleanup_free char *text = value_take_text(&value);
		int error = text ? cells_set(line, i, text) : -ENOMEM;

		if (error)
			return error;
		if (strcmp(options->columns[i]->name, "STATE") == 0)
			cells_color_state(line, i, lock->state);
	}
	return 0;
}

/* Broken locks first, then those that somebody waits for, then the rest. */
static unsigned row_rank(const struct lock *lock)
{
	switch (lock->state) {
	case FUTEX_ORPHAN:
	case FUTEX_OWNER_DIED:
	case FUTEX_NOT_RECOVERABLE:
	case FUTEX_INCONSISTENT:
		return lock->n_waiters ? 0 : 1;
	default:
		return lock->n_waiters ? 2 : 3;
	}
}

static int compare_rows(const void *left, const void *right)
{
	const struct lock *a = *(const struct lock *const *)left;
	const struct lock *b = *(const struct lock *const *)right;

	if (row_rank(a) != row_rank(b))
		return row_rank(a) < row_rank(b) ? -1 : 1;
	if (a->n_waiters != b->n_waiters)
		return a->n_waiters > b->n_waiters ? -1 : 1;
	/* Of equal rank: as they stand in the snapshot, by place. */
	return (a > b) - (a < b);
}

/* The selected locks in the order in which they are shown. *ret_rows is malloced. */
static int sort_rows(const struct snapshot *snapshot, const struct lock ***ret_rows,
		     size_t *ret_count)
{
	const struct lock **rows = calloc(snapshot->n_locks + 1, sizeof(const struct lock *));
	size_t count = 0;

	if (!rows)
		return -ENOMEM;
	for (size_t i = 0; i < snapshot->n_locks; i++)
		if (snapshot->locks[i].selected)
			rows[count++] = &snapshot->locks[i];
	if (count)
		qsort(rows, count, sizeof(const struct lock *), compare_rows);
	*ret_rows = rows;
	*ret_count = count;
	return 0;
}

int text_print_table(const struct snapshot *snapshot, const struct text_options *options, FILE *out)
{
	struct libscols_table *table = cells_table(options, out);
	cleanup_free const struct lock **rows = NULL;
	size_t count = 0;
	int error = table ? add_columns(table, options) : -ENOMEM;

	if (!error)
		error = sort_rows(snapshot, &rows, &count);
	for (size_t i = 0; i < count && !error; i++)
		error = add_row(table, snapshot, rows[i], options);
	if (!error && count)
		error = scols_print_table(table);
	else if (!error && !options->raw && !options->no_headings)
		fputs("no robust lock is held or waited for\n", out);
	if (!error)
		error = cells_print_verdict(snapshot, options, out);
	scols_unref_table(table);
	return error;
}
