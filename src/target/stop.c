/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/stop.h"

#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>

#include "base/clock.h"
#include "target/procfs.h"

/*
 * A thread that never gets a processor cannot stop either. Given up, it would stop later and stand
 * until we end, so this is long.
 */
#define STOP_LIMIT_NS UINT64_C(2000000000)
#define POLL_NS 50000

/*
 * The signal that a stop reports and that the thread must still get. Stops by PTRACE_INTERRUPT
 * and group stops carry PTRACE_EVENT_STOP and owe it nothing.
 */
static int owed_signal(int status)
{
	return status >> 16 == PTRACE_EVENT_STOP ? 0 : WSTOPSIG(status);
}

int thread_stop_begin(pid_t tid, struct thread_stop *ret)
{
	const struct timespec pause = {.tv_nsec = POLL_NS};
	uint64_t since = clock_now_ns();
	struct proc_stat stat;
	int error = procfs_stat(tid, tid, &stat);
	int status;

	if (error)
		return error;
	/* It would stop when its sleep is over, whenever that is, and whether we still look or not. */
	if (stat.state == 'D')
		return -EBUSY;
	if (ptrace(PTRACE_SEIZE, tid, NULL, NULL) < 0)
		return -errno;
	if (ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) < 0)
		return -errno;
	for (;;) {
		pid_t got = waitpid(tid, &status, __WALL | WNOHANG);

		if (got == tid)
			break;
		if (got < 0 && errno != EINTR)
			return -errno;
		if (clock_now_ns() - since > STOP_LIMIT_NS)
			return -ETIMEDOUT;
		nanosleep(&pause, NULL);
	}
	if (!WIFSTOPPED(status))
		return -ESRCH;
	*ret = (struct thread_stop){.tid = tid, .signal = owed_signal(status), .since_ns = since};
	return 0;
}

int thread_stop_registers(const struct thread_stop *stop, struct stop_registers *ret)
{
	struct user_regs_struct registers;
	struct iovec area = {&registers, sizeof(registers)};

	if (ptrace(PTRACE_GETREGSET, stop->tid, (void *)NT_PRSTATUS, &area) < 0)
		return -errno;
	/* A 32-bit task has a shorter set: its stacks are not unwound from here. */
	if (area.iov_len != sizeof(registers))
		return -EOPNOTSUPP;
#if defined(__aarch64__)
	*ret = (struct stop_registers){registers.sp, registers.pc, registers.regs[29]};
#else
	*ret = (struct stop_registers){registers.rsp, registers.rip, registers.rbp};
#endif
	return 0;
}

uint64_t thread_stop_end(struct thread_stop *stop)
{
	ptrace(PTRACE_DETACH, stop->tid, NULL, (void *)(intptr_t)stop->signal);
	return clock_now_ns() - stop->since_ns;
}
