/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of `trace`, as strace has them: from argv to a struct. */
#ifndef ROBTRACE_CMD_TRACE_OPTIONS_H
#define ROBTRACE_CMD_TRACE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "abi/revision.h"
#include "report/log.h"

/* Exit statuses beside the command's own. */
enum trace_exit {
	TRACE_EXIT_DONE = 0,
	TRACE_EXIT_FAILED = 1, /* could not attach, could not start */
	TRACE_EXIT_USAGE = 2,
	TRACE_EXIT_OUTPUT = 3,
	TRACE_EXIT_NO_EXEC = 126,
	TRACE_EXIT_NO_COMMAND = 127,
};

struct trace_options {
	char **argv; /* of the command; NULL: none */
	pid_t *pids; /* malloced */
	size_t n_pids;
	bool follow;
	const char *output; /* -o; NULL: standard error */
	unsigned groups;    /* enum call_group */
	enum log_clock clock;
	bool relative;
	bool took;
	bool pc;
	unsigned stacks; /* 1: -k, 2: -kk */
	size_t stack_depth;
	size_t entries_max;
	unsigned quiet;
	bool summary;      /* -c or -C */
	bool summary_only; /* -c */
	bool paths;
	bool comms;
	bool color;
	bool detached; /* -D */
	bool json;
	bool no_seccomp;
	bool inject_filter;
	uint64_t snapshot_ns;
	bool emulate;
	bool guard;
	bool guard_strict;
	const struct revision *revision;
	long set_nr; /* -1: the revision's */
	long get_nr;
	bool done; /* --help and the like: all was said */
};

/* -1: go on. Otherwise the exit status; errors have been told. Release either way. */
int trace_options_parse(int argc, char **argv, struct trace_options *ret);
void trace_options_release(struct trace_options *options);

#endif
