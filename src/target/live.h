/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory of a live process: process_vm_readv(2), and /proc/PID/mem where that call is missing
 * or forbidden (a container's seccomp filter). Nothing is stopped or attached.
 */
#ifndef ROBTRACE_TARGET_LIVE_H
#define ROBTRACE_TARGET_LIVE_H

#include <stdatomic.h>
#include <sys/types.h>

#include "target/memory.h"

/* Which read is under way, for another thread to see that it does not end. */
struct live_watch {
	_Atomic pid_t pid;  /* of this process; 0: none */
	atomic_ulong reads; /* how many have begun */
};

struct live_memory {
	struct memory memory;     /* the port; pass &live.memory */
	pid_t pid;                /* the process */
	pid_t tid;                /* a living thread of it: a zombie leader has no memory */
	int mem_fd;               /* /proc/PID/mem, or -1 while process_vm_readv serves */
	struct live_watch *watch; /* NULL: nobody looks; set after the opening */
};

/* `tid` is any living thread of `pid`. Cannot fail: errors come with the first read. */
void live_memory_open(struct live_memory *live, pid_t pid, pid_t tid);
void live_memory_close(struct live_memory *live);

/*
 * Writes into the memory of a thread that a tracer of ours holds still. 0, or a negative errno:
 * -EFAULT, -ESRCH, -EPERM. The only way in which anything of a target is changed here.
 */
int live_memory_write(pid_t tid, uint64_t address, const void *data, size_t size);

#endif
