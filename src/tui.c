/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "snapshot.h"
#include "tui/draw.h"
#include "tui/handle.h"
#include "tui/screen.h"
#include "tui/state.h"
#include "tui/taker.h"

/* Keys that are handled before the screen is drawn: pasted text must not starve all else. */
#define KEYS_AT_ONCE 256

enum source {
	SOURCE_TERMINAL,
	SOURCE_SIGNAL,
	SOURCE_TIMER,
	SOURCE_PICTURE,
	N_SOURCES,
};

struct loop {
	struct tui tui;
	struct screen *screen;
	struct taker *taker;
	sigset_t signals;  /* those that come through the signalfd */
	uint64_t asked_ns; /* when the look that goes on began */
	struct pollfd fds[N_SOURCES];
	int signal; /* that ends the program */
	bool draw;  /* the screen is to be drawn */
};

/* All that would end the program or concern the terminal, but for faults (tui/rescue.h). */
static void fill_signals(sigset_t *set)
{
	static const int left_alone[] = {SIGKILL, SIGSTOP, SIGCHLD, SIGURG,  SIGPIPE,
					 SIGTTIN, SIGTTOU, SIGSEGV, SIGBUS,  SIGFPE,
					 SIGILL,  SIGABRT, SIGSYS,  SIGTRAP, SIGXCPU};

	sigfillset(set);
	for (size_t i = 0; i < sizeof(left_alone) / sizeof(left_alone[0]); i++)
		sigdelset(set, left_alone[i]);
}

/* The next look comes `delay` after the last began, and leaves others time in between. */
static void arm_timer(struct loop *loop)
{
	uint64_t now = clock_now_ns();
	uint64_t next = loop->asked_ns + loop->tui.delay_ns;
	struct itimerspec when = {0};

	if (next < now + (now - loop->asked_ns) / 2)
		next = now + (now - loop->asked_ns) / 2 + 1;
	if (!loop->tui.frozen)
		when.it_value = (struct timespec){
			.tv_sec = (time_t)(next / UINT64_C(1000000000)),
			.tv_nsec = (long)(next % UINT64_C(1000000000)),
		};
	timerfd_settime(loop->fds[SOURCE_TIMER].fd, TFD_TIMER_ABSTIME, &when, NULL);
}

static void ask(struct loop *loop)
{
	struct tui_wish wish = state_wish(&loop->tui);

	if (!taker_is_busy(loop->taker))
		loop->asked_ns = clock_now_ns();
	taker_ask(loop->taker, &wish);
}

static int obey(struct loop *loop)
{
	struct tui_orders orders = loop->tui.orders;

	loop->tui.orders = (struct tui_orders){0};
	if (orders.look)
		ask(loop);
	else if (orders.new_delay)
		arm_timer(loop);
	if (orders.redraw)
		screen_redraw(loop->screen);
	if (orders.ring)
		screen_ring(loop->screen);
	return orders.quit ? 1 : 0;
}

/* 1: leave; 0 or a negative errno. */
static int on_terminal(struct loop *loop)
{
	for (int i = 0; i < KEYS_AT_ONCE; i++) {
		struct key_event event;
		int result = screen_key(loop->screen, &event);

		if (result <= 0)
			return result;
		loop->draw = true;
		if (!event.key)
			continue;
		result = handle_key(&loop->tui, &event);
		if (!result)
			result = obey(loop);
		if (result)
			return result;
	}
	return 0;
}

/* Stops as any program does, with the terminal as it was. */
static void stop(struct loop *loop)
{
	sigset_t stop_set;

	screen_suspend(loop->screen);
	sigemptyset(&stop_set);
	sigaddset(&stop_set, SIGTSTP);
	kill(getpid(), SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &stop_set, NULL);
	/* Here it stands until SIGCONT. */
	sigprocmask(SIG_BLOCK, &stop_set, NULL);
	screen_resume(loop->screen);
}

static int resize(struct loop *loop)
{
	int width;
	int height;

	screen_resized(loop->screen);
	screen_size(loop->screen, &width, &height);
	return state_resize(&loop->tui, width, height);
}

static int on_signal(struct loop *loop)
{
	struct signalfd_siginfo info;
	int error = 0;

	while (!error && read(loop->fds[SOURCE_SIGNAL].fd, &info, sizeof(info)) == sizeof(info)) {
		loop->draw = true;
		switch (info.ssi_signo) {
		case SIGWINCH:
			error = resize(loop);
			break;
		case SIGTSTP:
			stop(loop);
			error = resize(loop);
			break;
		case SIGCONT:
			/* Stopped by a signal that cannot be caught; the terminal was others'. */
			screen_resume(loop->screen);
			error = resize(loop);
			break;
		default:
			loop->signal = (int)info.ssi_signo;
			return 1;
		}
	}
	return error;
}

static int on_timer(struct loop *loop)
{
	uint64_t count;

	if (read(loop->fds[SOURCE_TIMER].fd, &count, sizeof(count)) < 0)
		return 0;
	if (!loop->tui.frozen && !taker_is_busy(loop->taker))
		ask(loop);
	return 0;
}

static int on_picture(struct loop *loop)
{
	struct tui_look look;
	const char *why = NULL;
	int result = taker_collect(loop->taker, &look, &why);

	if (!result)
		return 0;
	loop->draw = true;
	arm_timer(loop);
	if (result < 0) {
		state_fail(&loop->tui, why);
		return 0;
	}
	/* One that was on its way when the picture was frozen comes too late. */
	if (loop->tui.frozen && loop->tui.has_picture) {
		snapshot_free(&look.snapshot);
		return 0;
	}
	result = state_take(&loop->tui, &look);
	if (result)
		snapshot_free(&look.snapshot);
	return result ? result : obey(loop);
}

static int draw(struct loop *loop)
{
	const struct rows *rows = &loop->tui.rows[state_view(&loop->tui)];
	int error = draw_screen(&loop->tui);
	int y = draw_first_row_y(&loop->tui) + (int)(rows->cursor - rows->top);
	int x = 0;
	bool cursor = draw_cursor(&loop->tui, &y, &x);

	if (!error)
		screen_show(loop->screen, &loop->tui.canvas, cursor, y, x);
	loop->draw = false;
	return error;
}

/* 1: the user leaves, or a signal came; or a negative errno. */
static int turn(struct loop *loop)
{
	static int (*const handlers[N_SOURCES])(struct loop * loop) = {
		[SOURCE_TERMINAL] = on_terminal,
		[SOURCE_SIGNAL] = on_signal,
		[SOURCE_TIMER] = on_timer,
		[SOURCE_PICTURE] = on_picture,
	};
	int result = loop->draw ? draw(loop) : 0;

	if (result)
		return result;
	if (poll(loop->fds, N_SOURCES, -1) < 0)
		return errno == EINTR ? 0 : -errno;
	/* Signals first: when the terminal is gone, SIGHUP says so. */
	if (loop->fds[SOURCE_SIGNAL].revents)
		result = on_signal(loop);
	for (size_t i = 0; i < N_SOURCES && !result; i++)
		if (loop->fds[i].revents)
			result = handlers[i](loop);
	if (!result && loop->fds[SOURCE_TERMINAL].revents & (POLLHUP | POLLERR | POLLNVAL))
		result = -EIO;
	return result;
}

static int run(struct loop *loop, const struct tui_options *options)
{
	int width;
	int height;
	int result;

	screen_size(loop->screen, &width, &height);
	result = state_init(&loop->tui, width, height);
	if (!result)
		result = taker_start(options, &loop->taker);
	if (result)
		return result;
	loop->fds[SOURCE_PICTURE] = (struct pollfd){.fd = taker_fd(loop->taker), .events = POLLIN};
	loop->draw = true;
	ask(loop);
	while (!result)
		result = turn(loop);
	return result == 1 ? 0 : result;
}

int tui_run(const struct tui_options *options, char why[TUI_WHY_MAX])
{
	struct loop loop = {.tui = {.selection = options->selection,
				    .delay_ns = options->delay_ns,
				    .bell = options->bell}};
	cleanup_fd int signals = -1;
	cleanup_fd int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	sigset_t before;
	int result;

	fill_signals(&loop.signals);
	sigprocmask(SIG_BLOCK, &loop.signals, &before);
	signals = signalfd(-1, &loop.signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (timer < 0 || signals < 0) {
		snprintf(why, TUI_WHY_MAX, "cannot wait for time and signals: %s", strerror(errno));
		return -EMFILE;
	}
	result = screen_open(options->color, &loop.screen, why);
	if (result)
		return result;
	loop.fds[SOURCE_TERMINAL] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
	loop.fds[SOURCE_SIGNAL] = (struct pollfd){.fd = signals, .events = POLLIN};
	loop.fds[SOURCE_TIMER] = (struct pollfd){.fd = timer, .events = POLLIN};
	result = run(&loop, options);
	screen_close(loop.screen);
	if (loop.taker)
		taker_stop(loop.taker);
	state_free(&loop.tui);
	if (result < 0)
		snprintf(why, TUI_WHY_MAX, "%s",
			 result == -EIO ? "the terminal is gone" : strerror(-result));
	sigprocmask(SIG_SETMASK, &before, NULL);
	return result ? result : loop.signal;
}
