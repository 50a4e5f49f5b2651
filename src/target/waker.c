/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/waker.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"

/* So exact are deadlines. */
#define TICK_NS 50000000

/* Nobody who is awake takes longer to ask for a signal. */
#define UNASKED_NS UINT64_C(1000000000)

static void wake(void)
{
	if (fork() == 0)
		_exit(0);
}

/* True: the deadline is over, and is forgotten. */
static bool deadline_passed(struct waker *waker)
{
	bool passed = waker->deadline_ns && clock_now_ns() >= waker->deadline_ns;

	if (passed)
		waker->deadline_ns = 0;
	return passed;
}

/* The C library makes SI_USER of SI_TKILL here: our own PID is what tells. */
static bool is_nudge(const siginfo_t *info)
{
	return info->si_code <= 0 && info->si_pid == getpid();
}

static bool is_to_end(int number)
{
	return number == SIGINT || number == SIGQUIT || number == SIGTERM || number == SIGHUP;
}

/* Takes a signal in. True: one like it came long ago and nobody has asked for it. */
static bool take_in(struct waker *waker, int number, const siginfo_t *info)
{
	uint64_t now_ns = clock_now_ns();
	bool in_vain = false;

	for (size_t i = 0; i < waker->n_queue && is_to_end(number); i++)
		in_vain = in_vain || (is_to_end(waker->queue[i].number) &&
				      now_ns - waker->queue[i].since_ns > UNASKED_NS);
	if (waker->n_queue < WAKER_QUEUE_MAX)
		waker->queue[waker->n_queue++] = (struct waker_signal){
			.number = number,
			.sender = info->si_code <= 0 ? info->si_pid : 0,
			.since_ns = now_ns};
	return in_vain;
}

static void *run(void *argument)
{
	struct waker *waker = argument;
	const struct timespec tick = {.tv_nsec = TICK_NS};
	bool stopping = false;

	while (!stopping) {
		bool waits_for_time;
		bool due;
		bool in_vain = false;
		siginfo_t info;
		int number;

		pthread_mutex_lock(&waker->lock);
		waits_for_time = waker->deadline_ns != 0;
		pthread_mutex_unlock(&waker->lock);
		number = waits_for_time ? sigtimedwait(&waker->signals, &info, &tick)
					: sigwaitinfo(&waker->signals, &info);
		pthread_mutex_lock(&waker->lock);
		stopping = waker->stopping;
		due = deadline_passed(waker);
		/* One that comes at the end is kept for waker_stop. */
		if (number > 0 && !is_nudge(&info)) {
			in_vain = take_in(waker, number, &info) && !stopping;
			due = true;
		}
		pthread_mutex_unlock(&waker->lock);
		if (in_vain && waker->give_up)
			waker->give_up(number);
		if (due)
			wake();
	}
	return NULL;
}

int waker_start(struct waker *waker, const sigset_t *signals, void (*give_up)(int signal))
{
	int error;

	waker->signals = *signals;
	waker->n_queue = 0;
	waker->deadline_ns = 0;
	waker->stopping = false;
	waker->give_up = give_up;
	pthread_mutex_init(&waker->lock, NULL);
	error = pthread_create(&waker->thread, NULL, run, waker);
	if (error)
		pthread_mutex_destroy(&waker->lock);
	return -error;
}

/* Makes its thread look at what has changed. We send us no other signals. */
static void nudge(struct waker *waker)
{
	for (int number = 1; number < NSIG; number++)
		if (sigismember(&waker->signals, number) == 1) {
			pthread_kill(waker->thread, number);
			return;
		}
}

int waker_stop(struct waker *waker)
{
	pthread_mutex_lock(&waker->lock);
	waker->stopping = true;
	pthread_mutex_unlock(&waker->lock);
	nudge(waker);
	pthread_join(waker->thread, NULL);
	pthread_mutex_destroy(&waker->lock);
	return waker->n_queue ? waker->queue[0].number : 0;
}

bool waker_next(struct waker *waker, struct waker_signal *ret)
{
	bool found;

	pthread_mutex_lock(&waker->lock);
	found = waker->n_queue > 0;
	if (found) {
		*ret = waker->queue[0];
		memmove(waker->queue, waker->queue + 1, --waker->n_queue * sizeof(*waker->queue));
	}
	pthread_mutex_unlock(&waker->lock);
	return found;
}

void waker_set_deadline(struct waker *waker, uint64_t deadline_ns)
{
	bool changed;

	pthread_mutex_lock(&waker->lock);
	changed = waker->deadline_ns != deadline_ns;
	waker->deadline_ns = deadline_ns;
	pthread_mutex_unlock(&waker->lock);
	if (changed && deadline_ns)
		nudge(waker);
}
