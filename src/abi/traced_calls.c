/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "abi/traced_calls.h"

#include "abi/revision.h"

#define ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))

/* clang-format off */
static const struct traced_call rows[] = {
	/* name, group, form, {x86-64, i386, aarch64, arm}, never_returns, length_argument */
	{"set_robust_list", CALL_LISTS, CALL_FORM_SET_ROBUST_LIST, {273, 311, 99, 338}, false, 0},
	{"get_robust_list", CALL_LISTS, CALL_FORM_GET_ROBUST_LIST, {274, 312, 100, 339}, false, 0},
	{"futex", CALL_FUTEX, CALL_FORM_FUTEX, {202, 240, 98, 240}, false, 0},
	{"futex_time64", CALL_FUTEX, CALL_FORM_FUTEX_TIME64, {-1, 422, -1, 422}, false, 0},
	{"futex_waitv", CALL_FUTEX, CALL_FORM_FUTEX_WAITV, {449, 449, 449, 449}, false, 0},
	{"futex_wake", CALL_FUTEX, CALL_FORM_FUTEX_WAKE, {454, 454, 454, 454}, false, 0},
	{"futex_wait", CALL_FUTEX, CALL_FORM_FUTEX_WAIT, {455, 455, 455, 455}, false, 0},
	{"futex_requeue", CALL_FUTEX, CALL_FORM_FUTEX_REQUEUE, {456, 456, 456, 456}, false, 0},
	{"exit", CALL_LIFE, CALL_FORM_EXIT, {60, 1, 93, 1}, true, 0},
	{"execve", CALL_LIFE, CALL_FORM_EXEC, {59, 11, 221, 11}, false, 0},
	{"execveat", CALL_LIFE, CALL_FORM_EXEC, {322, 358, 281, 387}, false, 0},
	{"ptrace", CALL_LIFE, CALL_FORM_PTRACE, {101, 26, 117, 26}, false, 0},
	{"mmap", CALL_MMAP, CALL_FORM_MMAP, {9, -1, 222, -1}, false, 0},
	{"mmap", CALL_MMAP, CALL_FORM_OLD_MMAP, {-1, 90, -1, -1}, false, 0},
	{"mmap2", CALL_MMAP, CALL_FORM_MMAP2, {-1, 192, -1, 192}, false, 0},
	{"munmap", CALL_MMAP, CALL_FORM_MUNMAP, {11, 91, 215, 91}, false, 0},
	{"mremap", CALL_MMAP, CALL_FORM_MREMAP, {25, 163, 216, 163}, false, 0},
	{"truncate", CALL_MMAP, CALL_FORM_TRUNCATE, {76, 92, 45, 92}, false, 0},
	{"ftruncate", CALL_MMAP, CALL_FORM_FTRUNCATE, {77, 93, 46, 93}, false, 0},
	{"truncate64", CALL_MMAP, CALL_FORM_TRUNCATE64, {-1, 193, -1, -1}, false, 1},
	{"truncate64", CALL_MMAP, CALL_FORM_TRUNCATE64, {-1, -1, -1, 193}, false, 2},
	{"ftruncate64", CALL_MMAP, CALL_FORM_FTRUNCATE64, {-1, 194, -1, -1}, false, 1},
	{"ftruncate64", CALL_MMAP, CALL_FORM_FTRUNCATE64, {-1, -1, -1, 194}, false, 2},
};
/* clang-format on */

_Static_assert(ELEMENTS(rows) + 4 <= ELEMENTS(((struct traced_calls *)0)->rows),
	       "room for the numbers of the new API");

/* The new calls have one number for all ABIs. */
static void add_new(struct traced_calls *calls, const char *name, enum call_form form, long number)
{
	struct traced_call *row;

	if (number <= 0)
		return;
	row = &calls->rows[calls->n_rows++];
	*row = (struct traced_call){.name = name, .group = CALL_LISTS, .form = form};
	for (size_t i = 0; i < ELEMENTS(row->numbers); i++)
		row->numbers[i] = number;
}

void traced_calls_init(struct traced_calls *ret, const struct revision *revision, long set_nr,
		       long get_nr)
{
	const char *set = "set_robust_list2";

	*ret = (struct traced_calls){.revision = revision, .n_rows = ELEMENTS(rows)};
	for (size_t i = 0; i < ELEMENTS(rows); i++)
		ret->rows[i] = rows[i];
	if (set_nr >= 0) {
		add_new(ret, set, CALL_FORM_SET_ROBUST_LIST2, set_nr);
	} else {
		add_new(ret, set, CALL_FORM_SET_ROBUST_LIST2, revision->set_number);
		for (size_t i = 0; i < ELEMENTS(revision->set_number_older); i++)
			add_new(ret, set, CALL_FORM_SET_ROBUST_LIST2,
				revision->set_number_older[i]);
	}
	add_new(ret, "get_robust_list2", CALL_FORM_GET_ROBUST_LIST2,
		get_nr >= 0 ? get_nr : revision->get_number);
}

void traced_calls_taken(struct traced_calls *calls, long number, const char *name)
{
	for (size_t i = ELEMENTS(rows); i < calls->n_rows; i++) {
		if (calls->rows[i].numbers[0] != number)
			continue;
		calls->rows[i].name = name;
		calls->rows[i].form = CALL_FORM_OTHER;
	}
}

const struct traced_call *traced_calls_find(const struct traced_calls *calls, enum call_abi abi,
					    long number)
{
	for (size_t i = 0; i < calls->n_rows; i++)
		if (calls->rows[i].numbers[abi] == number && number >= 0)
			return &calls->rows[i];
	return NULL;
}
