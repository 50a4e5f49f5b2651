/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the engine share: engine.c and the files engine_*.c. */
#ifndef ROBTRACE_TARGET_ENGINE_PARTS_H
#define ROBTRACE_TARGET_ENGINE_PARTS_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "target/engine.h"
#include "target/waker.h"

/* A stop that was waited for and not handed out yet. */
struct engine_waited {
	pid_t tid;
	int status;
};

struct engine {
	struct engine_options options;
	void *tasks; /* tree of tsearch(3), by TID */
	size_t n_tasks;
	struct engine_waited *queue; /* from queue_next on */
	size_t queue_next;
	size_t n_queue;
	size_t queue_capacity;
	bool filtered; /* what it starts is under a filter */
	size_t n_held; /* new tasks whose parent has not introduced them */
	bool lost_one; /* a task has ended since the last look at these */
	bool blind;    /* ENGINE_BLIND was handed out */
	unsigned turn;
	bool waits_soon; /* wait_soon_helps */
	sigset_t control;
	bool has_waker;
	struct waker waker;
	uint64_t deadline_ns; /* that the waker knows */
	sigset_t old_mask;
	struct sigaction old_child;
};

/* A record for the task, or NULL without memory. */
struct engine_task *engine_add(struct engine *engine, pid_t tid, pid_t pid);
void engine_drop(struct engine *engine, struct engine_task *task);

/* PTRACE_O_... for a task. */
unsigned long engine_trace_options(const struct engine *engine, bool filtered);

/* Puts a status in the queue as if waitpid had just given it. 0 or -ENOMEM. */
int engine_push(struct engine *engine, pid_t tid, int status);

/* What a status says. True: *ret is to be handed out; otherwise the task goes on by itself. */
bool engine_take(struct engine *engine, pid_t tid, int status, struct engine_stop *ret);

/* PTRACE_DETACH, with the signal that it is owed or 0. */
void engine_let_go(const struct engine_task *task, int signal);

/* A new task that its parent has introduced, or that waited for that long enough. */
void engine_release_held(struct engine *engine, struct engine_task *task);

/* Lets a stopped task go on, in the way its state wants. */
void engine_go_on(struct engine_task *task);

/* Process of a thread, from /proc; the thread itself where that cannot be read. */
pid_t engine_process_of(pid_t tid);

#endif
