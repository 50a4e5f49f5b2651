/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A seccomp filter that makes only the calls we want stop, and lets every other one pass at full
 * speed. It decides nothing: what a program may do stays the same.
 *
 * Source: seccomp(2); Documentation/userspace-api/seccomp_filter.rst: SECCOMP_RET_TRACE. Where no
 * tracer is there, such a call ends with ENOSYS: a task under this filter must not be left alone.
 */
#ifndef ROBTRACE_TARGET_FILTER_H
#define ROBTRACE_TARGET_FILTER_H

#include <linux/filter.h>
#include <stddef.h>

/* SECCOMP_RET_DATA of our filter: the stops of others' filters are not meant for us. */
#define FILTER_MARK 0x7266

/* A call by its number, as 64-bit and as 32-bit programs of this machine count; -1: none. */
struct filter_call {
	long number_64;
	long number_32;
};

/* Makes the program; free with filter_release. 0, -ENOMEM, or what libseccomp says. */
int filter_build(const struct filter_call *calls, size_t count, struct sock_fprog *ret);
void filter_release(struct sock_fprog *program);

/*
 * Puts the calling thread, and all that it starts, under the filter, for ever. Without
 * CAP_SYS_ADMIN it sets no_new_privs first, which takes nothing from a traced program: a tracer
 * without privileges takes set-user-ID from it anyway (ptrace(2)). 0 or a negative errno; async-
 * signal-safe.
 */
int filter_load(const struct sock_fprog *program);

#endif
