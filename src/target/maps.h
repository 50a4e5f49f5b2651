/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory map of a process, from /proc/PID/task/TID/maps (proc(5)). */
#ifndef ROBTRACE_TARGET_MAPS_H
#define ROBTRACE_TARGET_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct map {
	uint64_t start;
	uint64_t end; /* first address behind it */
	uint64_t offset;
	uint64_t inode; /* 0: no file */
	uint32_t dev_major;
	uint32_t dev_minor;
	bool readable;
	bool writable;
	bool executable;
	bool shared;
	const char *path; /* "" when it has none; lives as long as the maps */
};

/* Ascending by address. Owns its memory: free with maps_free. */
struct maps {
	struct map *items;
	size_t count;
	char *text;
};

/* tid: a thread that is no zombie (a zombie's maps file is empty). 0 or a negative errno. */
int maps_read(pid_t pid, pid_t tid, struct maps *ret);

/* Takes over `text`, which is malloced and changed, also on failure. 0 or a negative errno. */
int maps_parse(char *text, struct maps *ret);

/* The mapping that holds the address, or NULL. */
const struct map *maps_find(const struct maps *maps, uint64_t address);

void maps_free(struct maps *maps);

/* Room for maps_link. */
#define MAPS_LINK_MAX 96

/* "/proc/PID/map_files/START-END": the mapped file itself, whatever its name is by now (proc(5)). */
void maps_link(pid_t tid, const struct map *map, char ret[MAPS_LINK_MAX]);

/*
 * Opens the mapped file with these flags of open(2). By its link, which needs CAP_SYS_ADMIN or
 * CAP_CHECKPOINT_RESTORE; without, by its name, where that still names this very file in our own
 * mount namespace. tid: a task that has its memory still. A descriptor, or a negative errno.
 */
int maps_open(pid_t tid, const struct map *map, int flags);

/*
 * How the maps of other processes name this file. On overlayfs and btrfs stat(2) gives another
 * device than the maps do, so the file is mapped for a moment and looked up in our own maps.
 * 0, or a negative errno: -EISDIR, -EINVAL for what cannot be mapped, or from open(2).
 */
int maps_identify_file(const char *path, struct map *ret);

#endif
