/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Another robtrace that knows of lists which neither the kernel nor we can know. */
#ifndef ROBTRACE_TARGET_EMULATOR_H
#define ROBTRACE_TARGET_EMULATOR_H

#include <sys/types.h>

/*
 * The process that emulates set_robust_list2 for this one (robtrace trace --emulate), or 0: by the
 * name and the command line of its tracer, so it is good for a hint and no more.
 */
pid_t emulator_of(pid_t pid);

#endif
