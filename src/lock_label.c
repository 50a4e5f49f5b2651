/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lock_label.h"

#include <stdio.h>

#include "home.h"

/* Homes are mapped from their start on, in one piece. */
static bool name_in_home(struct memory *memory, const struct maps *maps, const struct place *place,
			 target_addr address, unsigned bits, char ret[HOME_NAME_MAX])
{
	const struct map *map = maps && place->kind == PLACE_FILE && place->shared
					? maps_find(maps, address)
					: NULL;
	unsigned char header[HOME_HEADER];

	return map && !map->offset &&
	       memory_read_one(memory, map->start, header, sizeof(header)) == 0 &&
	       home_name_word(header, place->offset, bits, ret);
}

void lock_label(struct memory *memory, const struct maps *maps, const struct place *place,
		pid_t pid, target_addr address, unsigned bits, char ret[LABEL_MAX])
{
	char name[HOME_NAME_MAX];
	char where[LABEL_MAX];

	if (!name_in_home(memory, maps, place, address, bits, name)) {
		name_place(place, pid, address, ret);
		return;
	}
	name_place(place, pid, address, where);
	snprintf(ret, LABEL_MAX, "%s %.*s", name, LABEL_MAX - HOME_NAME_MAX - 1, where);
}
