/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One ELF file: its segments, its build-id, and which symbol lies at an address.
 *
 * The file may be broken or made to do harm. What does not hold is not there: it has no symbols,
 * no build-id. Nothing is mapped, so that a file which shrinks under us is a short read and no
 * SIGBUS; names stay in the file and are read one at a time.
 *
 * Addresses are those in the file (p_vaddr, st_value). Source: elf(5).
 */
#ifndef ROBTRACE_SYMBOL_SYMBOLS_ELF_H
#define ROBTRACE_SYMBOL_SYMBOLS_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longer names are cut. */
#define SYMBOLS_NAME_MAX 4096
#define SYMBOLS_BUILD_ID_MAX 64
#define SYMBOLS_LINK_MAX 256

struct symbols_elf;

enum symbols_kind {
	SYMBOLS_FUNCTION,
	SYMBOLS_OBJECT, /* variables */
	SYMBOLS_KINDS,
};

struct symbols_hit {
	uint64_t start;
	char name[SYMBOLS_NAME_MAX]; /* mangled, as in the file, without its version */
};

/* What all files together may still cost; both only go down. */
struct symbols_budget {
	size_t kept;    /* symbols in memory: 12 bytes each */
	size_t scanned; /* symbols read from files */
};

/* Where else the symbols of a file may be. */
struct symbols_link {
	unsigned char build_id[SYMBOLS_BUILD_ID_MAX];
	size_t build_id_size;        /* 0: it has none */
	char name[SYMBOLS_LINK_MAX]; /* .gnu_debuglink, without a '/'; "": it has none */
	uint32_t crc;                /* of the file that it names */
};

/*
 * Takes over the open file, or the malloced image, also on failure. 0, -ENOEXEC for what is not
 * an ELF program or library of this machine's byte order, -ENOMEM, or the errno of a read.
 */
int symbols_elf_open(int fd, struct symbols_elf **ret);
int symbols_elf_open_image(unsigned char *image, size_t size, struct symbols_elf **ret);
void symbols_elf_close(struct symbols_elf *elf);

/* Whether it is an image of these bytes. */
bool symbols_elf_is_image(const struct symbols_elf *elf, const void *image, size_t size);

/* The file, or one in memory with the image, open once more: the caller closes it. */
int symbols_elf_dup(const struct symbols_elf *elf);

/* Lives as long as the file. */
const struct symbols_link *symbols_elf_link(const struct symbols_elf *elf);

/*
 * The address of the byte at this offset in the file, as its first segment there says. False where
 * no segment reaches that far.
 */
bool symbols_elf_address(const struct symbols_elf *elf, uint64_t offset, uint64_t *ret);

/* Whether a segment, its .bss included, has the address. */
bool symbols_elf_has(const struct symbols_elf *elf, uint64_t address);

/* The section .eh_frame. False: it has none. */
bool symbols_elf_eh_frame(const struct symbols_elf *elf, uint64_t *ret_address, uint64_t *ret_size);

/*
 * The symbol of that kind whose size covers the address; of several the innermost, and of names
 * for one thing the one that people use. The first call for a table reads and sorts it. True:
 * found. False also when there is no memory or the budget is used up.
 */
bool symbols_elf_find(struct symbols_elf *elf, enum symbols_kind kind, uint64_t address,
		      struct symbols_budget *budget, struct symbols_hit *ret);

/* Whether the file is the one that a .gnu_debuglink with this checksum names. */
bool symbols_elf_checksum_is(const struct symbols_elf *elf, uint32_t crc,
			     struct symbols_budget *budget);

#endif
