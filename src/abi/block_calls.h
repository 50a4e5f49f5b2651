/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of the system calls in which a thread may sleep for long: what the owner of a lock does
 * while others wait for it.
 *
 * Source: the kernel's syscall tables for x86 (syscall_64.tbl and syscall_32.tbl).
 */
#ifndef ROBTRACE_ABI_BLOCK_CALLS_H
#define ROBTRACE_ABI_BLOCK_CALLS_H

#include "abi/wait_calls.h"

/* NULL for a call that is not in the table; it has none of arm. */
const char *block_call_name(enum call_abi abi, long number);

#endif
