/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/cells.h"
#include "report/escape.h"
#include "report/plain.h"

/* Rows from which on a table that goes to no terminal is printed without libsmartcols. */
#define PLAIN_ROWS 512

static int add_columns(struct libscols_table *table, const struct text_options *options)
{
	for (size_t i = 0; i < options->n_columns; i++) {
		const struct column *column = options->columns[i];
		int flags = column->right ? SCOLS_FL_RIGHT : 0;

		/* The first column keeps its tail: a cut offset or file name helps nobody. */
		if (column->shrinks && options->terminal && !options->no_truncate)
			flags |= i == 0 ? SCOLS_FL_WRAP : SCOLS_FL_TRUNC;
		if (!scols_table_new_column(table, column->name, 0, flags))
			return -ENOMEM;
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
		if (snapshot->locks[i].selected && snapshot->locks[i].sort == LOCK_ROBUST)
			rows[count++] = &snapshot->locks[i];
	if (count)
		qsort(rows, count, sizeof(const struct lock *), compare_rows);
	*ret_rows = rows;
	*ret_count = count;
	return 0;
}

static void free_cells(char **cells, size_t count)
{
	for (size_t i = 0; cells && i < count; i++)
		free(cells[i]);
	free(cells);
}

/* Escaped texts, row by row, malloced like the array; NULL without memory. */
static char **make_cells(const struct snapshot *snapshot, const struct lock **rows, size_t n_rows,
			 const struct text_options *options)
{
	size_t count = n_rows * options->n_columns;
	char **cells = calloc(count + 1, sizeof(*cells));

	for (size_t i = 0; cells && i < count; i++) {
		const struct lock *lock = rows[i / options->n_columns];
		struct futex_view view = {.snapshot = snapshot, .lock = lock, .pid = lock->pid};
		struct value value = options->columns[i % options->n_columns]->get(&view);
		char *text = value_take_text(&value);

		/* A script that splits at blanks must not lose count of the columns. */
		if (options->raw && text && !*text) {
			free(text);
			text = strdup("-");
		}
		cells[i] = text ? escape_take(text) : NULL;
		if (!cells[i]) {
			free_cells(cells, count);
			return NULL;
		}
	}
	return cells;
}

static int print_plain(char **cells, size_t n_rows, const struct text_options *options, FILE *out)
{
	const struct plain_table table = {
		.columns = options->columns,
		.n_columns = options->n_columns,
		.no_headings = options->no_headings,
		.cells = cells,
		.n_rows = n_rows,
	};

	return plain_print(&table, out);
}

/* Takes over the cells' texts, not the array. */
static int print_smart(char **cells, const struct lock **rows, size_t n_rows,
		       const struct text_options *options, FILE *out)
{
	struct libscols_table *table = cells_table(options, out);
	int error = table ? add_columns(table, options) : -ENOMEM;

	for (size_t i = 0; i < n_rows * options->n_columns && !error; i++) {
		size_t column = i % options->n_columns;
		struct libscols_line *line = column ? scols_table_get_line(table,
									   i / options->n_columns)
						    : scols_table_new_line(table, NULL);

		if (!line || scols_line_refer_data(line, column, cells[i])) {
			error = -ENOMEM;
			break;
		}
		cells[i] = NULL;
		if (strcmp(options->columns[column]->name, "STATE") == 0)
			cells_color_state(line, column, rows[i / options->n_columns]->state);
	}
	if (!error)
		error = scols_print_table(table);
	scols_unref_table(table);
	return error;
}

int text_print_table(const struct snapshot *snapshot, const struct text_options *options, FILE *out)
{
	cleanup_free const struct lock **rows = NULL;
	char **cells = NULL;
	size_t count = 0;
	int error = sort_rows(snapshot, &rows, &count);

	if (!error) {
		cells = make_cells(snapshot, rows, count, options);
		error = cells ? 0 : -ENOMEM;
	}
	if (!error && count >= PLAIN_ROWS && !options->terminal && !options->raw && !options->color)
		error = print_plain(cells, count, options, out);
	else if (!error && count)
		error = print_smart(cells, rows, count, options, out);
	else if (!error && !options->raw && !options->no_headings)
		fputs("no robust lock is held or waited for\n", out);
	free_cells(cells, count * options->n_columns);
	return error ? error : cells_print_verdict(snapshot, options, out);
}
