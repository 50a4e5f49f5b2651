/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls of a trace with any arguments, into hostile memory: decoded, and what comes out written as
 * text and as JSON. The input is which call, its arguments, and the memory.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/revision.h"
#include "decode.h"
#include "report/log.h"
#include "walk_list.h"

#define BASE UINT64_C(0x10000)
#define SIZE ((size_t)0x2000)
/* Of the input, before the memory: revision, row, bits, list bits, result, six arguments. */
#define PREFIX 17

struct fuzz_memory {
	struct memory memory;
	unsigned char bytes[SIZE];
};

static int fuzz_read(struct memory *memory, struct memory_range *ranges, size_t count)
{
	struct fuzz_memory *fuzz = (struct fuzz_memory *)memory;

	for (size_t i = 0; i < count; i++) {
		uint64_t first = ranges[i].address - BASE;

		if (ranges[i].size > SIZE || first > SIZE - ranges[i].size)
			continue;
		memcpy(ranges[i].buffer, fuzz->bytes + first, ranges[i].size);
		ranges[i].ok = true;
	}
	return 0;
}

static unsigned list_bits(void *data, int32_t tid, unsigned index)
{
	(void)tid;
	(void)index;
	return *(const unsigned *)data;
}

static const char *label(struct decode_labels *labels, target_addr address, struct arena *arena)
{
	(void)labels;
	return address & 8 ? arena_printf(arena, "\033%llx", (unsigned long long)address) : NULL;
}

/* Addresses in the memory more often than not; small, negative and huge numbers too. */
static uint64_t argument(const uint8_t *at)
{
	switch (at[0] & 7) {
	case 0:
		return at[1];
	case 1:
		return (uint64_t) - (int64_t)at[1];
	case 2:
		return UINT64_MAX << at[1] % 64;
	case 3:
		return UINT64_C(1) << at[1] % 64;
	default:
		return BASE + (uint64_t)at[1] * 32 + (at[0] >> 3);
	}
}

static void print(const struct call *call, bool json, FILE *out)
{
	const struct log_options options = {
		.out = out, .json = json, .paths = true, .color = !json, .entries_max = 32};
	struct event event = {
		.kind = call->ended ? EVENT_CALL_EXIT : EVENT_CALL_ENTRY, .tid = 1, .pid = 1};
	struct log *log;

	event.call = call;
	if (log_new(&options, &log))
		abort();
	if (log_event(log, &event))
		abort();
	log_free(log);
}

static void check(const struct call *call)
{
	if (call->n_args > CALL_ARGS_MAX)
		abort();
	for (size_t i = 0; i < call->n_args; i++) {
		const struct arg *arg = &call->args[i];

		if (!arg->name || (arg->kind == ARG_FLAGS && !arg->text))
			abort();
		if (arg->list && (!arg->list->head_ok || arg->list->n_entries > WALK_KEEP_MAX))
			abort();
		if (arg->n_waitvs > WAITV_MAX)
			abort();
	}
}

static void decode_one(const struct decode_context *context, const struct decode_input *input,
		       int64_t result, FILE *out)
{
	struct call call = {0};

	if (decode_entry(context, input, &call))
		return;
	check(&call);
	print(&call, false, out);
	if (decode_exit(context, input, result, &call))
		return;
	check(&call);
	print(&call, false, out);
	print(&call, true, out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fuzz_memory fuzz = {.memory = {.read = fuzz_read}};
	static const int64_t results[] = {0, 0, 1, -EINVAL, -512, -30, INT64_MIN, INT64_MAX};
	struct decode_labels labels = {label};
	struct traced_calls calls;
	struct arena arena = {0};
	unsigned known_bits;
	struct decode_input input = {0};
	FILE *out;

	if (size < PREFIX)
		return 0;
	traced_calls_init(&calls, revision_at(data[0] % 4), -1, -1);
	if (data[0] & 0x80)
		traced_calls_taken(&calls, 470, "listns");
	known_bits = data[3] % 3 * 32;
	input.row = &calls.rows[data[1] % calls.n_rows];
	input.bits = data[2] & 1 ? 32 : 64;
	for (size_t i = 0; i < CALL_ARGS_MAX; i++)
		input.args[i] = argument(data + 5 + 2 * i);
	memset(fuzz.bytes, 0, sizeof(fuzz.bytes));
	/* A short input is repeated, so that small ones fill the memory with structure. */
	for (size_t i = 0; size > PREFIX && i < SIZE; i++)
		fuzz.bytes[i] = data[PREFIX + i % (size - PREFIX)];
	out = fopen("/dev/null", "w");
	if (!out)
		abort();
	decode_one(&(struct decode_context){.memory = &fuzz.memory,
					    .labels = &labels,
					    .calls = &calls,
					    .arena = &arena,
					    .list_bits = list_bits,
					    .data = &known_bits},
		   &input, results[data[4] % 8], out);
	fclose(out);
	arena_free(&arena);
	return 0;
}
