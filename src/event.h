/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a trace tells, one event at a time: plain data, no behaviour.
 *
 * An event belongs to who made it and is valid until the next one. Pointers here never own; what
 * they lead to lives in the event's arena or is constant. TIDs are as seen from where the tool
 * runs; those inside futex words are as the target's own PID namespace counts.
 */
#ifndef ROBTRACE_EVENT_H
#define ROBTRACE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "abi/signal_code.h"
#include "model.h"

/* What one argument of a system call is. `value` is always the raw argument. */
enum arg_kind {
	ARG_NUMBER,  /* signed decimal */
	ARG_SIZE,    /* unsigned decimal */
	ARG_HEX,     /* 0x..., 0 */
	ARG_ADDRESS, /* 0x... or NULL: not followed */
	ARG_FLAGS,   /* text: the names of its bits, or the command's name */
	ARG_HEAD,    /* a list head, with the list behind it */
	ARG_HEAD_AT, /* pointer to a head pointer: at exit what was written there, and its list */
	ARG_SIZE_AT, /* pointer to a size: at exit what was written there */
	ARG_FUTEX,   /* a futex word, with what it holds and which lock it is */
	ARG_WORD,    /* a number to compare a futex word with: in parts */
	ARG_TIMEOUT, /* pointer to a timespec */
	ARG_WAITV,   /* pointer to an array of struct futex_waitv */
	ARG_PATH,    /* pointer to a text; text: what was read */
};

/* What one element of futex_waitv's array says. */
struct arg_waitv {
	uint64_t value;
	target_addr address;
	const char *flags; /* names of its bits */
	const char *label; /* which lock it is, or NULL */
};

struct arg {
	const char *name; /* as the man page has it: "head", "len", "uaddr" */
	enum arg_kind kind;
	uint64_t value;
	bool ok;                   /* what the address leads to could be read */
	const char *text;          /* ARG_FLAGS, ARG_PATH */
	const struct list *list;   /* ARG_HEAD, ARG_HEAD_AT: walked; NULL where not read or NULL */
	const char **entry_labels; /* of the first entries of list: as label; each may be NULL */
	size_t n_entry_labels;
	uint64_t pointee;    /* _HEAD_AT, _SIZE_AT: what was read; ARG_FUTEX: the word */
	const char *label;   /* ARG_FUTEX: "lock.mdb+0x40", or NULL when it is no lock we know */
	int64_t seconds;     /* ARG_TIMEOUT */
	int64_t nanoseconds; /* ARG_TIMEOUT */
	struct arg_waitv *waitvs; /* ARG_WAITV */
	size_t n_waitvs;
};

#define CALL_ARGS_MAX 6

/* One system call, at its entry or at its end. */
struct call {
	const char
		*name; /* "set_robust_list2"; on a kernel that has another call there, that one */
	long number;   /* as the caller's ABI counts */
	unsigned bits; /* of the caller: 32 or 64 */
	const char *remark; /* one short clause, or NULL: "470 is listns on this kernel" */
	struct arg args[CALL_ARGS_MAX];
	size_t n_args;
	bool ended;       /* result is set */
	bool interrupted; /* it ended with a restart (ERESTARTSYS and kin), told as strace does */
	int64_t result;   /* negative: -errno */
	bool result_is_address;  /* mmap and mremap */
	const char *result_note; /* behind the result, or NULL: "list #1" */
	uint64_t took_ns;        /* from entry to end; 0 when the entry was not seen */
};

/* What becomes of one lock when its thread dies, judged before the kernel walks the lists. */
enum death_fate {
	FATE_OWNER_DIED,   /* the kernel sets FUTEX_OWNER_DIED; the next who takes it is told */
	FATE_STAYS_LOCKED, /* behind the limit or a broken entry: the kernel does not get there */
	FATE_NOTHING,      /* its word names somebody else: the kernel leaves it */
	FATE_WAKE_ONLY,    /* list_op_pending with TID 0: one waiter is woken */
	FATE_UNREADABLE,   /* the word cannot be read */
};

struct death_lock {
	enum list_kind kind;
	unsigned index; /* of a LIST_LIST2 */
	bool pending;   /* from list_op_pending */
	const struct futex *futex;
	unsigned bits; /* of the list */
	struct place place;
	const char *label; /* "lock.mdb+0x40" */
	enum death_fate fate;
	enum list_end end; /* FATE_STAYS_LOCKED: why the kernel does not get there */
	/* pending, and what the kernel would write to is no lock of the list's libc. */
	bool stale;
	const char *evidence; /* stale: by what that was judged: "glibc's __kind" */
	pid_t *waiters;       /* TIDs that sleep on it */
	size_t n_waiters;
	bool after_ok;  /* EVENT_DEATH_AFTER: the next is set */
	uint32_t after; /* the word as the kernel left it */
};

/* A list that the kernel cannot follow back to its head. */
struct death_break {
	enum list_kind kind;
	unsigned index;    /* of a LIST_LIST2 */
	enum list_end end; /* LIST_FAULT, LIST_MISALIGNED or LIST_LOOP */
	target_addr at;    /* as end_at of the list; of a head that cannot be read, the head */
	bool is_head;      /* LIST_FAULT: the head cannot be read */
	bool read_only;    /* LIST_FAULT: a word that can be read and not written */
};

/* A thread at its end. */
struct death {
	struct death_lock *locks;
	size_t n_locks;
	struct death_break *breaks;
	size_t n_breaks;
	size_t n_cut;        /* entries beyond WALK_COUNT_MAX, or not followed: not in locks */
	enum list_end worst; /* LIST_COMPLETE when every list was walked to its end */
	bool emulated;       /* some lie on lists that robtrace emulates, and handles itself */
	bool by_exec;        /* execs: its memory ends here */
	bool is_leader;      /* and keeps its TID; that of another thread ends as well */
	bool unseen;         /* the kernel did not report the end in time: lists were not read */
};

/* What --guard did about a list_op_pending that would make the kernel write. */
struct guard_action {
	struct death_lock lock; /* stale, or nobody knows; place, label and evidence are set */
	bool doubtful;          /* a list of no known libc */
	bool cleared;
	int error; /* a positive errno value: it could not be cleared */
};

/* What came with a signal. */
struct event_siginfo {
	enum signal_layout layout; /* which of the following hold */
	const char *code;          /* "SI_USER"; NULL: number has no name */
	int number;
	pid_t pid; /* as the kernel tells the receiver */
	uid_t uid;
	int status; /* of a child: as si_status */
	target_addr address;
};

enum event_kind {
	EVENT_CALL_ENTRY,
	EVENT_CALL_EXIT,
	EVENT_ATTACHED, /* under our eyes from now on (-p) */
	EVENT_DETACHED, /* no longer, and lives on */
	EVENT_NEW_TASK, /* other is the new thread or process; text: "thread", "process", "vfork" */
	EVENT_EXEC,     /* text: path of the new program; other: former TID, when it was another */
	EVENT_DEATH,    /* before the kernel walks the lists */
	EVENT_DEATH_AFTER, /* the same locks afterwards; only where `death` had any */
	EVENT_EXITED,      /* status */
	EVENT_KILLED,      /* signal, core */
	EVENT_SIGNAL,  /* signal is about to be delivered; other: its sender, 0 when not known */
	EVENT_STOPPED, /* by signal: job control */
	EVENT_GUARD,   /* guard */
	EVENT_NOTE,    /* text: something that the reader must know */
};

struct event {
	enum event_kind kind;
	uint64_t time_ns; /* CLOCK_REALTIME */
	pid_t pid;
	pid_t tid;
	const char *comm; /* or NULL */
	pid_t other;
	int status; /* exit status, 0 to 255 */
	int signal;
	bool core;
	const char *text;
	const struct call *call;
	const struct death *death;
	const struct guard_action *guard;
	const struct event_siginfo *siginfo; /* EVENT_SIGNAL; NULL: not known */
	const struct frame *frames;          /* -k: innermost first; not at EVENT_CALL_ENTRY */
	size_t n_frames;
	target_addr pc; /* EVENT_CALL_ENTRY: of the caller, for -i */
	/* EVENT_NOTE, of a task whose lists are emulated: */
	size_t unmarked; /* so many of its locks could not be marked when it ended */
	bool unread;     /* its lists could not be read then */
};

#endif
