/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ROBTRACE_CMD_PROBE_H
#define ROBTRACE_CMD_PROBE_H

/* robtrace probe: what this kernel and our rights allow. Returns the exit status. */
int cmd_probe(int argc, char **argv);

#endif
