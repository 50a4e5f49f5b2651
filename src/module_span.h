/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How far the memory of a loaded ELF file reaches, by what it says itself: elf(5). */
#ifndef ROBTRACE_MODULE_SPAN_H
#define ROBTRACE_MODULE_SPAN_H

#include <stdint.h>

#include "target/memory.h"

/*
 * base: where its first page lies, with the ELF header. Bytes from there to the end of its last
 * segment, .bss included, in whole pages; 0: no ELF file can be read there. It may lie.
 */
uint64_t module_span(struct memory *memory, uint64_t base);

#endif
