/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A trace as text: one line a call, in the form that strace gives it, so that people's greps work;
 * or one JSON object a line (docs/json-schema-trace.json).
 *
 * A call's line begins at its entry and is ended at its end; when another task speaks in between,
 * it is left as `<unfinished ...>` and taken up again as `<... NAME resumed>`, as strace does.
 */
#ifndef ROBTRACE_REPORT_LOG_H
#define ROBTRACE_REPORT_LOG_H

#include <stdbool.h>
#include <stdio.h>

#include "event.h"

enum log_clock {
	LOG_NO_TIME,
	LOG_TIME,     /* -t    12:34:56 */
	LOG_TIME_US,  /* -tt   12:34:56.123456 */
	LOG_EPOCH_US, /* -ttt  1700000000.123456 */
};

struct log_options {
	FILE *out;
	bool json;
	bool color;
	enum log_clock clock;
	bool relative; /* -r: seconds since the line before */
	bool took;     /* -T: <0.000123> behind a call */
	bool pc;       /* -i: [00007f0000001234] */
	bool comm;     /* -Y-like: [pid 4242<mdb_load>] */
	bool paths;    /* -y: file of each lock */
	bool bare_pid; /* -o FILE with -f: each line begins `N ` from the first on, as in strace;
			* blanks where it is no thread's */
	size_t entries_max; /* -s: entries of a list written out; then "... (N entries)" */
};

struct log; /* malloced */

/* 0 or -ENOMEM. The stream stays the caller's. */
int log_new(const struct log_options *options, struct log **ret);
void log_free(struct log *log);

/* From now on lines begin with `[pid N] `: there is, or was, more than one task. */
void log_many_tasks(struct log *log);

/*
 * Writes one event, all of it at once, and flushes the stream. 0 or -ENOMEM; errors of the stream
 * are the caller's to look for. A death without anything to tell is no line.
 */
int log_event(struct log *log, const struct event *event);

/* Ends a line that is open, before something else is written to the stream. */
void log_break(struct log *log);

#endif
