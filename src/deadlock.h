/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who waits for whom in a circle. Pure: reads tasks and locks of a snapshot, writes `cycles`.
 *
 * A thread that waits for one lock goes on when the owner of that lock does; a thread in
 * futex_waitv when the owner of any of its locks does. What can never go on stands in a cycle or
 * behind one. A lock whose owner is not known could be given back by somebody: it dooms nobody.
 */
#ifndef ROBTRACE_DEADLOCK_H
#define ROBTRACE_DEADLOCK_H

#include "model.h"

/* Linear in tasks, waits and locks. 0 or -ENOMEM. */
int deadlock_find(struct snapshot *snapshot);

#endif
