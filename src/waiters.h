/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which futexes a blocked thread waits for, from the system call that it is in (proc(5),
 * /proc/PID/task/TID/syscall). Pure but for reading the array of futex_waitv.
 */
#ifndef ROBTRACE_WAITERS_H
#define ROBTRACE_WAITERS_H

#include <stddef.h>

#include "abi/wait_calls.h"
#include "model.h"
#include "target/memory.h"
#include "target/procfs.h"

/* The most futexes one thread can wait for: FUTEX_WAITV_MAX. */
#define WAITERS_MAX WAITV_MAX

/*
 * Fills at most WAITERS_MAX waits: call, address, is_private. The number of them, 0 for a thread
 * that waits for no futex.
 */
size_t waiters_decode(const struct proc_syscall *call, enum call_abi abi, struct memory *memory,
		      struct wait *ret_waits);

/* The futex that the thread is in a call to wake; 0: none. */
target_addr waiters_decode_wake(const struct proc_syscall *call, enum call_abi abi);

#endif
