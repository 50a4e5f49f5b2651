/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * robtrace trace: the calls and deaths of programs, as they happen. The exit status is the
 * command's, or with -p: 0 done, 1 could not attach; 2 usage, 3 output; 126 and 127 as a shell.
 */
#ifndef ROBTRACE_CMD_TRACE_H
#define ROBTRACE_CMD_TRACE_H

int cmd_trace(int argc, char **argv);

#endif
