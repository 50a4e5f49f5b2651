/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ROBTRACE_CMD_CHECK_H
#define ROBTRACE_CMD_CHECK_H

/*
 * robtrace check: argv[0] is the command's name. The exit status, made for scripts: 0 no problem,
 * 1 problems found, 2 could not look.
 */
int cmd_check(int argc, char **argv);

#endif
