/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the victim of `robtrace race` and its tracer agree on. Compiled with other libcs too: no
 * header of ours is included here.
 */
#ifndef ROBTRACE_RACE_BOARD_H
#define ROBTRACE_RACE_BOARD_H

#include <stdint.h>

/* First argument of a program that is the victim; then job, board fd, file fd, flags. */
#define VICTIM_ARGUMENT "--race-victim"

/*
 * At its marks the victim makes the call prctl(VICTIM_MARK, mark), which every kernel refuses with
 * EINVAL, and at which the tracer stops it.
 */
#define VICTIM_MARK 0x52427452

enum victim_mark {
	MARK_READY = 1, /* the unlocker is about to unlock */
	MARK_UNLOCKED,  /* it has */
	MARK_MAPPED,    /* the taker has put the file in the place of the lock */
	MARK_FAILED,    /* board.error, board.what */
	MARK_DYING,     /* holds its locks and waits for its end */
};

enum victim_job {
	JOB_PTHREAD,       /* unlocks with the mutex of its libc */
	JOB_ROBUST_UNLOCK, /* with FUTEX_ROBUST_UNLOCK, or the vDSO's helper */
	JOB_LIMIT,         /* dies with board.n_locks locks on its list */
	JOB_CIRCULAR,      /* dies with a list that runs in a circle */
};

enum victim_flag {
	VICTIM_WAITER = 1, /* the taker sleeps on the lock when it is released */
	VICTIM_RAW = 2,    /* unmaps with bare system calls, not with the libc's functions */
};

/* Shared memory of both. */
struct race_board {
	uint32_t go; /* futex: the tracer lets the taker go on */
	int32_t unlocker;
	int32_t taker;
	int32_t tracer; /* the victim ends with it */
	int32_t error;  /* an errno value */
	char what[64];  /* of what failed */
	uint64_t map;   /* the page that has the lock */
	uint64_t map_size;
	uint64_t go_at; /* address of `go` in the victim */
	uint32_t taker_ready;
	uint32_t has_helper; /* JOB_ROBUST_UNLOCK: the vDSO has it */
	uint32_t n_locks;    /* JOB_LIMIT, JOB_CIRCULAR: of the tracer's choice */
	int32_t holder;      /* whose they are */
};

/*
 * Bytes of the board before the locks of JOB_LIMIT and JOB_CIRCULAR: an array of struct own_mutex.
 * Of a circle the first half is on the list.
 */
#define BOARD_SIZE 4096u

/* The whole program. The exit status, where it comes to that. */
int victim_main(int argc, char **argv);

/* ---- victim_unlock.c: a mutex that unlocks as kernels from 7.2 on let it ---- */

struct own_mutex {
	uint32_t word;
	uint32_t pad;
	uint64_t entry; /* struct robust_list: its next */
};

struct own_head {
	uint64_t next;
	int64_t futex_offset;
	uint64_t pending;
};

/* Registers the head for the calling thread. 0 or a negative errno. */
int own_register(struct own_head *head);

/* Whether the kernel has FUTEX_ROBUST_UNLOCK. */
int own_supported(void);

/* Whether its vDSO has the function for locks without a waiter. */
int own_has_helper(void);

void own_lock(struct own_head *head, struct own_mutex *mutex, uint32_t tid);
void own_unlock(struct own_head *head, struct own_mutex *mutex, uint32_t tid);

#endif
