/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "place.h"

#include <string.h>

#include "module_span.h"

static bool starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool ends_with(const char *text, const char *suffix)
{
	size_t length = strlen(text);
	size_t tail = strlen(suffix);

	return length >= tail && strcmp(text + length - tail, suffix) == 0;
}

/* Names that the kernel gives to files of its internal tmpfs (mm/shmem.c, ipc/shm.c). */
static enum place_kind shared_kind(const char *path)
{
	if (starts_with(path, "/memfd:"))
		return PLACE_MEMFD;
	if (starts_with(path, "/SYSV") && ends_with(path, " (deleted)"))
		return PLACE_SYSV;
	if (strcmp(path, "/dev/zero (deleted)") == 0)
		return PLACE_SHARED_ANON;
	return PLACE_FILE;
}

/*
 * The first mapping of the ELF file that the mapping belongs to, or NULL. A module's mappings
 * follow each other without a gap; its .bss is the nameless one behind the last.
 */
static const struct map *module_of(const struct maps *maps, const struct map *map)
{
	const struct map *first = NULL;

	for (const struct map *at = map; at >= maps->items; at--) {
		if (at != map && at->end != at[1].start)
			break;
		if (at->shared || (at->inode == 0 && at != map))
			break;
		if (at->inode == 0)
			continue;
		if (first && at->inode != first->inode)
			break;
		first = at;
	}
	return first;
}

static struct place private_place(const struct maps *maps, const struct map *map,
				  target_addr address)
{
	struct place place = {.kind = PLACE_ANON, .offset = address - map->start};
	const struct map *module;

	if (map->path[0] == '[') {
		place.path = map->path;
		place.kind = PLACE_OTHER;
		if (strcmp(map->path, "[heap]") == 0)
			place.kind = PLACE_HEAP;
		if (strcmp(map->path, "[stack]") == 0)
			place.kind = PLACE_STACK;
		return place;
	}
	module = module_of(maps, map);
	if (!module)
		return place;
	place.kind = PLACE_FILE;
	place.module = true;
	place.path = module->path;
	place.dev_major = module->dev_major;
	place.dev_minor = module->dev_minor;
	place.inode = module->inode;
	place.has_file = true;
	place.offset = address - module->start;
	return place;
}

struct place place_find(const struct maps *maps, target_addr address)
{
	const struct map *map = maps_find(maps, address);
	struct place place = {.kind = PLACE_UNKNOWN};

	if (!map)
		return place;
	/* The inode of a System V segment is its identifier, which may be 0. */
	if (map->shared && (map->inode || shared_kind(map->path) == PLACE_SYSV)) {
		place.kind = shared_kind(map->path);
		place.shared = true;
		place.has_file = true;
		place.path = map->path;
		place.offset = map->offset + (address - map->start);
		place.dev_major = map->dev_major;
		place.dev_minor = map->dev_minor;
		place.inode = map->inode;
	} else {
		place = private_place(maps, map, address);
	}
	place.deleted = place.kind == PLACE_FILE && ends_with(place.path, " (deleted)");
	place.writable = map->writable;
	return place;
}

struct place place_look(struct memory *memory, const struct maps *maps, target_addr address)
{
	struct place place = place_find(maps, address);
	const struct map *map = place.module ? maps_find(maps, address) : NULL;
	uint64_t span;

	if (!map || map->inode)
		return place;
	span = module_span(memory, address - place.offset);
	if (!span || place.offset < span)
		return place;
	return (struct place){
		.kind = PLACE_ANON, .offset = address - map->start, .writable = map->writable};
}

struct futex_key place_key(const struct place *place, pid_t mm, target_addr address)
{
	if (place->shared)
		return (struct futex_key){.inode = place->inode,
					  .dev_major = place->dev_major,
					  .dev_minor = place->dev_minor,
					  .offset = place->offset};
	return (struct futex_key){.mm = mm, .offset = address};
}

static int order(uint64_t left, uint64_t right)
{
	return (left > right) - (left < right);
}

int place_compare(const struct futex_key *left, const struct futex_key *right)
{
	int result = order(left->inode, right->inode);

	if (!result)
		result = order(left->dev_major, right->dev_major);
	if (!result)
		result = order(left->dev_minor, right->dev_minor);
	if (!result)
		result = order((uint64_t)left->mm, (uint64_t)right->mm);
	return result ? result : order(left->offset, right->offset);
}
