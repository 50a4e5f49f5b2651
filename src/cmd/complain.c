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
