/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why a process may not be looked at, and what would help.
 *
 * Sources: ptrace(2), "Ptrace access mode checking"; capabilities(7);
 * Documentation/admin-guide/LSM/Yama.rst.
 */
#ifndef ROBTRACE_TARGET_ACCESS_H
#define ROBTRACE_TARGET_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "target/procfs.h"

struct access_facts {
	uid_t our_uid; /* real ones: PTRACE_MODE_*_REALCREDS */
	gid_t our_gid;
	bool cap_sys_ptrace;
	bool cap_dac_read_search;    /* or CAP_DAC_OVERRIDE */
	bool cap_checkpoint_restore; /* or CAP_SYS_ADMIN: /proc/PID/map_files */
	int yama_scope;              /* -1: no Yama */
	bool target_known;           /* the next is set */
	struct proc_status target;
};

void access_facts_get(pid_t pid, struct access_facts *ret);

/* Pure. One line without a newline: the reason and the remedy. */
void access_explain(const struct access_facts *facts, char *ret, size_t size);

/*
 * Whether one process may read what the other has, as get_robust_list(2) asks (with
 * PTRACE_MODE_READ_REALCREDS): ids, CAP_SYS_PTRACE, dumpable. Security modules are not asked.
 */
bool access_between(pid_t caller, pid_t target);

/* Whether waiting threads of other users can be seen (/proc/.../syscall has mode 0400). */
bool access_sees_waits(const struct access_facts *facts);

#endif
