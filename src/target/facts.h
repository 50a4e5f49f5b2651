/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this kernel, and our rights on it, allow robtrace to do: all that `robtrace probe` tells.
 * Everything is tried on children of our own; no other process is touched.
 *
 * Sources: ptrace(2), seccomp(2), process_vm_readv(2), proc(5), kcmp(2), futex(2), vdso(7);
 * linux/futex.h of 7.2 for FUTEX_ROBUST_UNLOCK.
 */
#ifndef ROBTRACE_TARGET_FACTS_H
#define ROBTRACE_TARGET_FACTS_H

#include <stdbool.h>
#include <sys/utsname.h>

#include "target/kernel.h"

#define FACTS_NUMBERS 8

/* What is at a number that some revision of the new API has used. */
struct facts_number {
	long number;
	enum list2_number what;
	const char *taken_by; /* LIST2_TAKEN: the call */
};

/* Results are 0, or the negative errno with which it failed. */
struct facts {
	struct utsname names;
	struct list2_api list2;
	struct facts_number numbers[FACTS_NUMBERS]; /* ascending */
	int robust_list;                            /* get_robust_list of a child */
	bool compat_entry;                          /* int $0x80 */

	/* reading */
	int vm_readv;
	int proc_mem;
	int proc_maps;
	int proc_syscall; /* in which call a thread is blocked */
	int proc_schedstat;
	int proc_sched; /* when it last ran */
	int kcmp;

	/* rights */
	unsigned uid;
	bool cap_sys_ptrace;
	bool cap_dac_read_search;    /* or CAP_DAC_OVERRIDE */
	bool cap_checkpoint_restore; /* or CAP_SYS_ADMIN */
	int yama_scope;              /* -1: no Yama */
	int map_files;               /* /proc/PID/map_files/START-END of a child can be opened */

	/* tracing */
	int ptrace;
	int get_syscall_info;
	int set_syscall_info;
	int seccomp_filter;
	int seccomp_mode; /* our own, as in /proc/PID/status; -1: not known */

	/* newer unlock operations */
	int robust_unlock_64;
	int robust_unlock_32;
	bool vdso_unlock_64;
	bool vdso_unlock_32;
};

/* The parts of it that need a child to look at, and the futex operations (facts_*.c). */
void facts_of_child(struct facts *facts, pid_t child, const uint64_t *mark);
void facts_of_unlock(struct facts *facts);

/* What `mark` points to in the child. */
#define FACTS_MARK UINT64_C(0x726f627472616365)

/* 0 or a negative errno when not even a child can be made. */
int facts_gather(struct facts *ret);

#endif
