/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The little of libsmartcols that table and tree share. */
#ifndef ROBTRACE_REPORT_CELLS_H
#define ROBTRACE_REPORT_CELLS_H

#include <libsmartcols.h>
#include <stddef.h>
#include <stdio.h>

#include "model.h"
#include "report/text.h"

/* A table that prints to `out` as the options say; NULL without memory. */
struct libscols_table *cells_table(const struct text_options *options, FILE *out);

/* Puts an escaped copy of `text` into a cell. 0 or -ENOMEM. */
int cells_set(struct libscols_line *line, size_t column, const char *text);

/* Colours a cell by what the state means to a person: broken red, doubtful yellow. */
void cells_color_state(struct libscols_line *line, size_t column, enum futex_state state);

/* Problems and the closing line. 0 or -ENOMEM. */
int cells_print_verdict(const struct snapshot *snapshot, const struct text_options *options,
			FILE *out);

#endif
