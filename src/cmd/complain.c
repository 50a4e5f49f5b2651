/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/complain.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cmd/options.h"
#include "report/escape.h"
#include "target/access.h"
#include "target/procfs.h"

void complain(const char *format, ...)
{
	cleanup_free char *safe = NULL;
	va_list args;

	va_start(args, format);
	safe = escape_vformat(format, args);
	va_end(args);
	fprintf(stderr, "robtrace: %s\n", safe ? safe : "out of memory");
}

int complain_memory(void)
{
	fputs("robtrace: out of memory\n", stderr);
	return EXIT_NOTHING;
}

int complain_output(int status)
{
	bool failed = ferror(stdout);

	/* An error of an earlier write has lost its errno; the flush gives it again. */
	errno = 0;
	if (fflush(stdout) == 0 && !failed)
		return status;
	/* Whoever reads has seen enough, as in "robtrace show -a | head": that needs no words. */
	if (errno != EPIPE)
		complain("cannot write the output: %s", errno ? strerror(errno) : "write error");
	return EXIT_OUTPUT;
}

/* As in "strace (1234)". */
static void name_tracer(pid_t tracer, char *ret, size_t size)
{
	struct proc_stat stat;

	if (procfs_stat(tracer, tracer, &stat) == 0)
		snprintf(ret, size, "%s (%d)", stat.comm, tracer);
	else
		snprintf(ret, size, "%d", tracer);
}

void complain_no_ptrace(int error)
{
	struct proc_status self;
	char name[PROC_COMM_MAX + 16];

	/* A tracer that follows children has each of ours before we can take it. */
	if (procfs_status(getpid(), getpid(), &self) == 0 && self.tracer) {
		name_tracer(self.tracer, name, sizeof(name));
		complain("cannot trace our own child: %s traces us and takes our children, and a "
			 "task has one tracer at a time; let it follow no children (strace "
			 "without -f)",
			 name);
		return;
	}
	complain("cannot trace even our own child: %s; ptrace(2) is forbidden here (a container's "
		 "seccomp profile, or kernel.yama.ptrace_scope 3)",
		 strerror(-error));
}

void complain_attach(pid_t pid, int error)
{
	struct access_facts facts;
	char why[256];
	char name[PROC_COMM_MAX + 16];

	access_facts_get(pid, &facts);
	if (error == -ESRCH)
		snprintf(why, sizeof(why), "no such process");
	else if (error == -EINVAL)
		snprintf(why, sizeof(why), "that is this robtrace itself");
	else if (facts.target_known && facts.target.tracer) {
		name_tracer(facts.target.tracer, name, sizeof(name));
		snprintf(why, sizeof(why),
			 "is traced by %s already, and a task has one tracer at a time; end that "
			 "one first",
			 name);
	} else if (error == -EPERM)
		access_explain(&facts, why, sizeof(why));
	else if (error == -EBUSY)
		snprintf(why, sizeof(why),
			 "is in an execve(2) that does not end: somebody else, "
			 "such as another tracer, holds up one of its threads");
	else
		snprintf(why, sizeof(why), "cannot attach: %s", strerror(-error));
	complain("%d: %s", pid, why);
}
