/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/frozen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool in_copy(const struct frozen_memory *frozen, const struct memory_range *range)
{
	return range->address >= frozen->address && range->size <= frozen->size &&
	       range->address - frozen->address <= frozen->size - range->size;
}

static int frozen_read(struct memory *memory, struct memory_range *ranges, size_t count)
{
	struct frozen_memory *frozen = (struct frozen_memory *)memory;
	int error = 0;

	for (size_t i = 0; i < count && !error; i++) {
		struct memory_range *range = &ranges[i];

		if (in_copy(frozen, range)) {
			memcpy(range->buffer, frozen->bytes + (range->address - frozen->address),
			       range->size);
			range->ok = true;
		} else {
			error = memory_read(frozen->below, range, 1);
		}
	}
	return error;
}

int frozen_memory_open(struct frozen_memory *frozen, struct memory *below, uint64_t address,
		       size_t size)
{
	int error;

	*frozen = (struct frozen_memory){.memory = {.read = frozen_read},
					 .below = below,
					 .address = address,
					 .size = size,
					 .bytes = malloc(size ? size : 1)};
	if (!frozen->bytes)
		return -ENOMEM;
	error = memory_read_one(below, address, frozen->bytes, size);
	if (error)
		frozen_memory_close(frozen);
	return error;
}

void frozen_memory_close(struct frozen_memory *frozen)
{
	free(frozen->bytes);
	*frozen = (struct frozen_memory){0};
}
