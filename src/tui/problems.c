/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is wrong, as robtrace check says it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/explain.h"
#include "tui/view.h"

/* What check prints of one problem; malloced, NULL without memory. */
static char *explain(const struct tui *tui, size_t index)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int error;

	if (!out)
		return NULL;
	error = explain_problem(&tui->picture, index, (size_t)tui->canvas.width, out);
	if (fclose(out) || error) {
		free(text);
		return NULL;
	}
	return text;
}

static enum style style_of(const char *text, bool is_first)
{
	if (is_first)
		return STYLE_BROKEN;
	if (strncmp(text, "  Next: ", 8) == 0)
		return STYLE_STRONG;
	return STYLE_NORMAL;
}

static int add_problem(struct tui *tui, struct rows *rows, size_t index)
{
	const struct problem *problem = &tui->picture.problems[index];
	struct row_id id = state_problem_id(tui, index);
	cleanup_free char *text = explain(tui, index);
	char *left = text;
	char *one;

	if (!text)
		return -ENOMEM;
	for (uint64_t number = 0; (one = strsep(&left, "\n")); number++) {
		struct row *row = rows_add_text(rows, style_of(one, number == 0), one);

		if (!row)
			return -ENOMEM;
		row->id = (struct row_id){(unsigned)(id.kind << 12 | number), id.a, id.b};
		row->index = index;
		row->lock = problem->lock;
		row->changed = number == 0 && state_is_new_problem(tui, index);
	}
	return 0;
}

static int problems_build(struct tui *tui, struct rows *rows)
{
	int error = 0;

	for (size_t i = 0; i < tui->picture.n_problems && !error; i++)
		if (filter_problem(&tui->filter, &tui->picture, &tui->picture.problems[i]))
			error = add_problem(tui, rows, i);
	return error;
}

static bool problems_request(struct tui *tui, struct rows *rows, enum request request)
{
	const struct row *row = rows_current(rows);

	if (request != REQUEST_OPEN || !row || tui->picture.problems[row->index].cycle == SIZE_MAX)
		return false;
	/* A circle is best seen as one. */
	tui->cycle = tui->picture.problems[row->index].cycle;
	tui->wants_cycle = true;
	state_open(tui, VIEW_GRAPH);
	return true;
}

const struct view_ops problems_view = {
	.name = "problems",
	.brief = "prob",
	.build = problems_build,
	.request = problems_request,
	.nothing = "nothing is wrong",
	.hint = "?:help  Enter:lock or circle  K:stacks  /:search  &:filter  q:back",
};
