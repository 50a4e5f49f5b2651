/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/vec.h"
#include "cmd/complain.h"
#include "cmd/options.h"
#include "cmd/picture.h"
#include "place.h"
#include "problems.h"
#include "report/explain.h"
#include "report/json.h"
#include "snapshot.h"

enum check_status {
	CHECK_GOOD = 0,
	CHECK_PROBLEMS = 1,
	CHECK_FAILED = 2,
};

/* A contended lock and its owner, and since when every look has shown the two together. */
struct hold {
	struct futex_key key;
	pid_t owner;
	uint64_t since_ns;
	size_t n_waiters; /* in the first of these looks */
	bool seen;        /* in the newest look */
};

struct holds {
	struct hold *items;
	size_t count;
	size_t capacity;
};

static struct hold *find_hold(struct holds *holds, const struct futex_key *key, pid_t owner)
{
	for (size_t i = 0; i < holds->count; i++)
		if (holds->items[i].owner == owner && place_compare(&holds->items[i].key, key) == 0)
			return &holds->items[i];
	return NULL;
}

/*
 * A lock that is given back wakes a waiter. While all who waited at the first look have slept on,
 * its owner had it all the time.
 */
static bool slept_through(const struct snapshot *snapshot, const struct lock *lock,
			  const struct hold *hold, uint64_t held_ns)
{
	size_t sleepers = 0;

	for (size_t i = 0; i < lock->n_waiters; i++) {
		uint64_t slept_ns = snapshot->tasks[lock->waiters[i].task].slept_ns;

		/* Where the kernel does not tell, equal looks have to do. */
		sleepers += !slept_ns || slept_ns >= held_ns;
	}
	return sleepers >= hold->n_waiters;
}

static int note_hold(struct holds *holds, struct snapshot *snapshot, size_t index, uint64_t now,
		     uint64_t limit_ns)
{
	const struct lock *lock = &snapshot->locks[index];
	struct futex_key key = place_key(&lock->place, lock->pid, lock->address);
	struct hold *hold = find_hold(holds, &key, lock->owner_tid);
	int error;

	if (hold) {
		hold->seen = true;
		if (!slept_through(snapshot, lock, hold, now - hold->since_ns)) {
			hold->since_ns = now;
			hold->n_waiters = lock->n_waiters;
		}
		if (now - hold->since_ns < limit_ns)
			return 0;
		return problems_add_long_hold(snapshot, index, now - hold->since_ns);
	}
	error = vec_reserve(&holds->items, holds->count, &holds->capacity, 1,
			    sizeof(*holds->items));
	if (!error)
		holds->items[holds->count++] = (struct hold){.key = key,
							     .owner = lock->owner_tid,
							     .since_ns = now,
							     .n_waiters = lock->n_waiters,
							     .seen = true};
	return error;
}

/* Follows who holds what that others wait for, from look to look. `now`: when this was due. */
static int note_holds(struct holds *holds, struct snapshot *snapshot, uint64_t now,
		      uint64_t limit_ns)
{
	size_t kept = 0;
	int error = 0;

	for (size_t i = 0; i < holds->count; i++)
		holds->items[i].seen = false;
	for (size_t i = 0; i < snapshot->n_locks && !error; i++) {
		const struct lock *lock = &snapshot->locks[i];

		if (lock->selected && lock->n_waiters && lock->owner_tid &&
		    lock->sort == LOCK_ROBUST)
			error = note_hold(holds, snapshot, i, now, limit_ns);
	}
	for (size_t i = 0; i < holds->count; i++)
		if (holds->items[i].seen)
			holds->items[kept++] = holds->items[i];
	holds->count = kept;
	return error;
}

static int report(const struct snapshot *snapshot, const struct options *options)
{
	int error;

	if (options->json)
		error = json_print(snapshot, stdout);
	else
		error = explain_print(snapshot, options->color, stdout);
	if (error) {
		complain_memory();
		return CHECK_FAILED;
	}
	if (complain_output(0))
		return CHECK_FAILED;
	return snapshot->n_problems ? CHECK_PROBLEMS : CHECK_GOOD;
}

static void sleep_until(uint64_t time_ns)
{
	const struct timespec until = {
		.tv_sec = (time_t)(time_ns / UINT64_C(1000000000)),
		.tv_nsec = (long)(time_ns % UINT64_C(1000000000)),
	};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
}

/* There was nothing to look at: named processes may have ended, a file may be mapped later. */
static int nobody_there(const struct options *options, bool first, bool last)
{
	if (options->n_pids && !first)
		complain("the processes ended while we looked");
	return options->n_pids || last ? CHECK_FAILED : -1;
}

/* Silence would say that nothing is wrong where we are blind. */
static void tell_unseen(const struct snapshot *snapshot, bool first)
{
	if (first && snapshot->census.unseen_waits)
		complain("who waits in %zu of the processes cannot be seen: that needs the same "
			 "user, or CAP_DAC_READ_SEARCH",
			 snapshot->census.unseen_waits);
}

/*
 * One look. -1: nothing is wrong, and there is time to look again. Otherwise the exit status; what
 * is wrong, or that nothing is, has been told.
 */
static int look(const struct options *options, struct holds *holds, uint64_t now, bool first,
		bool last)
{
	struct snapshot snapshot;
	int status;

	if (take_picture(options, first, &snapshot))
		return CHECK_FAILED;
	if (options->hold_ns && note_holds(holds, &snapshot, now, options->hold_ns)) {
		complain_memory();
		snapshot_free(&snapshot);
		return CHECK_FAILED;
	}
	tell_unseen(&snapshot, first);
	if (!snapshot.census.processes)
		status = nobody_there(options, first, last);
	else if (snapshot.n_problems || last)
		status = report(&snapshot, options);
	else
		status = -1;
	snapshot_free(&snapshot);
	return status;
}

static int check(const struct options *options)
{
	/* A hold can be called long only when it has been watched for so long. */
	uint64_t span_ns = options->wait_ns > options->hold_ns ? options->wait_ns
							       : options->hold_ns;
	uint64_t begin = clock_now_ns();
	uint64_t next = begin;
	struct holds holds = {0};
	int status = -1;

	while (status < 0) {
		bool last = next >= begin + span_ns;

		status = look(options, &holds, next, next == begin, last);
		next += options->interval_ns;
		if (next > begin + span_ns)
			next = begin + span_ns;
		if (status < 0)
			sleep_until(next);
	}
	free(holds.items);
	return status;
}

int cmd_check(int argc, char **argv)
{
	struct options options;
	int status = options_parse(COMMAND_CHECK, argc, argv, &options);

	if (status < 0)
		status = check(&options);
	else if (options.done)
		status = complain_output(status) ? CHECK_FAILED : CHECK_GOOD;
	else
		status = CHECK_FAILED;
	options_release(&options);
	return status;
}
