/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System calls that a stopped task makes for us, as if its own code had made them. Its registers,
 * signals and interrupted system call are as before when it goes on.
 *
 * Sources: ptrace(2): PTRACE_SYSCALL, PTRACE_SETSIGMASK, PTRACE_SETREGS; the restart codes of
 * the kernel's include/linux/errno.h (ERESTARTSYS 512 to ERESTART_RESTARTBLOCK 516).
 */
#ifndef ROBTRACE_TARGET_INJECT_H
#define ROBTRACE_TARGET_INJECT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

struct inject {
	pid_t pid;
	pid_t tid;
	unsigned bits;    /* of the code that the task runs */
	uint64_t code;    /* a system call instruction in its memory */
	uint64_t signals; /* its mask before */
	struct user_regs_struct registers;
	bool waits_soon; /* wait_soon.h */
	bool stopped;    /* SIGSTOP came during a call: sent again at the end */
	/* Out of inject_call, when that gives -ESRCH: the status of its end, to be handled. */
	bool ended;
	int status;
};

/*
 * The task is in a ptrace stop of ours: at no entry of a system call, about to get no signal. 0, -ESRCH (killed
 * meanwhile), -EOPNOTSUPP (no instruction to be found, or a machine for which this is not built).
 */
int inject_begin(struct inject *inject, pid_t pid, pid_t tid);

/* After inject_begin: it stands in a system call that was broken off and would begin anew. */
bool inject_interrupted(const struct inject *inject);

/* 0 and *ret_result as the kernel returns it; -ESRCH. Must be a call that does not sleep. */
int inject_call(struct inject *inject, long number, const uint64_t args[6], int64_t *ret_result);

/* Copies into its memory. 0 or a negative errno. */
int inject_write(const struct inject *inject, uint64_t address, const void *data, size_t size);

/*
 * Puts all back. An interrupted call begins anew when the task goes on, after one more stop by
 * PTRACE_INTERRUPT; with `woken` it returns 0 instead.
 */
void inject_end(struct inject *inject, bool woken);

#endif
