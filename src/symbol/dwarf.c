/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/dwarf.h"

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
	Dwfl *dwfl;
	struct reported *modules;
	bool attached;
	/* Of the stack that is being unwound. */
	pid_t tid;
	target_addr sp;
	target_addr pc;
	size_t reads;
	struct dwarf_call *calls;
	size_t n_calls;
	size_t max_calls;
};

static int find_elf(Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr base,
		    char **ret_name, Elf **ret_elf)
{
	const struct reported *reported = *userdata;
	int fd = symbols_module_file(reported->dwarf->symbols, reported->first);

	(void)module;
	(void)name;
	(void)base;
	(void)ret_elf;
	*ret_name = fd < 0 ? NULL : strdup(reported->first->path);
	return fd < 0 ? -1 : fd;
}

static int find_debuginfo(Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr base,
			  const char *file, const char *link, GElf_Word crc, char **ret_name)
{
	const struct reported *reported = *userdata;
	int fd = symbols_debug_file(reported->dwarf->symbols, reported->first);

	(void)module;
	(void)name;
	(void)base;
	(void)file;
	(void)link;
	(void)crc;
	*ret_name = NULL;
	return fd < 0 ? -1 : fd;
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

int dwarf_open(struct symbols *symbols, const struct symbols_process *process, struct dwarf **ret)
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

int dwarf_line(struct dwarf *dwarf, target_addr pc, bool returns, struct arena *arena,
	       const char **ret_source, unsigned *ret_line)
{
	Dwarf_Addr address = returns ? pc - 1 : pc;
	Dwfl_Module *module = dwfl_addrmodule(dwarf->dwfl, address);
	Dwfl_Line *line = module ? dwfl_module_getsrc(module, address) : NULL;
	int number = 0;
	const char *source = line ? dwfl_lineinfo(line, NULL, &number, NULL, NULL, NULL) : NULL;
	char *copy;

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

/* Numbers of DWARF for stack pointer and program counter, by the psABI of each. */
static bool set_registers(Dwfl_Thread *thread, void *thread_arg)
{
	const struct dwarf *dwarf = thread_arg;
	const int sp = dwarf->process.bits == 64 ? 7 : 4;
	const int pc = dwarf->process.bits == 64 ? 16 : 8;
	const Dwarf_Word sp_value = dwarf->sp;
	const Dwarf_Word pc_value = dwarf->pc;

	return dwfl_thread_state_registers(thread, sp, 1, &sp_value) &&
	       dwfl_thread_state_registers(thread, pc, 1, &pc_value);
}

static int take_frame(Dwfl_Frame *frame, void *argument)
{
	struct dwarf *dwarf = argument;
	bool activation;
	Dwarf_Addr pc;

	if (dwarf->n_calls == dwarf->max_calls || !dwfl_frame_pc(frame, &pc, &activation) || !pc)
		return DWARF_CB_ABORT;
	dwarf->calls[dwarf->n_calls++] = (struct dwarf_call){pc, !activation};
	return DWARF_CB_OK;
}

ssize_t dwarf_unwind(struct dwarf *dwarf, pid_t tid, target_addr sp, target_addr pc,
		     struct dwarf_call *ret, size_t max)
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
	dwarf->sp = sp;
	dwarf->pc = pc;
	dwarf->reads = READS_MAX;
	dwarf->calls = ret;
	dwarf->n_calls = 0;
	dwarf->max_calls = max;
	/* It ends with an error more often than not: what came before is the stack. */
	dwfl_getthread_frames(dwarf->dwfl, tid, take_frame, dwarf);
	return (ssize_t)dwarf->n_calls;
}
