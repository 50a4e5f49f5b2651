/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Growing arrays. A vector of T is a `T *items` with two counters beside it; vec_reserve makes
 * room and is the only function, so that every access stays plain C.
 */
#ifndef ROBTRACE_BASE_VEC_H
#define ROBTRACE_BASE_VEC_H

#include <stddef.h>

/*
 * Makes room for `extra` more elements behind *count. *items is NULL or from malloc and belongs
 * to the caller; it is untouched on failure. 0, or -ENOMEM.
 */
int vec_reserve(void *items, size_t count, size_t *capacity, size_t extra, size_t element_size);

#endif
