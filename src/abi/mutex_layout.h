/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the libcs lay out a robust mutex around its futex word. A layout is recognised by the word
 * size and futex_offset of the list, which the libc chose when it registered its head; the bytes
 * must then look like a mutex as well, because any program may register a list of its own.
 *
 * Sources, read off running programs: glibc 2.36 (sysdeps/nptl/bits/struct_mutex.h names the
 * fields) and musl 1.2.3 (pthread_mutex_t as an array of words).
 */
#ifndef ROBTRACE_ABI_MUTEX_LAYOUT_H
#define ROBTRACE_ABI_MUTEX_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the libc keeps in the mutex beside the word; all of it is user memory and may lie. */
struct mutex_info {
	const char *libc; /* "glibc" or "musl"; NULL: layout unknown, the rest is not set */
	bool robust;
	bool pi;
	bool recursive;
	bool errorcheck;
	bool shared;          /* PTHREAD_PROCESS_SHARED; glibc sets it in every robust mutex */
	bool inconsistent;    /* EOWNERDEAD was given out and pthread_mutex_consistent not called */
	bool not_recoverable; /* pthread_mutex_unlock was called while inconsistent */
	uint32_t count;       /* how often a recursive mutex is locked */
	uint32_t owner_field; /* the libc's own note of the owner's TID; 0 where it has none */
};

/* The most bytes that any layout looks at, and the most of them before the futex word. */
#define MUTEX_SPAN_MAX 24
#define MUTEX_BEFORE_MAX 4

struct mutex_layout {
	const char *libc;
	unsigned bits;
	int64_t futex_offset;
	size_t before; /* bytes of the mutex before the word */
	size_t span;   /* bytes to read, from word - before on */
	bool (*decode)(const struct mutex_layout *layout, const unsigned char *bytes,
		       struct mutex_info *ret);
};

/* NULL when no known libc uses such a list. */
const struct mutex_layout *mutex_layout_find(unsigned bits, int64_t futex_offset);

/* The layout of that libc ("glibc", "musl") and word size; NULL when there is none. */
const struct mutex_layout *mutex_layout_of(const char *libc, unsigned bits);

#endif
