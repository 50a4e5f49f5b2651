/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a status of waitpid(2) says of a task that was seized by ptrace(2). Pure.
 *
 * Source: ptrace(2), "Stopped states" and "Attaching and detaching" (PTRACE_SEIZE behaviour:
 * every group stop and every stop by PTRACE_INTERRUPT carries PTRACE_EVENT_STOP).
 */
#ifndef ROBTRACE_TARGET_WAIT_STATUS_H
#define ROBTRACE_TARGET_WAIT_STATUS_H

#include <stdbool.h>

enum wait_kind {
	WAIT_NOTHING,    /* a status that no stop of ours gives (WIFCONTINUED) */
	WAIT_EXITED,     /* status: 0 to 255 */
	WAIT_KILLED,     /* signal, core */
	WAIT_SYSCALL,    /* entry or end of a system call (PTRACE_O_TRACESYSGOOD) */
	WAIT_SECCOMP,    /* SECCOMP_RET_TRACE: entry of a call that a filter chose */
	WAIT_SIGNAL,     /* signal is about to be delivered */
	WAIT_GROUP_STOP, /* job control: stays stopped by signal until SIGCONT */
	WAIT_INTERRUPTED, /* PTRACE_INTERRUPT, the first stop of a new task, or the end of a group stop */
	WAIT_CLONE,
	WAIT_FORK,
	WAIT_VFORK,
	WAIT_VFORK_DONE,
	WAIT_EXEC,
	WAIT_EXITING, /* PTRACE_EVENT_EXIT: before the kernel walks the robust lists */
};

struct wait_event {
	enum wait_kind kind;
	int status;
	int signal;
	bool core;
};

struct wait_event wait_status_decode(int status);

#endif
