/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of `race`: from argv to a struct. */
#ifndef ROBTRACE_CMD_RACE_OPTIONS_H
#define ROBTRACE_CMD_RACE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "race_model.h"

enum race_exit {
	RACE_EXIT_AS_ASKED = 0,
	RACE_EXIT_NOT = 1,
	RACE_EXIT_FAILED = 2, /* usage, or it could not be tried */
};

struct race_options {
	char **argv; /* of a real program; NULL: none */
	pid_t *pids; /* malloced; one at most */
	size_t n_pids;
	const char *lock; /* --lock; NULL: any */
	uint64_t wait_ns;
	bool kill;
	bool yes;
	enum race_libc libc;
	bool libc_given;
	size_t count;
	bool waiter;
	bool raw;
	bool guard;
	bool limit;
	bool circular;
	bool json;
	bool color;
	bool done; /* --help and the like: all was said */
};

/* -1: go on. Otherwise the exit status; errors have been told. Release either way. */
int race_options_parse(int argc, char **argv, struct race_options *ret);
void race_options_release(struct race_options *options);

#endif
