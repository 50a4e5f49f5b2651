/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/sched_clock.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "target/procfs.h"
#include "unit.h"

/* What a reading by tick, and a noisy machine, may be off. */
#define SLACK_NS UINT64_C(100000000)

static pid_t start_sleeper(void)
{
	const struct timespec tick = {.tv_nsec = 1000000};
	pid_t pid = fork();
	struct proc_stat stat = {0};

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (getpid())
			pause();
	}
	assert_true(pid > 0);
	for (int i = 0; i < 30000 && stat.state != 'S'; i++) {
		nanosleep(&tick, NULL);
		assert_int_equal(procfs_stat(pid, pid, &stat), 0);
	}
	return pid;
}

/* On a virtual machine the scheduler's clock is behind by more the longer it is up. */
static void a_thread_did_not_run_before_it_was_there(void **state)
{
	uint64_t begin = clock_now_ns();
	pid_t pid = start_sleeper();
	struct sched_clock clock = {0};
	struct proc_stat stat;
	uint64_t ran;
	uint64_t lag;

	(void)state;
	assert_int_equal(procfs_stat(pid, pid, &stat), 0);
	if (procfs_last_ran(pid, pid, &ran)) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		print_message("SKIP: this kernel does not tell when a thread ran\n");
		skip();
	}
	assert_int_equal(sched_clock_lag(&clock, stat.cpu, &lag), 0);
	assert_true(ran + lag + SLACK_NS >= begin);
	sched_clock_close(&clock);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void we_may_run_where_we_might_before(void **state)
{
	struct sched_clock clock = {0};
	cpu_set_t before;
	cpu_set_t after;
	uint64_t lag;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	for (unsigned cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &before))
			sched_clock_lag(&clock, cpu, &lag);
	assert_true(sched_clock_lag(&clock, 100000, &lag) < 0);
	sched_clock_close(&clock);
	assert_int_equal(sched_getaffinity(0, sizeof(after), &after), 0);
	assert_true(CPU_EQUAL(&before, &after));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thread_did_not_run_before_it_was_there),
		cmocka_unit_test(we_may_run_where_we_might_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
