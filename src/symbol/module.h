/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ELF files as they lie in a process: an executable, a shared library, the vDSO.
 *
 * Source: proc(5), /proc/PID/maps. The mappings of one file follow each other, by offset in the file;
 * the first has the ELF header, and the one without a file behind the last is its .bss.
 */
#ifndef ROBTRACE_SYMBOL_MODULE_H
#define ROBTRACE_SYMBOL_MODULE_H

#include <stdbool.h>
#include <stdint.h>

#include "target/maps.h"

/* Points into the maps. */
struct module {
	const struct map *first; /* its address is the load address */
	const struct map *map;   /* the one of the file that has the address, or has it behind it */
	bool bss;                /* the address is behind `map`: in the module, or next to it */
};

/* False where no file is mapped, or only as shared memory. */
bool module_find(const struct maps *maps, uint64_t address, struct module *ret);

/* The kernel's own, which is in memory and in no file. */
bool module_is_vdso(const struct map *map);

/* Whether a program can jump there. */
bool module_executable(const struct maps *maps, uint64_t address);

#endif
