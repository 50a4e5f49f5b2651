/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The system calls that a trace shows, one row a call, with its number under each ABI.
 *
 * Sources: the kernel's syscall tables (syscall_64.tbl, syscall_32.tbl, the generic table); for
 * set_robust_list2 and get_robust_list2 src/abi/revision.h.
 */
#ifndef ROBTRACE_ABI_TRACED_CALLS_H
#define ROBTRACE_ABI_TRACED_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/wait_calls.h"

struct revision; /* abi/revision.h */

/* What -e chooses. */
enum call_group {
	CALL_LISTS = 1 << 0, /* set_robust_list, get_robust_list and the new calls */
	CALL_FUTEX = 1 << 1, /* futex, futex_time64, futex_waitv, futex_wait, _wake, _requeue */
	CALL_LIFE = 1 << 2,  /* tasks: ptrace. exit and execve: locks are lost there; never told */
	CALL_MMAP = 1 << 3,  /* mmap, mmap2, munmap, mremap, ftruncate, ftruncate64, truncate */
};

/* How the arguments are decoded; one home for each in decode.c. */
enum call_form {
	CALL_FORM_SET_ROBUST_LIST,
	CALL_FORM_GET_ROBUST_LIST,
	CALL_FORM_SET_ROBUST_LIST2,
	CALL_FORM_GET_ROBUST_LIST2,
	CALL_FORM_FUTEX,        /* timeout as the caller's words: 32-bit on i386 */
	CALL_FORM_FUTEX_TIME64, /* the same, with a 64-bit timeout */
	CALL_FORM_FUTEX_WAITV,
	CALL_FORM_FUTEX_WAIT,
	CALL_FORM_FUTEX_WAKE,
	CALL_FORM_FUTEX_REQUEUE,
	CALL_FORM_MMAP,       /* addr, length, prot, flags, fd, offset */
	CALL_FORM_MMAP2,      /* the same; offset in units of 4096 bytes */
	CALL_FORM_OLD_MMAP,   /* i386: pointer to the six of mmap, 32 bits each */
	CALL_FORM_MUNMAP,     /* addr, length */
	CALL_FORM_MREMAP,     /* old_address, old_size, new_size, flags, new_address */
	CALL_FORM_TRUNCATE,   /* path, length */
	CALL_FORM_FTRUNCATE,  /* fd, length */
	CALL_FORM_TRUNCATE64, /* path, length in two registers; see length_argument */
	CALL_FORM_FTRUNCATE64,
	CALL_FORM_EXIT,   /* status */
	CALL_FORM_EXEC,   /* not decoded */
	CALL_FORM_PTRACE, /* request, pid: told where the kernel refuses it because we trace */
	CALL_FORM_OTHER,  /* another call at a number of ours: bare arguments */
};

struct traced_call {
	const char *name;
	enum call_group group;
	enum call_form form;
	long numbers[4];    /* by enum call_abi; -1: that ABI has no such call */
	bool never_returns; /* exit */
	/* _TRUNCATE64: the argument with the low half of the length; arm wants an even one. */
	unsigned length_argument;
};

/* The table with the numbers of the new API filled in. */
struct traced_calls {
	const struct revision *revision;
	struct traced_call rows[40];
	size_t n_rows;
};

/*
 * set_nr, get_nr: numbers of the new calls that were asked for; -1: the revision's own, those of
 * its earlier versions as well. A call without any number is not in the table. Where a number
 * belongs to another call of the table, that one is found.
 */
void traced_calls_init(struct traced_calls *ret, const struct revision *revision, long set_nr,
		       long get_nr);

/*
 * The running kernel has another call (revision_number_taken; a constant text) at this number of
 * the new API: its row gets that name and CALL_FORM_OTHER. Nothing for a number that is not there.
 */
void traced_calls_taken(struct traced_calls *calls, long number, const char *name);

/* NULL when the call is none of ours. */
const struct traced_call *traced_calls_find(const struct traced_calls *calls, enum call_abi abi,
					    long number);

#endif
