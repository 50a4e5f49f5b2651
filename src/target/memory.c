/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/memory.h"

#include <errno.h>

int memory_read(struct memory *memory, struct memory_range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		ranges[i].ok = false;
	return count ? memory->read(memory, ranges, count) : 0;
}

int memory_read_one(struct memory *memory, uint64_t address, void *buffer, size_t size)
{
	struct memory_range range = {.address = address, .size = size, .buffer = buffer};
	int error = memory_read(memory, &range, 1);

	if (error)
		return error;
	return range.ok ? 0 : -EFAULT;
}
