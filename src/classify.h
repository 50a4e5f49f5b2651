/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What state a futex is in, from what was read. Pure. */
#ifndef ROBTRACE_CLASSIFY_H
#define ROBTRACE_CLASSIFY_H

#include <stdbool.h>

#include "model.h"

/*
 * One futex on the list, or in list_op_pending, of a task. `waits` says whether the task waits
 * for this very futex, `wakes` whether it is in a call to wake it; `lock_state` is the state of the lock, for futexes that say no more.
 */
enum futex_state classify_futex(const struct futex *futex, pid_t ns_tid, bool waits, bool wakes,
				enum futex_state lock_state);

/* What is known of a lock beside its word. */
struct lock_evidence {
	bool owner_lists_it; /* the thread that the word names has it on a list */
	bool owner_pends;    /* that thread has it in list_op_pending only */
	bool orphan;         /* the word names nobody who could have it */
	bool stale;          /* in list_op_pending only, where no lock is */
	bool on_other_list;  /* on the list of a thread that the word does not name */
	bool somebody_pends; /* in some list_op_pending, by a thread that does not wait */
};

enum futex_state classify_lock(const struct lock *lock, const struct lock_evidence *evidence);

#endif
