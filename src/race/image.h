/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The victim that was built with musl: a program inside this one. */
#ifndef ROBTRACE_RACE_IMAGE_H
#define ROBTRACE_RACE_IMAGE_H

#include <stddef.h>

/* A static ELF program. 0, or -EOPNOTSUPP: this build has none. */
int race_musl_image(const unsigned char **ret, size_t *ret_size);

#endif
