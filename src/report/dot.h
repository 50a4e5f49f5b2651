/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Threads and locks as a Graphviz graph: from a thread to the lock that it waits for, from a lock
 * to its owner, so that a deadlock is a circle of arrows.
 */
#ifndef ROBTRACE_REPORT_DOT_H
#define ROBTRACE_REPORT_DOT_H

#include <stdio.h>

#include "model.h"

/* 0 or -ENOMEM. Errors of the stream are the caller's to look for (ferror). */
int dot_print(const struct snapshot *snapshot, FILE *out);

#endif
