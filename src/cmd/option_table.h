/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of all options of all commands, and what follows from it: --help and getopt_long. */
#ifndef ROBTRACE_CMD_OPTION_TABLE_H
#define ROBTRACE_CMD_OPTION_TABLE_H

#include <getopt.h>

#include "cmd/options.h"

/* Options without a letter. */
enum long_only {
	OPT_LIST_COLUMNS = 256,
	OPT_STOP,
	OPT_COLOR,
	OPT_WAIT,
	OPT_INTERVAL,
	OPT_HOLD,
	OPT_DOT,
	OPT_STACK_DEPTH,
	OPT_API,
	OPT_API_NR,
	OPT_EMULATE,
	OPT_NO_SECCOMP,
	OPT_INJECT_FILTER,
	OPT_SNAPSHOT_INTERVAL,
	OPT_BELL,
	OPT_SCRIPT,
	OPT_SIZE,
	OPT_PICTURE,
	OPT_GUARD,
	OPT_LIBC,
	OPT_WAITER,
	OPT_RAW,
	OPT_LIMIT,
	OPT_CIRCULAR,
	OPT_LOCK,
	OPT_KILL,
};

/* More rows than the table has. */
#define OPTION_ROWS_MAX 96

const char *option_table_command(enum command_id command);

void option_table_print_help(enum command_id command);

/* The rows of that command in the form of getopt_long(3). */
void option_table_getopt(enum command_id command, char letters[2 * OPTION_ROWS_MAX],
			 struct option longs[OPTION_ROWS_MAX]);

#endif
