/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A snapshot for people: a table of locks or a tree of lists, then what is wrong. */
#ifndef ROBTRACE_REPORT_TEXT_H
#define ROBTRACE_REPORT_TEXT_H

#include <stdbool.h>
#include <stdio.h>

#include "model.h"
#include "report/columns.h"

struct text_options {
	const struct column *const *columns; /* those of the table, in order */
	size_t n_columns;
	bool no_headings; /* rows only: no heading, no problems, no closing line */
	bool raw;         /* as above, one blank between cells, blanks in cells as \x20 */
	bool terminal;    /* fit its width, unless no_truncate */
	bool no_truncate; /* lines may be of any width */
	bool color;
};

/*
 * Print to `out`; libsmartcols takes the terminal's width from standard output. 0 or a negative
 * errno. Errors of the stream are the caller's to look for (ferror).
 */
int text_print_table(const struct snapshot *snapshot, const struct text_options *options,
		     FILE *out);
int text_print_tree(const struct snapshot *snapshot, const struct text_options *options, FILE *out);

#endif
