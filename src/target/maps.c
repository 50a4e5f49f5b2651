/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/maps.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/vec.h"

/* A process with 10,000 threads has some 2 MB of maps; beyond this nobody is served. */
#define MAPS_MAX ((size_t)256 << 20)

/* The whole file with a final 0, malloced; NULL with *ret_error set. */
static char *read_text(const char *path, int *ret_error)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t capacity = 16384;
	size_t used = 0;
	char *text;

	if (fd < 0) {
		*ret_error = errno == ENOENT ? -ESRCH : -errno;
		return NULL;
	}
	text = malloc(capacity);
	while (text) {
		ssize_t got = read(fd, text + used, capacity - used - 1);

		if (got == 0) {
			text[used] = '\0';
			return text;
		}
		if (got < 0 || capacity > MAPS_MAX) {
			*ret_error = got < 0 ? -errno : -EFBIG;
			free(text);
			return NULL;
		}
		used += (size_t)got;
		if (used + 1 == capacity) {
			char *grown = realloc(text, capacity * 2);

			if (!grown)
				break;
			text = grown;
			capacity *= 2;
		}
	}
	free(text);
	*ret_error = -ENOMEM;
	return NULL;
}

/* One hexadecimal number and the separator behind it; NULL when it is not there. */
static char *take_hex(char *at, char separator, uint64_t *ret)
{
	uint64_t value = 0;
	const char *begin = at;

	for (;; at++) {
		if (*at >= '0' && *at <= '9')
			value = value << 4 | (uint64_t)(*at - '0');
		else if (*at >= 'a' && *at <= 'f')
			value = value << 4 | (uint64_t)(*at - 'a' + 10);
		else
			break;
	}
	if (at == begin || *at != separator)
		return NULL;
	*ret = value;
	return at + 1;
}

/* 'start-end perms offset major:minor inode   path'; the line's end is already a 0. */
static int parse_line(char *line, struct map *map)
{
	uint64_t major_number;
	uint64_t minor_number;
	char *at = take_hex(line, '-', &map->start);

	at = at ? take_hex(at, ' ', &map->end) : NULL;
	if (!at || strlen(at) < 5)
		return -EPROTO;
	map->readable = at[0] == 'r';
	map->writable = at[1] == 'w';
	map->executable = at[2] == 'x';
	map->shared = at[3] == 's';
	at = take_hex(at + 5, ' ', &map->offset);
	at = at ? take_hex(at, ':', &major_number) : NULL;
	at = at ? take_hex(at, ' ', &minor_number) : NULL;
	if (!at)
		return -EPROTO;
	map->dev_major = (uint32_t)major_number;
	map->dev_minor = (uint32_t)minor_number;
	map->inode = strtoull(at, &at, 10);
	map->path = at + strspn(at, " ");
	return 0;
}

int maps_parse(char *text, struct maps *ret)
{
	size_t capacity = 0;

	*ret = (struct maps){.text = text};
	for (char *line = text; *line;) {
		char *end = line + strcspn(line, "\n");
		char *next = *end ? end + 1 : end;
		int error;

		*end = '\0';
		error = vec_reserve(&ret->items, ret->count, &capacity, 1, sizeof(*ret->items));
		if (!error)
			error = parse_line(line, &ret->items[ret->count]);
		if (error) {
			maps_free(ret);
			return error;
		}
		ret->count++;
		line = next;
	}
	return 0;
}

int maps_read(pid_t pid, pid_t tid, struct maps *ret)
{
	char path[64];
	char *text;
	int error = 0;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/maps", pid, tid);
	text = read_text(path, &error);
	return text ? maps_parse(text, ret) : error;
}

const struct map *maps_find(const struct maps *maps, uint64_t address)
{
	size_t low = 0;
	size_t high = maps->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (maps->items[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < maps->count && maps->items[low].start <= address)
		return &maps->items[low];
	return NULL;
}

void maps_free(struct maps *maps)
{
	free(maps->items);
	free(maps->text);
	*maps = (struct maps){0};
}

/* Opens without touching the access time where that is allowed to us. */
static int open_quietly(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOATIME);

	if (fd < 0 && errno == EPERM)
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	return fd;
}

static int identify_by_map(int fd, struct map *ret)
{
	struct maps ours = {0};
	const struct map *found;
	void *page = mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0);
	int error;

	if (page == MAP_FAILED)
		return -errno;
	error = maps_read(getpid(), getpid(), &ours);
	if (!error) {
		found = maps_find(&ours, (uintptr_t)page);
		if (found) {
			*ret = *found;
			ret->path = NULL;
		} else {
			error = -EINVAL;
		}
		maps_free(&ours);
	}
	munmap(page, 1);
	return error;
}

int maps_identify_file(const char *path, struct map *ret)
{
	cleanup_fd int fd = -1;
	struct stat info;

	if (stat(path, &info) < 0)
		return -errno;
	if (S_ISDIR(info.st_mode))
		return -EISDIR;
	if (!S_ISREG(info.st_mode) && !S_ISBLK(info.st_mode) && !S_ISCHR(info.st_mode))
		return -EINVAL;
	*ret = (struct map){.dev_major = major(info.st_dev),
			    .dev_minor = minor(info.st_dev),
			    .inode = info.st_ino};
	/* Opening a device may do something to it; a file we may not read keeps stat's answer. */
	if (!S_ISREG(info.st_mode))
		return 0;
	fd = open_quietly(path);
	if (fd >= 0)
		identify_by_map(fd, ret);
	return 0;
}

void maps_link(pid_t tid, const struct map *map, char ret[MAPS_LINK_MAX])
{
	snprintf(ret, MAPS_LINK_MAX, "/proc/%d/map_files/%" PRIx64 "-%" PRIx64, tid, map->start,
		 map->end);
}

int maps_open(pid_t tid, const struct map *map, int flags)
{
	char link[MAPS_LINK_MAX];
	struct stat info;
	struct map named = {.inode = 0};
	int fd;

	maps_link(tid, map, link);
	fd = open(link, flags | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	/* Another file may have that name here. */
	if (maps_identify_file(map->path, &named) || named.inode != map->inode ||
	    named.dev_major != map->dev_major || named.dev_minor != map->dev_minor)
		return -ENOENT;
	fd = open(map->path, flags | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_ino == map->inode)
		return fd;
	close(fd);
	return -ENOENT;
}
