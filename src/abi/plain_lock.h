/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ordinary glibc locks, which no kernel list knows: who holds one is the libc's own note, read from
 * memory that anybody may have written. Good enough for a hint, never for a verdict.
 *
 * Source, read off running programs: glibc 2.36 (sysdeps/nptl/bits/struct_mutex.h and
 * struct_rwlock.h name the fields; nptl/pthread_rwlock_common.c the bits of __readers).
 */
#ifndef ROBTRACE_ABI_PLAIN_LOCK_H
#define ROBTRACE_ABI_PLAIN_LOCK_H

#include <stddef.h>
#include <stdint.h>

/* Bytes from the start of the lock that the calls below want. */
#define PLAIN_MUTEX_SPAN 24
#define PLAIN_RWLOCK_SPAN 56

/* The two futex words of a rwlock that a thread may wait for: their offsets in it. */
#define PLAIN_RWLOCK_PHASE_WORD 8
#define PLAIN_RWLOCK_WRITER_WORD 12

/*
 * TID of the thread that has it, as its own PID namespace counts; 0 when the bytes are no such
 * lock, or nobody has it. A mutex's futex word is its first.
 */
uint32_t plain_mutex_owner(const unsigned char bytes[PLAIN_MUTEX_SPAN], unsigned bits);
uint32_t plain_rwlock_writer(const unsigned char bytes[PLAIN_RWLOCK_SPAN], unsigned bits);

#endif
