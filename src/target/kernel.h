/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the running kernel can tell about robust lists, found out once and harmlessly.
 *
 * Sources: get_robust_list(2); on the 32-bit entry of an x86-64 kernel: its
 * arch/x86/entry/syscalls/syscall_32.tbl (312) and COMPAT_SYSCALL get_robust_list.
 */
#ifndef ROBTRACE_TARGET_KERNEL_H
#define ROBTRACE_TARGET_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "target/list2.h"

struct kernel {
	struct list2_api list2;
	bool compat_entry;      /* int $0x80 works: 32-bit heads can be asked for */
	void *compat_page;      /* a page below 4 GiB for the pointers of such a call */
	uint64_t pid_namespace; /* our own; 0 when /proc does not tell */
};

/*
 * Probes in a child process: the 32-bit entry may kill who uses it, and looking for the new calls
 * registers lists. 0 or -errno.
 */
int kernel_open(struct kernel *ret);
void kernel_close(struct kernel *kernel);

/*
 * The head that the thread registered by set_robust_list from code of the kernel's word size;
 * 0 when it has none. 0, or -ESRCH, -EPERM (not permitted), -ENOSYS.
 */
int kernel_robust_head(const struct kernel *kernel, pid_t tid, uint64_t *ret_head);

/* The same for 32-bit code. 0 and head 0 where the kernel has no 32-bit entry. */
int kernel_compat_head(const struct kernel *kernel, pid_t tid, uint64_t *ret_head);

/* The process or thread exists, a zombie included. */
bool kernel_tid_exists(pid_t tid);

/*
 * An order of processes by their memory (kcmp(2), KCMP_VM): -1, 1, or 0 for one and the same.
 * Where the kernel does not tell, all memories are different ones, by pid.
 */
int kernel_compare_memory(pid_t left, pid_t right);

#endif
