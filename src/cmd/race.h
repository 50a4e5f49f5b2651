/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * robtrace race: the unlock race, reproduced on demand or looked for in a real program. The exit
 * status: 0 as asked, 1 not, 2 usage or error.
 */
#ifndef ROBTRACE_CMD_RACE_H
#define ROBTRACE_CMD_RACE_H

int cmd_race(int argc, char **argv);

#endif
