/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unwinding in a hostile process: the input is its memory, a module with whatever unwind tables and
 * code it says, and a stack.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "symbol/stack.h"
#include "symbol/unwind_table.h"

#define MODULE UINT64_C(0x10000)
#define STACK UINT64_C(0x30000)
#define SIZE ((size_t)0x4000)
#define DEPTH 32

static const char text[] = "10000-12000 r-xp 00000000 00:01 1 /nonexistent/a\n"
			   "12000-14000 r--p 00002000 00:01 1 /nonexistent/a\n"
			   "30000-34000 rw-p 00000000 00:00 0 [stack]\n";

struct fuzz_memory {
	struct memory memory;
	unsigned char module[SIZE];
	unsigned char stack[SIZE];
};

static const unsigned char *bytes_at(const struct fuzz_memory *fuzz, uint64_t address, size_t size)
{
	if (size > SIZE)
		return NULL;
	if (address >= MODULE && address - MODULE <= SIZE - size)
		return fuzz->module + (address - MODULE);
	if (address >= STACK && address - STACK <= SIZE - size)
		return fuzz->stack + (address - STACK);
	return NULL;
}

static int fuzz_read(struct memory *memory, struct memory_range *ranges, size_t count)
{
	const struct fuzz_memory *fuzz = (const struct fuzz_memory *)memory;

	for (size_t i = 0; i < count; i++) {
		const unsigned char *bytes = bytes_at(fuzz, ranges[i].address, ranges[i].size);

		if (!bytes)
			continue;
		memcpy(ranges[i].buffer, bytes, ranges[i].size);
		ranges[i].ok = true;
	}
	return 0;
}

/* A short input is repeated, so that small ones fill the memory with structure. */
static void fill(unsigned char *memory, const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < SIZE; i++)
		memory[i] = size ? data[i % size] : 0;
}

static void make_table(struct fuzz_memory *fuzz)
{
	struct unwind_table table;

	if (unwind_table_make(&fuzz->memory, MODULE, SIZE, &table))
		return;
	for (size_t i = 1; i < table.count; i++)
		if (table.own[i - 1].function > table.own[i].function)
			abort();
	unwind_table_release(&table);
}

/* What is the same in all runs is made once, and never given back. */
struct tools {
	struct symbols *symbols;
	struct stacks *stacks;
	struct maps maps;
};

static void open_tools(struct tools *tools)
{
	if (maps_parse(strdup(text), &tools->maps) ||
	    symbols_open("/nonexistent", &tools->symbols) ||
	    stack_open(tools->symbols, false, &tools->stacks))
		abort();
}

static void unwind(struct tools *tools, struct fuzz_memory *fuzz, uint64_t pc, uint64_t sp)
{
	struct arena arena = {0};
	struct symbols_process process = {.pid = getpid(),
					  .tid = getpid(),
					  .bits = 64,
					  .maps = &tools->maps,
					  .memory = &fuzz->memory};
	/* Also as of a thread that was stopped. */
	const struct stack_start start = {.sp = sp, .pc = pc, .bp = sp + 16, .bp_ok = pc & 1};
	struct frame *frames;
	ssize_t count;

	stack_enter(tools->stacks, &process);
	count = stack_unwind(tools->stacks, getpid(), &start, DEPTH, &arena, &frames);
	if (count > DEPTH || (count > 0 && frames[0].pc != pc))
		abort();
	arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fuzz_memory fuzz = {.memory = {.read = fuzz_read}};
	static struct tools tools;
	uint64_t pc;
	uint64_t sp;
	size_t half;

	if (size < 8)
		return 0;
	if (!tools.stacks)
		open_tools(&tools);
	pc = MODULE + (data[0] | (uint64_t)data[1] << 8) % SIZE;
	sp = STACK + (data[2] | (uint64_t)data[3] << 8) % SIZE / 8 * 8;
	half = (size - 4) * data[4] / 256;
	fill(fuzz.module, data + 4, half);
	fill(fuzz.stack, data + 4 + half, size - 4 - half);
	make_table(&fuzz);
	unwind(&tools, &fuzz, pc, sp);
	return 0;
}
