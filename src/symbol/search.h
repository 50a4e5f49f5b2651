/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Return addresses on a stack, for where nothing tells how large a frame is: code without unwind
 * tables, or a frame that hangs on a register which only the blocked thread has.
 *
 * A word is taken for a return address when code is mapped there and a call instruction lies
 * right before it. Words of calls that have long returned look the same, so each comes with how
 * much speaks for it. Source: Intel SDM, volume 2, CALL and JMP; for signals sigreturn(2).
 */
#ifndef ROBTRACE_SYMBOL_SEARCH_H
#define ROBTRACE_SYMBOL_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "target/maps.h"
#include "target/memory.h"

/* Beyond this no frame is expected to be. */
#define SEARCH_BYTES ((size_t)128 * 1024)

enum search_rank {
	SEARCH_OTHER,    /* calls another function, which may have jumped to ours at its end */
	SEARCH_POSSIBLE, /* calls through a register or a pointer */
	SEARCH_NEAR,     /* calls code a little before ours; where it begins we do not know */
	SEARCH_EXACT,    /* calls our very function */
};

/* The one whose caller is looked for. */
struct search_function {
	uint64_t pc;
	uint64_t start; /* 0: not known */
};

struct search_call {
	uint64_t pc; /* the return address */
	uint64_t sp; /* of the caller, after the return */
	uint64_t bp; /* the word below the return address, where a frame pointer would be saved */
	bool bp_ok;  /* it points further up the same stack */
	bool signal; /* no call: where a signal handler returns to, and then to what it broke */
	enum search_rank rank;
};

struct search_place {
	const struct maps *maps;
	struct memory *memory;
	bool narrow; /* a program for i386 */
};

/*
 * Whether pc can be a return address, and how well it fits as the one of that function. On a
 * processor that we do not know: whether code is there.
 */
bool search_is_return(const struct search_place *place, uint64_t pc,
		      const struct search_function *function, enum search_rank *ret);

/* The call whose return address lies above the word that bp, at least sp, points to. */
bool search_frame_pointer(const struct search_place *place, uint64_t sp, uint64_t bp,
			  const struct search_function *function, struct search_call *ret);

/*
 * Where that function may have to return to, by the words of the stack from sp on: at most `max`,
 * the innermost first. The search ends behind one that is SEARCH_EXACT. Their number, 0 also where
 * we do not know the processor.
 */
size_t search_calls(const struct search_place *place, uint64_t sp,
		    const struct search_function *function, struct search_call *ret, size_t max);

#endif
