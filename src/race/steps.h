/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From what an unlock looks like, again and again, to its four steps. Pure. */
#ifndef ROBTRACE_RACE_STEPS_H
#define ROBTRACE_RACE_STEPS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "race_model.h"

/* What to look for: one lock, held by this thread. */
struct steps_lock {
	target_addr entry;
	uint32_t tid; /* as the futex word names it */
};

/* Notes the steps that this view shows for the first time. */
void steps_note(struct race_steps *steps, const struct steps_lock *lock,
		const struct race_view *view, size_t at);

/* Released, and list_op_pending still names it. */
bool steps_in_window(const struct steps_lock *lock, const struct race_view *view);

/* Both are behind it: there is no window any more. */
bool steps_over(const struct race_steps *steps);

/* Whether the file's bytes are those that the kernel leaves when it takes them for a lock. */
bool steps_corrupted(const unsigned char before[RACE_BYTES], const unsigned char after[RACE_BYTES]);

#endif
