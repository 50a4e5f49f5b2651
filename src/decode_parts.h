/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of decode share: a call that is being decoded, and how its arguments are added. */
#ifndef ROBTRACE_DECODE_PARTS_H
#define ROBTRACE_DECODE_PARTS_H

#include "decode.h"

struct decoder {
	const struct decode_context *context;
	const struct decode_input *input;
	struct call *call;
	int error; /* the first -ENOMEM; what is built goes on without it */
};

/* A raw argument as wide as the caller's pointers; one that is an int or unsigned int. */
uint64_t decode_long(const struct decoder *decoder, unsigned position);
uint32_t decode_int(const struct decoder *decoder, unsigned position);

/* The next argument of the call. */
struct arg *decode_add(struct decoder *decoder, const char *name, enum arg_kind kind,
		       uint64_t value);
/* The next one is an int. */
void decode_add_int(struct decoder *decoder, const char *name, unsigned position);
/* The next one is ARG_FLAGS; the text is copied. */
void decode_add_flags(struct decoder *decoder, const char *name, uint64_t value, const char *text);

/* A copy in the event's arena; NULL and decoder->error without memory. */
const char *decode_text(struct decoder *decoder, const char *text);

/* Whether all of it could be read. */
bool decode_read(struct memory *memory, target_addr address, void *buffer, size_t size);

/* Forms of decode_lists.c and decode_futex.c. */
void decode_lists_entry(struct decoder *decoder);
void decode_lists_exit(struct decoder *decoder);
void decode_futex_entry(struct decoder *decoder);

#endif
