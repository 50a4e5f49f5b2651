/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How far the clocks of the scheduler, by which /proc/PID/sched tells when a thread last ran, are
 * behind CLOCK_MONOTONIC. Each processor has one of its own, and it does not count what a
 * hypervisor took or interrupts cost (CONFIG_PARAVIRT_TIME_ACCOUNTING, CONFIG_IRQ_TIME_ACCOUNTING):
 * on a virtual machine that may come to hours in some months.
 *
 * Source: update_rq_clock_task of kernel/sched/core.c.
 */
#ifndef ROBTRACE_TARGET_SCHED_CLOCK_H
#define ROBTRACE_TARGET_SCHED_CLOCK_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sched_clock {
	struct sched_lag *lags; /* per processor; malloced */
	size_t n_lags;
	cpu_set_t
		*allowed; /* where this thread may run when nobody asks; NULL: not yet looked up */
	size_t allowed_size;
	bool moved;
};

/*
 * The lag of one processor in ns, measured once, by running there for a moment. 0, or a negative
 * errno where we may not run there or the kernel does not tell. Begin with a zeroed struct.
 */
int sched_clock_lag(struct sched_clock *clock, unsigned cpu, uint64_t *ret_ns);

/* Also lets this thread run where it ran before. */
void sched_clock_close(struct sched_clock *clock);

#endif
