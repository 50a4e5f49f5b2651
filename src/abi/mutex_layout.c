/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "abi/mutex_layout.h"

#include <string.h>

#include "abi/futex_word.h"

/* glibc: bits of __kind. */
#define GLIBC_TYPE_MASK 0x03u
#define GLIBC_RECURSIVE 1u
#define GLIBC_ERRORCHECK 2u
#define GLIBC_ROBUST 0x10u
#define GLIBC_PI 0x20u
#define GLIBC_PSHARED 0x80u
#define GLIBC_KNOWN 0x3f3u
/* glibc: values of __owner that are no TID. */
#define GLIBC_INCONSISTENT 0x7fffffffu
#define GLIBC_NOT_RECOVERABLE 0x7ffffffeu

/* musl: bits of _m_type. */
#define MUSL_TYPE_MASK 0x03u
#define MUSL_RECURSIVE 1u
#define MUSL_ERRORCHECK 2u
#define MUSL_ROBUST 0x04u
#define MUSL_PI 0x08u
#define MUSL_PSHARED 0x80u
#define MUSL_KNOWN 0x8fu

static uint32_t word_at(const unsigned char *bytes, size_t offset)
{
	uint32_t word;

	memcpy(&word, bytes + offset, sizeof(word));
	return word;
}

/* Words from the futex word on: __lock, __count, __owner, then __kind at a place of its own. */
static bool decode_glibc(const struct mutex_layout *layout, const unsigned char *bytes,
			 struct mutex_info *ret)
{
	uint32_t kind = word_at(bytes, layout->span - 4);
	uint32_t owner = word_at(bytes, 8);

	if (!(kind & GLIBC_ROBUST) || (kind & ~GLIBC_KNOWN))
		return false;
	*ret = (struct mutex_info){
		.libc = layout->libc,
		.robust = true,
		.pi = kind & GLIBC_PI,
		.recursive = (kind & GLIBC_TYPE_MASK) == GLIBC_RECURSIVE,
		.errorcheck = (kind & GLIBC_TYPE_MASK) == GLIBC_ERRORCHECK,
		.shared = kind & GLIBC_PSHARED,
		.inconsistent = owner == GLIBC_INCONSISTENT,
		.not_recoverable = owner == GLIBC_NOT_RECOVERABLE,
		.count = word_at(bytes, 4),
	};
	if (!ret->inconsistent && !ret->not_recoverable)
		ret->owner_field = owner;
	return true;
}

/* Words from the start on: _m_type, _m_lock (the futex word), _m_waiters, ..., _m_count. */
static bool decode_musl(const struct mutex_layout *layout, const unsigned char *bytes,
			struct mutex_info *ret)
{
	uint32_t type = word_at(bytes, 0);
	uint32_t word = word_at(bytes, 4);

	if (!(type & MUSL_ROBUST) || (type & ~MUSL_KNOWN))
		return false;
	*ret = (struct mutex_info){
		.libc = layout->libc,
		.robust = true,
		.pi = type & MUSL_PI,
		.recursive = (type & MUSL_TYPE_MASK) == MUSL_RECURSIVE,
		.errorcheck = (type & MUSL_TYPE_MASK) == MUSL_ERRORCHECK,
		.shared = type & MUSL_PSHARED,
		.not_recoverable = (word & WORD_TID_MASK) == WORD_TID_MASK,
		/* _m_count counts the locks after the first. */
		.count = word_at(bytes, layout->span - 4) + 1,
	};
	ret->inconsistent = !ret->not_recoverable && (word & WORD_OWNER_DIED) &&
			    (word & WORD_TID_MASK);
	return true;
}

static const struct mutex_layout layouts[] = {
	{"glibc", 64, -32, 0, 20, decode_glibc},
	{"glibc", 32, -20, 0, 16, decode_glibc},
	{"musl", 64, -28, 4, 24, decode_musl},
	{"musl", 32, -12, 4, 24, decode_musl},
};

#define N_LAYOUTS (sizeof(layouts) / sizeof(layouts[0]))

const struct mutex_layout *mutex_layout_find(unsigned bits, int64_t futex_offset)
{
	for (size_t i = 0; i < N_LAYOUTS; i++)
		if (layouts[i].bits == bits && layouts[i].futex_offset == futex_offset)
			return &layouts[i];
	return NULL;
}

const struct mutex_layout *mutex_layout_of(const char *libc, unsigned bits)
{
	for (size_t i = 0; i < N_LAYOUTS; i++)
		if (layouts[i].bits == bits && strcmp(layouts[i].libc, libc) == 0)
			return &layouts[i];
	return NULL;
}
