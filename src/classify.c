/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "classify.h"

#include "abi/futex_word.h"

/* musl marks a mutex so; no TID has all bits set. */
static bool never_recoverable(uint32_t word, const struct mutex_info *mutex)
{
	return mutex->not_recoverable || (word & WORD_TID_MASK) == WORD_TID_MASK;
}

enum futex_state classify_lock(const struct lock *lock, const struct lock_evidence *evidence)
{
	uint32_t tid = lock->word & WORD_TID_MASK;

	if (!lock->word_ok)
		return FUTEX_UNREADABLE;
	if (evidence->stale)
		return FUTEX_STALE;
	if (never_recoverable(lock->word, &lock->mutex))
		return FUTEX_NOT_RECOVERABLE;
	if (!tid && (lock->word & WORD_OWNER_DIED))
		return FUTEX_OWNER_DIED;
	if (!tid)
		return evidence->somebody_pends ? FUTEX_PENDING : FUTEX_FREE;
	if (evidence->orphan)
		return FUTEX_ORPHAN;
	if (lock->mutex.inconsistent || (lock->word & WORD_OWNER_DIED))
		return FUTEX_INCONSISTENT;
	if (evidence->owner_lists_it)
		return FUTEX_HELD;
	if (evidence->owner_pends)
		return FUTEX_PENDING;
	return evidence->on_other_list ? FUTEX_FOREIGN : FUTEX_HELD;
}

enum futex_state classify_futex(const struct futex *futex, pid_t ns_tid, bool waits, bool wakes,
				enum futex_state lock_state)
{
	uint32_t tid = futex->word & WORD_TID_MASK;

	if (!futex->word_ok)
		return FUTEX_UNREADABLE;
	if (!futex->on_list)
		return waits                              ? FUTEX_WAITING
		       : futex->no_mutex                  ? FUTEX_STALE
		       : wakes && tid != (uint32_t)ns_tid ? FUTEX_IN_WINDOW
							  : FUTEX_PENDING;
	if (never_recoverable(futex->word, &futex->mutex))
		return FUTEX_NOT_RECOVERABLE;
	if (tid == (uint32_t)ns_tid)
		return futex->mutex.inconsistent || (futex->word & WORD_OWNER_DIED)
			       ? FUTEX_INCONSISTENT
			       : FUTEX_HELD;
	if (!tid)
		return (futex->word & WORD_OWNER_DIED) ? FUTEX_OWNER_DIED : FUTEX_FREE;
	return lock_state == FUTEX_ORPHAN ? FUTEX_ORPHAN : FUTEX_FOREIGN;
}
