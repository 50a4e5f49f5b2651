/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A table of many rows that goes to no terminal. libsmartcols measures and prints each cell
 * through wide characters, which for the 10,000 locks of a big process is two thirds of the whole
 * run; this prints the very same text (a test compares) without cutting, colours or wide
 * characters where there are none.
 */
#ifndef ROBTRACE_REPORT_PLAIN_H
#define ROBTRACE_REPORT_PLAIN_H

#include <stdbool.h>
#include <stdio.h>

#include "report/columns.h"

struct plain_table {
	const struct column *const *columns;
	size_t n_columns;
	bool no_headings;
	char **cells; /* n_rows * n_columns escaped texts, row by row */
	size_t n_rows;
};

/* 0 or -ENOMEM. */
int plain_print(const struct plain_table *table, FILE *out);

#endif
