/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For LD_PRELOAD into a tracer: every fourth time it hesitates before it lets a task go on, as on a
 * busy machine, so that what happens to the task meanwhile happens unseen.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <time.h>

#define PAUSE_NS 6000000

typedef long ptrace_function(enum __ptrace_request, pid_t, void *, void *);

/* Numbers that look like chance and are the same each time. */
static uint32_t next_number(void)
{
	static uint32_t state = 12345;

	state = state * UINT32_C(1103515245) + 12345;
	return state >> 16;
}

long ptrace(enum __ptrace_request request, ...)
{
	static ptrace_function *real;
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	va_list args;
	pid_t tid;
	void *address;
	void *data;

	va_start(args, request);
	tid = va_arg(args, pid_t);
	address = va_arg(args, void *);
	data = va_arg(args, void *);
	va_end(args);
	if (!real)
		real = (ptrace_function *)dlsym(RTLD_NEXT, "ptrace");
	if ((request == PTRACE_SYSCALL || request == PTRACE_CONT) && next_number() % 4 == 0)
		nanosleep(&pause, NULL);
	return real(request, tid, address, data);
}
