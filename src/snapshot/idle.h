/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What only a thread itself can change: its name, the heads of its lists, the system call that it
 * sleeps in. While a process has not run since the last look, none of it needs to be asked again,
 * and of many threads that sleep only the memory is read. Their futex words are: others change them.
 *
 * Whether a process has run is told by its CPU clock, clock_getcpuclockid(3). The kernel adds what a
 * thread runs when it leaves the processor and at every tick of the timer, so for the length of a
 * tick a thread that has just begun to run may be shown where it slept.
 */
#ifndef ROBTRACE_SNAPSHOT_IDLE_H
#define ROBTRACE_SNAPSHOT_IDLE_H

#include "find_heads.h"
#include "model.h"
#include "target/procfs.h"

struct idle;

/* One process in one look. */
struct idle_process;

struct idle_thread {
	pid_t tid;
	char comm[PROC_COMM_MAX];
	size_t first_head; /* into the heads of the process */
	size_t n_heads;
	bool has_call; /* it was seen */
	struct proc_syscall call;
};

/* NULL without memory. */
struct idle *idle_new(void);
void idle_free(struct idle *idle);

/* Begins to look at a process. NULL: nothing can be known of it. */
struct idle_process *idle_begin(struct idle *idle, pid_t pid);

/* What is known of the thread; NULL when it has to be asked. `process` may be NULL. */
const struct idle_thread *idle_find(const struct idle_process *process, pid_t tid,
				    const struct list **ret_heads);

/*
 * What was asked of a thread. Without memory, or for a process that is known already, nothing is
 * noted. idle_note_call is for threads that were noted before, in any order.
 */
void idle_note(struct idle_process *process, pid_t tid, const char *comm, const struct list *heads,
	       size_t n_heads);
void idle_note_call(struct idle_process *process, pid_t tid, const struct proc_syscall *call);

/* Ends it: what was noted holds where the process has not run meanwhile and all went well. */
void idle_end(struct idle_process *process, bool good);

/* Ends a look: what is known of processes that were not looked at is dropped. */
void idle_sweep(struct idle *idle);

#endif
