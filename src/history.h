/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Locks from look to look: who had them, for how long, and what has changed. A picture knows
 * nothing of the time before it; this does. Bounded: the locks of the newest picture, some
 * thousand that are gone, and for each a fixed number of earlier owners.
 *
 * Times are those that the caller gives to history_note, in ns on a clock of his choice.
 */
#ifndef ROBTRACE_HISTORY_H
#define ROBTRACE_HISTORY_H

#include "model.h"

/* Earlier owners that are kept of one lock. */
#define HISTORY_HOLDS 16

#define HISTORY_COMM_MAX 16

/* Somebody was seen to have the lock, from the first to the last look that showed it. */
struct past_hold {
	pid_t pid; /* 0: the process is not known */
	pid_t tid;
	char comm[HISTORY_COMM_MAX];
	uint64_t since_ns;
	uint64_t until_ns;
};

/* What is known of one lock of the newest picture. */
struct lock_past {
	uint64_t serial;   /* the same lock has the same number in all pictures; never 0 */
	uint64_t first_ns; /* when it was seen first */
	pid_t owner;       /* at the newest look; 0: nobody */
	/* All looks since then have shown the same owner; between two of them it may have been
	 * given back and taken again. */
	uint64_t owner_since_ns;
	/* Since then it cannot have been given back: those who wait have slept all the time.
	 * 0: nobody waits, so nothing shows it. */
	uint64_t kept_since_ns;
	uint64_t longest_ns; /* the longest time between two changes of its owner */
	uint64_t n_owners;   /* how often another owner was seen, the first included */
	bool is_new;         /* not in the look before (never at the first look) */
	bool changed;        /* state, owner or waiters are others than in the look before */
	/* Ring of earlier owners: the newest is holds[(n_holds - 1) % HISTORY_HOLDS]. */
	struct past_hold *holds; /* NULL while n_holds is 0 */
	uint64_t n_holds;
};

struct history;

/* NULL without memory. */
struct history *history_new(void);
void history_free(struct history *history);

/* A new look. 0, or -ENOMEM: then it is still that of the look before. */
int history_note(struct history *history, const struct snapshot *snapshot, uint64_t now_ns);

/* Of locks[index] of the snapshot that was noted last; until the next one is. */
const struct lock_past *history_of(const struct history *history, size_t index);

/*
 * The lock with this serial, and its index in that snapshot, or LOCK_NONE where that does not have
 * it. NULL when it is not remembered any more.
 */
const struct lock_past *history_find(const struct history *history, uint64_t serial,
				     size_t *ret_index);

/*
 * How long the lock has been held for sure, in ns: nobody who waits for it was woken meanwhile,
 * or its owner has not run since. 0: nothing is sure.
 */
uint64_t history_kept_ns(const struct history *history, const struct snapshot *snapshot,
			 size_t index, uint64_t now_ns);

#endif
