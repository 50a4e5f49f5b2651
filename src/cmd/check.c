/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "cmd/complain.h"
#include "cmd/options.h"
#include "cmd/picture.h"
#include "history.h"
#include "problems.h"
#include "report/explain.h"
#include "report/json.h"
#include "snapshot.h"

enum check_status {
	CHECK_GOOD = 0,
	CHECK_PROBLEMS = 1,
	CHECK_FAILED = 2,
};

/* Follows who holds what that others wait for, from look to look. `now`: when this was due. */
static int note_holds(struct history *history, struct snapshot *snapshot, uint64_t now,
		      uint64_t limit_ns)
{
	int error = history_note(history, snapshot, now);

	for (size_t i = 0; i < snapshot->n_locks && !error; i++) {
		const struct lock *lock = &snapshot->locks[i];
		uint64_t since_ns = history_of(history, i)->kept_since_ns;

		if (lock->selected && lock->sort == LOCK_ROBUST && since_ns &&
		    now - since_ns >= limit_ns)
			error = problems_add_long_hold(snapshot, i, now - since_ns);
	}
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
static int look(const struct options *options, struct patience *patience, struct history *history,
		uint64_t now, bool first, bool last)
{
	struct snapshot snapshot;
	int status;

	if (take_picture(options, patience, first, &snapshot))
		return CHECK_FAILED;
	if (options->hold_ns && note_holds(history, &snapshot, now, options->hold_ns)) {
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
	struct history *history = history_new();
	struct patience patience = {0};
	int status = -1;

	if (!history) {
		complain_memory();
		return CHECK_FAILED;
	}
	while (status < 0) {
		bool last = next >= begin + span_ns;

		status = look(options, &patience, history, next, next == begin, last);
		next += options->interval_ns;
		if (next > begin + span_ns)
			next = begin + span_ns;
		if (status < 0)
			sleep_until(next);
	}
	history_free(history);
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
