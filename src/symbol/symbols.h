/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names for addresses of a process: functions and variables, from the symbol tables of its ELF
 * files and of their debug files. Each file is read once in a run.
 *
 * What cannot be named is no error: a file that is gone, closed to us, stripped, broken, or made to
 * do harm leaves the name NULL, and the module and the offset in it are told all the same.
 */
#ifndef ROBTRACE_SYMBOL_SYMBOLS_H
#define ROBTRACE_SYMBOL_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "model.h"
#include "target/maps.h"
#include "target/memory.h"

struct symbols;

/* Where separate debug files are, on Debian and on Fedora. */
#define SYMBOLS_DEBUG_ROOT "/usr/lib/debug"

/* The process of a look. Whoever takes it keeps the pointers. */
struct symbols_process {
	pid_t pid;
	pid_t tid;     /* a living thread of it: /proc is read through it */
	unsigned bits; /* of its program: 32 or 64 */
	const struct maps *maps;
	struct memory *memory;
};

/* A variable. */
struct symbols_variable {
	const char *name;       /* demangled; NULL: none there */
	uint64_t offset;        /* of the address in the variable */
	const char *module;     /* path of the ELF file as the maps show it; NULL: in none */
	uint64_t module_offset; /* of the address from the load address of the module */
};

/* debug_root must outlive the symbols. 0 or -ENOMEM. */
int symbols_open(const char *debug_root, struct symbols **ret);
void symbols_close(struct symbols *symbols);

/*
 * The process of the calls that follow. Its maps and memory must live until the next
 * symbols_enter or symbols_close. After a change of its maps: enter it again.
 */
void symbols_enter(struct symbols *symbols, const struct symbols_process *process);

/*
 * Fills pc, function, offset, module and module_offset; the rest is zeroed. `returns`: pc is a
 * return address, so the call before it is what stands there, perhaps the last of its function.
 * The names are in the arena. 0 or -ENOMEM.
 */
int symbols_function(struct symbols *symbols, target_addr pc, bool returns, struct arena *arena,
		     struct frame *ret);

/* Where the function begins that has pc; 0 when not known. */
target_addr symbols_function_start(struct symbols *symbols, target_addr pc, bool returns);

/* As symbols_function, for a variable. */
int symbols_data(struct symbols *symbols, target_addr address, struct arena *arena,
		 struct symbols_variable *ret);

/*
 * For src/symbol/stack.c: where the module whose first mapping this is has its .eh_frame, in the
 * process. False: it has none, or its file cannot be read.
 */
bool symbols_eh_frame(struct symbols *symbols, const struct map *first, target_addr *ret_address,
		      uint64_t *ret_size);

/*
 * For src/symbol/dwarf.c: an open file of the module whose first mapping this is, or of its debug
 * information. The caller closes it. A negative errno where there is none.
 */
int symbols_module_file(struct symbols *symbols, const struct map *first);
int symbols_debug_file(struct symbols *symbols, const struct map *first);

#endif
