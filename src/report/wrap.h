/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sentences that stay inside the terminal. */
#ifndef ROBTRACE_REPORT_WRAP_H
#define ROBTRACE_REPORT_WRAP_H

#include <stddef.h>
#include <stdio.h>

/* Columns of the terminal on standard output; 0 when it is none: lines of any length then. */
size_t wrap_terminal_width(void);

/*
 * Prints the text, which begins in column `at`, broken at blanks so that no line passes `width`;
 * the following lines begin in column `margin`. Width 0, or one too narrow: as it is.
 */
void wrap_print(const char *text, size_t at, size_t margin, size_t width, FILE *out);

#endif
