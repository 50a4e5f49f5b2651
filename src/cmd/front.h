/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process in front of the tracer. Programs under a seccomp filter need their tracer to their
 * end: without it the calls that the filter chose fail. So the tracer is a process of its own
 * that can stay behind, silently, when the person who called us leaves.
 */
#ifndef ROBTRACE_CMD_FRONT_H
#define ROBTRACE_CMD_FRONT_H

#include <stdbool.h>

struct front_report {
	int status;
	int signal; /* die of this one; 0: exit with status */
};

/*
 * Forks. In the tracer: true, and *ret_fd is for front_report. In front: signals are passed on
 * until the tracer has reported or ended; false and *ret_report.
 */
bool front_split(int *ret_fd, struct front_report *ret_report);

/* From the tracer, once. */
void front_tell(int fd, const struct front_report *report);

/* The tracer stays behind: gives back the terminal, pipes and files that it shares. */
void front_stay_behind(void);

/* Ends this process as the report says, without a core file. */
_Noreturn void front_end(const struct front_report *report);

#endif
