/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/cells.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "names.h"
#include "report/escape.h"
#include "report/stack_text.h"
#include "report/wrap.h"

#define COLOR_BROKEN "\033[31m"
#define COLOR_BOLD "\033[1m"
#define COLOR_RESET "\033[0m"

/* Where sentences of problems begin, and those behind "Next:". */
#define TEXT_MARGIN ((size_t)18)
#define NEXT_MARGIN (TEXT_MARGIN + 6)

struct libscols_table *cells_table(const struct text_options *options, FILE *out)
{
	struct libscols_table *table = scols_new_table();

	if (!table)
		return NULL;
	scols_table_set_stream(table, out);
	/* We have escaped already, and libsmartcols would escape our backslashes. */
	scols_table_enable_noencoding(table, 1);
	scols_table_enable_colors(table, options->color);
	scols_table_enable_raw(table, options->raw);
	scols_table_enable_noheadings(table, options->no_headings);
	return table;
}

int cells_set(struct libscols_line *line, size_t column, const char *text)
{
	char *safe = escape_text(text);

	if (!safe)
		return -ENOMEM;
	if (scols_line_refer_data(line, column, safe)) {
		free(safe);
		return -ENOMEM;
	}
	return 0;
}

void cells_color_state(struct libscols_line *line, size_t column, enum futex_state state)
{
	static const char *const colors[] = {
		[GRADE_NORMAL] = NULL,       [GRADE_FREE] = NULL,    [GRADE_PASSING] = "cyan",
		[GRADE_DOUBTFUL] = "yellow", [GRADE_BROKEN] = "red",
	};
	const char *color = colors[name_grade(state)];

	if (color)
		scols_cell_set_color(scols_line_get_cell(line, column), color);
}

static int print_problems(const struct snapshot *snapshot, const struct text_options *options,
			  FILE *out)
{
	bool color = options->color;
	size_t width = options->no_truncate ? 0 : wrap_terminal_width();
	size_t count = snapshot->n_problems;

	if (!count)
		return 0;
	if (count == 1)
		fprintf(out, "\n1 problem:\n");
	else
		fprintf(out, "\n%zu problems, worst first:\n", count);
	for (size_t i = 0; i < count; i++) {
		const struct problem *problem = &snapshot->problems[i];
		cleanup_free char *text = escape_text(problem->text);

		if (!text)
			return -ENOMEM;
		fprintf(out, "  %s%-15s%s ", color ? COLOR_BROKEN : "",
			name_of_problem(problem->kind), color ? COLOR_RESET : "");
		wrap_print(text, TEXT_MARGIN, TEXT_MARGIN, width, out);
		fprintf(out, ".\n  %-15s %sNext:%s ", "", color ? COLOR_BOLD : "",
			color ? COLOR_RESET : "");
		wrap_print(problem->next, NEXT_MARGIN, NEXT_MARGIN, width, out);
		fputs(".\n", out);
	}
	return 0;
}

static int print_stacks(const struct snapshot *snapshot, FILE *out)
{
	int error = 0;
	bool first = true;

	for (size_t i = 0; i < snapshot->n_tasks && !error; i++) {
		const struct task *task = &snapshot->tasks[i];
		char label[LABEL_MAX];
		cleanup_free char *safe = NULL;

		if (!task->n_frames)
			continue;
		name_task(task, label);
		safe = escape_text(label);
		if (!safe)
			return -ENOMEM;
		fprintf(out, "%s  %s\n", first ? "\nstacks of owners and waiters:\n" : "", safe);
		error = stack_print_long(task, "      ", out);
		first = false;
	}
	return error;
}

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

static void print_closing_line(const struct census *census, FILE *out)
{
	fprintf(out, "\nlooked at %zu process%s, %zu thread%s in %" PRIu64 " ms", census->processes,
		census->processes == 1 ? "" : "es", census->threads, plural(census->threads),
		(census->elapsed_ns + 999999) / 1000000);
	if (census->not_permitted)
		fprintf(out, "; %zu process%s not readable (no permission)", census->not_permitted,
			census->not_permitted == 1 ? "" : "es");
	if (census->unseen_waits)
		fprintf(out,
			"; waiters in %zu process%s not visible (needs the same user, or "
			"CAP_DAC_READ_SEARCH)",
			census->unseen_waits, census->unseen_waits == 1 ? "" : "es");
	if (census->vanished)
		fprintf(out, "; %zu ended meanwhile", census->vanished);
	if (census->changed)
		fprintf(out, "; %zu list%s never stood still (see --stop)", census->changed,
			plural(census->changed));
	if (census->stopped)
		fprintf(out, "; %zu thread%s stopped, %" PRIu64 " us at most", census->stopped,
			plural(census->stopped), census->longest_stop_ns / 1000);
	fputc('\n', out);
}

int cells_print_verdict(const struct snapshot *snapshot, const struct text_options *options,
			FILE *out)
{
	int error;

	/* Rows are for programs then, and these are sentences. */
	if (options->raw || options->no_headings)
		return 0;
	error = print_problems(snapshot, options, out);
	if (!error)
		error = print_stacks(snapshot, out);
	if (!error)
		print_closing_line(&snapshot->census, out);
	return error;
}
