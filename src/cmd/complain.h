/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages to the person, on stderr, each one line that begins with the program's name. */
#ifndef ROBTRACE_CMD_COMPLAIN_H
#define ROBTRACE_CMD_COMPLAIN_H

#include <sys/types.h>

/* The text is escaped: it may quote names and arguments. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Why the process could not be attached to: a negative errno of engine_attach. */
void complain_attach(pid_t pid, int error);

/* Why a child of ours could not be traced. */
void complain_no_ptrace(int error);

/* No memory. The exit status for it. */
int complain_memory(void);

/* Flushes and closes stdout. Tells when it could not be written; the exit status, or `status`. */
int complain_output(int status);

#endif
