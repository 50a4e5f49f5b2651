/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bytes of an ELF file: an open file, or a copy of what lies in a process (the vDSO). */
#ifndef ROBTRACE_SYMBOL_SYMBOLS_BYTES_H
#define ROBTRACE_SYMBOL_SYMBOLS_BYTES_H

#include <stddef.h>
#include <stdint.h>

struct symbols_bytes {
	int fd;               /* -1: an image */
	unsigned char *image; /* malloced */
	uint64_t size;
};

/* All of it. 0, -ENOEXEC where the file is shorter than that, or the errno of the read. */
int symbols_bytes_read(const struct symbols_bytes *bytes, uint64_t offset, void *buffer,
		       size_t size);

/* Closes or frees. */
void symbols_bytes_release(struct symbols_bytes *bytes);

#endif
