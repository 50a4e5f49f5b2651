/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files whose robust mutexes lie at known offsets. They give a lock its name, and they let us see
 * a lock that is on no list, such as one whose owner has died.
 *
 * Sources, read off files made by these programs: LMDB 0.9.24 (MDB_txninfo: magic 0xbeefc0de,
 * reader table mutex at 8, writer mutex at 64); tdb 1.4.8 (header of 168 bytes, then the
 * allrecord mutex, a short, the freelist's and the hash chains' mutexes).
 */
#ifndef ROBTRACE_HOME_H
#define ROBTRACE_HOME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes from the start of a file that tell what it is. */
#define HOME_HEADER 128
#define HOME_NAME_MAX 48

struct home {
	const char *product;
	bool (*matches)(const unsigned char *header);
	size_t (*count)(const unsigned char *header);
	/* Of the mutex itself; from index 1 on they lie at even distances. */
	uint64_t (*offset)(size_t index, unsigned bits);
	void (*name)(size_t index, char ret[HOME_NAME_MAX]);
	bool show_free; /* few enough to show those that nobody has */
};

/* NULL for a file that is no known home. */
const struct home *home_recognise(const unsigned char header[HOME_HEADER]);

/*
 * The name of the mutex whose futex word lies at this offset of the file, of whichever libc it is.
 * False: the file is no known home, or has no mutex there.
 */
bool home_name_word(const unsigned char header[HOME_HEADER], uint64_t offset, unsigned bits,
		    char ret[HOME_NAME_MAX]);

#endif
