/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is wrong in a snapshot, in sentences. Pure: reads the model, writes `problems`. */
#ifndef ROBTRACE_PROBLEMS_H
#define ROBTRACE_PROBLEMS_H

#include "model.h"

/* Fills problems, worst first. 0 or -ENOMEM. */
int problems_find(struct snapshot *snapshot);

/* Adds that locks[index] has been held by its owner for so long. 0 or -ENOMEM. */
int problems_add_long_hold(struct snapshot *snapshot, size_t index, uint64_t held_ns);

#endif
