/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who holds what that others wait for, and for how long: followed from look to look. */
#ifndef ROBTRACE_CMD_HOLDS_H
#define ROBTRACE_CMD_HOLDS_H

#include <stddef.h>
#include <stdint.h>

#include "model.h"

struct holds {
	struct hold *items;
	size_t count;
	size_t capacity;
};

/*
 * Takes in a look that was due at `now`, and adds to the snapshot the problem of each lock that has
 * been held for limit_ns. 0 or -ENOMEM. Begin with a zeroed struct.
 */
int holds_note(struct holds *holds, struct snapshot *snapshot, uint64_t now, uint64_t limit_ns);

void holds_release(struct holds *holds);

#endif
