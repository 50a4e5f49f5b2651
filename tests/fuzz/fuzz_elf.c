/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reader of ELF files. The input is the file, once open and once in memory; one that is no ELF
 * file is taken for a mangled name.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "symbol/demangle.h"
#include "symbol/symbols_elf.h"

static void check_link(const struct symbols_link *link)
{
	if (link->build_id_size > SYMBOLS_BUILD_ID_MAX || strchr(link->name, '/') ||
	    strlen(link->name) >= SYMBOLS_LINK_MAX)
		abort();
}

static void look(struct symbols_elf *elf)
{
	struct symbols_budget budget = {.kept = 100000, .scanned = 1000000};
	struct symbols_hit hit;
	char plain[DEMANGLE_MAX];
	uint64_t address;
	uint64_t size;

	check_link(symbols_elf_link(elf));
	if (!symbols_elf_address(elf, 0, &address))
		address = 0;
	symbols_elf_eh_frame(elf, &address, &size);
	for (int i = 0; i < 256; i++) {
		for (int kind = 0; kind < SYMBOLS_KINDS; kind++) {
			if (!symbols_elf_find(elf, (enum symbols_kind)kind, address, &budget, &hit))
				continue;
			if (hit.start > address || strlen(hit.name) >= SYMBOLS_NAME_MAX)
				abort();
			if (demangle(hit.name, plain) && strlen(plain) >= DEMANGLE_MAX)
				abort();
		}
		symbols_elf_has(elf, address);
		address += 37;
	}
	symbols_elf_checksum_is(elf, 0, &budget);
	symbols_elf_close(elf);
}

static void name(const uint8_t *data, size_t size)
{
	char mangled[SYMBOLS_NAME_MAX] = "_Z";
	char plain[DEMANGLE_MAX];

	if (size > sizeof(mangled) - 3)
		return;
	memcpy(mangled + 2, data, size);
	if (demangle(mangled, plain) && strlen(plain) >= DEMANGLE_MAX)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct symbols_elf *elf;
	unsigned char *image;
	int fd;

	if (size < 4 || memcmp(data, "\177ELF", 4) != 0) {
		name(data, size);
		return 0;
	}
	image = malloc(size);
	fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (!image || fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	memcpy(image, data, size);
	if (symbols_elf_open(fd, &elf) == 0)
		look(elf);
	if (symbols_elf_open_image(image, size, &elf) == 0)
		look(elf);
	return 0;
}
