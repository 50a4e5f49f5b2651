/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "race/image.h"

#include <errno.h>
#include <stdint.h>

#ifdef RACE_MUSL_PROGRAM

/* clang-format off */
__asm__(".pushsection .rodata\n"
	".balign 16\n"
	"race_musl_begin:\n"
	".incbin \"" RACE_MUSL_PROGRAM "\"\n"
	"race_musl_end:\n"
	".balign 8\n"
	"race_musl_size: .quad race_musl_end - race_musl_begin\n"
	".popsection\n");
/* clang-format on */

extern const unsigned char race_musl_begin[];
extern const uint64_t race_musl_size;

int race_musl_image(const unsigned char **ret, size_t *ret_size)
{
	*ret = race_musl_begin;
	*ret_size = race_musl_size;
	return 0;
}

#else

int race_musl_image(const unsigned char **ret, size_t *ret_size)
{
	(void)ret;
	(void)ret_size;
	return -EOPNOTSUPP;
}

#endif
