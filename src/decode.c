/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "decode.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "abi/call_flags.h"
#include "decode_parts.h"

/* What the kernel gives back for a call that it will start again (linux/errno.h; not for users). */
#define ERESTARTSYS 512
#define ERESTART_RESTARTBLOCK 516

/* Unit of mmap2's offset, whatever the size of a page. */
#define MMAP2_UNIT 4096

/* A path: up to its end, never over the edge of a page that need not be there. */
static void add_path(struct decoder *decoder, const char *name, target_addr address)
{
	struct arg *arg = decode_add(decoder, name, ARG_PATH, address);
	char path[PATH_MAX];
	size_t used = 0;

	while (used < sizeof(path)) {
		const size_t stretch = 256;
		size_t size = stretch - (size_t)((address + used) % stretch);

		if (size > sizeof(path) - used)
			size = sizeof(path) - used;
		if (!decode_read(decoder->context->memory, address + used, path + used, size))
			return;
		if (memchr(path + used, '\0', size)) {
			arg->text = decode_text(decoder, path);
			arg->ok = arg->text != NULL;
			return;
		}
		used += size;
	}
}

static void add_mmap(struct decoder *decoder, const uint64_t args[CALL_ARGS_MAX], uint64_t unit)
{
	char text[CALL_FLAGS_MAX];

	decode_add(decoder, "addr", ARG_ADDRESS, args[0]);
	decode_add(decoder, "length", ARG_SIZE, args[1]);
	call_prot_text((uint32_t)args[2], text);
	decode_add_flags(decoder, "prot", (uint32_t)args[2], text);
	call_map_flags_text((uint32_t)args[3], text);
	decode_add_flags(decoder, "flags", (uint32_t)args[3], text);
	decode_add(decoder, "fd", ARG_NUMBER, (uint64_t)(int64_t)(int32_t)args[4]);
	decode_add(decoder, "offset", ARG_HEX, args[5] * unit);
	decoder->call->result_is_address = true;
}

static void mmap_entry(struct decoder *decoder, uint64_t unit)
{
	uint64_t args[CALL_ARGS_MAX];

	for (unsigned i = 0; i < CALL_ARGS_MAX; i++)
		args[i] = decode_long(decoder, i);
	add_mmap(decoder, args, unit);
}

static void old_mmap_entry(struct decoder *decoder)
{
	target_addr address = decode_long(decoder, 0);
	uint32_t narrow[CALL_ARGS_MAX];
	uint64_t args[CALL_ARGS_MAX];

	if (!decode_read(decoder->context->memory, address, narrow, sizeof(narrow))) {
		decode_add(decoder, "args", ARG_ADDRESS, address);
		decoder->call->result_is_address = true;
		return;
	}
	for (unsigned i = 0; i < CALL_ARGS_MAX; i++)
		args[i] = narrow[i];
	add_mmap(decoder, args, 1);
}

static void mremap_entry(struct decoder *decoder)
{
	uint32_t flags = decode_int(decoder, 3);
	char text[CALL_FLAGS_MAX];

	call_mremap_flags_text(flags, text);
	decode_add(decoder, "old_address", ARG_ADDRESS, decode_long(decoder, 0));
	decode_add(decoder, "old_size", ARG_SIZE, decode_long(decoder, 1));
	decode_add(decoder, "new_size", ARG_SIZE, decode_long(decoder, 2));
	decode_add_flags(decoder, "flags", flags, text);
	if (flags & MREMAP_FIXED_FLAG)
		decode_add(decoder, "new_address", ARG_ADDRESS, decode_long(decoder, 4));
	decoder->call->result_is_address = true;
}

/* In one register, or in two of 32 bits, the low half first. */
static void add_length(struct decoder *decoder, bool halves)
{
	unsigned at = halves ? decoder->input->row->length_argument : 1;
	uint64_t length = decode_long(decoder, at);

	if (halves)
		length |= (uint64_t)decode_int(decoder, at + 1) << 32;
	else if (decoder->input->bits == 32)
		length = (uint64_t)(int64_t)(int32_t)length;
	decode_add(decoder, "length", ARG_NUMBER, length);
}

static void other_entry(struct decoder *decoder)
{
	static const char *const names[CALL_ARGS_MAX] = {"arg0", "arg1", "arg2",
							 "arg3", "arg4", "arg5"};

	for (unsigned i = 0; i < CALL_ARGS_MAX; i++)
		decode_add(decoder, names[i], ARG_HEX, decode_long(decoder, i));
	decoder->call->remark = arena_printf(decoder->context->arena, "%ld is %s on this kernel",
					     decoder->call->number, decoder->call->name);
	if (!decoder->call->remark)
		decoder->error = -ENOMEM;
}

/* What maps, unmaps and cuts the memory that locks lie in. */
static void memory_entry(struct decoder *decoder)
{
	switch (decoder->input->row->form) {
	case CALL_FORM_MMAP:
		mmap_entry(decoder, 1);
		break;
	case CALL_FORM_MMAP2:
		mmap_entry(decoder, MMAP2_UNIT);
		break;
	case CALL_FORM_OLD_MMAP:
		old_mmap_entry(decoder);
		break;
	case CALL_FORM_MREMAP:
		mremap_entry(decoder);
		break;
	case CALL_FORM_TRUNCATE:
	case CALL_FORM_TRUNCATE64:
		add_path(decoder, "path", decode_long(decoder, 0));
		add_length(decoder, decoder->input->row->form == CALL_FORM_TRUNCATE64);
		break;
	case CALL_FORM_FTRUNCATE:
	case CALL_FORM_FTRUNCATE64:
		decode_add_int(decoder, "fd", 0);
		add_length(decoder, decoder->input->row->form == CALL_FORM_FTRUNCATE64);
		break;
	default:
		decode_add(decoder, "addr", ARG_ADDRESS, decode_long(decoder, 0));
		decode_add(decoder, "length", ARG_SIZE, decode_long(decoder, 1));
		break;
	}
}

/* Only the requests by which a task becomes a tracer. */
static void ptrace_entry(struct decoder *decoder)
{
	uint64_t request = decode_long(decoder, 0);

	switch (request) {
	case CALL_PTRACE_TRACEME:
		decode_add_flags(decoder, "request", request, "PTRACE_TRACEME");
		break;
	case CALL_PTRACE_ATTACH:
		decode_add_flags(decoder, "request", request, "PTRACE_ATTACH");
		decode_add_int(decoder, "pid", 1);
		break;
	case CALL_PTRACE_SEIZE:
		decode_add_flags(decoder, "request", request, "PTRACE_SEIZE");
		decode_add_int(decoder, "pid", 1);
		break;
	default:
		decode_add(decoder, "request", ARG_NUMBER, request);
		return;
	}
	decoder->call->remark = "robtrace is the tracer";
}

static void entry(struct decoder *decoder)
{
	switch (decoder->input->row->form) {
	case CALL_FORM_SET_ROBUST_LIST:
	case CALL_FORM_GET_ROBUST_LIST:
	case CALL_FORM_SET_ROBUST_LIST2:
	case CALL_FORM_GET_ROBUST_LIST2:
		decode_lists_entry(decoder);
		break;
	case CALL_FORM_FUTEX:
	case CALL_FORM_FUTEX_TIME64:
	case CALL_FORM_FUTEX_WAITV:
	case CALL_FORM_FUTEX_WAIT:
	case CALL_FORM_FUTEX_WAKE:
	case CALL_FORM_FUTEX_REQUEUE:
		decode_futex_entry(decoder);
		break;
	case CALL_FORM_MMAP:
	case CALL_FORM_MMAP2:
	case CALL_FORM_OLD_MMAP:
	case CALL_FORM_MUNMAP:
	case CALL_FORM_MREMAP:
	case CALL_FORM_TRUNCATE:
	case CALL_FORM_TRUNCATE64:
	case CALL_FORM_FTRUNCATE:
	case CALL_FORM_FTRUNCATE64:
		memory_entry(decoder);
		break;
	case CALL_FORM_EXIT:
		decode_add_int(decoder, "status", 0);
		break;
	case CALL_FORM_EXEC: /* a stop for the engine's sake */
		break;
	case CALL_FORM_PTRACE:
		ptrace_entry(decoder);
		break;
	case CALL_FORM_OTHER:
		other_entry(decoder);
		break;
	}
}

int decode_entry(const struct decode_context *context, const struct decode_input *input,
		 struct call *ret)
{
	struct call call = {
		.name = input->row->name, .number = (long)input->nr, .bits = input->bits};
	struct decoder decoder = {.context = context, .input = input, .call = &call};

	entry(&decoder);
	if (!decoder.error)
		*ret = call;
	return decoder.error;
}

int decode_exit(const struct decode_context *context, const struct decode_input *input,
		int64_t result, struct call *call)
{
	struct call ended = *call;
	struct decoder decoder = {.context = context, .input = input, .call = &ended};

	/* A 32-bit caller's register may come without its sign. */
	if (input->bits == 32 && !call->result_is_address)
		result = (int32_t)(uint32_t)(uint64_t)result;
	else if (input->bits == 32)
		result = (uint32_t)(uint64_t)result > (uint32_t)-4096
				 ? (int32_t)(uint32_t)(uint64_t)result
				 : (int64_t)(uint32_t)(uint64_t)result;
	ended.ended = true;
	ended.result = result;
	ended.interrupted = result <= -ERESTARTSYS && result >= -ERESTART_RESTARTBLOCK;
	decode_lists_exit(&decoder);
	if (!decoder.error)
		*call = ended;
	return decoder.error;
}
