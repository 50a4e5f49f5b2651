/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `robtrace race` saw, round by round: plain data, no behaviour.
 *
 * Unlocking a robust futex takes four steps (Documentation/locking/robust-futexes.rst): (1)
 * list_op_pending names the entry, (2) the entry leaves the list, (3) the word is released, (4)
 * list_op_pending is cleared. Who dies between (3) and (4) lets the kernel look at memory that may
 * be anything by then.
 */
#ifndef ROBTRACE_RACE_MODEL_H
#define ROBTRACE_RACE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "model.h"

/* How the victim unlocks. */
enum race_libc {
	RACE_GLIBC,
	RACE_MUSL,
	RACE_ROBUST_UNLOCK, /* FUTEX_ROBUST_UNLOCK and the vDSO's helper, of kernels from 7.2 */
};

enum race_step {
	STEP_PENDING,
	STEP_OFF_LIST,
	STEP_RELEASED,
	STEP_CLEARED,
	N_RACE_STEPS,
};

/* The state of one unlock, at one moment. */
struct race_view {
	target_addr pending; /* as stored; 0: none */
	bool on_list;
	uint32_t word;
	bool word_ok;
};

struct race_steps {
	bool seen[N_RACE_STEPS];
	/* At which instruction of the unlock it was seen first; equal for steps done at once. */
	size_t at[N_RACE_STEPS];
	struct race_view view[N_RACE_STEPS];
};

enum race_verdict {
	RACE_CORRUPTED,      /* the kernel wrote FUTEX_OWNER_DIED to the file */
	RACE_PREVENTED,      /* the guard cleared list_op_pending before the kernel looked */
	RACE_NOT_REPRODUCED, /* see race_reason */
};

enum race_reason {
	REASON_NONE,
	REASON_NO_WINDOW,     /* released and cleared in one step */
	REASON_BEFORE_WAKE,   /* cleared before the FUTEX_WAKE, where the unlocker is stopped */
	REASON_LIBC_WAITS,    /* the libc keeps the memory mapped until the unlock is done */
	REASON_KERNEL_SPARED, /* the window was there, and the kernel wrote nothing */
};

#define RACE_BYTES 16

struct race_round {
	enum race_verdict verdict;
	enum race_reason reason;
	pid_t pid;
	pid_t unlocker;
	pid_t taker;
	target_addr entry;
	target_addr address;  /* of the word */
	uint64_t file_offset; /* of the word, once the file is there */
	bool stepped;         /* by single steps; otherwise stopped at its FUTEX_WAKE */
	bool has_helper;      /* the vDSO has the function for unlocks */
	size_t n_instructions;
	struct race_steps steps;
	bool mapped; /* the file came to lie there, and word is what it says */
	uint32_t word;
	bool killed;
	bool guarded; /* the guard has cleared list_op_pending */
	/* Of the file, from file_offset on. */
	unsigned char before[RACE_BYTES];
	unsigned char after[RACE_BYTES];
	uint64_t took_ns;
};

struct race_result {
	enum race_libc libc;
	bool waiter;
	bool raw;
	bool guard;
	const char *release; /* of the kernel */
	size_t n_asked;
	size_t n_rounds;
	size_t n_verdict[RACE_NOT_REPRODUCED + 1];
	uint64_t total_ns;
};

/* ---- The limit and the circle ---- */

struct race_lists {
	bool circular;
	pid_t tid;
	size_t n_locks;
	/* Foretold, as show and trace do: */
	enum list_end end;
	size_t n_listed;     /* on the list */
	size_t n_would_mark; /* that the kernel would get to */
	/* And what it did: */
	size_t n_marked; /* FUTEX_OWNER_DIED */
	size_t n_stuck;  /* still names the dead thread */
	uint64_t took_ns;
};

/* ---- A real program ---- */

struct race_window {
	pid_t pid;
	pid_t tid;
	char *comm; /* malloced, as is label */
	target_addr head;
	target_addr entry;
	target_addr address;
	uint32_t word;
	char *label;        /* "/srv/db/lock.mdb+0x40" */
	bool at_wake;       /* at the entry of FUTEX_WAKE; otherwise by single steps */
	size_t n_looked_at; /* unlocks that were looked at */
	uint64_t took_ns;
	/* With --kill: */
	bool killed;
	bool after_ok;
	uint32_t after;
};

#endif
