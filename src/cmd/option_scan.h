/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parsing of options has in common for all commands. */
#ifndef ROBTRACE_CMD_OPTION_SCAN_H
#define ROBTRACE_CMD_OPTION_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "cmd/options.h"

/*
 * One option of the command's rows. -1: go on; 0: all was said and there is nothing to do; else
 * the exit status of an error that was told.
 */
typedef int option_apply(int id, char *argument, void *options);

/*
 * Goes through argv; --help, --version and what is no option are done here. As option_apply; with
 * -1, *ret_rest is the place of the first argument that is no option.
 */
int option_scan(enum command_id command, int argc, char **argv, option_apply *apply, void *options,
		int *ret_rest);

/* Which options do not go together, as sentences. */
struct option_rule {
	bool wrong;
	const char *text;
};

/* -1, or EXIT_USAGE for the first rule that is broken, and that was told. */
int option_check_rules(const struct option_rule *rules, size_t count);

#endif
