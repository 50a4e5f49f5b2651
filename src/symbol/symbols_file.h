/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One ELF file with its debug file, and the names that were found in them. */
#ifndef ROBTRACE_SYMBOL_SYMBOLS_FILE_H
#define ROBTRACE_SYMBOL_SYMBOLS_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "symbol/symbols_elf.h"

struct symbols_file;

/* Through which process, and under which name there, its debug file is looked for. */
struct symbols_route {
	pid_t tid;
	const char *debug_root;
	const char *module_path;
	struct symbols_budget *budget;
};

struct symbols_name {
	uint64_t start;   /* address in the file */
	const char *text; /* demangled; lives until the next call for the same file */
};

/* Takes over the open file. A file that is no ELF file has no names. NULL: out of memory. */
struct symbols_file *symbols_file_new(int fd);
/* Takes over the malloced image of a vDSO. */
struct symbols_file *symbols_file_new_image(unsigned char *image, size_t size);
void symbols_file_free(struct symbols_file *file);

/* Whether it is this file, unchanged, or an image of these bytes. */
bool symbols_file_is(const struct symbols_file *file, int fd);
bool symbols_file_is_image(const struct symbols_file *file, const void *image, size_t size);

/* NULL for what is not an ELF file. */
const struct symbols_elf *symbols_file_elf(const struct symbols_file *file);

/* Its separate debug file; NULL: there is none. Looked for once. */
const struct symbols_elf *symbols_file_debug(struct symbols_file *file,
					     const struct symbols_route *route);

/* What lies at the address in the file. 1: found, 0: nothing with a name there, or -ENOMEM. */
int symbols_file_name(struct symbols_file *file, const struct symbols_route *route,
		      enum symbols_kind kind, uint64_t address, struct symbols_name *ret);

#endif
