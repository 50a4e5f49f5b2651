/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A short stop of one thread, which is left exactly as it was found (ptrace(2): PTRACE_SEIZE,
 * PTRACE_INTERRUPT). Should this process die meanwhile, the kernel lets the thread go.
 */
#ifndef ROBTRACE_TARGET_STOP_H
#define ROBTRACE_TARGET_STOP_H

#include <stdint.h>
#include <sys/types.h>

struct thread_stop {
	pid_t tid;
	int signal; /* to be delivered when it goes on; 0: none */
	uint64_t since_ns;
};

/*
 * 0 when the thread stands still. -ESRCH: gone; -EPERM: no right, or it has a tracer already;
 * -EBUSY: in uninterruptible sleep; -ETIMEDOUT: it did not stop in two seconds.
 */
int thread_stop_begin(pid_t tid, struct thread_stop *ret);

/* Where it stands. */
struct stop_registers {
	uint64_t sp;
	uint64_t pc;
	uint64_t bp; /* frame pointer, or whatever is in that register */
};

/* 0 or a negative errno; -EOPNOTSUPP for a 32-bit thread. */
int thread_stop_registers(const struct thread_stop *stop, struct stop_registers *ret);

/* Lets it go on. How long it stood, in ns. */
uint64_t thread_stop_end(struct thread_stop *stop);

#endif
