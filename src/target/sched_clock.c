/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/sched_clock.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "target/procfs.h"

/* CONFIG_NR_CPUS is 8192 at most. */
#define CPUS_MAX 8192u

struct sched_lag {
	bool measured;
	int error;
	uint64_t ns;
};

static int remember_allowed(struct sched_clock *clock)
{
	if (clock->allowed)
		return 0;
	clock->lags = calloc(CPUS_MAX, sizeof(*clock->lags));
	clock->allowed = CPU_ALLOC(CPUS_MAX);
	clock->allowed_size = CPU_ALLOC_SIZE(CPUS_MAX);
	if (!clock->lags || !clock->allowed)
		return -ENOMEM;
	clock->n_lags = CPUS_MAX;
	return sched_getaffinity(0, clock->allowed_size, clock->allowed) < 0 ? -errno : 0;
}

static int move_to(struct sched_clock *clock, unsigned cpu)
{
	cpu_set_t *there = CPU_ALLOC(CPUS_MAX);
	int error = 0;

	if (!there)
		return -ENOMEM;
	CPU_ZERO_S(clock->allowed_size, there);
	CPU_SET_S(cpu, clock->allowed_size, there);
	if (sched_setaffinity(0, clock->allowed_size, there) < 0)
		error = -errno;
	else
		clock->moved = true;
	CPU_FREE(there);
	return error;
}

static int measure(struct sched_clock *clock, unsigned cpu, uint64_t *ret_ns)
{
	uint64_t ran;
	uint64_t now;
	int error = move_to(clock, cpu);

	if (error)
		return error;
	/* The kernel notes that we run when it chooses us. */
	sched_yield();
	now = clock_now_ns();
	error = procfs_last_ran(getpid(), gettid(), &ran);
	*ret_ns = !error && now > ran ? now - ran : 0;
	return error;
}

int sched_clock_lag(struct sched_clock *clock, unsigned cpu, uint64_t *ret_ns)
{
	struct sched_lag *lag;
	int error = remember_allowed(clock);

	if (error)
		return error;
	if (cpu >= clock->n_lags)
		return -ERANGE;
	lag = &clock->lags[cpu];
	if (!lag->measured)
		lag->error = measure(clock, cpu, &lag->ns);
	lag->measured = true;
	*ret_ns = lag->ns;
	return lag->error;
}

void sched_clock_close(struct sched_clock *clock)
{
	if (clock->moved)
		sched_setaffinity(0, clock->allowed_size, clock->allowed);
	if (clock->allowed)
		CPU_FREE(clock->allowed);
	free(clock->lags);
	*clock = (struct sched_clock){0};
}
