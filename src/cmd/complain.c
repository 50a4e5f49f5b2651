/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/complain.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cmd/options.h"
#include "report/escape.h"
#include "target/access.h"

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
	complain("cannot write the output: %s", errno ? strerror(errno) : "write error");
	return EXIT_OUTPUT;
}

void complain_attach(pid_t pid, int error)
{
	struct access_facts facts;
	char why[256];

	access_facts_get(pid, &facts);
	if (error == -ESRCH)
		snprintf(why, sizeof(why), "no such process");
	else if (error == -EINVAL)
		snprintf(why, sizeof(why), "that is this robtrace itself");
	else if (facts.target_known && facts.target.tracer)
		snprintf(
			why, sizeof(why),
			"is traced by %d already (TracerPid in /proc/%d/status), and a task has one "
			"tracer at a time; end that one first",
			facts.target.tracer, pid);
	else if (error == -EPERM)
		access_explain(&facts, why, sizeof(why));
	else
		snprintf(why, sizeof(why), "cannot attach: %s", strerror(-error));
	complain("%d: %s", pid, why);
}
