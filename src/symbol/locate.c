/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/locate.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"

static const char deleted_mark[] = " (deleted)";

/* Opens a regular file; nothing else, because to open a device or a fifo may do something. */
static int open_regular(const char *path)
{
	struct stat info;
	int fd;

	if (stat(path, &info) < 0)
		return -errno;
	if (!S_ISREG(info.st_mode))
		return -EINVAL;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOATIME);
	if (fd < 0 && errno == EPERM)
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &info) < 0 || !S_ISREG(info.st_mode)) {
		close(fd);
		return -EINVAL;
	}
	return fd;
}

static bool is_mapped_file(int fd, const struct map *map)
{
	struct stat info;
	struct map ours;
	char path[64];

	if (fstat(fd, &info) < 0)
		return false;
	if (info.st_ino == map->inode && major(info.st_dev) == map->dev_major &&
	    minor(info.st_dev) == map->dev_minor)
		return true;
	/* On overlayfs and btrfs the maps show other numbers than stat does. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return maps_identify_file(path, &ours) == 0 && ours.inode == map->inode &&
	       ours.dev_major == map->dev_major && ours.dev_minor == map->dev_minor;
}

/* Opens it where it is the one that is mapped. */
static int open_mapped(const char *path, const struct map *map)
{
	int fd = open_regular(path);

	if (fd < 0 || is_mapped_file(fd, map))
		return fd;
	close(fd);
	return -ENOENT;
}

static bool is_deleted(const char *path)
{
	size_t length = strlen(path);
	size_t mark = sizeof(deleted_mark) - 1;

	return length > mark && strcmp(path + length - mark, deleted_mark) == 0;
}

/* A path that is too long is no path: opening it fails. */
static int open_below(pid_t tid, const char *path, const struct map *map)
{
	char full[PATH_MAX];

	if (snprintf(full, sizeof(full), "/proc/%d/root%s", tid, path) >= (int)sizeof(full))
		return -ENAMETOOLONG;
	return map ? open_mapped(full, map) : open_regular(full);
}

int locate_module(pid_t tid, const struct map *map)
{
	char path[MAPS_LINK_MAX];
	int fd;

	if (!map->inode || map->shared)
		return -ENOENT;
	maps_link(tid, map, path);
	fd = open_regular(path);
	if (fd >= 0)
		return fd;
	if (map->path[0] == '/' && !is_deleted(map->path)) {
		fd = open_below(tid, map->path, map);
		if (fd < 0)
			fd = open_mapped(map->path, map);
		if (fd >= 0)
			return fd;
	}
	snprintf(path, sizeof(path), "/proc/%d/exe", tid);
	return open_mapped(path, map);
}

/* 'DIR/ab/cdef0123.debug' */
static int build_id_path(const char *debug_root, const struct symbols_link *link, char *ret,
			 size_t size)
{
	char text[2 * SYMBOLS_BUILD_ID_MAX + 1];

	if (!link->build_id_size)
		return -ENOENT;
	for (size_t i = 0; i < link->build_id_size; i++)
		snprintf(text + 2 * i, 3, "%02x", link->build_id[i]);
	if (snprintf(ret, size, "%s/.build-id/%.2s/%s.debug", debug_root, text, text + 2) >=
	    (int)size)
		return -ENAMETOOLONG;
	return 0;
}

static int link_path(const char *before, const char *module_path, const char *between,
		     const struct symbols_link *link, char *ret, size_t size)
{
	const char *slash = strrchr(module_path, '/');
	int length;

	if (!link->name[0] || !slash)
		return -ENOENT;
	length = snprintf(ret, size, "%s%.*s/%s%s", before, (int)(slash - module_path), module_path,
			  between, link->name);
	return length >= (int)size ? -ENAMETOOLONG : 0;
}

static int debug_path(const char *debug_root, const char *module_path,
		      const struct symbols_link *link, size_t index, char *ret, size_t size)
{
	switch (index) {
	case 0:
		return build_id_path(debug_root, link, ret, size);
	case 1:
		return link_path("", module_path, "", link, ret, size);
	case 2:
		return link_path("", module_path, ".debug/", link, ret, size);
	case 3:
		return link_path(debug_root, module_path, "", link, ret, size);
	default:
		return -ERANGE;
	}
}

int locate_debug(pid_t tid, const char *debug_root, const char *module_path,
		 const struct symbols_link *link, size_t index)
{
	char path[PATH_MAX];
	int error = debug_path(debug_root, module_path, link, index / 2, path, sizeof(path));

	if (error)
		return error;
	return index % 2 ? open_regular(path) : open_below(tid, path, NULL);
}
