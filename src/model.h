/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The picture that robtrace has of its targets: plain data, no behaviour.
 *
 * Everything in a snapshot belongs to the snapshot (src/snapshot.h) and lives as long as it
 * does; pointers here never own. Addresses are addresses in the target, never C pointers of
 * ours. TIDs are as seen from where the tool runs, but for fields named ns_tid, which are as
 * the target's own PID namespace counts, because that is what a futex word carries.
 */
#ifndef ROBTRACE_MODEL_H
#define ROBTRACE_MODEL_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "abi/mutex_layout.h"
#include "base/arena.h"

/* An address in the target. */
typedef uint64_t target_addr;

/* Index of a lock that is not there. */
#define LOCK_NONE SIZE_MAX

/* The API that registered a list. */
enum list_kind {
	LIST_ROBUST, /* set_robust_list from code of the kernel's own word size */
	LIST_COMPAT, /* set_robust_list from 32-bit code on a 64-bit kernel */
	LIST_LIST2,  /* set_robust_list2: has an index */
};

/* How the word size of a list is known. */
enum bits_source {
	BITS_BY_CALL,         /* the call that was asked has lists of one size only */
	BITS_BY_WIDTH,        /* get_robust_list2 wrote so many bytes */
	BITS_BY_SHAPE,        /* a guess: the head looks like one of that size */
	BITS_BY_REGISTRATION, /* the call that registered it was seen */
};

/* How a walk along a list ended. */
enum list_end {
	LIST_COMPLETE,   /* came back to the head */
	LIST_LOOP,       /* came back to an entry: never reaches the head */
	LIST_TOO_LONG,   /* over ROBUST_LIST_LIMIT entries: the kernel stops before the end */
	LIST_FAULT,      /* an entry or futex word cannot be read, or a word not written */
	LIST_MISALIGNED, /* a futex word is not 4-byte aligned: the kernel stops there */
	LIST_CHANGED,    /* changed under us at every try */
};

/* What a futex word, seen beside its lists and waiters, says about the lock. */
enum futex_state {
	FUTEX_FREE,            /* nobody has it */
	FUTEX_HELD,            /* its owner lives and has it on a list */
	FUTEX_PENDING,         /* in list_op_pending: being taken or given back */
	FUTEX_WAITING,         /* in list_op_pending of a thread that waits for it */
	FUTEX_OWNER_DIED,      /* FUTEX_OWNER_DIED set, nobody has recovered it yet */
	FUTEX_INCONSISTENT,    /* its new owner got EOWNERDEAD and has not repaired it yet */
	FUTEX_NOT_RECOVERABLE, /* every later lock fails with ENOTRECOVERABLE */
	FUTEX_ORPHAN,          /* names a TID that holds nothing, without FUTEX_OWNER_DIED */
	FUTEX_FOREIGN,         /* on this list, but the word names another thread */
	FUTEX_UNREADABLE,      /* the word cannot be read */
	FUTEX_IN_WINDOW,       /* in list_op_pending of a thread that has released it already */
	FUTEX_STALE,           /* in list_op_pending only, and no lock of that libc is there */
};

/* What a stretch of memory is. */
enum place_kind {
	PLACE_UNKNOWN, /* not mapped, or the map could not be read */
	PLACE_FILE,    /* a file on a file system, /dev/shm included */
	PLACE_MEMFD,
	PLACE_SYSV,        /* shmget */
	PLACE_SHARED_ANON, /* MAP_SHARED | MAP_ANONYMOUS: '/dev/zero (deleted)' */
	PLACE_ANON,        /* private, no name */
	PLACE_HEAP,        /* [heap] */
	PLACE_STACK,       /* [stack] */
	PLACE_OTHER,       /* any other name the kernel gives: [vdso] and the like */
};

/*
 * Where a futex lies. For memory that has no file, path is NULL or the kernel's name for it and
 * offset counts from the start of the mapping.
 */
struct place {
	enum place_kind kind;
	bool shared;   /* MAP_SHARED: dev, inode and offset name it in every process */
	bool has_file; /* dev and inode are set; the first segment of shmget has inode 0 */
	bool writable; /* PROT_WRITE, at the moment of the look */
	bool deleted;  /* the file has no name any more */
	bool module;   /* private and part of a loaded ELF file: offset is from its load address */
	const char *path;
	uint64_t offset;
	uint32_t dev_major;
	uint32_t dev_minor;
	uint64_t inode;
};

/* One futex as one list shows it. */
struct futex {
	target_addr entry;   /* as stored in the list, bit 0 stripped */
	target_addr address; /* of the futex word: entry + futex_offset */
	uint32_t word;
	bool word_ok;  /* word was readable */
	bool pi;       /* bit 0 of the pointer to this entry */
	bool on_list;  /* false: list_op_pending, and not on the list at that moment */
	bool no_mutex; /* the list's libc is known, and no robust mutex of it is there */
	enum futex_state state;
	struct mutex_info mutex;
	size_t lock; /* index into snapshot.locks, or LOCK_NONE */
};

/* A list of LIST_LIST2 that has no index yet. */
#define LIST_NO_INDEX UINT_MAX

/* One robust list of one task. */
struct list {
	enum list_kind kind;
	unsigned index; /* LIST_LIST2 only */
	bool emulated;  /* LIST_LIST2: no kernel has it, robtrace answered its registration */
	bool no_limit;  /* ROBUST_LIST_LIMIT is not for it */
	unsigned bits;  /* 32 or 64: size of the pointers in the list */
	enum bits_source bits_from;
	target_addr head;
	bool head_ok; /* the head was readable; if not, end is LIST_FAULT and the rest is 0 */
	int64_t futex_offset;
	enum list_end end;
	target_addr end_at; /* LIST_FAULT, _LOOP, _MISALIGNED: the entry or address at fault */
	size_t n_reached;   /* LIST_FAULT, _MISALIGNED: entries that the kernel handles before */
	bool read_only;     /* LIST_FAULT: readable, but the kernel could not write the word */
	struct futex *entries;
	size_t n_entries; /* entries kept */
	size_t n_seen;    /* entries counted; more than n_entries on a very long list */
	bool has_pending; /* list_op_pending is not 0 */
	struct futex pending;
	/*
	 * Of FUTEX_IN_WINDOW and FUTEX_STALE: it was the same at two looks, between which the
	 * thread did not run. Otherwise it may have been seen in passing.
	 */
	bool pending_stays;
};

/* One futex that a blocked thread waits for. A thread in futex_waitv has several. */
struct wait {
	const char *call; /* "futex", "futex_waitv", ...; "list_op_pending" where only that tells */
	target_addr address;
	bool is_private; /* FUTEX_PRIVATE_FLAG */
	bool pi;         /* FUTEX_LOCK_PI: the word is a TID whatever else lies there */
	bool timed;      /* has a timeout: it may end by itself */
	size_t lock;     /* index into snapshot.locks, or LOCK_NONE for any other futex */
	struct place place;
};

/* Where a thread stands: one call on its stack, the innermost first. */
struct frame {
	target_addr pc; /* of the innermost: what comes next; of the others: where it returns */
	const char *function;   /* demangled; NULL when not known */
	uint64_t offset;        /* of pc in the function */
	const char *module;     /* path of the ELF file as the maps show it; NULL when not known */
	uint64_t module_offset; /* of pc from the load address of the module */
	const char *source;     /* file of the source line; NULL when not known or not asked for */
	unsigned line;          /* 0 when source is NULL */
	bool guess;             /* found by searching the stack, or on the way up from such a one */
};

/* One thread. */
struct task {
	pid_t pid;
	pid_t tid;
	pid_t ns_tid;      /* as its own PID namespace counts: what its futex words carry */
	char state;        /* as in /proc/PID/stat; 0 when not known */
	const char *call;  /* it sleeps in, of owners that others wait for; NULL when not known */
	bool selected;     /* asked for; others are looked at because they own or wait */
	uint64_t slept_ns; /* since it last ran; 0 when not known */
	target_addr wakes; /* futex that it is in a call to wake; 0: none */
	uint64_t last_ran; /* equal at two looks: it has not run between; 0 when not known */
	const char *comm;
	struct list *lists;
	size_t n_lists;
	struct wait *waits;
	size_t n_waits;
	struct frame *frames; /* innermost first; only where stacks were asked for */
	size_t n_frames;
};

/* What a lock is, and with it how sure its owner is. */
enum lock_sort {
	LOCK_ROBUST,
	LOCK_PLAIN_PI,    /* a PI mutex on no list: the kernel itself keeps the owner in the word */
	LOCK_PLAIN_MUTEX, /* an ordinary mutex: the owner is the libc's note, a hint */
	LOCK_PLAIN_RWLOCK, /* held by a writer: likewise */
};

/* A waiter of a lock: index into snapshot.tasks. */
struct waiter {
	size_t task;
};

/* One lock, however many lists and processes show it. */
struct lock {
	struct place place;
	pid_t pid;           /* a process that maps it; for private memory: the process */
	target_addr entry;   /* in that process; 0 where no list has it */
	target_addr address; /* in that process */
	unsigned bits;
	uint32_t word;
	bool word_ok;
	bool pi;
	enum lock_sort sort;
	bool on_list;  /* of some thread that we looked at */
	bool selected; /* matches what was asked for */
	enum futex_state state;
	struct mutex_info mutex;
	const char *name;        /* of a known home ("LMDB writer"), or NULL */
	size_t owner;            /* index into snapshot.tasks; SIZE_MAX: none, or not seen */
	pid_t owner_tid;         /* 0: none; may be known where owner is not */
	const struct list *list; /* of the owner, through which it has the lock; NULL: none seen */
	pid_t dead_tid;          /* FUTEX_OWNER_DIED: who died, by the libc's note; 0 if unknown */
	struct waiter *waiters;
	size_t n_waiters;
};

/* What is wrong. The names that go out are in src/names.c; the order is from worst to mild. */
enum problem_kind {
	PROBLEM_DEADLOCK,
	PROBLEM_SELF_DEADLOCK,
	PROBLEM_ORPHAN,
	PROBLEM_STALE_PENDING,
	PROBLEM_OWNER_DEAD,
	PROBLEM_NOT_RECOVERABLE,
	PROBLEM_OWNER_STOPPED,
	PROBLEM_LONG_HOLD,
	PROBLEM_LIST_CUT,
	PROBLEM_LIST_TOO_LONG,
	PROBLEM_LIST_LOOP,
	PROBLEM_MISALIGNED,
	PROBLEM_IN_WINDOW,
};

struct problem {
	enum problem_kind kind;
	unsigned rank;    /* 0 is worst */
	const char *text; /* one sentence */
	const char *next; /* the safe next step, one sentence */
	pid_t *tids;
	size_t n_tids;
	size_t lock;  /* index into snapshot.locks, or LOCK_NONE */
	size_t cycle; /* index into snapshot.cycles, or SIZE_MAX */
};

/*
 * Threads that wait for each other in a circle: tasks[i] waits for what tasks[i + 1] has, the
 * last for what the first has. Indexes into snapshot.tasks.
 */
struct cycle {
	size_t *tasks;
	size_t n;
	size_t victim;  /* of tasks: whose end would let the others go on, as well as any */
	size_t *behind; /* wait for one of them, or for one who does */
	size_t n_behind;
};

/* Why a process was not looked at. */
enum skip_reason {
	SKIP_NOT_PERMITTED,
	SKIP_VANISHED,
	SKIP_KERNEL_THREAD,
	SKIP_ZOMBIE,
	SKIP_NO_SUCH_PROCESS,
	SKIP_IS_THREAD, /* the number is a thread of another process */
	SKIP_FAILED,    /* error holds the errno value */
};

struct skipped {
	pid_t pid;
	enum skip_reason reason;
	int error; /* positive errno value, SKIP_FAILED and SKIP_NOT_PERMITTED; ETIMEDOUT: no answer */
	const char *why; /* one line for a person */
};

/* What was looked at, for the closing line. */
struct census {
	size_t processes; /* looked at, neighbours included */
	size_t threads;
	size_t not_permitted;
	size_t vanished; /* processes and threads that went away under us */
	size_t kernel_threads;
	size_t zombies;
	size_t unseen_waits; /* processes whose waiters could not be seen */
	bool unseen_lists; /* the kernel has set_robust_list2, but no call to ask for such lists */
	size_t changed;    /* lists that never settled */
	size_t stopped;    /* threads that were stopped for a moment (--stop) */
	uint64_t longest_stop_ns;
	uint64_t elapsed_ns;
};

/* One picture. Arrays are sorted: tasks by (pid, tid), locks by place, problems worst first. */
struct snapshot {
	struct task *tasks;
	size_t n_tasks;
	struct lock *locks;
	size_t n_locks;
	struct cycle *cycles;
	size_t n_cycles;
	struct problem *problems;
	size_t n_problems;
	struct skipped *skipped;
	size_t n_skipped;
	struct census census;
	struct arena arena; /* all that the pointers above lead to */
};

#endif
