/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/module.h"

#include <string.h>

bool module_is_vdso(const struct map *map)
{
	return strcmp(map->path, "[vdso]") == 0;
}

static bool is_file(const struct map *map)
{
	return map->inode && !map->shared;
}

static bool same_file(const struct map *left, const struct map *right)
{
	return left->inode == right->inode && left->dev_major == right->dev_major &&
	       left->dev_minor == right->dev_minor && !left->shared && !right->shared;
}

bool module_find(const struct maps *maps, uint64_t address, struct module *ret)
{
	const struct map *map = maps_find(maps, address);
	bool bss = false;

	if (!map)
		return false;
	if (module_is_vdso(map)) {
		*ret = (struct module){.first = map, .map = map};
		return true;
	}
	/* The kernel may have joined the .bss of a program with its heap, but to nothing else. */
	if (!map->inode && map > maps->items && map[-1].end == map->start) {
		map--;
		bss = true;
	}
	if (!is_file(map))
		return false;
	*ret = (struct module){.first = map, .map = map, .bss = bss};
	/* Offsets ascend; one file twice, side by side, begins anew. */
	while (ret->first > maps->items && same_file(ret->first, ret->first - 1) &&
	       ret->first[-1].offset <= ret->first->offset)
		ret->first--;
	return true;
}

bool module_executable(const struct maps *maps, uint64_t address)
{
	const struct map *map = maps_find(maps, address);

	return map && map->executable;
}
