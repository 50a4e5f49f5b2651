/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ptrace engine: starts or attaches to programs, follows their threads (and children), and
 * hands out one stop at a time.
 *
 * While a stop is handed out its task stands still; engine_resume lets it go on as it would have
 * without us: its signal is delivered, its group stop goes on. Whatever happens to this process,
 * the kernel lets tasks go that are not under a filter of ours (target/filter.h); those that are
 * must be followed to their end (engine_keep).
 *
 * SIGCHLD and the control signals are blocked in the calling thread as long as an engine lives:
 * it waits for stops and for these signals at once, so that none is missed.
 *
 * Sources: ptrace(2); Documentation/userspace-api/seccomp_filter.rst.
 */
#ifndef ROBTRACE_TARGET_ENGINE_H
#define ROBTRACE_TARGET_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "target/filter.h"
#include "target/wait_status.h"

/* A task under trace. */
struct engine_task {
	pid_t tid;
	pid_t pid;
	pid_t parent;  /* the process that made it; 0 for one that was started or attached */
	bool quiet;    /* followed only because it is under our filter: stops are not handed out */
	bool filtered; /* is under our filter */
	void *data;    /* the caller's; given back through `dropped` */
	/* The engine's own. */
	bool attached;   /* by engine_attach */
	bool starting;   /* has not executed the command yet */
	bool stopped;    /* stands still in a stop of ours */
	bool seen;       /* its first stop is behind it */
	bool introduced; /* its parent's event came */
	bool held;       /* stands still until that comes */
	bool unwanted;   /* is let go at its first stop */
	bool want_end;   /* stop at the end of this call */
	bool asked;      /* PTRACE_INTERRUPT is to be handed out */
	bool again;      /* its last status is handed out once more */
	bool leaving;    /* its PTRACE_EVENT_EXIT is behind it */
	bool step;       /* goes on for one instruction only */
	bool stepped;    /* did, and another stop came first: the step's SIGTRAP may be pending */
	struct wait_event wait;
};

enum engine_stop_kind {
	ENGINE_ENTRY,    /* a call begins: nr, args, bits */
	ENGINE_END,      /* it ended: result */
	ENGINE_SIGNAL,   /* wait.signal, sender */
	ENGINE_STOPPED,  /* wait.signal: job control */
	ENGINE_NEW_TASK, /* other: the new thread's or process's first task; wait.kind says how */
	ENGINE_ATTACHED, /* first stop of a task that was attached to */
	ENGINE_ASKED,    /* engine_ask: it stands still between two instructions */
	ENGINE_STEPPED,  /* engine_step: one instruction is done; pc */
	ENGINE_BLIND,    /* the kernel does not tell of system calls (before Linux 5.3); once */
	ENGINE_EXEC,     /* other: its former TID */
	ENGINE_EXITING,  /* last moment at which it can be looked at */
	ENGINE_GONE,     /* wait: exited or killed. The task is dropped with engine_resume */
	ENGINE_CONTROL,  /* no task: one of the control signals came (signal) */
	ENGINE_IDLE,     /* no task: the deadline passed */
};

struct engine_stop {
	enum engine_stop_kind kind;
	struct engine_task *task;
	struct wait_event wait;
	unsigned bits; /* of the caller's ABI */
	uint64_t nr;
	uint64_t args[6];
	int64_t result;
	uint64_t pc;
	uint64_t sp;
	pid_t other;
	pid_t sender; /* of a signal; 0: the kernel */
	/* ENGINE_SIGNAL: what siginfo_t says; which of it holds: abi/signal_code.h. */
	struct {
		bool known;
		int code;
		pid_t pid;
		uid_t uid;
		int status;
		uint64_t address;
	} info;
	int signal;
};

struct engine_options {
	bool follow;                     /* children too */
	bool inject;                     /* engine_inject_filter will be called */
	const struct filter_call *calls; /* at which to stop */
	size_t n_calls;
	const int *control; /* control signals */
	size_t n_control;
	void (*give_up)(int signal); /* as for waker_start */
	/* Called when a task is forgotten; its data is the caller's to give back. */
	void (*dropped)(void *context, struct engine_task *task);
	void *context;
};

struct engine;

/* 0 or a negative errno. The options' arrays must live as long as the engine. */
int engine_new(const struct engine_options *options, struct engine **ret);

/*
 * Lets everything go as it was, except what engine_keep must follow. NULL is fine. A control signal
 * that came and was not handed out any more; 0: none.
 */
int engine_free(struct engine *engine);

/* What engine_start could not do, and why it failed: for one clear line. */
enum engine_start_error {
	ENGINE_START_OK,
	ENGINE_START_FORK,
	ENGINE_START_SEIZE,
	ENGINE_START_FILTER, /* only where the caller asked for it and the kernel has it not */
	ENGINE_START_EXEC,   /* the errno of execvpe */
};

struct engine_command {
	char *const *argv; /* found in PATH */
	bool filter;       /* runs under a filter that makes the engine's calls stop */
	bool detached;     /* this process becomes the command; the call returns in a grandchild */
	/*
	 * Called in the process that could not become the command, before it ends: who waits for
	 * its end finds the reason told. NULL: nothing is.
	 */
	void (*refused)(void *context, int error);
	void *context;
};

/* 0 and *ret_pid; otherwise a negative errno and *ret_error, and nothing is left running. */
int engine_start(struct engine *engine, const struct engine_command *command, pid_t *ret_pid,
		 enum engine_start_error *ret_error);

/*
 * Attaches to every thread of the process until no new one appears. 0; -ESRCH: no such process;
 * -EPERM: no right, or another tracer has it; -EINVAL: it is ourselves.
 */
int engine_attach(struct engine *engine, pid_t pid);

/*
 * The next stop; deadline_ns: CLOCK_MONOTONIC, 0: none. 1; 0 when no task is left; negative errno
 * when waiting itself fails.
 */
int engine_next(struct engine *engine, uint64_t deadline_ns, struct engine_stop *ret);

/* Lets the stop's task go on. want_end: at an ENGINE_ENTRY, stop again at the end of the call. */
void engine_resume(struct engine *engine, const struct engine_stop *stop, bool want_end);

/*
 * Lets the stop's task go on for one instruction: ENGINE_STEPPED, or another stop that comes
 * first. A system call is one instruction: its entry is not handed out. A task that blocks or
 * ignores SIGTRAP, or has a handler for it, must not be stepped: the kernel would change that.
 */
void engine_step(struct engine *engine, const struct engine_stop *stop);

/*
 * Whether stepping would leave no trace in the task: SIGTRAP is neither blocked nor ignored nor
 * caught. False too where /proc does not tell.
 */
bool engine_may_step(const struct engine_task *task);

/*
 * Whether a stopped task is in the middle of a system call that will begin anew: to be passed with
 * engine_pass_call, because a step would last until the call is over.
 */
bool engine_in_call(const struct engine_task *task);

/*
 * Lets the stop's task go on to the end of its next system call: ENGINE_END, after an ENGINE_ENTRY
 * if it is one of the engine's calls.
 */
void engine_pass_call(struct engine *engine, const struct engine_stop *stop);

/*
 * Stops a running task soon: ENGINE_ASKED, if it lives so long. Asked again by itself when another
 * stop comes first.
 */
void engine_ask(struct engine_task *task);

/* A status of the task that was waited for elsewhere (inject.h): handled in its turn. */
int engine_requeue(struct engine *engine, const struct engine_task *task, int status);

/*
 * Answers a call at its ENGINE_ENTRY in place of the kernel: it is not made, and returns `result`.
 * There is no ENGINE_END.
 */
int engine_answer(const struct engine_stop *stop, int64_t result);

/*
 * At a stop by PTRACE_INTERRUPT: puts the process of the task, all its threads and all that it will
 * start, under a filter for ever. 0 or a negative errno: -EOPNOTSUPP, or what the kernel said.
 */
int engine_inject_filter(struct engine *engine, const struct engine_stop *stop);

/*
 * The task is about to end by itself (it stands at the entry of exit(2)) and all that is wanted of
 * it was read: there will be no ENGINE_EXITING.
 */
void engine_skip_exiting(const struct engine *engine, const struct engine_task *task);

/* Lets one task go for ever (it was stopped by `stop`). */
void engine_detach(struct engine *engine, const struct engine_stop *stop);

/*
 * Lets all tasks go that can be. Returns how many are left: those under a filter, which are quiet
 * from now on. They must be followed with engine_keep, or their calls would fail.
 */
size_t engine_detach_all(struct engine *engine);

/* Follows what is left, silently, to its end. */
void engine_keep(struct engine *engine);

/* The task, or NULL. */
struct engine_task *engine_find(struct engine *engine, pid_t tid);
size_t engine_count(const struct engine *engine);

/* Calls `visit` with every task, in the order of TIDs. */
void engine_each(struct engine *engine, void (*visit)(void *context, struct engine_task *task),
		 void *context);

#endif
