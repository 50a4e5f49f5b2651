/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Target memory of which a part was copied at one moment: what lies in the copy is read from it,
 * all else from the memory below. A thread that was stopped to look at its stack can go on while
 * the copy is being read.
 */
#ifndef ROBTRACE_TARGET_FROZEN_H
#define ROBTRACE_TARGET_FROZEN_H

#include <stddef.h>
#include <stdint.h>

#include "target/memory.h"

struct frozen_memory {
	struct memory memory; /* the port; pass &frozen.memory */
	struct memory *below;
	uint64_t address;
	size_t size;
	unsigned char *bytes;
};

/* Copies [address, address + size). `below` must outlive it. 0, -ENOMEM, or as memory_read_one. */
int frozen_memory_open(struct frozen_memory *frozen, struct memory *below, uint64_t address,
		       size_t size);
void frozen_memory_close(struct frozen_memory *frozen);

#endif
