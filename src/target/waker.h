/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signals and deadlines for a thread that sleeps in waitpid(-1, ..., __WALL): a thread beside it
 * takes them in and ends the sleep by a child process that exits at once, which no race can lose.
 * So the one who waits needs a single system call for each event of its tracees.
 */
#ifndef ROBTRACE_TARGET_WAKER_H
#define ROBTRACE_TARGET_WAKER_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct waker_signal {
	int number;
	pid_t sender;      /* 0: the kernel, such as for the terminal's keys */
	uint64_t since_ns; /* when it was taken in */
};

#define WAKER_QUEUE_MAX 16

struct waker {
	pthread_t thread;
	pthread_mutex_t lock;
	sigset_t signals;
	struct waker_signal queue[WAKER_QUEUE_MAX];
	size_t n_queue;
	uint64_t deadline_ns; /* CLOCK_MONOTONIC; 0: none */
	bool stopping;
	void (*give_up)(int signal);
};

/*
 * The signals must be blocked in the calling thread, and stay so; those that this process sends to
 * itself are not taken in. The struct must not move. 0 or a negative errno.
 *
 * give_up, where it is not NULL, is called in the other thread when a signal comes that is to end us
 * (SIGINT, SIGQUIT, SIGTERM, SIGHUP) and nobody has asked for one of these that came a second ago:
 * the sleeper sleeps elsewhere, and only the end of the process wakes it.
 */
int waker_start(struct waker *waker, const sigset_t *signals, void (*give_up)(int signal));
/* The oldest signal that was taken in and that nobody asked for; 0: none. */
int waker_stop(struct waker *waker);

/* The oldest signal that was taken in. False: none. */
bool waker_next(struct waker *waker, struct waker_signal *ret);

/* Once this is passed, the sleeper is woken once. */
void waker_set_deadline(struct waker *waker, uint64_t deadline_ns);

#endif
