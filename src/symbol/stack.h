/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stacks of blocked threads, without stopping them: stack pointer and program counter are
 * those of /proc/PID/task/TID/syscall, all else is read from memory. A thread that runs meanwhile
 * gives nonsense; whether it ran the caller sees by its schedstat.
 *
 * 64-bit stacks are unwound by libunwind along the unwind tables in memory, 32-bit ones by libdwfl
 * (symbol/dwarf.h). Other registers of the thread are not known (of one that was stopped, the frame
 * pointer is), so a frame that hangs on one of them and code without tables end that; then the stack
 * is searched for the call, and what follows is marked as a guess.
 */
#ifndef ROBTRACE_SYMBOL_STACK_H
#define ROBTRACE_SYMBOL_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/arena.h"
#include "model.h"
#include "symbol/symbols.h"

#define STACK_DEPTH_DEFAULT 64
#define STACK_DEPTH_MAX 4096

struct stacks;

/*
 * lines: source and line of each frame too, where there is debug information; to read that of a
 * large program takes seconds. The symbols must outlive the stacks. 0 or -ENOMEM.
 */
int stack_open(struct symbols *symbols, bool lines, struct stacks **ret);
void stack_close(struct stacks *stacks);

/*
 * The process of the calls that follow; enters it in the symbols too. What was read of the process
 * before is forgotten.
 */
void stack_enter(struct stacks *stacks, const struct symbols_process *process);

/* Where a thread stands. */
struct stack_start {
	target_addr sp;
	target_addr pc;
	target_addr bp; /* the frame pointer, or whatever the code keeps in that register */
	bool bp_ok;     /* known: only of a thread that was stopped */
};

/*
 * The frames of one thread that does not run, the innermost first, at most `max`: an array in the arena.
 * Their number, at least 1 unless pc is 0, or -ENOMEM. A stack that cannot be followed further
 * ends there, whatever the reason.
 */
ssize_t stack_unwind(struct stacks *stacks, pid_t tid, const struct stack_start *start, size_t max,
		     struct arena *arena, struct frame **ret);

#endif
