/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The unlock race on demand: the use cases behind `robtrace race`. One that unlocks is stopped
 * where list_op_pending still names a lock that is not its own any more.
 */
#ifndef ROBTRACE_UNLOCK_RACE_H
#define ROBTRACE_UNLOCK_RACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "race_model.h"

/* What could not be done; text is a sentence without its end, errno value in error or 0. */
struct race_failure {
	char text[160];
	int error;
	int signal; /* a control signal ended it; 0: none */
};

struct race_request {
	enum race_libc libc;
	bool waiter;        /* someone sleeps on the lock when it is released */
	bool raw;           /* unmaps by bare system calls */
	bool guard;         /* clear a stale list_op_pending before the kernel looks at it */
	const char *folder; /* for the file; it is removed at once, and has no name */
};

/*
 * Lets a victim of our own go through the race once, and kills it. 0 and *ret; or a negative errno
 * and *ret_failure: -EOPNOTSUPP when this kernel or this build has it not, -EINTR for a control
 * signal, -ETIME when the victim did not get there in a minute.
 */
int race_round(const struct race_request *request, struct race_round *ret,
	       struct race_failure *ret_failure);

/* Lets a thread die with more locks than the kernel's limit, or with a circular list. Likewise. */
int race_lists(bool circular, struct race_lists *ret, struct race_failure *ret_failure);

struct race_hunt_request {
	/* One of the two. */
	char *const *argv;
	pid_t pid;
	uint64_t wait_ns;
	/* Of which lock; neither: of any. The address, or the file and offset, of its word. */
	bool by_address;
	target_addr address;
	bool by_file;
	uint32_t dev_major;
	uint32_t dev_minor;
	uint64_t inode;
	uint64_t offset;
	bool kill; /* the process, in the window */
};

/*
 * Finds a thread of a real program in the window. Unless it is killed it goes on unharmed, and
 * without us; of a command that runs on *ret_command is the PID, a child of ours, otherwise 0.
 * 0 and *ret, to be given back; -ETIME and -ESRCH (it ended) when there was none, otherwise a
 * negative errno; *ret_failure says it in each case.
 */
int race_hunt(const struct race_hunt_request *request, struct race_window *ret, pid_t *ret_command,
	      struct race_failure *ret_failure);
void race_window_release(struct race_window *window);

/* Whether the argument vector is that of our own victim, and its exit status. */
bool race_is_victim(int argc, char **argv);
int race_victim(int argc, char **argv);

#endif
