/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of problems.h share. */
#ifndef ROBTRACE_PROBLEMS_BUILD_H
#define ROBTRACE_PROBLEMS_BUILD_H

#include <stddef.h>

#include "model.h"
#include "names.h"

/* Room for a sentence with some labels; what is longer is cut. */
#define SENTENCE_MAX ((size_t)4 * LABEL_MAX)

/* A new problem of this kind, with room for n_tids TIDs; NULL without memory. */
struct problem *problems_add(struct snapshot *snapshot, enum problem_kind kind, size_t n_tids);

/* Adds to a text of SENTENCE_MAX bytes. */
void problems_append(char *text, const char *more);

/* problems_cycle.c */

/* Keeps the cycles that what was asked for is part of, or behind. */
void problems_drop_other_cycles(struct snapshot *snapshot);
/* The problem that cycles[index] is. 0 or -ENOMEM. */
int problems_add_cycle(struct snapshot *snapshot, size_t index);

#endif
