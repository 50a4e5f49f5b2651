/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What becomes of a thread's robust locks when it dies, judged from its lists before the kernel
 * walks them. Pure.
 *
 * Source: exit_robust_list and handle_futex_death of kernel/futex/core.c: every entry but the
 * pending one in the order of the list, ROBUST_LIST_LIMIT of them, then the pending one; a fault
 * or a misaligned word ends all of that list, the pending entry included.
 */
#ifndef ROBTRACE_GUARD_H
#define ROBTRACE_GUARD_H

#include <stddef.h>
#include <sys/types.h>

#include "base/arena.h"
#include "event.h"

/*
 * lists: walked, and kept as long as the result. ns_tid: the thread as its futex words name it;
 * for one that execs, the TID that it will have then. Fills locks (without place, label and
 * waiters), n_cut and worst; leaves out what is nobody's or another's and no pending entry. The
 * array comes from the arena. 0 or -ENOMEM.
 */
int guard_judge_death(const struct list *lists, size_t n_lists, pid_t ns_tid, struct arena *arena,
		      struct death *ret);

/* The word as the kernel will leave it. */
uint32_t guard_word_after(const struct death_lock *lock);

#endif
