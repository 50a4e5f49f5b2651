/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "module_span.h"

#include <elf.h>
#include <stdbool.h>
#include <string.h>

#define PAGE UINT64_C(4096)

/* More than any linker writes; they lie in the first page, behind the header. */
#define SEGMENTS_MAX 64

struct segments {
	uint64_t low;
	uint64_t high;
};

static void add_segment(struct segments *segments, uint64_t address, uint64_t size)
{
	if (address + size < address)
		return;
	if (!segments->high || address < segments->low)
		segments->low = address;
	if (address + size > segments->high)
		segments->high = address + size;
}

static bool read_64(struct memory *memory, uint64_t base, const Elf64_Ehdr *header,
		    struct segments *segments)
{
	Elf64_Phdr rows[SEGMENTS_MAX];

	if (header->e_phnum > SEGMENTS_MAX || header->e_phentsize != sizeof(*rows) ||
	    memory_read_one(memory, base + header->e_phoff, rows, header->e_phnum * sizeof(*rows)))
		return false;
	for (size_t i = 0; i < header->e_phnum; i++)
		if (rows[i].p_type == PT_LOAD)
			add_segment(segments, rows[i].p_vaddr, rows[i].p_memsz);
	return true;
}

static bool read_32(struct memory *memory, uint64_t base, const Elf32_Ehdr *header,
		    struct segments *segments)
{
	Elf32_Phdr rows[SEGMENTS_MAX];

	if (header->e_phnum > SEGMENTS_MAX || header->e_phentsize != sizeof(*rows) ||
	    memory_read_one(memory, base + header->e_phoff, rows, header->e_phnum * sizeof(*rows)))
		return false;
	for (size_t i = 0; i < header->e_phnum; i++)
		if (rows[i].p_type == PT_LOAD)
			add_segment(segments, rows[i].p_vaddr, rows[i].p_memsz);
	return true;
}

uint64_t module_span(struct memory *memory, uint64_t base)
{
	union {
		unsigned char ident[EI_NIDENT];
		Elf32_Ehdr narrow;
		Elf64_Ehdr wide;
	} header;
	struct segments segments = {0};
	bool ok = false;

	if (memory_read_one(memory, base, &header, sizeof(header)) ||
	    memcmp(header.ident, ELFMAG, SELFMAG) != 0)
		return 0;
	if (header.ident[EI_CLASS] == ELFCLASS64)
		ok = read_64(memory, base, &header.wide, &segments);
	else if (header.ident[EI_CLASS] == ELFCLASS32)
		ok = read_32(memory, base, &header.narrow, &segments);
	if (!ok || !segments.high)
		return 0;
	return (segments.high + PAGE - 1) / PAGE * PAGE - segments.low / PAGE * PAGE;
}
