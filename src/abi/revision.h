/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The revisions of set_robust_list2 and get_robust_list2, one row each. None is in a mainline
 * release; kernels and programs that carry one carry it in one of these shapes.
 *
 *   lpc2025  as told at the Linux Plumbers Conference 2025; the one that is meant by default
 *   steamos  in the integration kernel of SteamOS, 2026
 *   v6       series of November 2025
 *   v5       series of June 2025; v1 to v4 differ in their numbers and in the alignment rule
 *
 * Sources: the talk and its report; the patch series on linux-kernel and linux-api; docs/
 * kernel-facts.md, "The new API", has them row by row.
 */
#ifndef ROBTRACE_ABI_REVISION_H
#define ROBTRACE_ABI_REVISION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The most lists of a task that any revision allows. */
#define REVISION_LISTS_MAX 11

/* A number or an argument that a revision does not have. */
#define REVISION_NONE (-1)

/* How many arguments set_robust_list2 can have. */
#define REVISION_ARGS_MAX 4

/* v5: the index that asks for a new list. */
#define REVISION_INDEX_CREATES (-1)

enum revision_action {
	REVISION_CREATE,     /* a new list; the call returns its index */
	REVISION_SET,        /* the list at the index gets this head; returns 0 (v5: the index) */
	REVISION_LIST_LIMIT, /* returns how many lists a task can have */
};

/* What a command wants of the index. Anything else is EINVAL. */
enum revision_index {
	REVISION_INDEX_IGNORED,
	REVISION_INDEX_ZERO,
	REVISION_INDEX_IN_RANGE, /* 0 .. lists - 1 */
};

struct revision_command {
	uint32_t value;   /* of cmd; in v5 of flags */
	const char *name; /* in the header */
	enum revision_action action;
	unsigned bits; /* of the list's pointers: 32 or 64; 0 for LIST_LIMIT */
	enum revision_index index;
	bool null_frees; /* head NULL makes the slot one that was never created */
};

struct revision {
	const char *name;
	/* System call numbers: x86-64, i386 and the generic table agree. REVISION_NONE: no call. */
	long set_number;
	long get_number;
	long set_number_older[2]; /* what earlier versions of the same row had; 0: no more */
	/* Which argument of set_robust_list2 is what, from 0; REVISION_NONE: it has no such one. */
	int head_argument;
	int index_argument;
	int command_argument;
	int flags_argument; /* must be 0, but for v5: there the word size, see commands */
	unsigned arguments;
	unsigned lists; /* of a task */
	struct revision_command commands[5];
	size_t n_commands;
	bool legacy_apart;       /* heads of set_robust_list are not among the indexes */
	bool set_wants_created;  /* SET of a slot that was never created: ENOENT */
	bool refuses_64_from_32; /* a 64-bit list from a 32-bit call: EOPNOTSUPP */
	unsigned alignment_64;   /* of the head of a 64-bit list, in bytes; else EINVAL */
	unsigned alignment_32;
	int full_error; /* of CREATE when all slots are in use: a positive errno value */
	/*
	 * What is added to a negative result of CREATE that comes from the search for a slot. The
	 * steamos source takes 2 off the result, errors included: ENOSPC arrives as EROFS.
	 */
	int create_error_shift;
	/* Entries of one list that are handled when a task ends; 0: no limit. */
	unsigned element_limit;
	/* Each entry's next pointer is overwritten with the head as the walk goes. */
	bool walk_destroys;
};

/* Rows, the default first. NULL behind the last. */
const struct revision *revision_at(size_t index);

/* By name; NULL when there is none of that name. */
const struct revision *revision_find(const char *name);

/* One set_robust_list2 call as this revision reads it. */
struct revision_request {
	const struct revision_command *command; /* NULL: unknown, the kernel says EINVAL */
	enum revision_action action;            /* v5: CREATE for index -1, SET for others */
	unsigned bits;
	uint64_t head;
	int64_t index; /* as the kernel's own type for it has it; 0 where it has none */
	uint32_t flags;
};

/*
 * Pure; `arguments` as in the registers, REVISION_ARGS_MAX of them. Parameters narrower than
 * a register are cut to their width, and the head of a 32-bit call as well.
 */
struct revision_request revision_read(const struct revision *revision, const uint64_t *arguments,
				      unsigned caller_bits);

/*
 * What can be said of the call without knowing the task's lists: 0, or the negative errno that the
 * kernel would answer with, checked in its order (flags, command, index, word size, alignment).
 */
int revision_check(const struct revision *revision, const struct revision_request *request,
		   unsigned caller_bits);

/*
 * The system call that a kernel of this release has at that number instead: its name, or NULL
 * where the table knows of none. Mainline gave away the numbers that the revisions had used.
 */
const char *revision_number_taken(long number, unsigned release_major, unsigned release_minor);

#endif
