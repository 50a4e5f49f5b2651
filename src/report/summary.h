/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a trace saw, counted (-c): calls as strace -c counts them, and what became of locks. */
#ifndef ROBTRACE_REPORT_SUMMARY_H
#define ROBTRACE_REPORT_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "event.h"

/* More names than the calls that are traced. */
#define SUMMARY_CALLS_MAX 40

struct summary_call {
	const char *name;
	uint64_t calls;
	uint64_t errors;
	uint64_t ns;
};

struct summary {
	struct summary_call calls[SUMMARY_CALLS_MAX];
	size_t n_calls;
	uint64_t threads;     /* that ended */
	uint64_t held;        /* locks held at the end of their threads */
	uint64_t owner_died;  /* of these: the kernel marked or will mark them */
	uint64_t stay_locked; /* of these: nobody will ever be told */
	uint64_t lists;       /* registered, by calls that succeeded */
	/* The revision that is emulated, or NULL; the caller's to set. Then: */
	const char *emulated;
	uint64_t unmarked; /* locks that were to be marked, and nobody could */
	uint64_t unread;   /* ends of tasks whose lists could not be read */
};

void summary_add(struct summary *summary, const struct event *event);

/* 0 or -ENOMEM. Errors of the stream are the caller's to look for. */
int summary_print(const struct summary *summary, bool json, FILE *out);

#endif
