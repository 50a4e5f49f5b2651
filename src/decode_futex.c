/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The calls that wait for futexes and wake their waiters. */
#include <errno.h>

#include "abi/call_flags.h"
#include "abi/wait_calls.h"
#include "decode_parts.h"

/* futex_requeue takes a pair of them. */
#define REQUEUE_WAITERS 2

static const char *label_of(struct decoder *decoder, target_addr address)
{
	struct decode_labels *labels = decoder->context->labels;

	return labels ? labels->label(labels, address, decoder->context->arena) : NULL;
}

static void add_futex(struct decoder *decoder, const char *name, unsigned position)
{
	target_addr address = decode_long(decoder, position);
	struct arg *arg = decode_add(decoder, name, ARG_FUTEX, address);
	uint32_t word;

	if (!decode_read(decoder->context->memory, address, &word, sizeof(word)))
		return;
	arg->ok = true;
	arg->pointee = word;
	arg->label = label_of(decoder, address);
}

static void add_timeout(struct decoder *decoder, unsigned position, bool narrow)
{
	target_addr address = decode_long(decoder, position);
	struct arg *arg = decode_add(decoder, "timeout", ARG_TIMEOUT, address);
	int32_t parts32[2] = {0};
	int64_t parts[2] = {0};

	if (!address)
		return;
	if (narrow) {
		arg->ok = decode_read(decoder->context->memory, address, parts32, sizeof(parts32));
		parts[0] = parts32[0];
		parts[1] = parts32[1];
	} else {
		arg->ok = decode_read(decoder->context->memory, address, parts, sizeof(parts));
	}
	if (!arg->ok)
		return;
	arg->seconds = parts[0];
	arg->nanoseconds = parts[1];
}

static void add_count(struct decoder *decoder, const char *name, unsigned position)
{
	decode_add(decoder, name, ARG_SIZE, decode_int(decoder, position));
}

static void add_word(struct decoder *decoder, const char *name, unsigned position)
{
	decode_add(decoder, name, ARG_WORD, decode_int(decoder, position));
}

static void add_bitset(struct decoder *decoder)
{
	char text[CALL_FLAGS_MAX];

	call_futex_bitset_text(decode_int(decoder, 5), text);
	decode_add_flags(decoder, "val3", decode_int(decoder, 5), text);
}

static void add_wake_op(struct decoder *decoder)
{
	char text[CALL_FLAGS_MAX];

	call_futex_wake_op_text(decode_int(decoder, 5), text);
	decode_add_flags(decoder, "val3", decode_int(decoder, 5), text);
}

/* With FUTEX_ROBUST_UNLOCK: the list_op_pending that the kernel clears. */
static void add_pending_slot(struct decoder *decoder)
{
	if (decode_int(decoder, 1) & FUTEX_ROBUST_UNLOCK_FLAG)
		decode_add(decoder, "uaddr2", ARG_ADDRESS, decode_long(decoder, 4));
}

/* Those that wake some at uaddr and treat others at uaddr2. */
static void requeue_arguments(struct decoder *decoder)
{
	add_count(decoder, "val", 2);
	add_count(decoder, "val2", 3);
	add_futex(decoder, "uaddr2", 4);
}

static void other_arguments(struct decoder *decoder)
{
	add_count(decoder, "val", 2);
	decode_add(decoder, "timeout", ARG_HEX, decode_long(decoder, 3));
	decode_add(decoder, "uaddr2", ARG_HEX, decode_long(decoder, 4));
	decode_add(decoder, "val3", ARG_HEX, decode_int(decoder, 5));
}

/* What the operation uses of the arguments behind op, and nothing else. */
static void operation_arguments(struct decoder *decoder, bool narrow)
{
	uint32_t operation = call_futex_operation(decode_int(decoder, 1));

	switch (operation) {
	case FUTEX_OPERATION_WAIT:
	case FUTEX_OPERATION_WAIT_BITSET:
	case FUTEX_OPERATION_WAIT_REQUEUE_PI:
		add_word(decoder, "val", 2);
		add_timeout(decoder, 3, narrow);
		if (operation == FUTEX_OPERATION_WAIT_BITSET)
			add_bitset(decoder);
		if (operation == FUTEX_OPERATION_WAIT_REQUEUE_PI)
			add_futex(decoder, "uaddr2", 4);
		break;
	case FUTEX_OPERATION_WAKE:
	case FUTEX_OPERATION_WAKE_BITSET:
		add_count(decoder, "val", 2);
		add_pending_slot(decoder);
		if (operation == FUTEX_OPERATION_WAKE_BITSET)
			add_bitset(decoder);
		break;
	case FUTEX_OPERATION_REQUEUE:
		requeue_arguments(decoder);
		break;
	case FUTEX_OPERATION_CMP_REQUEUE:
	case FUTEX_OPERATION_CMP_REQUEUE_PI:
		requeue_arguments(decoder);
		add_word(decoder, "val3", 5);
		break;
	case FUTEX_OPERATION_WAKE_OP:
		requeue_arguments(decoder);
		add_wake_op(decoder);
		break;
	case FUTEX_OPERATION_LOCK_PI:
	case FUTEX_OPERATION_LOCK_PI2:
		add_timeout(decoder, 3, narrow);
		break;
	case FUTEX_OPERATION_UNLOCK_PI:
		add_pending_slot(decoder);
		break;
	case FUTEX_OPERATION_TRYLOCK_PI:
		break;
	case FUTEX_OPERATION_FD:
		add_count(decoder, "val", 2);
		break;
	default:
		other_arguments(decoder);
		break;
	}
}

static void futex_entry(struct decoder *decoder, bool narrow)
{
	uint32_t op = decode_int(decoder, 1);
	char text[CALL_FLAGS_MAX];

	call_futex_op_text(op, text);
	add_futex(decoder, "uaddr", 0);
	decode_add_flags(decoder, "op", op, text);
	operation_arguments(decoder, narrow);
}

static void read_waitvs(struct decoder *decoder, struct arg *arg,
			struct abi_futex_waitv raw[WAITV_MAX], size_t count)
{
	char text[CALL_FLAGS_MAX];

	if (!decode_read(decoder->context->memory, arg->value, raw, count * sizeof(raw[0])))
		return;
	arg->waitvs = arena_alloc(decoder->context->arena, count * sizeof(arg->waitvs[0]));
	if (!arg->waitvs) {
		decoder->error = -ENOMEM;
		return;
	}
	for (size_t i = 0; i < count; i++) {
		call_futex2_flags_text(raw[i].flags, text);
		arg->waitvs[i] = (struct arg_waitv){
			.value = raw[i].value,
			.address = raw[i].address,
			.flags = decode_text(decoder, text),
			.label = label_of(decoder, raw[i].address),
		};
	}
	arg->n_waitvs = count;
	arg->ok = true;
}

/* The kernel refuses more than WAITV_MAX, so nobody reads those. */
static void add_waitv(struct decoder *decoder, uint32_t count)
{
	struct arg *arg = decode_add(decoder, "waiters", ARG_WAITV, decode_long(decoder, 0));
	struct abi_futex_waitv raw[WAITV_MAX];

	if (count && count <= WAITV_MAX)
		read_waitvs(decoder, arg, raw, count);
}

static void add_clock(struct decoder *decoder, unsigned position)
{
	char text[CALL_FLAGS_MAX];

	call_clock_text(decode_int(decoder, position), text);
	decode_add_flags(decoder, "clockid", decode_int(decoder, position), text);
}

static void add_futex2_flags(struct decoder *decoder, unsigned position)
{
	char text[CALL_FLAGS_MAX];

	call_futex2_flags_text(decode_int(decoder, position), text);
	decode_add_flags(decoder, "flags", decode_int(decoder, position), text);
}

/* A set of bits as wide as a long. */
static void add_mask(struct decoder *decoder, unsigned position)
{
	uint64_t mask = decode_long(decoder, position);
	char text[CALL_FLAGS_MAX];

	if (mask != (uint32_t)mask) {
		decode_add(decoder, "mask", ARG_HEX, mask);
		return;
	}
	call_futex_bitset_text((uint32_t)mask, text);
	decode_add_flags(decoder, "mask", mask, text);
}

static void waitv_entry(struct decoder *decoder)
{
	add_waitv(decoder, decode_int(decoder, 1));
	add_count(decoder, "nr_futexes", 1);
	decode_add(decoder, "flags", ARG_HEX, decode_int(decoder, 2));
	add_timeout(decoder, 3, false);
	add_clock(decoder, 4);
}

static void wait_entry(struct decoder *decoder)
{
	add_futex(decoder, "uaddr", 0);
	decode_add(decoder, "val", ARG_WORD, decode_long(decoder, 1));
	add_mask(decoder, 2);
	add_futex2_flags(decoder, 3);
	add_timeout(decoder, 4, false);
	add_clock(decoder, 5);
}

static void wake_entry(struct decoder *decoder)
{
	add_futex(decoder, "uaddr", 0);
	add_mask(decoder, 1);
	decode_add_int(decoder, "nr", 2);
	add_futex2_flags(decoder, 3);
}

static void requeue_entry(struct decoder *decoder)
{
	add_waitv(decoder, REQUEUE_WAITERS);
	decode_add(decoder, "flags", ARG_HEX, decode_int(decoder, 1));
	decode_add_int(decoder, "nr_wake", 2);
	decode_add_int(decoder, "nr_requeue", 3);
}

void decode_futex_entry(struct decoder *decoder)
{
	switch (decoder->input->row->form) {
	case CALL_FORM_FUTEX:
		futex_entry(decoder, decoder->input->bits == 32);
		break;
	case CALL_FORM_FUTEX_TIME64:
		futex_entry(decoder, false);
		break;
	case CALL_FORM_FUTEX_WAITV:
		waitv_entry(decoder);
		break;
	case CALL_FORM_FUTEX_WAIT:
		wait_entry(decoder);
		break;
	case CALL_FORM_FUTEX_WAKE:
		wake_entry(decoder);
		break;
	default:
		requeue_entry(decoder);
		break;
	}
}
