/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A target's memory for tests: stretches at chosen addresses; all else cannot be read. */
#ifndef ROBTRACE_TESTS_FAKE_MEMORY_H
#define ROBTRACE_TESTS_FAKE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "target/memory.h"

#define FAKE_STRETCHES 16

struct fake_stretch {
	uint64_t address;
	size_t size;
	unsigned char *bytes;
};

struct fake_memory {
	struct memory memory;
	struct fake_stretch stretches[FAKE_STRETCHES];
	size_t n_stretches;
	size_t calls;  /* of the port: each would be a system call */
	size_t ranges; /* asked for in all calls */
	int error;     /* given by the next calls when not 0 */
	/* Called before each read, to change the memory under the reader; may be NULL. */
	void (*before_read)(struct fake_memory *fake);
	void *context; /* for before_read */
};

void fake_open(struct fake_memory *fake);
void fake_close(struct fake_memory *fake);

/* A new stretch of zeroed memory: whole pages, as everywhere. */
void fake_map(struct fake_memory *fake, uint64_t address, size_t size);
void fake_unmap(struct fake_memory *fake, uint64_t address);

/* Store little-endian; the address must be mapped. */
void fake_put32(struct fake_memory *fake, uint64_t address, uint32_t value);
void fake_put64(struct fake_memory *fake, uint64_t address, uint64_t value);
/* A pointer of 32 or 64 bits. */
void fake_put_pointer(struct fake_memory *fake, unsigned bits, uint64_t address, uint64_t value);

#endif
