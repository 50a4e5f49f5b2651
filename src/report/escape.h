/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of files and threads are bytes that anybody can choose. Before they reach a terminal,
 * everything that could move a cursor, hide text or is no text at all becomes \xNN.
 */
#ifndef ROBTRACE_REPORT_ESCAPE_H
#define ROBTRACE_REPORT_ESCAPE_H

#include <stdarg.h>

/*
 * Malloced copies that are safe to print; NULL without memory. escape_text keeps UTF-8 only where
 * the locale (setlocale(3)) has it; escape_utf8 always does, for JSON.
 */
char *escape_text(const char *text);
/* Takes over a malloced text and gives it back where there is nothing to escape. */
char *escape_take(char *text);
/* As escape_text, of what vasprintf(3) makes of the arguments. */
char *escape_vformat(const char *format, va_list args) __attribute__((format(printf, 1, 0)));
char *escape_utf8(const char *text);

#endif
