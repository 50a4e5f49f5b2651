/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From argv to a struct. One table of options a command: getopt_long, --help, and (by a test) the
 * man page and the completions follow it.
 */
#ifndef ROBTRACE_CMD_OPTIONS_H
#define ROBTRACE_CMD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "report/columns.h"

/* Exit statuses of show. check has its own, see cmd/check.c. */
enum exit_status {
	EXIT_DONE = 0,
	EXIT_NOTHING = 1, /* nothing could be looked at */
	EXIT_USAGE = 2,
	EXIT_OUTPUT = 3, /* the output could not be written */
};

enum command_id {
	COMMAND_SHOW,
	COMMAND_CHECK,
	COMMAND_TOP,
	COMMAND_TRACE, /* its options are in cmd/trace_options.h */
	COMMAND_PROBE,
	COMMAND_RACE, /* in cmd/race_options.h */
};

struct options {
	enum command_id command;
	bool all;
	pid_t *pids; /* malloced */
	size_t n_pids;
	char *const *files; /* part of argv */
	size_t n_files;
	bool lists;
	bool json;
	bool dot;
	bool no_headings;
	bool raw;
	bool no_truncate;
	bool stop;
	unsigned stacks; /* 1: stacks of owners and waiters, 2: with source lines */
	size_t stack_depth;
	bool color;
	const struct column **columns; /* malloced */
	bool columns_given;
	size_t n_columns;
	uint64_t wait_ns; /* check: 0: look once */
	uint64_t interval_ns;
	uint64_t hold_ns;  /* check: 0: no hold is too long */
	uint64_t delay_ns; /* top: between two looks */
	bool bell;
	const char *script; /* top: keys come from this file; part of argv, as are the pictures */
	int width;          /* of the screen for a script */
	int height;
	char **pictures; /* malloced */
	size_t n_pictures;
	bool done; /* --help and the like: all was said, nothing to do */
};

/*
 * Parses the arguments of a command; argv[0] is its name. -1: go on. Otherwise the exit status;
 * errors have been told on stderr. Free with options_release either way.
 */
int options_parse(enum command_id command, int argc, char **argv, struct options *ret);
void options_release(struct options *options);

#endif
