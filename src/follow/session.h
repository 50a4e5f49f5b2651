/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A trace under way: what the parts of src/follow/ share. */
#ifndef ROBTRACE_FOLLOW_SESSION_H
#define ROBTRACE_FOLLOW_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "abi/revision.h"
#include "base/arena.h"
#include "decode.h"
#include "emulate.h"
#include "event.h"
#include "find_heads.h"
#include "follow.h"
#include "symbol/stack.h"
#include "symbol/symbols.h"
#include "target/engine.h"
#include "target/kernel.h"
#include "target/live.h"
#include "target/maps.h"

/* What is kept of a process between its stops. */
struct follow_process {
	pid_t pid;
	size_t n_tasks; /* tasks that refer to it */
	bool has_maps;
	struct maps maps;
	uint64_t maps_ns; /* when they were read */
};

/* What is kept of a task: engine_task.data. */
struct follow_task {
	struct follow_process *process;
	struct arena arena; /* of the call under way, and of its death */
	struct decode_input input;
	struct call call;
	bool in_call;
	/* Its lists of the new API, as their registrations told. */
	struct emulated_lists lists;
	pid_t ns_tid;       /* its number in its futex words; 0: none of its lists is emulated */
	pid_t vfork_child;  /* that it waits for; 0: it does not, or not any more */
	bool cannot_inject; /* no code of its memory can be used for calls on our behalf */
	struct owed *owed;  /* collected at the entry of execve */
	uint64_t entry_ns;
	struct frame *frames; /* -k: where the call was made */
	size_t n_frames;
	struct death *death; /* told, or prepared at the entry of execve */
	bool doubt_told;     /* of its list_op_pending, by --guard */
	bool exit_entered;   /* was seen at the entry of exit(2) */
	bool at_exit;        /* its lists were read when it began to end */
	bool death_told;
	struct death_file *files; /* through which its locks can be read when it is gone */
	size_t n_files;
	char comm[32];
};

struct follow {
	struct follow_request request;
	struct engine *engine;
	struct kernel kernel;
	struct emulated_heads emulated;
	struct filter_call *filter_calls;
	size_t n_filter_calls;
	void *processes;         /* tree of tsearch(3), by PID */
	struct symbols *symbols; /* of -k; NULL: not open */
	struct stacks *stacks;
	pid_t command;     /* the started one; 0: none, or it ended */
	bool asked_to_end; /* a control signal was passed on to the command */
	uint64_t next_picture_ns;
	struct owed *owed; /* jobs that wait for a task to do them */
	struct follow_result result;
};

/* session.c */

/* The task that the process of `near` knows by this number; 0: near itself. NULL: not followed. */
struct engine_task *session_find(struct follow *follow, struct engine_task *near, pid_t ns_tid);

/* The task's record, made when there is none. NULL without memory. */
struct follow_task *session_task(struct follow *follow, struct engine_task *task);
/* One task less refers to the process. */
void session_drop_process(struct follow *follow, struct follow_process *process);
/* The program of the process is another one now. */
void session_forget_program(struct follow *follow, struct engine_task *task);
/* The maps of its process, read again when they are older than max_age_ns; NULL: unreadable. */
const struct maps *session_maps(struct follow_task *data, pid_t tid, uint64_t max_age_ns);
/* Who knows of emulated lists; NULL: nothing is emulated. */
const struct emulated_heads *session_emulated(const struct follow *follow);
void session_init_emulated(struct follow *follow);
/* As find_heads, with the emulated ones. */
ssize_t session_heads(const struct follow *follow, const struct engine_task *task,
		      struct memory *memory, struct list ret[HEADS_MAX]);
/* Fills time, pid, tid, comm of an event of this task. */
struct event session_event(struct follow *follow, struct engine_task *task, enum event_kind kind);
int session_emit(struct follow *follow, const struct event *event);

/* call.c */

/* *ret_hold: the task must not go on yet (owed_at_end). */
int call_entry(struct follow *follow, const struct engine_stop *stop, bool *ret_want_end,
	       bool *ret_hold);
int call_end(struct follow *follow, const struct engine_stop *stop);
/* At an ENGINE_BLIND. -EOPNOTSUPP where nothing can be done without the calls. */
int call_blind(struct follow *follow, const struct engine_stop *stop);

/* filter.c */

/*
 * By --inject-filter, at the stop of a task that was attached to. A task that is about to get a
 * signal, or that job control has stopped, would lose that over it: it is asked to stop once more.
 */
int filter_inject(struct follow *follow, const struct engine_stop *stop);

/* death.c */

/* Before the kernel walks the lists; by_exec: at the entry of execve, told only when it succeeds. */
int death_prepare(struct follow *follow, struct engine_task *task, bool by_exec);
/* The thread is about to end: reads its lists and tells. */
int death_at_end(struct follow *follow, struct engine_task *task);
int death_tell(struct follow *follow, struct engine_task *task);
/* It is gone: what became of its locks. by_exec: their memory is gone too, but for files. */
int death_after(struct follow *follow, struct engine_task *task, bool by_exec);
void death_forget(struct follow_task *data);
/* The task has a new program: its end is to come. */
void death_begin_anew(struct follow_task *data);

/* emulated.c: calls that are answered in place of the kernel. */

/* *ret_result: what the call returns; its effects have taken place. 0 or a negative errno. */
int emulated_call(struct follow *follow, const struct engine_stop *stop, int64_t *ret_result);

/* owed.c: what the kernel would do to emulated lists at the end of their task. */

/*
 * The task is about to end: its words are marked, or a job is left for another task of its memory.
 * *ret_hold: the task must not go on before owed_serve has released it.
 */
int owed_at_end(struct follow *follow, const struct engine_stop *stop, bool *ret_hold);
/* It is gone. Seldom the kernel does not tell of an end before (a race of exit and group exit). */
int owed_when_gone(struct follow *follow, const struct engine_stop *stop);
/* The entry of execve: what is owed is collected, because its memory will be gone. */
int owed_before_exec(struct follow *follow, const struct engine_stop *stop);
/* execve has succeeded; `former` called it. */
int owed_at_exec(struct follow *follow, const struct engine_stop *stop, struct engine_task *former);
/* Whether the stopped task can do a job; does it. Called before a task goes on. */
int owed_serve(struct follow *follow, const struct engine_stop *stop);
/* Asks somebody for each job, and drops jobs that nobody can do any more. */
int owed_look_after(struct follow *follow);
/* When the next call of that is due, CLOCK_MONOTONIC; 0: after the next stop is soon enough. */
uint64_t owed_deadline(const struct follow *follow);
void owed_free(struct owed *owed);

/* pending.c: --guard. */

/* The thread is about to end or to exec: clears what is stale, and tells. 0 or a negative errno. */
int pending_guard(struct follow *follow, struct engine_task *task, bool by_exec);

/* touch.c: calls that take the memory under a lock away. Tells each lock; *ret_found of them. */
int touch_check(struct follow *follow, const struct engine_stop *stop,
		const struct traced_call *row, size_t *ret_found);

/* pictures.c */

/* A picture of all that is followed. 0 or what the receiver of pictures returns. */
int pictures_take(struct follow *follow);
/* The same, and when the next one is due: not before the interval, nor the time of this, is over. */
int pictures_take_due(struct follow *follow);

/* stacks.c */
/* The stack of the stopped task, into its arena. 0 or -ENOMEM; what cannot be read is empty. */
int stacks_at(struct follow *follow, const struct engine_stop *stop, struct frame **ret,
	      size_t *ret_count);
void stacks_close(struct follow *follow);

#endif
