/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of list2_test share. Each part is a function that returns, fails or skips. */
#ifndef TRACEE_LIST2_TEST_H
#define TRACEE_LIST2_TEST_H

#include "list2.h"

#define ENTRIES_LIMIT 2048
#define FAILED 1
#define SKIPPED 2

/* Second argument of a run that only looks whether it has lists. */
#define LIST2_TEST_HAS_NONE "none"

/* Memory of each part, below 4 GiB and shared with the processes that it makes. */
struct arena {
	struct list2_lock locks[4096];
	struct list2_head heads[16];
	uint32_t started; /* what a child has to say before it is looked at */
	char why[256];    /* of the failure */
};

struct part {
	const char *name;
	void (*run)(void);
};

extern struct list2_calls calls;
extern struct arena *arena;

/* Ends with one that has no name. */
extern const struct part parts_calls[];
extern const struct part parts_deaths[];
extern const struct part parts_odd[];
extern const struct part parts_memory[];

__attribute__((noreturn, format(printf, 1, 2))) void fail(const char *format, ...);
__attribute__((noreturn)) void skip(const char *why);
void same(long got, long wanted, const char *what);

/* v5 has the libc's own list among the others. */
int first_index(void);

/* Whether this revision lets a program of this word size have such a list. */
bool may_have(int bits);

/* A child that runs that; until it has said that it did; its end. */
pid_t child_that(void (*run)(void));
void await(const uint32_t *flag);
void end(pid_t pid);

/* A child that sleeps in FUTEX_WAIT for that lock, and ends with what the call returned. */
pid_t start_waiter(struct list2_lock *lock);

/*
 * Waits until `wanted` of them have come back with success, and says how many have. Their pids
 * become 0.
 */
int count_woken(pid_t *pids, int count, int wanted);

#endif
