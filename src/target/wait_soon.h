/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * waitpid(2) of tracees, which looks for a short time before it sleeps: what was let go is often back
 * at its next stop sooner than a processor that sleeps is woken (bench/trace, bench/emulate).
 */
#ifndef ROBTRACE_TARGET_WAIT_SOON_H
#define ROBTRACE_TARGET_WAIT_SOON_H

#include <stdbool.h>
#include <sys/types.h>

/* Whether to look: on the only processor, that would keep from it those who are to stop. */
bool wait_soon_helps(void);

/* As waitpid(tid, ret_status, __WALL); -1 and EINTR too. */
pid_t wait_soon(pid_t tid, int *ret_status, bool helps);

#endif
