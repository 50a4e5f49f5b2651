/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Debug information of one process by libdw: source lines, and the unwinding of 32-bit stacks by
 * libdwfl. Files are found as the symbols find them; nothing is fetched over the network.
 */
#ifndef ROBTRACE_SYMBOL_DWARF_H
#define ROBTRACE_SYMBOL_DWARF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "symbol/symbols.h"

struct dwarf;

/* What it is opened for: lines are best in the debug file, frames are in the program's own. */
enum dwarf_use {
	DWARF_LINES,
	DWARF_FRAMES,
	DWARF_USES,
};

/*
 * The symbols must have entered this very process, and stay with it until dwarf_close. 0, -ENOMEM,
 * or -EIO when libdw fails.
 */
int dwarf_open(struct symbols *symbols, const struct symbols_process *process, enum dwarf_use use,
	       struct dwarf **ret);
void dwarf_close(struct dwarf *dwarf);

/* *ret_source is in the arena, NULL where no line is known. 0 or -ENOMEM. */
int dwarf_line(struct dwarf *dwarf, target_addr pc, bool returns, struct arena *arena,
	       const char **ret_source, unsigned *ret_line);

struct dwarf_call {
	target_addr pc;
	target_addr sp;
	target_addr bp;
	bool bp_ok;   /* bp is known */
	bool returns; /* pc is a return address */
};

/*
 * The stack of a blocked thread from one call on, that call first. Their number, at most `max`, or
 * a negative errno: -EIO when libdwfl cannot begin. *ret_lost: whether the last one has a caller
 * that was not found, for want of a table or of a register. What is found without a table, by a
 * guess of libdwfl, is left out.
 */
ssize_t dwarf_unwind(struct dwarf *dwarf, pid_t tid, const struct dwarf_call *from,
		     struct dwarf_call *ret, size_t max, bool *ret_lost);

#endif
