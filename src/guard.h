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
 * waiters), breaks, n_cut and worst; leaves out what is nobody's or another's and no pending
 * entry. The arrays come from the arena. 0 or -ENOMEM.
 */
int guard_judge_death(const struct list *lists, size_t n_lists, pid_t ns_tid, struct arena *arena,
		      struct death *ret);

/*
 * Of locks whose place is known by now: the kernel cannot write to a page that is closed to writing,
 * and ends the walk of the list there. 0 or -ENOMEM.
 */
int guard_judge_writing(struct death *death, struct arena *arena);

/* What is to be thought of a list_op_pending at the end of its thread. */
enum guard_verdict {
	GUARD_NOTHING,  /* none, or the kernel would not write there */
	GUARD_LOCK,     /* it names a lock: the kernel must mark it */
	GUARD_STALE,    /* the kernel would write to memory that is no lock of the list's libc */
	GUARD_DOUBTFUL, /* it would write, and nobody knows what a lock of this list looks like */
};

/*
 * A judgement, by what the libc keeps beside the word (abi/mutex_layout.h): of a thread that was
 * in the middle of taking or giving back a mutex, that mutex is still there. ns_tid as above.
 */
enum guard_verdict guard_judge_pending(const struct list *list, pid_t ns_tid);

/* By what was judged: "glibc's __kind"; NULL where the layout is not known. */
const char *guard_evidence(const struct list *list);

/* The word as the kernel will leave it. */
uint32_t guard_word_after(const struct death_lock *lock);

#endif
