/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/taker.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "snapshot.h"

/* How long the end of the program may wait for a picture. */
#define STOP_SECONDS 3

struct taker {
	const struct tui_options *options;
	pthread_t thread;
	int fd;
	pthread_mutex_t mutex; /* for all below */
	pthread_cond_t work;
	bool asked;
	bool taking;
	bool done;
	bool stop;
	pid_t tids[STACK_TIDS_MAX]; /* of what was asked */
	size_t n_tids;
	struct tui_look look; /* while done */
	int error;
	const char *why;
};

/* One picture, with the mutex let go meanwhile. */
static void take(struct taker *taker)
{
	pid_t tids[STACK_TIDS_MAX];
	struct tui_wish wish = {.stack_tids = tids, .n_stack_tids = taker->n_tids};
	struct tui_look look = {.has_stacks = taker->n_tids > 0};
	const char *why = NULL;
	uint64_t one = 1;
	int error;

	memcpy(tids, taker->tids, sizeof(tids));
	taker->asked = false;
	taker->taking = true;
	pthread_mutex_unlock(&taker->mutex);
	error = taker->options->take(taker->options->context, &wish, &look.snapshot, &why);
	look.now_ns = clock_now_ns();
	look.wall = time(NULL);
	pthread_mutex_lock(&taker->mutex);
	taker->look = look;
	taker->error = error;
	taker->why = why;
	taker->taking = false;
	taker->done = true;
	if (write(taker->fd, &one, sizeof(one)) < 0)
		taker->why = "the picture could not be told of";
}

static void *run(void *argument)
{
	struct taker *taker = argument;

	pthread_mutex_lock(&taker->mutex);
	while (!taker->stop) {
		if (taker->asked && !taker->done)
			take(taker);
		else
			pthread_cond_wait(&taker->work, &taker->mutex);
	}
	pthread_mutex_unlock(&taker->mutex);
	return NULL;
}

int taker_start(const struct tui_options *options, struct taker **ret)
{
	struct taker *taker = calloc(1, sizeof(*taker));
	int error;

	if (!taker)
		return -ENOMEM;
	taker->options = options;
	taker->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (taker->fd < 0) {
		error = -errno;
		free(taker);
		return error;
	}
	pthread_mutex_init(&taker->mutex, NULL);
	pthread_cond_init(&taker->work, NULL);
	error = pthread_create(&taker->thread, NULL, run, taker);
	if (error) {
		close(taker->fd);
		free(taker);
		return -error;
	}
	*ret = taker;
	return 0;
}

int taker_fd(const struct taker *taker)
{
	return taker->fd;
}

bool taker_is_busy(struct taker *taker)
{
	bool busy;

	pthread_mutex_lock(&taker->mutex);
	busy = taker->asked || taker->taking || taker->done;
	pthread_mutex_unlock(&taker->mutex);
	return busy;
}

void taker_ask(struct taker *taker, const struct tui_wish *wish)
{
	pthread_mutex_lock(&taker->mutex);
	taker->asked = true;
	taker->n_tids = wish->n_stack_tids < STACK_TIDS_MAX ? wish->n_stack_tids : STACK_TIDS_MAX;
	if (taker->n_tids)
		memcpy(taker->tids, wish->stack_tids, taker->n_tids * sizeof(taker->tids[0]));
	pthread_cond_signal(&taker->work);
	pthread_mutex_unlock(&taker->mutex);
}

int taker_collect(struct taker *taker, struct tui_look *ret, const char **ret_why)
{
	uint64_t count;
	int result = 0;

	pthread_mutex_lock(&taker->mutex);
	if (taker->done) {
		if (read(taker->fd, &count, sizeof(count)) < 0)
			count = 0;
		*ret = taker->look;
		*ret_why = taker->why;
		result = taker->error ? taker->error : 1;
		taker->done = false;
		pthread_cond_signal(&taker->work);
	}
	pthread_mutex_unlock(&taker->mutex);
	return result;
}

void taker_stop(struct taker *taker)
{
	struct timespec until;

	pthread_mutex_lock(&taker->mutex);
	taker->stop = true;
	pthread_cond_signal(&taker->work);
	pthread_mutex_unlock(&taker->mutex);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += STOP_SECONDS;
	/* A look can hang in a read of a broken file system: then its memory stays with it. */
	if (pthread_timedjoin_np(taker->thread, NULL, &until))
		return;
	if (taker->done && !taker->error)
		snapshot_free(&taker->look.snapshot);
	pthread_cond_destroy(&taker->work);
	pthread_mutex_destroy(&taker->mutex);
	close(taker->fd);
	free(taker);
}
