/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the lists of threads that may be running so that what comes out was true at one moment.
 *
 * A walk that was the same at both readings and shows nothing strange is taken as it is. A
 * strange one (cut, looping, a word that names somebody else) may be a lock operation caught
 * half-way: it is believed only when the thread did not run meanwhile, or when it looks the same
 * many times over. What never settles ends in LIST_CHANGED, unless the thread may be stopped.
 */
#ifndef ROBTRACE_SETTLE_H
#define ROBTRACE_SETTLE_H

#include <stdbool.h>
#include <stddef.h>

#include "model.h"
#include "target/memory.h"
#include "walk_list.h"

/* Whose list a walk is. */
struct settle_owner {
	pid_t pid;
	pid_t tid;
	pid_t ns_tid;
	bool gone; /* out: the thread ended meanwhile; the walk means nothing */
};

struct settle_stats {
	size_t changed;
	size_t stopped;
	uint64_t longest_stop_ns;
};

/*
 * walks[i] belongs to owners[i]; all in one memory. may_stop: a thread whose list never settles
 * is stopped for a moment. Adds to *stats. Errors as walk_lists.
 */
int settle_lists(struct memory *memory, struct walk *walks, struct settle_owner *owners,
		 size_t count, bool may_stop, struct settle_stats *stats);

#endif
