/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ROBTRACE_CMD_SHOW_H
#define ROBTRACE_CMD_SHOW_H

/* robtrace show: argv[0] is the command's name. The exit status. */
int cmd_show(int argc, char **argv);

#endif
