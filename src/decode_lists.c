/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The calls that register and ask for robust lists. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "abi/futex_word.h"
#include "abi/revision.h"
#include "decode_parts.h"
#include "walk_list.h"

/* Entries of a list of which the lock's place is told: more than anybody has a line read for. */
#define LABELS_MAX ((size_t)64)

/* sizeof(struct robust_list_head): the only length that set_robust_list takes. */
static uint64_t head_size(unsigned bits)
{
	return bits == 32 ? 12 : 24;
}

/* Follows the list; NULL when its head cannot be read. */
static const struct list *read_list(struct decoder *decoder, struct memory *memory,
				    const struct list *wanted)
{
	struct walk walk = {.list = *wanted};
	struct list *list = NULL;
	int error = 0;

	if (!wanted->head)
		return NULL;
	/* A list is empty when it is registered, nearly always. */
	if (!walk_empty(memory, &walk.list))
		error = walk_lists(memory, &walk, 1);
	if (!error && walk.list.head_ok) {
		list = arena_copy(decoder->context->arena, &walk.list, sizeof(walk.list));
		if (list)
			list->entries = arena_copy(decoder->context->arena, walk.list.entries,
						   walk.list.n_entries * sizeof(*list->entries));
		if (!list || !list->entries)
			error = -ENOMEM;
	}
	if (error == -ENOMEM)
		decoder->error = error;
	walk_release(&walk);
	return error ? NULL : list;
}

/* Where the first locks of the list lie. */
static void label_entries(struct decoder *decoder, struct arg *arg)
{
	struct decode_labels *labels = decoder->context->labels;
	size_t count = arg->list ? arg->list->n_entries : 0;

	if (!labels || !count)
		return;
	if (count > LABELS_MAX)
		count = LABELS_MAX;
	arg->entry_labels = arena_alloc(decoder->context->arena, count * sizeof(const char *));
	if (!arg->entry_labels) {
		decoder->error = -ENOMEM;
		return;
	}
	arg->n_entry_labels = count;
	for (size_t i = 0; i < count; i++)
		arg->entry_labels[i] = labels->label(labels, arg->list->entries[i].address,
						     decoder->context->arena);
}

/* kind, index, bits and head of the list; `memory` NULL: not ours to read. */
static void put_list(struct decoder *decoder, struct arg *arg, struct memory *memory,
		     const struct list *wanted)
{
	if (!memory)
		return;
	arg->list = read_list(decoder, memory, wanted);
	arg->ok = arg->list != NULL;
	if (memory == decoder->context->memory)
		label_entries(decoder, arg);
}

/* A list of the calls without an index: native, or of a 32-bit caller on a 64-bit kernel. */
static struct list legacy_list(const struct decoder *decoder, target_addr head)
{
	unsigned bits = decoder->input->bits;

	return (struct list){
		.kind = bits == 8 * sizeof(long) ? LIST_ROBUST : LIST_COMPAT,
		.bits = bits,
		.head = head,
	};
}

static void set_entry(struct decoder *decoder)
{
	struct list list = legacy_list(decoder, decode_long(decoder, 0));
	uint64_t length = decode_long(decoder, 1);
	struct arg *head = decode_add(decoder, "head", ARG_HEAD, list.head);

	/* The kernel refuses any other length: what lies there need not be a head. */
	if (length == head_size(decoder->input->bits))
		put_list(decoder, head, decoder->context->memory, &list);
	decode_add(decoder, "len", ARG_SIZE, length);
}

static void get_entry(struct decoder *decoder)
{
	decode_add_int(decoder, "pid", 0);
	decode_add(decoder, "head_ptr", ARG_HEAD_AT, decode_long(decoder, 1));
	decode_add(decoder, "len_ptr", ARG_SIZE_AT, decode_long(decoder, 2));
}

static struct revision_request request_of(const struct decoder *decoder)
{
	return revision_read(decoder->context->calls->revision, decoder->input->args,
			     decoder->input->bits);
}

static void add_command(struct decoder *decoder, const char *name, uint64_t value,
			const struct revision_request *request)
{
	const char *text = request->command ? request->command->name : NULL;

	if (!text)
		text = arena_printf(decoder->context->arena, "0x%" PRIx64 " /* %s_??? */", value,
				    strcmp(name, "cmd") == 0 ? "FUTEX_ROBUST_LIST_CMD"
							     : "ROBUST_LIST");
	if (!text)
		decoder->error = -ENOMEM;
	decode_add(decoder, name, ARG_FLAGS, value)->text = text;
}

static bool is_create(const struct revision_request *request)
{
	return request->command && request->action == REVISION_CREATE;
}

static void set2_entry(struct decoder *decoder)
{
	const struct revision *revision = decoder->context->calls->revision;
	struct revision_request request = request_of(decoder);
	struct list list = {.kind = LIST_LIST2,
			    .index = is_create(&request) ? LIST_NO_INDEX
				     : request.index > 0 ? (unsigned)request.index
							 : 0,
			    .no_limit = !revision->element_limit,
			    .bits = request.bits,
			    .head = request.head};

	for (int i = 0; i < (int)revision->arguments; i++) {
		if (i == revision->head_argument) {
			struct arg *head = decode_add(decoder, "head", ARG_HEAD, request.head);

			if (request.bits)
				put_list(decoder, head, decoder->context->memory, &list);
		} else if (i == revision->index_argument) {
			decode_add(decoder, "index", ARG_NUMBER, (uint64_t)request.index);
		} else if (i == revision->command_argument) {
			add_command(decoder, "cmd", decode_int(decoder, (unsigned)i), &request);
		} else if (revision->command_argument == REVISION_NONE) {
			add_command(decoder, "flags", request.flags, &request);
		} else {
			decode_add(decoder, "flags", ARG_HEX, request.flags);
		}
	}
}

static void get2_entry(struct decoder *decoder)
{
	decode_add_int(decoder, "pid", 0);
	decode_add(decoder, "head_ptr", ARG_HEAD_AT, decode_long(decoder, 1));
	decode_add(decoder, "index", ARG_SIZE, decode_int(decoder, 2));
	decode_add(decoder, "flags", ARG_HEX, decode_int(decoder, 3));
}

void decode_lists_entry(struct decoder *decoder)
{
	switch (decoder->input->row->form) {
	case CALL_FORM_SET_ROBUST_LIST:
		set_entry(decoder);
		break;
	case CALL_FORM_GET_ROBUST_LIST:
		get_entry(decoder);
		break;
	case CALL_FORM_SET_ROBUST_LIST2:
		set2_entry(decoder);
		break;
	default:
		get2_entry(decoder);
		break;
	}
}

/* The memory in which the heads lie that a get call tells of. */
static struct memory *asked_memory(const struct decoder *decoder)
{
	const struct decode_context *context = decoder->context;
	int32_t tid = (int32_t)decode_int(decoder, 0);

	if (tid == 0)
		return context->memory;
	return context->memory_of ? context->memory_of(context->data, tid) : NULL;
}

/* Reads a number of so many bits that the kernel wrote where the argument points. */
static bool read_pointee(const struct decoder *decoder, struct arg *arg, unsigned bits)
{
	uint32_t narrow = 0;
	uint64_t wide = 0;
	bool ok;

	if (bits == 32)
		ok = decode_read(decoder->context->memory, arg->value, &narrow, sizeof(narrow));
	else
		ok = decode_read(decoder->context->memory, arg->value, &wide, sizeof(wide));
	arg->pointee = bits == 32 ? narrow : wide;
	arg->ok = ok;
	return ok;
}

static void get_exit(struct decoder *decoder)
{
	struct arg *head = &decoder->call->args[1];
	struct arg *length = &decoder->call->args[2];
	struct list list;

	read_pointee(decoder, length, decoder->input->bits);
	if (!read_pointee(decoder, head, decoder->input->bits))
		return;
	list = legacy_list(decoder, head->pointee);
	put_list(decoder, head, asked_memory(decoder), &list);
	head->ok = true;
}

/*
 * Nobody told the word size: whichever makes a whole list of it, 64 bits first. The kernel wrote
 * four bytes for a 32-bit list, so then the upper half is the caller's.
 */
static void guess_list(struct decoder *decoder, struct arg *head, struct list list)
{
	struct memory *memory = asked_memory(decoder);
	uint64_t pointee = head->pointee;

	for (unsigned bits = 64; bits >= 32 && memory; bits -= 32) {
		list.bits = bits;
		list.head = bits == 32 ? (uint32_t)pointee : pointee;
		put_list(decoder, head, memory, &list);
		if (head->list && head->list->end == LIST_COMPLETE) {
			head->pointee = list.head;
			decoder->call->remark = bits == 64 ? "guessed: a 64-bit list"
							   : "guessed: a 32-bit list";
			return;
		}
	}
	head->list = NULL;
	head->n_entry_labels = 0;
	decoder->call->remark = "32- or 64-bit list: not known";
}

static void get2_exit(struct decoder *decoder)
{
	const struct decode_context *context = decoder->context;
	struct arg *head = &decoder->call->args[1];
	struct list list = {.kind = LIST_LIST2, .index = decode_int(decoder, 2)};

	if (context->list_bits)
		list.bits = context->list_bits(context->data, (int32_t)decode_int(decoder, 0),
					       list.index);
	/* A 32-bit caller has no room for more. */
	if (!list.bits && decoder->input->bits == 32)
		list.bits = 32;
	if (!read_pointee(decoder, head, decoder->input->bits == 32 ? 32 : list.bits))
		return;
	list.head = head->pointee;
	if (list.bits)
		put_list(decoder, head, asked_memory(decoder), &list);
	else if (list.head)
		guess_list(decoder, head, list);
	head->ok = true;
}

/* Why the kernel says EINVAL; NULL when that cannot be told. */
static const char *why_invalid(const struct revision *revision,
			       const struct revision_request *request)
{
	bool by_index = revision->command_argument == REVISION_NONE;

	if (!by_index && request->flags)
		return "flags must be 0";
	if (!request->command)
		return "no such command in this revision";
	if (request->command->index == REVISION_INDEX_ZERO && request->index)
		return "index must be 0";
	if (request->command->index == REVISION_INDEX_IN_RANGE &&
	    (request->index < 0 || request->index >= revision->lists) &&
	    !(by_index && request->action == REVISION_CREATE))
		return "index is out of range";
	if (request->bits == 64 && request->head % revision->alignment_64)
		return "head is misaligned";
	if (request->bits == 32 && request->head % revision->alignment_32)
		return "head is misaligned";
	return NULL;
}

static void note(struct decoder *decoder, const char *text)
{
	decoder->call->result_note = text;
	if (!text)
		decoder->error = -ENOMEM;
}

/* The result of the call is the list's index. */
static void note_index(struct decoder *decoder, unsigned index)
{
	note(decoder, arena_printf(decoder->context->arena, "list #%u", index));
	for (size_t i = 0; i < decoder->call->n_args; i++) {
		struct arg *arg = &decoder->call->args[i];
		struct list *list;

		if (arg->kind != ARG_HEAD || !arg->list)
			continue;
		list = arena_copy(decoder->context->arena, arg->list, sizeof(*list));
		if (!list) {
			decoder->error = -ENOMEM;
			return;
		}
		list->index = index;
		arg->list = list;
	}
}

static void set2_exit(struct decoder *decoder)
{
	const struct revision *revision = decoder->context->calls->revision;
	struct revision_request request = request_of(decoder);
	int64_t result = decoder->call->result;
	bool creates = is_create(&request);

	if (result == -EINVAL) {
		decoder->call->result_note = why_invalid(revision, &request);
	} else if (creates && result < 0 && revision->create_error_shift &&
		   result == -revision->full_error + revision->create_error_shift) {
		note(decoder, arena_printf(decoder->context->arena, "%s means %s by it",
					   revision->name, strerrorname_np(revision->full_error)));
	} else if (creates && result >= 0) {
		note_index(decoder, (unsigned)result);
	} else if (request.command && request.action == REVISION_LIST_LIMIT && result >= 0) {
		note(decoder, "lists per task");
	}
}

void decode_lists_exit(struct decoder *decoder)
{
	int64_t result = decoder->call->result;

	switch (decoder->input->row->form) {
	case CALL_FORM_SET_ROBUST_LIST:
		if (result == -EINVAL && decode_long(decoder, 1) != head_size(decoder->input->bits))
			note(decoder,
			     decoder->input->bits == 32 ? "len must be 12" : "len must be 24");
		break;
	case CALL_FORM_GET_ROBUST_LIST:
		if (result == 0)
			get_exit(decoder);
		break;
	case CALL_FORM_SET_ROBUST_LIST2:
		set2_exit(decoder);
		break;
	case CALL_FORM_GET_ROBUST_LIST2:
		if (result == 0)
			get2_exit(decoder);
		break;
	default:
		break;
	}
}
