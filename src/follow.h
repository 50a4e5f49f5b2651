/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Follows programs and tells what they do with robust lists, one event at a time: the use case
 * behind `robtrace trace`.
 */
#ifndef ROBTRACE_FOLLOW_H
#define ROBTRACE_FOLLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "abi/traced_calls.h"
#include "event.h"

struct emulated_heads; /* find_heads.h */

/* Of whom a picture is to be taken. */
struct follow_picture {
	const pid_t *pids;
	size_t n_pids;
	const pid_t *stopped_tids; /* threads of them that job control has stopped */
	size_t n_stopped_tids;
	const struct emulated_heads *emulated; /* their emulated lists; NULL: nothing is emulated */
};

struct follow_request {
	/* One of the two: a command, run under a filter where `filter` is set; or processes. */
	char *const *argv;
	bool filter;
	bool detached; /* the command is this process; follow_open returns in a grandchild */
	/* In the process that could not become the command, before it ends; with `context`. */
	void (*refused)(void *context, int error);
	const pid_t *pids;
	size_t n_pids;
	bool inject; /* put the processes under a filter, for ever */
	bool follow; /* children too */
	/* Groups of enum call_group whose calls and events are told. */
	unsigned groups;
	const struct traced_calls *calls;
	/* Answer the calls of the new API in place of the kernel, as calls->revision has them. */
	bool emulate;
	/* Clear a list_op_pending that is stale before the kernel looks at it; also a doubtful one. */
	bool guard;
	bool guard_strict;
	bool label_all;     /* name the memory of every futex, not only of files */
	bool comms;         /* fill in event.comm */
	size_t stack_depth; /* frames of the stack at each call's entry; 0: none */
	bool source_lines;
	uint64_t snapshot_ns; /* time between two pictures; 0: on SIGUSR1 only */
	/* Each event as it happens; its task stands still meanwhile. 0 goes on, else follow_run
	 * ends with that. */
	int (*emit)(void *context, const struct event *event);
	/*
	 * In another thread: a second signal is to end us, and we do not even get to the first. Must
	 * not return; the kernel lets the tasks go. NULL: we sleep on.
	 */
	void (*give_up)(int signal);
	/* A picture of the traced processes is due. */
	int (*picture)(void *context, const struct follow_picture *wanted);
	void *context;
};

/* Where it failed, for one clear line. */
enum follow_failure {
	FOLLOW_OK,
	FOLLOW_NO_ATTACH,  /* pid: which; -ESRCH, -EPERM, -EINVAL (ourselves) */
	FOLLOW_NO_COMMAND, /* -ENOENT, -EACCES and others of exec */
	FOLLOW_NO_FILTER,  /* seccomp is not to be had; nothing was started */
	FOLLOW_NO_PTRACE,  /* the started child could not be seized */
	FOLLOW_NO_FORK,
	FOLLOW_NO_CALLS, /* the kernel does not tell of them, so nothing can be emulated */
	FOLLOW_BROKEN,   /* waiting failed, no memory, or the events' receiver gave up */
};

struct follow_result {
	enum follow_failure failure;
	pid_t pid; /* FOLLOW_NO_ATTACH */
	/* The command's end. */
	bool ended;
	int status;
	int signal;  /* 0: exited with status */
	int left_by; /* the control signal that ended the trace; 0: none */
	size_t kept; /* tasks that must be followed silently: they are under a filter */
};

struct follow;

/* Starts or attaches. 0 or a negative errno, with failure set in *ret_result. */
int follow_open(const struct follow_request *request, struct follow **ret,
		struct follow_result *ret_result);

/* Until no task is left, or a control signal ends it. 0 or a negative errno. */
int follow_run(struct follow *follow, struct follow_result *ret_result);

/* Follows those in result.kept to their end, and tells nothing. */
void follow_keep(struct follow *follow);

void follow_close(struct follow *follow);

#endif
