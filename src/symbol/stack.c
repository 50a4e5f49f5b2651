/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/stack.h"

#include <errno.h>
#include <libunwind.h>
#include <stdlib.h>

#include "symbol/dwarf.h"
#include "symbol/module.h"
#include "symbol/search.h"
#include "symbol/stack_memory.h"
#include "symbol/stack_tables.h"

/* Words that one stack may cost: tables can be made to have no end. */
#define READS_MAX ((size_t)300000)
/* Searches in one stack, and what each may find. */
#define SEARCHES_MAX 64
#define FOUND_MAX ((size_t)64)
/* Calls that must hold, from a found one up, for that to be believed. */
#define TRIAL ((size_t)3)

/* Exported by libunwind for unwinders of other processes, but declared in none of its headers. */
#define search_unwind_table UNW_OBJ(dwarf_search_unwind_table)
extern int search_unwind_table(unw_addr_space_t space, unw_word_t ip, unw_dyn_info_t *table,
			       unw_proc_info_t *ret, int need_unwind_info, void *argument);

#if defined(__x86_64__)
#define FRAME_POINTER UNW_X86_64_RBP
#elif defined(__aarch64__)
#define FRAME_POINTER UNW_AARCH64_X29
#endif

/* Where unwinding begins or ends: what is known of the registers there. */
struct position {
	target_addr pc;
	target_addr sp;
	target_addr bp;
	bool bp_ok;
	bool returns; /* pc is a return address */
	bool signal;  /* it returns from a signal handler to whatever was interrupted */
};

/* One call on the stack, before it has names. */
struct call {
	target_addr pc;
	bool returns;
	bool guess;
};

struct stacks {
	struct symbols *symbols;
	bool lines;
	struct symbols_process process;
	struct dwarf *dwarf[DWARF_USES]; /* NULL until it is needed */
	bool dwarf_tried[DWARF_USES];
	unw_addr_space_t space;
	struct stack_memory memory;
	struct stack_tables tables;
	struct position begin; /* the registers that libunwind asks for */
	bool no_table;         /* it had to do without */
	pid_t tid;
	struct call calls[STACK_DEPTH_MAX];
	struct dwarf_call dwarf_calls[STACK_DEPTH_MAX];
};

static int find_proc_info(unw_addr_space_t space, unw_word_t ip, unw_proc_info_t *ret,
			  int need_unwind_info, void *argument)
{
	struct stacks *stacks = argument;
	const struct unwind_table *table = stack_tables_find(
		&stacks->tables, stacks->symbols, &stacks->process, &stacks->memory.memory, ip);
	const struct map *map = maps_find(stacks->process.maps, ip);
	unw_dyn_info_t info = {.format = UNW_INFO_FORMAT_REMOTE_TABLE};
	int result;

	if (!table || !map) {
		stacks->no_table = true;
		return -UNW_ENOINFO;
	}
	info.start_ip = map->start;
	info.end_ip = map->end;
	info.u.rti.segbase = table->base;
	info.u.rti.table_data = table->entries;
	/* It counts in words, and an entry is as long as one. */
	info.u.rti.table_len = table->count;
	result = search_unwind_table(space, ip, &info, ret, need_unwind_info, argument);
	if (result < 0)
		stacks->no_table = true;
	return result;
}

/* libunwind gives back by itself what search_unwind_table took. */
static void put_unwind_info(unw_addr_space_t space, unw_proc_info_t *info, void *argument)
{
	(void)space;
	(void)info;
	(void)argument;
}

static int no_dynamic_list(unw_addr_space_t space, unw_word_t *ret, void *argument)
{
	(void)space;
	(void)ret;
	(void)argument;
	return -UNW_ENOINFO;
}

static int access_memory(unw_addr_space_t space, unw_word_t address, unw_word_t *value, int write,
			 void *argument)
{
	struct stacks *stacks = argument;
	int error;

	(void)space;
	if (write)
		return -UNW_EREADONLYREG;
	if (address >= STACK_TABLES_OWN)
		error = stack_tables_read(&stacks->tables, address, value);
	else
		error = memory_read_one(&stacks->memory.memory, address, value, sizeof(*value));
	return error ? -UNW_EINVAL : 0;
}

static int access_register(unw_addr_space_t space, unw_regnum_t number, unw_word_t *value,
			   int write, void *argument)
{
	const struct stacks *stacks = argument;
	const struct position *begin = &stacks->begin;

	(void)space;
	if (write)
		return -UNW_EREADONLYREG;
	if (number == UNW_REG_IP)
		/* Of a return address the instruction before it is meant. */
		*value = begin->returns ? begin->pc - 1 : begin->pc;
	else if (number == UNW_REG_SP)
		*value = begin->sp;
#ifdef FRAME_POINTER
	else if (number == FRAME_POINTER && begin->bp_ok)
		*value = begin->bp;
#endif
	else
		return -UNW_EBADREG;
	return 0;
}

static int access_float(unw_addr_space_t space, unw_regnum_t number, unw_fpreg_t *value, int write,
			void *argument)
{
	(void)space;
	(void)number;
	(void)value;
	(void)write;
	(void)argument;
	return -UNW_EBADREG;
}

static int no_resume(unw_addr_space_t space, unw_cursor_t *cursor, void *argument)
{
	(void)space;
	(void)cursor;
	(void)argument;
	return -UNW_EINVAL;
}

static int no_name(unw_addr_space_t space, unw_word_t address, char *name, size_t size,
		   unw_word_t *offset, void *argument)
{
	(void)space;
	(void)address;
	(void)name;
	(void)size;
	(void)offset;
	(void)argument;
	return -UNW_ENOINFO;
}

int stack_open(struct symbols *symbols, bool lines, struct stacks **ret)
{
	unw_accessors_t accessors = {.find_proc_info = find_proc_info,
				     .put_unwind_info = put_unwind_info,
				     .get_dyn_info_list_addr = no_dynamic_list,
				     .access_mem = access_memory,
				     .access_reg = access_register,
				     .access_fpreg = access_float,
				     .resume = no_resume,
				     .get_proc_name = no_name};
	struct stacks *stacks = calloc(1, sizeof(*stacks));

	if (!stacks)
		return -ENOMEM;
	stacks->symbols = symbols;
	stacks->lines = lines;
	stacks->space = unw_create_addr_space(&accessors, 0);
	if (stack_memory_open(&stacks->memory) || !stacks->space) {
		stack_close(stacks);
		return -ENOMEM;
	}
	unw_set_caching_policy(stacks->space, UNW_CACHE_GLOBAL);
	*ret = stacks;
	return 0;
}

static void close_dwarf(struct stacks *stacks)
{
	for (int use = 0; use < DWARF_USES; use++) {
		dwarf_close(stacks->dwarf[use]);
		stacks->dwarf[use] = NULL;
		stacks->dwarf_tried[use] = false;
	}
}

void stack_close(struct stacks *stacks)
{
	if (!stacks)
		return;
	close_dwarf(stacks);
	stack_tables_forget(&stacks->tables);
	if (stacks->space)
		unw_destroy_addr_space(stacks->space);
	stack_memory_close(&stacks->memory);
	free(stacks);
}

void stack_enter(struct stacks *stacks, const struct symbols_process *process)
{
	close_dwarf(stacks);
	stacks->process = *process;
	stack_tables_forget(&stacks->tables);
	unw_flush_cache(stacks->space, 0, 0);
	stack_memory_enter(&stacks->memory, process->maps, process->memory);
	symbols_enter(stacks->symbols, process);
}

static struct search_place place_of(struct stacks *stacks)
{
	return (struct search_place){stacks->process.maps, &stacks->memory.memory,
				     stacks->process.bits == 32};
}

static struct search_function function_of(struct stacks *stacks, target_addr pc, bool returns)
{
	struct search_function function = {.pc = pc};
	unw_proc_info_t info;

	if (stacks->process.bits == 64 &&
	    find_proc_info(stacks->space, returns ? pc - 1 : pc, &info, 0, stacks) == 0)
		function.start = info.start_ip;
	else
		function.start = symbols_function_start(stacks->symbols, pc, returns);
	return function;
}

/* How a run of unwinding ended. */
enum run_end {
	RUN_DONE, /* at the outermost call, or there is no more room */
	RUN_LOST, /* nothing tells who called */
};

/* NULL where libdw fails: then there are no lines, and 32-bit stacks are all guesses. */
static struct dwarf *dwarf_of(struct stacks *stacks, enum dwarf_use use)
{
	struct symbols_process process = stacks->process;
	struct dwarf **dwarf = &stacks->dwarf[use];

	process.memory = &stacks->memory.memory;
	if (!stacks->dwarf_tried[use] && dwarf_open(stacks->symbols, &process, use, dwarf))
		*dwarf = NULL;
	stacks->dwarf_tried[use] = true;
	return *dwarf;
}

/* As run() below, by libdwfl. */
static size_t run_32(struct stacks *stacks, struct position *at, struct call *ret, size_t max,
		     enum run_end *ret_end)
{
	const struct dwarf_call from = {at->pc, at->sp, at->bp, at->bp_ok, at->returns};
	struct dwarf *dwarf = dwarf_of(stacks, DWARF_FRAMES);
	struct dwarf_call *calls = stacks->dwarf_calls;
	ssize_t count = 0;
	bool lost = true;

	if (dwarf)
		count = dwarf_unwind(dwarf, stacks->tid, &from, calls, max, &lost);
	if (count <= 0) {
		calls[0] = from;
		count = 1;
		lost = true;
	}
	for (ssize_t i = 0; i < count; i++) {
		/* Where the outermost function has a table that does not say so, nonsense follows. */
		if (i && (!module_executable(stacks->process.maps, calls[i].pc) ||
			  (calls[i].returns && calls[i].sp <= calls[i - 1].sp))) {
			count = i;
			lost = true;
		} else {
			ret[i] = (struct call){.pc = calls[i].pc, .returns = calls[i].returns};
		}
	}
	calls += count - 1;
	if (count > 1)
		*at = (struct position){.pc = calls->pc,
					.sp = calls->sp,
					.bp = calls->bp,
					.bp_ok = calls->bp_ok,
					.returns = calls->returns};
	*ret_end = lost ? RUN_LOST : RUN_DONE;
	return (size_t)count;
}

/* Goes from one call to its caller. 1: *at is there; 0: *at was the outermost; -1: lost. */
static int step(struct stacks *stacks, unw_cursor_t *cursor, struct position *at)
{
	bool signal;
	unw_word_t pc;
	unw_word_t sp;
	int result;

#ifdef FRAME_POINTER
	at->bp_ok = unw_get_reg(cursor, FRAME_POINTER, &at->bp) == 0;
#endif
	stacks->no_table = false;
	result = unw_step(cursor);
	/* Without a table it tries this and that, and does not look where it comes to. */
	if (result < 0 || (stacks->no_table && !at->signal))
		return -1;
	if (result == 0)
		return 0;
	if (unw_get_reg(cursor, UNW_REG_IP, &pc) || unw_get_reg(cursor, UNW_REG_SP, &sp))
		return -1;
	if (!pc)
		return 0;
	/* A signal handler may have a stack of its own; else a caller is always further up. */
	if ((!at->signal && sp <= at->sp) || !module_executable(stacks->process.maps, pc))
		return -1;
	signal = unw_is_signal_frame(cursor) > 0;
	*at = (struct position){
		.pc = pc, .sp = sp, .returns = !signal && !at->signal, .signal = signal};
	return 1;
}

/* Unwinds from *at on. *at becomes the last call that was reached. The number of calls. */
static size_t run(struct stacks *stacks, struct position *at, struct call *ret, size_t max,
		  enum run_end *ret_end)
{
	unw_cursor_t cursor;
	size_t count = 0;
	int result = 1;

	if (stacks->process.bits == 32)
		return run_32(stacks, at, ret, max, ret_end);
	stacks->begin = *at;
	if (unw_init_remote(&cursor, stacks->space, stacks)) {
		*ret_end = RUN_LOST;
		return 0;
	}
	do
		ret[count++] = (struct call){.pc = at->pc, .returns = at->returns};
	while (count < max && (result = step(stacks, &cursor, at)) > 0);
	*ret_end = result < 0 ? RUN_LOST : RUN_DONE;
	return count;
}

static struct position after(const struct search_call *call)
{
	return (struct position){.pc = call->pc,
				 .sp = call->sp,
				 .bp = call->bp,
				 .bp_ok = call->bp_ok,
				 .returns = !call->signal,
				 .signal = call->signal};
}

/* Whether somebody up the stack calls the function that has this call. */
static bool is_called(struct stacks *stacks, const struct search_call *found)
{
	const struct search_place place = place_of(stacks);
	struct search_function function = function_of(stacks, found->pc, true);
	struct search_call callers[FOUND_MAX];
	size_t count = search_calls(&place, found->sp, &function, callers, FOUND_MAX);

	return count && callers[count - 1].rank == SEARCH_EXACT;
}

/* Whether the stack makes sense from there on: its calls call one another. */
static bool holds(struct stacks *stacks, const struct search_call *found)
{
	const struct search_place place = place_of(stacks);
	struct position at = after(found);
	struct call calls[TRIAL];
	enum run_end end;
	size_t count = run(stacks, &at, calls, TRIAL, &end);

	for (size_t i = 1; i < count; i++) {
		struct search_function function = function_of(stacks, calls[i - 1].pc,
							      calls[i - 1].returns);
		enum search_rank rank;

		if (calls[i].returns && (!search_is_return(&place, calls[i].pc, &function, &rank) ||
					 rank == SEARCH_OTHER))
			return false;
	}
	return count > 1 || end == RUN_DONE || (!found->signal && is_called(stacks, found));
}

/* Looks for the caller of the last call that was reached. */
static bool search(struct stacks *stacks, struct position *at)
{
	const struct search_place place = place_of(stacks);
	struct search_function function = function_of(stacks, at->pc, at->returns);
	struct search_call found[FOUND_MAX];
	const struct search_call *chosen = NULL;
	size_t count = 0;

	/* The frame pointer first, where it is known: it is one, or some other number. */
	if (at->bp_ok && search_frame_pointer(&place, at->sp, at->bp, &function, &found[0]))
		count = 1;
	count += search_calls(&place, at->sp, &function, found + count, FOUND_MAX - count);
	for (size_t i = 0; i < count && !chosen; i++)
		if (found[i].rank == SEARCH_EXACT)
			chosen = &found[i];
	for (size_t i = 0; i < count && !chosen; i++)
		if (found[i].rank == SEARCH_NEAR)
			chosen = &found[i];
	/* The others do not speak for themselves. */
	for (size_t i = 0; i < count && !chosen; i++)
		if (holds(stacks, &found[i]))
			chosen = &found[i];
	if (chosen)
		*at = after(chosen);
	return chosen != NULL;
}

static size_t unwind(struct stacks *stacks, const struct stack_start *start, size_t max)
{
	struct position at = {
		.pc = start->pc, .sp = start->sp, .bp = start->bp, .bp_ok = start->bp_ok};
	enum run_end end;
	size_t count;

	stack_memory_begin(&stacks->memory, READS_MAX);
	count = run(stacks, &at, stacks->calls, max, &end);
	for (int i = 0; i < SEARCHES_MAX && end == RUN_LOST && count < max; i++) {
		size_t first = count;

		if (!search(stacks, &at))
			break;
		count += run(stacks, &at, stacks->calls + count, max - count, &end);
		for (size_t j = first; j < count; j++)
			stacks->calls[j].guess = true;
	}
	return count;
}

static int make_frame(struct stacks *stacks, const struct call *call, struct arena *arena,
		      struct frame *ret)
{
	struct dwarf *dwarf = stacks->lines ? dwarf_of(stacks, DWARF_LINES) : NULL;
	int error = symbols_function(stacks->symbols, call->pc, call->returns, arena, ret);

	if (error)
		return error;
	ret->guess = call->guess;
	if (dwarf)
		error = dwarf_line(dwarf, call->pc, call->returns, arena, &ret->source, &ret->line);
	return error;
}

ssize_t stack_unwind(struct stacks *stacks, pid_t tid, const struct stack_start *start, size_t max,
		     struct arena *arena, struct frame **ret)
{
	struct frame *frames;
	size_t count = 0;

	if (max > STACK_DEPTH_MAX)
		max = STACK_DEPTH_MAX;
	stacks->tid = tid;
	if (start->pc && max)
		count = unwind(stacks, start, max);
	frames = arena_alloc(arena, (count ? count : 1) * sizeof(*frames));
	if (!frames)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		int error = make_frame(stacks, &stacks->calls[i], arena, &frames[i]);

		if (error)
			return error;
	}
	*ret = frames;
	return (ssize_t)count;
}
