/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "settle.h"

#include <errno.h>
#include <time.h>

#include "abi/futex_word.h"
#include "target/procfs.h"
#include "target/stop.h"

/* Looks at one list until it is given up: some 50 ms for a thread that never rests. */
#define TRIES 120
/* Looks without a pause before the thread is left alone for a moment between two. */
#define EAGER_TRIES 20
#define PAUSE_NS 500000
/* Equal looks in a row that are believed though the thread runs: see seen_often. */
#define SAME_AFTER_RUNS 4
#define SAME_LOOKS 10

/* What a thread does, as far as it tells whether it ran between two looks. */
struct pulse {
	bool known;
	bool blocked;
	struct proc_schedstat stat;
};

static int take_pulse(const struct settle_owner *owner, struct pulse *ret)
{
	struct proc_stat stat;
	int error = procfs_stat(owner->pid, owner->tid, &stat);

	*ret = (struct pulse){0};
	if (error)
		return error;
	if (stat.state == 'Z' || stat.state == 'X')
		return -ESRCH;
	ret->blocked = stat.state != 'R';
	/* No schedstat on this kernel: equal looks have to do. */
	ret->known = procfs_schedstat(owner->pid, owner->tid, &ret->stat) == 0;
	return 0;
}

static bool rested(const struct pulse *before, const struct pulse *after)
{
	return before->known && after->known && before->blocked && after->blocked &&
	       before->stat.run_ns == after->stat.run_ns &&
	       before->stat.slices == after->stat.slices;
}

/* A list of a living thread that is whole and whose words all name the thread. */
static bool plain(const struct walk *walk, pid_t ns_tid)
{
	const struct list *list = &walk->list;

	if (list->end != LIST_COMPLETE && list->end != LIST_TOO_LONG)
		return false;
	for (size_t i = 0; i < list->n_entries; i++)
		if (!list->entries[i].word_ok ||
		    (list->entries[i].word & WORD_TID_MASK) != (uint32_t)ns_tid)
			return false;
	return true;
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
	return (hash ^ value) * UINT64_C(0x100000001b3);
}

/* Equal for equal lists. */
static uint64_t fingerprint(const struct list *list)
{
	uint64_t hash = mix(UINT64_C(0xcbf29ce484222325), (uint64_t)list->end);

	hash = mix(hash, list->end_at);
	hash = mix(hash, list->n_seen);
	hash = mix(hash, list->has_pending ? list->pending.entry : 0);
	for (size_t i = 0; i < list->n_entries; i++) {
		hash = mix(hash, list->entries[i].entry);
		hash = mix(hash, list->entries[i].word);
	}
	return hash;
}

static void pause_between(int number)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};

	if (number >= EAGER_TRIES)
		nanosleep(&pause, NULL);
}

/* Equal strange looks so far. */
struct repeats {
	uint64_t print;
	uint64_t run_ns;
	int count;
};

/*
 * Whether a strange list of a thread that does not sleep has looked the same for long enough. A
 * thread that lost its processor half-way through a lock operation looks the same however often one
 * looks, so only looks between which it has run count; where the kernel does not tell, all do.
 */
static bool seen_often(struct repeats *repeats, const struct walk *walk, const struct pulse *pulse)
{
	uint64_t print = fingerprint(&walk->list);

	if (!walk->settled || print != repeats->print || !repeats->count)
		*repeats = (struct repeats){
			.print = print, .run_ns = pulse->stat.run_ns, .count = walk->settled};
	else if (!pulse->known || pulse->stat.run_ns != repeats->run_ns)
		repeats->count++;
	repeats->run_ns = pulse->stat.run_ns;
	return repeats->count >= (pulse->known ? SAME_AFTER_RUNS : SAME_LOOKS);
}

/* Looks until the list can be believed: 1. 0: it never could. Or a negative errno. */
static int try_quietly(struct memory *memory, struct walk *walk, struct settle_owner *owner)
{
	struct repeats repeats = {0};

	for (int number = 0; number < TRIES; number++) {
		struct pulse before;
		struct pulse after;
		int error = take_pulse(owner, &before);

		error = error ? error : walk_lists(memory, walk, 1);
		if (error)
			return error;
		if (walk->settled && plain(walk, owner->ns_tid))
			return 1;
		error = take_pulse(owner, &after);
		if (error)
			return error;
		if (rested(&before, &after) || seen_often(&repeats, walk, &after))
			return 1;
		pause_between(number);
	}
	return 0;
}

static int try_stopped(struct memory *memory, struct walk *walk, const struct settle_owner *owner,
		       struct settle_stats *stats)
{
	struct thread_stop stop;
	uint64_t stood;
	int error = thread_stop_begin(owner->tid, &stop);

	if (error)
		return error;
	error = walk_lists(memory, walk, 1);
	stood = thread_stop_end(&stop);
	stats->stopped++;
	if (stood > stats->longest_stop_ns)
		stats->longest_stop_ns = stood;
	return error;
}

static int settle_one(struct memory *memory, struct walk *walk, struct settle_owner *owner,
		      bool may_stop, struct settle_stats *stats)
{
	int result = try_quietly(memory, walk, owner);

	if (result == 0 && may_stop && try_stopped(memory, walk, owner, stats) == 0)
		result = 1;
	if (result == -ESRCH) {
		owner->gone = true;
		return 0;
	}
	if (result < 0)
		return result;
	if (result == 0) {
		walk->list.end = LIST_CHANGED;
		stats->changed++;
	}
	return 0;
}

int settle_lists(struct memory *memory, struct walk *walks, struct settle_owner *owners,
		 size_t count, bool may_stop, struct settle_stats *stats)
{
	int error = walk_lists(memory, walks, count);

	for (size_t i = 0; i < count && !error; i++)
		if (!walks[i].settled || !plain(&walks[i], owners[i].ns_tid))
			error = settle_one(memory, &walks[i], &owners[i], may_stop, stats);
	return error;
}
