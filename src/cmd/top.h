/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ROBTRACE_CMD_TOP_H
#define ROBTRACE_CMD_TOP_H

/* `robtrace top`. The exit status. */
int cmd_top(int argc, char **argv);

#endif
