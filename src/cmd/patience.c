/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/patience.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "target/live.h"

/*
 * So often in a row, a second apart, the same read must be found under way. It is counted and not
 * measured: while robtrace is stopped or the machine sleeps, nobody can answer.
 */
#define CHECKS 10

/* One look by a thread of its own. It outlives its caller when it is left behind. */
struct attempt {
	struct snapshot_request
		request; /* what it points to is ours, but for the base; of no trace */
	struct live_watch watch;
	struct snapshot snapshot;
	int error;
	pthread_mutex_t mutex; /* for the two below */
	pthread_cond_t ended;
	bool done;
	bool left_behind;
};

static void *copy(const void *items, size_t size)
{
	void *copied = malloc(size + 1);

	if (copied && size)
		memcpy(copied, items, size);
	return copied;
}

static void attempt_free(struct attempt *attempt)
{
	free((void *)attempt->request.pids);
	free((void *)attempt->request.files);
	free((void *)attempt->request.stack_tids);
	free((void *)attempt->request.left_out);
	pthread_cond_destroy(&attempt->ended);
	pthread_mutex_destroy(&attempt->mutex);
	free(attempt);
}

static struct attempt *attempt_new(const struct patience *patience,
				   const struct snapshot_request *from)
{
	struct attempt *attempt = calloc(1, sizeof(*attempt));
	struct snapshot_request *to = attempt ? &attempt->request : NULL;
	pthread_condattr_t monotonic;

	if (!attempt)
		return NULL;
	pthread_mutex_init(&attempt->mutex, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&attempt->ended, &monotonic);
	pthread_condattr_destroy(&monotonic);
	*to = *from;
	to->watch = &attempt->watch;
	to->pids = copy(from->pids, from->n_pids * sizeof(*from->pids));
	to->files = copy(from->files, from->n_files * sizeof(*from->files));
	to->stack_tids = copy(from->stack_tids, from->n_stack_tids * sizeof(*from->stack_tids));
	to->left_out = copy(patience->pids, patience->n * sizeof(*patience->pids));
	to->n_left_out = patience->n;
	if (to->pids && to->files && to->stack_tids && to->left_out)
		return attempt;
	attempt_free(attempt);
	return NULL;
}

static void *run(void *argument)
{
	struct attempt *attempt = argument;
	bool left_behind;

	attempt->error = snapshot_take(&attempt->request, &attempt->snapshot);
	pthread_mutex_lock(&attempt->mutex);
	attempt->done = true;
	left_behind = attempt->left_behind;
	pthread_cond_signal(&attempt->ended);
	pthread_mutex_unlock(&attempt->mutex);
	/* An answer came after all, and nobody waits for it any more. */
	if (left_behind && !attempt->error)
		snapshot_free(&attempt->snapshot);
	if (left_behind)
		attempt_free(attempt);
	return NULL;
}

/* With the mutex held. Until the look has ended (0), or a second is over (-ETIMEDOUT). */
static int wait_a_second(struct attempt *attempt)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec++;
	while (!attempt->done)
		if (pthread_cond_timedwait(&attempt->ended, &attempt->mutex, &until) == ETIMEDOUT)
			return attempt->done ? 0 : -ETIMEDOUT;
	return 0;
}

/* 0: it has ended; otherwise the process that has no answer, and the look is left behind. */
static pid_t await(struct attempt *attempt)
{
	unsigned long reads = 0;
	pid_t pid = 0;

	pthread_mutex_lock(&attempt->mutex);
	for (int same = 0; same < CHECKS && wait_a_second(attempt);) {
		pid_t now = atomic_load(&attempt->watch.pid);
		unsigned long count = atomic_load(&attempt->watch.reads);

		same = now && now == pid && count == reads ? same + 1 : 0;
		pid = now;
		reads = count;
	}
	attempt->left_behind = !attempt->done;
	pid = attempt->done ? 0 : pid;
	pthread_mutex_unlock(&attempt->mutex);
	return pid;
}

int patience_take(struct patience *patience, const struct snapshot_request *request,
		  struct snapshot *ret)
{
	struct attempt *attempt = attempt_new(patience, request);
	pthread_t thread;
	int error;
	pid_t pid;

	if (!attempt)
		return -ENOMEM;
	error = pthread_create(&thread, NULL, run, attempt);
	if (error) {
		attempt_free(attempt);
		return -error;
	}
	pid = await(attempt);
	if (pid) {
		pthread_detach(thread);
		if (patience->n == PATIENCE_MAX)
			return -EBUSY;
		patience->pids[patience->n++] = pid;
		return -ETIMEDOUT;
	}
	pthread_join(thread, NULL);
	error = attempt->error;
	if (!error)
		*ret = attempt->snapshot;
	attempt_free(attempt);
	return error;
}
