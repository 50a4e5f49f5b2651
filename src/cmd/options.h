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

/* Exit statuses, the same for every command. */
enum exit_status {
	EXIT_DONE = 0,
	EXIT_NOTHING = 1, /* nothing could be looked at */
	EXIT_USAGE = 2,
	EXIT_OUTPUT = 3, /* the output could not be written */
};

struct show_options {
	bool all;
	pid_t *pids; /* malloced */
	size_t n_pids;
	char *const *files; /* part of argv */
	size_t n_files;
	bool lists;
	bool json;
	bool no_headings;
	bool raw;
	bool no_truncate;
	bool stop;
	bool color;
	const struct column **columns; /* malloced */
	size_t n_columns;
	bool done; /* --help and the like: all was said, nothing to do */
};

/*
 * Parses the arguments of `show`; argv[0] is the command's name. -1: go on. Otherwise the exit
 * status; errors have been told on stderr. Free with options_release either way.
 */
int options_parse_show(int argc, char **argv, struct show_options *ret);
void options_release(struct show_options *options);

#endif
