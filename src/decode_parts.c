/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "decode_parts.h"

#include <errno.h>

uint64_t decode_long(const struct decoder *decoder, unsigned position)
{
	uint64_t value = decoder->input->args[position];

	return decoder->input->bits == 32 ? (uint32_t)value : value;
}

uint32_t decode_int(const struct decoder *decoder, unsigned position)
{
	return (uint32_t)decoder->input->args[position];
}

struct arg *decode_add(struct decoder *decoder, const char *name, enum arg_kind kind,
		       uint64_t value)
{
	struct arg *arg = &decoder->call->args[decoder->call->n_args++];

	*arg = (struct arg){.name = name, .kind = kind, .value = value};
	return arg;
}

void decode_add_int(struct decoder *decoder, const char *name, unsigned position)
{
	decode_add(decoder, name, ARG_NUMBER,
		   (uint64_t)(int64_t)(int32_t)decode_int(decoder, position));
}

void decode_add_flags(struct decoder *decoder, const char *name, uint64_t value, const char *text)
{
	decode_add(decoder, name, ARG_FLAGS, value)->text = decode_text(decoder, text);
}

const char *decode_text(struct decoder *decoder, const char *text)
{
	const char *copy = arena_strdup(decoder->context->arena, text);

	if (!copy)
		decoder->error = -ENOMEM;
	return copy;
}

bool decode_read(struct memory *memory, target_addr address, void *buffer, size_t size)
{
	return memory_read_one(memory, address, buffer, size) == 0;
}
