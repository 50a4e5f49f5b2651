/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/symbols_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "symbol/demangle.h"
#include "symbol/locate.h"

/* Addresses whose names are kept, of each kind. A power of two. */
#define NAMES ((size_t)256)

struct known_name {
	bool used;
	uint64_t address; /* that was asked for */
	uint64_t start;   /* of what lies there */
	char *text;       /* NULL: nothing with a name */
};

struct symbols_file {
	struct stat info;          /* all 0: an image */
	struct symbols_elf *elf;   /* NULL: not an ELF file */
	struct symbols_elf *debug; /* NULL: has none, or was not looked for yet */
	bool debug_tried;
	struct known_name names[SYMBOLS_KINDS][NAMES];
};

struct symbols_file *symbols_file_new(int fd)
{
	struct symbols_file *file = calloc(1, sizeof(*file));

	if (!file || fstat(fd, &file->info) < 0) {
		close(fd);
		free(file);
		return NULL;
	}
	symbols_elf_open(fd, &file->elf);
	return file;
}

struct symbols_file *symbols_file_new_image(unsigned char *image, size_t size)
{
	struct symbols_file *file = calloc(1, sizeof(*file));

	if (!file) {
		free(image);
		return NULL;
	}
	symbols_elf_open_image(image, size, &file->elf);
	file->debug_tried = true;
	return file;
}

void symbols_file_free(struct symbols_file *file)
{
	for (int kind = 0; kind < SYMBOLS_KINDS; kind++)
		for (size_t i = 0; i < NAMES; i++)
			free(file->names[kind][i].text);
	symbols_elf_close(file->elf);
	symbols_elf_close(file->debug);
	free(file);
}

bool symbols_file_is(const struct symbols_file *file, int fd)
{
	struct stat info;

	return fstat(fd, &info) == 0 && info.st_dev == file->info.st_dev &&
	       info.st_ino == file->info.st_ino && info.st_size == file->info.st_size &&
	       info.st_mtim.tv_sec == file->info.st_mtim.tv_sec &&
	       info.st_mtim.tv_nsec == file->info.st_mtim.tv_nsec;
}

bool symbols_file_is_image(const struct symbols_file *file, const void *image, size_t size)
{
	return file->elf && symbols_elf_is_image(file->elf, image, size);
}

const struct symbols_elf *symbols_file_elf(const struct symbols_file *file)
{
	return file->elf;
}

/* A build-id tells most surely; without one the checksum beside the name has to. */
static bool belongs(const struct symbols_elf *debug, const struct symbols_elf *elf,
		    struct symbols_budget *budget)
{
	const struct symbols_link *ours = symbols_elf_link(elf);
	const struct symbols_link *theirs = symbols_elf_link(debug);

	if (ours->build_id_size && theirs->build_id_size)
		return ours->build_id_size == theirs->build_id_size &&
		       memcmp(ours->build_id, theirs->build_id, ours->build_id_size) == 0;
	return ours->name[0] && symbols_elf_checksum_is(debug, ours->crc, budget);
}

static struct symbols_elf *find_debug(const struct symbols_elf *elf,
				      const struct symbols_route *route)
{
	const struct symbols_link *link = symbols_elf_link(elf);

	for (size_t i = 0;; i++) {
		struct symbols_elf *debug;
		int fd = locate_debug(route->tid, route->debug_root, route->module_path, link, i);

		if (fd == -ERANGE)
			return NULL;
		if (fd < 0 || symbols_elf_open(fd, &debug))
			continue;
		if (belongs(debug, elf, route->budget))
			return debug;
		symbols_elf_close(debug);
	}
}

const struct symbols_elf *symbols_file_debug(struct symbols_file *file,
					     const struct symbols_route *route)
{
	if (!file->debug_tried && file->elf)
		file->debug = find_debug(file->elf, route);
	file->debug_tried = true;
	return file->debug;
}

static bool find(struct symbols_file *file, const struct symbols_route *route,
		 enum symbols_kind kind, uint64_t address, struct symbols_hit *ret)
{
	symbols_file_debug(file, route);
	if (file->debug && symbols_elf_find(file->debug, kind, address, route->budget, ret))
		return true;
	return symbols_elf_find(file->elf, kind, address, route->budget, ret);
}

static int learn(struct symbols_file *file, const struct symbols_route *route,
		 enum symbols_kind kind, uint64_t address, struct known_name *ret)
{
	struct known_name known = {.used = true, .address = address};
	struct symbols_hit hit;
	char plain[DEMANGLE_MAX];

	if (find(file, route, kind, address, &hit)) {
		known.start = hit.start;
		known.text = strdup(demangle(hit.name, plain) ? plain : hit.name);
		if (!known.text)
			return -ENOMEM;
	}
	free(ret->text);
	*ret = known;
	return 0;
}

int symbols_file_name(struct symbols_file *file, const struct symbols_route *route,
		      enum symbols_kind kind, uint64_t address, struct symbols_name *ret)
{
	size_t slot = (size_t)(address * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (NAMES - 1);
	struct known_name *known = &file->names[kind][slot];
	int error = 0;

	if (!file->elf)
		return 0;
	if (!known->used || known->address != address)
		error = learn(file, route, kind, address, known);
	if (error || !known->text)
		return error;
	*ret = (struct symbols_name){.start = known->start, .text = known->text};
	return 1;
}
