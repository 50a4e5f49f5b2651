/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/wait_status.h"

#include <signal.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

/* What PTRACE_O_TRACESYSGOOD adds to SIGTRAP. */
#define SYSGOOD_BIT 0x80

static const struct {
	int event;
	enum wait_kind kind;
} events[] = {
	{PTRACE_EVENT_FORK, WAIT_FORK},
	{PTRACE_EVENT_VFORK, WAIT_VFORK},
	{PTRACE_EVENT_CLONE, WAIT_CLONE},
	{PTRACE_EVENT_EXEC, WAIT_EXEC},
	{PTRACE_EVENT_VFORK_DONE, WAIT_VFORK_DONE},
	{PTRACE_EVENT_EXIT, WAIT_EXITING},
	{PTRACE_EVENT_SECCOMP, WAIT_SECCOMP},
};

static enum wait_kind kind_of_event(int event, int signal)
{
	if (event == PTRACE_EVENT_STOP)
		return signal == SIGTRAP ? WAIT_INTERRUPTED : WAIT_GROUP_STOP;
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (events[i].event == event)
			return events[i].kind;
	return WAIT_NOTHING;
}

struct wait_event wait_status_decode(int status)
{
	struct wait_event decoded = {0};

	if (WIFEXITED(status)) {
		decoded.kind = WAIT_EXITED;
		decoded.status = WEXITSTATUS(status);
	} else if (WIFSIGNALED(status)) {
		decoded.kind = WAIT_KILLED;
		decoded.signal = WTERMSIG(status);
		decoded.core = WCOREDUMP(status);
	} else if (WIFSTOPPED(status)) {
		int event = (int)((unsigned)status >> 16);

		decoded.signal = WSTOPSIG(status);
		if (event)
			decoded.kind = kind_of_event(event, decoded.signal);
		else if (decoded.signal == (SIGTRAP | SYSGOOD_BIT))
			decoded.kind = WAIT_SYSCALL;
		else
			decoded.kind = WAIT_SIGNAL;
	}
	return decoded;
}
