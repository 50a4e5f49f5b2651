/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/dwarf.h"

#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/vec.h"
#include "symbol/module.h"

/* Words that the unwinding of one stack may read. */
#define READS_MAX ((size_t)100000)

/* What libdwfl gives back to us for a module. */
struct reported {
	struct dwarf *dwarf;
	const struct map *first;
};

struct dwarf {
	struct symbols *symbols;
	struct symbols_process process;
	enum dwarf_use use;
	Dwfl *dwfl;
	struct reported *modules;
	bool attached;
	/* Of the stack that is being unwound. */
	pid_t tid;
	const struct dwarf_call *from;
	size_t reads;
	struct dwarf_call *calls;
	size_t n_calls;
	size_t max_calls;
	bool lost;
};

/*
 * Opens the file without mapping it, as libdwfl by itself would do: somebody may cut it while it is
 * read, and what is mapped then ends us by SIGBUS.
 */
static int find_elf(Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr base,
		    char **ret_name, Elf **ret_elf)
{
	const struct reported *reported = *userdata;
	struct dwarf *dwarf = reported->dwarf;
	int fd = -1;

	(void)module;
	(void)name;
	(void)base;
	if (dwarf->use == DWARF_LINES)
		fd = symbols_debug_file(dwarf->symbols, reported->first);
	if (fd < 0)
		fd = symbols_module_file(dwarf->symbols, reported->first);
	if (fd < 0)
		return -1;
	*ret_elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!*ret_elf) {
		close(fd);
		return -1;
	}
	*ret_name = strdup(reported->first->path);
	return fd;
}

/* None but the above: libdwfl would map it. */
static int find_debuginfo(Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr base,
			  const char *file, const char *link, GElf_Word crc, char **ret_name)
{
	(void)module;
	(void)userdata;
	(void)name;
	(void)base;
	(void)file;
	(void)link;
	(void)crc;
	*ret_name = NULL;
	return -1;
}

/* All that is code: the others have neither frames nor lines. Their number, or -ENOMEM. */
static ssize_t list_modules(struct dwarf *dwarf, struct map *ret_spans)
{
	const struct maps *maps = dwarf->process.maps;
	size_t count = 0;

	for (size_t i = 0; i < maps->count; i++) {
		struct module module;

		if (!module_find(maps, maps->items[i].start, &module) || module.bss)
			continue;
		if (!count || dwarf->modules[count - 1].first != module.first) {
			dwarf->modules[count] = (struct reported){dwarf, module.first};
			ret_spans[count++] = (struct map){.start = module.first->start};
		}
		ret_spans[count - 1].end = maps->items[i].end;
		if (maps->items[i].executable)
			ret_spans[count - 1].executable = true;
	}
	return (ssize_t)count;
}

static int report_modules(struct dwarf *dwarf)
{
	size_t most = dwarf->process.maps->count + 1;
	struct map *spans = calloc(most, sizeof(*spans));
	ssize_t count;
	int error = 0;

	dwarf->modules = calloc(most, sizeof(*dwarf->modules));
	if (!spans || !dwarf->modules) {
		free(spans);
		return -ENOMEM;
	}
	count = list_modules(dwarf, spans);
	dwfl_report_begin(dwarf->dwfl);
	for (ssize_t i = 0; i < count && !error; i++) {
		void **userdata;
		Dwfl_Module *module;

		if (!spans[i].executable)
			continue;
		module = dwfl_report_module(dwarf->dwfl, dwarf->modules[i].first->path,
					    spans[i].start, spans[i].end);
		if (module &&
		    dwfl_module_info(module, &userdata, NULL, NULL, NULL, NULL, NULL, NULL))
			*userdata = &dwarf->modules[i];
		else
			error = -EIO;
	}
	if (dwfl_report_end(dwarf->dwfl, NULL, NULL))
		error = -EIO;
	free(spans);
	return error;
}

int dwarf_open(struct symbols *symbols, const struct symbols_process *process, enum dwarf_use use,
	       struct dwarf **ret)
{
	static const Dwfl_Callbacks callbacks = {.find_elf = find_elf,
						 .find_debuginfo = find_debuginfo,
						 .section_address = dwfl_offline_section_address};
	struct dwarf *dwarf = calloc(1, sizeof(*dwarf));
	int error;

	if (!dwarf)
		return -ENOMEM;
	dwarf->symbols = symbols;
	dwarf->process = *process;
	dwarf->use = use;
	dwarf->dwfl = dwfl_begin(&callbacks);
	error = dwarf->dwfl ? report_modules(dwarf) : -EIO;
	if (error)
		dwarf_close(dwarf);
	else
		*ret = dwarf;
	return error;
}

void dwarf_close(struct dwarf *dwarf)
{
	if (!dwarf)
		return;
	if (dwarf->dwfl)
		dwfl_end(dwarf->dwfl);
	free(dwarf->modules);
	free(dwarf);
}

/* As clang leaves out the index of addresses, each compilation unit has to be asked. */
static const char *line_by_units(Dwfl_Module *module, Dwarf_Addr address, int *ret_number)
{
	Dwarf_Addr bias;

	for (Dwarf_Die *unit = NULL; (unit = dwfl_module_nextcu(module, unit, &bias));) {
		Dwarf_Line *line;

		if (dwarf_haspc(unit, address - bias) <= 0)
			continue;
		line = dwarf_getsrc_die(unit, address - bias);
		if (!line || dwarf_lineno(line, ret_number))
			return NULL;
		return dwarf_linesrc(line, NULL, NULL);
	}
	return NULL;
}

int dwarf_line(struct dwarf *dwarf, target_addr pc, bool returns, struct arena *arena,
	       const char **ret_source, unsigned *ret_line)
{
	Dwarf_Addr address = returns ? pc - 1 : pc;
	Dwfl_Module *module = dwfl_addrmodule(dwarf->dwfl, address);
	Dwfl_Line *line = module ? dwfl_module_getsrc(module, address) : NULL;
	int number = 0;
	const char *source = line ? dwfl_lineinfo(line, NULL, &number, NULL, NULL, NULL) : NULL;
	char *copy;

	if (!line && module)
		source = line_by_units(module, address, &number);
	*ret_source = NULL;
	*ret_line = 0;
	if (!source || number <= 0)
		return 0;
	copy = arena_strdup(arena, source);
	if (!copy)
		return -ENOMEM;
	*ret_source = copy;
	*ret_line = (unsigned)number;
	return 0;
}

static bool get_thread(Dwfl *dwfl, pid_t tid, void *dwfl_arg, void **ret_thread_arg)
{
	(void)dwfl;
	(void)tid;
	*ret_thread_arg = dwfl_arg;
	return true;
}

static pid_t next_thread(Dwfl *dwfl, void *dwfl_arg, void **thread_arg)
{
	struct dwarf *dwarf = dwfl_arg;

	(void)dwfl;
	if (*thread_arg)
		return 0;
	*thread_arg = dwarf;
	return dwarf->tid;
}

static bool read_word(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *ret, void *dwfl_arg)
{
	struct dwarf *dwarf = dwfl_arg;
	uint32_t narrow;

	(void)dwfl;
	if (!dwarf->reads)
		return false;
	dwarf->reads--;
	if (dwarf->process.bits == 64)
		return memory_read_one(dwarf->process.memory, address, ret, sizeof(*ret)) == 0;
	if (memory_read_one(dwarf->process.memory, address, &narrow, sizeof(narrow)))
		return false;
	*ret = narrow;
	return true;
}

/* Numbers that DWARF has for registers, by the psABI of each. */
struct numbers {
	unsigned sp;
	unsigned bp;
	unsigned pc;
};

static struct numbers numbers_of(const struct dwarf *dwarf)
{
	return dwarf->process.bits == 64 ? (struct numbers){.sp = 7, .bp = 6, .pc = 16}
					 : (struct numbers){.sp = 4, .bp = 5, .pc = 8};
}

static bool set_register(Dwfl_Thread *thread, unsigned number, Dwarf_Word value)
{
	return dwfl_thread_state_registers(thread, (int)number, 1, &value);
}

static bool set_registers(Dwfl_Thread *thread, void *thread_arg)
{
	const struct dwarf *dwarf = thread_arg;
	const struct dwarf_call *from = dwarf->from;
	const struct numbers numbers = numbers_of(dwarf);

	if (from->bp_ok && !set_register(thread, numbers.bp, from->bp))
		return false;
	/* Of a return address the instruction before it is meant. */
	return set_register(thread, numbers.sp, from->sp) &&
	       set_register(thread, numbers.pc, from->returns ? from->pc - 1 : from->pc);
}

/* What the unwind tables know of the caller of a function. */
enum caller {
	CALLER_UNKNOWN, /* there is no table */
	CALLER_NONE,    /* it was not called: a thread begins there */
	CALLER_TOLD,
};

static enum caller caller_in(Dwarf_Frame *frame)
{
	Dwarf_Op memory[3];
	Dwarf_Op *ops;
	size_t count;
	int pc = dwarf_frame_info(frame, NULL, NULL, NULL);

	/* No operations, but not "the same value", which gives NULL: undefined. */
	if (pc >= 0 && dwarf_frame_register(frame, pc, memory, &ops, &count) == 0 && count == 0 &&
	    ops == memory)
		return CALLER_NONE;
	return CALLER_TOLD;
}

static enum caller caller_of(const struct dwarf *dwarf, const struct dwarf_call *call)
{
	Dwarf_Addr pc = call->returns ? call->pc - 1 : call->pc;
	Dwfl_Module *module = dwfl_addrmodule(dwarf->dwfl, pc);
	enum caller caller = CALLER_UNKNOWN;

	for (int i = 0; i < 2 && module && caller == CALLER_UNKNOWN; i++) {
		Dwarf_Addr bias;
		Dwarf_CFI *table = i ? dwfl_module_dwarf_cfi(module, &bias)
				     : dwfl_module_eh_cfi(module, &bias);
		Dwarf_Frame *frame;

		if (table && dwarf_cfi_addrframe(table, pc - bias, &frame) == 0) {
			caller = caller_in(frame);
			free(frame);
		}
	}
	return caller;
}

static int take_frame(Dwfl_Frame *frame, void *argument)
{
	struct dwarf *dwarf = argument;
	const struct numbers numbers = numbers_of(dwarf);
	struct dwarf_call call = {0};
	bool activation;

	if (dwarf->n_calls == dwarf->max_calls)
		return DWARF_CB_ABORT;
	if (dwarf->n_calls == 0) {
		dwarf->calls[dwarf->n_calls++] = *dwarf->from;
		return DWARF_CB_OK;
	}
	/* Without a table it tries the frame pointer, and does not look where it comes to. */
	if (caller_of(dwarf, &dwarf->calls[dwarf->n_calls - 1]) != CALLER_TOLD)
		return DWARF_CB_ABORT;
	if (!dwfl_frame_pc(frame, &call.pc, &activation))
		return DWARF_CB_ABORT;
	if (!call.pc) {
		dwarf->lost = false;
		return DWARF_CB_ABORT;
	}
	call.returns = !activation;
	call.bp_ok = dwfl_frame_reg(frame, numbers.bp, &call.bp) == 0;
	if (dwfl_frame_reg(frame, numbers.sp, &call.sp))
		call.sp = 0;
	dwarf->calls[dwarf->n_calls++] = call;
	return DWARF_CB_OK;
}

ssize_t dwarf_unwind(struct dwarf *dwarf, pid_t tid, const struct dwarf_call *from,
		     struct dwarf_call *ret, size_t max, bool *ret_lost)
{
	static const Dwfl_Thread_Callbacks callbacks = {.next_thread = next_thread,
							.get_thread = get_thread,
							.memory_read = read_word,
							.set_initial_registers = set_registers};

	if (!dwarf->attached &&
	    !dwfl_attach_state(dwarf->dwfl, NULL, dwarf->process.pid, &callbacks, dwarf))
		return -EIO;
	dwarf->attached = true;
	dwarf->tid = tid;
	dwarf->from = from;
	dwarf->reads = READS_MAX;
	dwarf->calls = ret;
	dwarf->n_calls = 0;
	dwarf->max_calls = max;
	dwarf->lost = true;
	/* How it ends tells little: "no caller" is also what it says when a register is missing. */
	dwfl_getthread_frames(dwarf->dwfl, tid, take_frame, dwarf);
	if (dwarf->n_calls == max ||
	    (dwarf->n_calls && caller_of(dwarf, &ret[dwarf->n_calls - 1]) == CALLER_NONE))
		dwarf->lost = false;
	*ret_lost = dwarf->lost;
	return (ssize_t)dwarf->n_calls;
}
