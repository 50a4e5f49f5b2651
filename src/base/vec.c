/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/vec.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int vec_reserve(void *items, size_t count, size_t *capacity, size_t extra, size_t element_size)
{
	size_t wanted = *capacity ? *capacity : 8;
	void *old;
	void *grown;

	if (extra > SIZE_MAX / element_size / 2 - count)
		return -ENOMEM;
	if (count + extra <= *capacity)
		return 0;
	while (wanted < count + extra)
		wanted *= 2;
	/* items is the address of a `T *`; memcpy reads it whatever T is. */
	memcpy(&old, items, sizeof(old));
	grown = reallocarray(old, wanted, element_size);
	if (!grown)
		return -ENOMEM;
	memcpy(items, &grown, sizeof(grown));
	*capacity = wanted;
	return 0;
}
