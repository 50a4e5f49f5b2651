/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is shown: words that must all hold. "pid:4242" owns, waits for or has it in its private
 * memory; "file:lock.mdb" is part of the path; "state:held" is how its state begins; any other
 * word is part of something in the row. Case does not matter; '=' is as good as ':'.
 */
#ifndef ROBTRACE_TUI_FILTER_H
#define ROBTRACE_TUI_FILTER_H

#include "model.h"

#define FILTER_MAX 128

struct filter {
	char text[FILTER_MAX]; /* as typed; empty: all is shown */
};

bool filter_lock(const struct filter *filter, const struct snapshot *snapshot,
		 const struct lock *lock);
/* A thread, by itself or by a lock that it owns or waits for on its lists. */
bool filter_task(const struct filter *filter, const struct snapshot *snapshot,
		 const struct task *task);
bool filter_problem(const struct filter *filter, const struct snapshot *snapshot,
		    const struct problem *problem);

#endif
