/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values of options that several commands have. Each returns -1 when the value is good, otherwise
 * an exit status, and the error was told.
 */
#ifndef ROBTRACE_CMD_OPTION_VALUES_H
#define ROBTRACE_CMD_OPTION_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Adds "PID,PID" to a malloced array, each once. */
int option_pids(const char *text, pid_t **pids, size_t *count);

/* "5" or "0.5"; at most a year, so that the sum of two fits easily. */
int option_seconds(const char *option, const char *text, uint64_t *ret_ns);

/* A whole number from 1 to most. */
int option_number(const char *option, const char *text, size_t most, size_t *ret);

/* --color: *color is what auto means before and what was said after. */
int option_color(const char *when, bool *color);

/* What auto means for a stream: colours on a terminal, unless NO_COLOR is set (no-color.org). */
bool option_default_color(int fd);

#endif
