/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/waker.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "unit.h"

/* A waker, and a child that never ends by itself: a wait has somebody to wait for. */
struct fixture {
	struct waker waker;
	sigset_t signals;
	sigset_t old;
	pid_t sleeper;
};

static void set_up(struct fixture *fixture)
{
	sigemptyset(&fixture->signals);
	sigaddset(&fixture->signals, SIGTERM);
	sigaddset(&fixture->signals, SIGUSR1);
	assert_int_equal(sigprocmask(SIG_BLOCK, &fixture->signals, &fixture->old), 0);
	fixture->sleeper = fork();
	if (fixture->sleeper == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	assert_true(fixture->sleeper > 0);
	assert_int_equal(waker_start(&fixture->waker, &fixture->signals, NULL), 0);
}

static int tear_down(struct fixture *fixture)
{
	const struct timespec at_once = {0};
	int left = waker_stop(&fixture->waker);
	pid_t pid;

	kill(fixture->sleeper, SIGKILL);
	do
		pid = waitpid(-1, NULL, __WALL);
	while (pid > 0 || errno == EINTR);
	assert_int_equal(errno, ECHILD);
	/* What came when nobody took it in any more would end us. */
	while (sigtimedwait(&fixture->signals, NULL, &at_once) > 0)
		;
	sigprocmask(SIG_SETMASK, &fixture->old, NULL);
	return left;
}

/* The sleep that is to be ended. Nothing of the sleeper's: it was a waking. */
static void sleep_until_woken(const struct fixture *fixture)
{
	int status;
	pid_t pid = waitpid(-1, &status, __WALL);

	assert_true(pid > 0);
	assert_int_not_equal(pid, fixture->sleeper);
	assert_true(WIFEXITED(status));
}

static struct waker_signal next(struct fixture *fixture)
{
	struct waker_signal signal;

	while (!waker_next(&fixture->waker, &signal))
		sleep_until_woken(fixture);
	return signal;
}

static void nothing_came(void **state)
{
	struct fixture fixture;
	struct waker_signal signal;

	(void)state;
	set_up(&fixture);
	assert_false(waker_next(&fixture.waker, &signal));
	assert_int_equal(waitpid(-1, NULL, __WALL | WNOHANG), 0);
	tear_down(&fixture);
}

/* From a process beside us; returns its PID. */
static pid_t send(int number)
{
	pid_t self = getpid();
	pid_t sender = fork();

	if (sender == 0)
		_exit(kill(self, number) != 0);
	assert_true(sender > 0);
	return sender;
}

static void end(pid_t sender)
{
	while (waitpid(sender, NULL, 0) < 0 && errno == EINTR)
		;
}

/* In a race with the sleep, whoever is first. */
static void a_signal_at_any_moment(void **state)
{
	struct fixture fixture;

	(void)state;
	set_up(&fixture);
	for (int i = 0; i < 200; i++) {
		int number = i % 2 ? SIGTERM : SIGUSR1;
		pid_t sender = send(number);
		struct waker_signal signal = next(&fixture);

		assert_int_equal(signal.number, number);
		assert_int_equal(signal.sender, sender);
		end(sender);
	}
	tear_down(&fixture);
}

/* Such as the waker uses to wake its own thread. */
static void our_own_signals_are_not_taken_in(void **state)
{
	struct fixture fixture;
	struct waker_signal signal;
	pid_t sender;

	(void)state;
	set_up(&fixture);
	waker_set_deadline(&fixture.waker, clock_now_ns() + UINT64_C(3600000000000));
	assert_int_equal(pthread_kill(fixture.waker.thread, SIGTERM), 0);
	sender = send(SIGUSR1);
	signal = next(&fixture);
	end(sender);
	assert_int_equal(signal.number, SIGUSR1);
	assert_false(waker_next(&fixture.waker, &signal));
	tear_down(&fixture);
}

static void a_deadline_ends_the_sleep(void **state)
{
	struct fixture fixture;
	struct waker_signal signal;

	(void)state;
	set_up(&fixture);
	for (int i = 0; i < 3; i++) {
		uint64_t deadline = clock_now_ns() + 20000000;

		waker_set_deadline(&fixture.waker, deadline);
		sleep_until_woken(&fixture);
		assert_true(clock_now_ns() >= deadline);
		assert_false(waker_next(&fixture.waker, &signal));
	}
	/* Over already. */
	waker_set_deadline(&fixture.waker, 1);
	sleep_until_woken(&fixture);
	tear_down(&fixture);
}

static void a_deadline_moved_near(void **state)
{
	struct fixture fixture;
	uint64_t far = clock_now_ns() + UINT64_C(3600000000000);
	pid_t sender;

	(void)state;
	set_up(&fixture);
	waker_set_deadline(&fixture.waker, far);
	waker_set_deadline(&fixture.waker, clock_now_ns() + 1000000);
	sleep_until_woken(&fixture);
	assert_true(clock_now_ns() < far);
	/* Signals come while it waits for a time as well. */
	waker_set_deadline(&fixture.waker, far);
	sender = send(SIGTERM);
	assert_int_equal(next(&fixture).number, SIGTERM);
	end(sender);
	tear_down(&fixture);
}

/* More than there is room for: the first are kept, and nothing breaks. */
static void a_flood(void **state)
{
	struct fixture fixture;
	struct waker_signal signal;
	pid_t self = getpid();
	size_t count;
	pid_t sender;

	(void)state;
	set_up(&fixture);
	sender = fork();
	if (sender == 0) {
		for (int i = 0; i < 2000; i++)
			kill(self, i % 2 ? SIGTERM : SIGUSR1);
		_exit(0);
	}
	assert_true(sender > 0);
	for (pid_t pid = 0; pid != sender;)
		pid = waitpid(-1, NULL, __WALL);
	for (signal = next(&fixture), count = 1; waker_next(&fixture.waker, &signal);)
		count++;
	/* And one of each that was still on its way. */
	assert_in_range(count, 1, WAKER_QUEUE_MAX + 3);
	tear_down(&fixture);
}

/* At the end of a run it must not be lost. */
static void one_that_nobody_asked_for(void **state)
{
	struct fixture fixture;

	(void)state;
	for (int i = 0; i < 50; i++) {
		int left;

		set_up(&fixture);
		end(send(SIGTERM));
		/* It was taken in, or it is still there for us; the wait for its sleep tells. */
		if (i % 2)
			sleep_until_woken(&fixture);
		left = tear_down(&fixture);
		assert_true(left == SIGTERM || (left == 0 && i % 2 == 0));
	}
	set_up(&fixture);
	assert_int_equal(tear_down(&fixture), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_came),
		cmocka_unit_test(a_signal_at_any_moment),
		cmocka_unit_test(our_own_signals_are_not_taken_in),
		cmocka_unit_test(a_deadline_ends_the_sleep),
		cmocka_unit_test(a_deadline_moved_near),
		cmocka_unit_test(a_flood),
		cmocka_unit_test(one_that_nobody_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
