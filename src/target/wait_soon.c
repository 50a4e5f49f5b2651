/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/wait_soon.h"

#include <sched.h>
#include <stdint.h>
#include <sys/wait.h>

#include "base/clock.h"

/* So long is looked. */
#define SPIN_NS 30000

bool wait_soon_helps(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 1;
}

pid_t wait_soon(pid_t tid, int *ret_status, bool helps)
{
	uint64_t deadline_ns = helps ? clock_now_ns() + SPIN_NS : 0;

	while (deadline_ns && clock_now_ns() < deadline_ns) {
		pid_t found = waitpid(tid, ret_status, __WALL | WNOHANG);

		if (found)
			return found;
	}
	return waitpid(tid, ret_status, __WALL);
}
