/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bits of a robust futex's 32-bit word and the kernel's limit on a list.
 *
 * Sources: linux/futex.h (uapi), which names them FUTEX_WAITERS, FUTEX_OWNER_DIED, FUTEX_TID_MASK
 * and ROBUST_LIST_LIMIT; Documentation/locking/robust-futex-ABI.rst.
 */
#ifndef ROBTRACE_ABI_FUTEX_WORD_H
#define ROBTRACE_ABI_FUTEX_WORD_H

#include <stdint.h>

#define WORD_WAITERS UINT32_C(0x80000000)
#define WORD_OWNER_DIED UINT32_C(0x40000000)
#define WORD_TID_MASK UINT32_C(0x3fffffff)

/* TIDs are below it, whatever /proc/sys/kernel/pid_max says: PID_MAX_LIMIT of linux/threads.h. */
#define WORD_TID_LIMIT (UINT32_C(4) << 20)

/* musl writes it, with FUTEX_OWNER_DIED, into a lock that nobody can recover: 0x7fffffff. */
#define WORD_TID_MUSL_LOST WORD_TID_MASK

/* Entries that the kernel walks on one list when a thread dies. */
#define ROBUST_LIST_LIMIT 2048

/* Bit 0 of a stored entry pointer: the entry is a PI futex. */
#define ENTRY_PI_BIT UINT64_C(1)

#endif
