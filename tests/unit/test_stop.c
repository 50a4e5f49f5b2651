/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/stop.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "target/procfs.h"
#include "unit.h"

static char stack[65536] __attribute__((aligned(16)));

static int sleep_for_ever(void *argument)
{
	const pid_t *parent = argument;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* It may have died before that. */
	if (getppid() != *parent)
		_exit(1);
	while (getpid())
		pause();
	return 0;
}

/* A child that sleeps; or, uninterruptibly, waits for a child of its own. */
static pid_t start(char state)
{
	const struct timespec tick = {.tv_nsec = 1000000};
	pid_t self = getpid();
	pid_t pid = fork();
	struct proc_stat stat = {0};

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (state == 'D') {
			self = getpid();
			clone(sleep_for_ever, stack + sizeof(stack),
			      CLONE_VFORK | CLONE_VM | SIGCHLD, &self);
		} else {
			sleep_for_ever(&self);
		}
		_exit(1);
	}
	assert_true(pid > 0);
	for (int i = 0; i < 30000 && stat.state != state; i++) {
		nanosleep(&tick, NULL);
		assert_int_equal(procfs_stat(pid, pid, &stat), 0);
	}
	assert_int_equal(stat.state, state);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void stands_still_and_goes_on(void **state)
{
	pid_t pid = start('S');
	struct thread_stop stop;
	struct stop_registers registers;
	struct proc_stat stat;

	(void)state;
	assert_int_equal(thread_stop_begin(pid, &stop), 0);
	assert_int_equal(procfs_stat(pid, pid, &stat), 0);
	assert_int_equal(stat.state, 't');
	assert_int_equal(thread_stop_registers(&stop, &registers), 0);
	assert_true(registers.sp && registers.pc);
	thread_stop_end(&stop);
	assert_int_equal(procfs_stat(pid, pid, &stat), 0);
	assert_true(stat.state == 'S' || stat.state == 'R');
	end(pid);
}

static void uninterruptible_is_left_alone(void **state)
{
	pid_t pid = start('D');
	struct thread_stop stop;
	struct proc_status status;

	(void)state;
	assert_int_equal(thread_stop_begin(pid, &stop), -EBUSY);
	assert_int_equal(procfs_status(pid, pid, &status), 0);
	assert_int_equal(status.tracer, 0);
	end(pid);
}

static void who_is_gone(void **state)
{
	pid_t pid = start('S');
	struct thread_stop stop;

	(void)state;
	end(pid);
	assert_int_equal(thread_stop_begin(pid, &stop), -ESRCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stands_still_and_goes_on),
		cmocka_unit_test(uninterruptible_is_left_alone),
		cmocka_unit_test(who_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
