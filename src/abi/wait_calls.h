/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The system calls in which a thread waits for a futex, one row a call and ABI.
 *
 * Sources: the kernel's syscall tables (x86 syscall_64.tbl and syscall_32.tbl, the generic table,
 * arm syscall.tbl); futex(2), futex_waitv(2); linux/futex.h for the operations.
 */
#ifndef ROBTRACE_ABI_WAIT_CALLS_H
#define ROBTRACE_ABI_WAIT_CALLS_H

#include <stdbool.h>
#include <stdint.h>

enum call_abi {
	ABI_X86_64,
	ABI_I386,
	ABI_AARCH64,
	ABI_ARM,
};

/* Which arguments name the futexes. */
enum wait_form {
	WAIT_FORM_FUTEX,   /* uaddr, op, val, timeout, uaddr2, val3 */
	WAIT_FORM_WAITV,   /* array of struct futex_waitv, count, flags, ... */
	WAIT_FORM_FUTEX2,  /* uaddr, val, mask, flags, ... */
	WAIT_FORM_RESTART, /* restart_syscall: the arguments of the call that is restarted */
};

struct wait_call {
	enum call_abi abi;
	long number;
	const char *name;
	enum wait_form form;
};

/* struct futex_waitv of linux/futex.h, the same for 32- and 64-bit callers. */
struct abi_futex_waitv {
	uint64_t value;
	uint64_t address;
	uint32_t flags;
	uint32_t reserved;
};

/* FUTEX_WAITV_MAX */
#define WAITV_MAX 128

/* FUTEX2_PRIVATE: flag of futex_wait and of an element of futex_waitv. */
#define FUTEX2_PRIVATE_FLAG 0x80u

/* FUTEX_PRIVATE_FLAG of futex's op argument. */
#define FUTEX_OP_PRIVATE 0x80u

/* The ABI of 64-bit and of 32-bit programs on the machine this was built for. */
enum call_abi wait_abi_native(unsigned bits);

/* NULL when that call does not wait for a futex. */
const struct wait_call *wait_call_find(enum call_abi abi, long number);

/* What a futex operation makes its caller wait for. */
struct futex_op {
	bool waits;
	bool second; /* at uaddr2 as well (FUTEX_WAIT_REQUEUE_PI) */
	bool pi;     /* FUTEX_LOCK_PI and _PI2: the word carries the owner's TID */
};

/* op is the argument as /proc shows it (musl extends its sign to 64 bits). */
struct futex_op futex_op_decode(uint64_t op);

#endif
