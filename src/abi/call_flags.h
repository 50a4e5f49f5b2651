/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names of operations and flags in the arguments of traced calls, as C programs write them.
 *
 * Sources: linux/futex.h, asm-generic/mman-common.h, asm-generic/mman.h, linux/mman.h,
 * linux/ptrace.h (uapi); futex(2), mmap(2), mremap(2), ptrace(2). The MAP_ numbers are those of x86
 * and arm. The unlock operations with FUTEX_ROBUST_UNLOCK are in kernels from 7.2 on.
 */
#ifndef ROBTRACE_ABI_CALL_FLAGS_H
#define ROBTRACE_ABI_CALL_FLAGS_H

#include <stdbool.h>
#include <stdint.h>

/* Requests of ptrace(2) by which a task gets a tracer: itself; the one of the argument pid. */
#define CALL_PTRACE_TRACEME 0
#define CALL_PTRACE_ATTACH 16
#define CALL_PTRACE_SEIZE 0x4206

/* Room for any of the texts below. */
#define CALL_FLAGS_MAX 512

/* Operations of futex(2): the argument without its flags. */
enum futex_operation {
	FUTEX_OPERATION_WAIT = 0,
	FUTEX_OPERATION_WAKE = 1,
	FUTEX_OPERATION_FD = 2,
	FUTEX_OPERATION_REQUEUE = 3,
	FUTEX_OPERATION_CMP_REQUEUE = 4,
	FUTEX_OPERATION_WAKE_OP = 5,
	FUTEX_OPERATION_LOCK_PI = 6,
	FUTEX_OPERATION_UNLOCK_PI = 7,
	FUTEX_OPERATION_TRYLOCK_PI = 8,
	FUTEX_OPERATION_WAIT_BITSET = 9,
	FUTEX_OPERATION_WAKE_BITSET = 10,
	FUTEX_OPERATION_WAIT_REQUEUE_PI = 11,
	FUTEX_OPERATION_CMP_REQUEUE_PI = 12,
	FUTEX_OPERATION_LOCK_PI2 = 13,
};

/* FUTEX_ROBUST_UNLOCK: uaddr2 is the list_op_pending to clear; with _LIST32 a 32-bit one. */
#define FUTEX_ROBUST_UNLOCK_FLAG 512u
#define FUTEX_ROBUST_LIST32_FLAG 1024u

/* The operation of futex's op argument, its flags cut off; may be none of the enum. */
uint32_t call_futex_operation(uint32_t op);

/* "FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME", "FUTEX_UNLOCK_WAKE_LIST32" */
void call_futex_op_text(uint32_t op, char ret[CALL_FLAGS_MAX]);

/* val3 of FUTEX_WAKE_OP: "FUTEX_OP_SET<<28|0x3<<12|FUTEX_OP_CMP_GT<<24|0x4" */
void call_futex_wake_op_text(uint32_t val3, char ret[CALL_FLAGS_MAX]);

/* flags of futex_wait and of an element of futex_waitv: "FUTEX2_SIZE_U32|FUTEX2_PRIVATE" */
void call_futex2_flags_text(uint32_t flags, char ret[CALL_FLAGS_MAX]);

/* A bit set of FUTEX_WAIT_BITSET and kin: "FUTEX_BITSET_MATCH_ANY", "0x5" */
void call_futex_bitset_text(uint32_t bits, char ret[CALL_FLAGS_MAX]);

/* "CLOCK_MONOTONIC" */
void call_clock_text(uint32_t clock, char ret[CALL_FLAGS_MAX]);

/* "PROT_READ|PROT_WRITE", "PROT_NONE" */
void call_prot_text(uint32_t prot, char ret[CALL_FLAGS_MAX]);

/* "MAP_PRIVATE|MAP_ANONYMOUS" */
void call_map_flags_text(uint32_t flags, char ret[CALL_FLAGS_MAX]);

#define MREMAP_FIXED_FLAG 2u

/* "MREMAP_MAYMOVE", "0" */
void call_mremap_flags_text(uint32_t flags, char ret[CALL_FLAGS_MAX]);

#endif
