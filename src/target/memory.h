/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one port through which target memory is read. Backends: a live process
 * (target/live.h) and, in the unit tests, a fake.
 */
#ifndef ROBTRACE_TARGET_MEMORY_H
#define ROBTRACE_TARGET_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One stretch to read: `size` bytes at `address` of the target into `buffer`. */
struct memory_range {
	uint64_t address;
	size_t size;
	void *buffer;
	bool ok; /* out: every byte was read; if false the buffer's contents mean nothing */
};

struct memory {
	/*
	 * Reads all ranges in as few system calls as it can, in the order given. A range that
	 * cannot be read is marked and does not stop the others. 0, or a negative errno when
	 * nothing can be read at all: -ESRCH the process is gone, -EPERM no right to read it.
	 */
	int (*read)(struct memory *memory, struct memory_range *ranges, size_t count);
};

int memory_read(struct memory *memory, struct memory_range *ranges, size_t count);

/* One range. 0, -EFAULT, or as memory_read. */
int memory_read_one(struct memory *memory, uint64_t address, void *buffer, size_t size);

#endif
