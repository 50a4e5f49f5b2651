/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One system call's raw arguments and the memory they point into, made a struct call (event.h).
 * Pure: it asks nothing of the kernel and prints nothing.
 *
 * Sources: set_robust_list(2), get_robust_list(2), futex(2), Documentation/locking/
 * robust-futex-ABI.rst; for the new calls src/abi/revision.h.
 */
#ifndef ROBTRACE_DECODE_H
#define ROBTRACE_DECODE_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/traced_calls.h"
#include "base/arena.h"
#include "event.h"
#include "target/memory.h"

/* Which lock lies at an address of the caller, by its place or name; NULL: none that we know. */
struct decode_labels {
	const char *(*label)(struct decode_labels *labels, target_addr address,
			     struct arena *arena);
};

struct decode_context {
	struct memory *memory;            /* the caller's */
	struct decode_labels *labels;     /* or NULL: addresses only */
	const struct traced_calls *calls; /* which calls, and which revision of the new API */
	struct arena *arena;              /* of the event: what the result leads to */
	/*
	 * What else is known of tasks, or NULL: nothing. tid is what the call was given, as the
	 * caller's PID namespace counts; 0 is the caller itself.
	 */
	/* Word size of the list at this index, as its registration told: 32, 64, or 0. */
	unsigned (*list_bits)(void *data, int32_t tid, unsigned index);
	/* Memory of that task (never asked for 0): NULL where its lists cannot be read. */
	struct memory *(*memory_of)(void *data, int32_t tid);
	void *data;
};

/* A call as the stop reports it. */
struct decode_input {
	const struct traced_call *row; /* never NULL */
	unsigned bits;                 /* of the caller: 32 or 64 */
	uint64_t args[CALL_ARGS_MAX];  /* as in the registers */
	uint64_t nr;
};

/*
 * At the entry: what it is asked for. 0 or -ENOMEM; memory that cannot be read is no error, the
 * argument is an address then.
 */
int decode_entry(const struct decode_context *context, const struct decode_input *input,
		 struct call *ret);

/*
 * At its end: `call` is what decode_entry gave, copied or remade, and gets its result and what the
 * kernel wrote through its pointers. result: the raw return value. 0 or -ENOMEM.
 */
int decode_exit(const struct decode_context *context, const struct decode_input *input,
		int64_t result, struct call *call);

#endif
