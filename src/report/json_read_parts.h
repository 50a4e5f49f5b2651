/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of json_read share: a picture that is being made of a document. */
#ifndef ROBTRACE_REPORT_JSON_READ_PARTS_H
#define ROBTRACE_REPORT_JSON_READ_PARTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model.h"

/* A document in the making. The index arrays are malloced; the rest lies in the arena. */
struct reader {
	const json_t *root;
	struct snapshot *out;
	size_t *by_tid;   /* out->tasks in the order of their TIDs */
	size_t *by_place; /* the robust ones of out->locks in the order of their places */
	size_t n_robust;  /* they come first; ordinary locks, by place, behind them */
	bool failed;      /* no memory */
};

/* Room for one more than count, and copies, in the picture's arena; NULL and `failed` without. */
void *json_read_alloc(struct reader *reader, size_t count, size_t size);
const char *json_read_keep(struct reader *reader, const char *text);

/* By the tasks of the picture; SIZE_MAX for one that is not in the document. */
size_t json_read_find_task(const struct reader *reader, uint64_t tid);

/* json_read_locks.c */

/* The place of a futex object or, where that has none, of its `where`. */
struct place json_read_place(struct reader *reader, const json_t *from);
/* An ordinary lock is in the document only as what somebody waits for. */
void json_read_ordinary_lock(struct reader *reader, const json_t *wait, struct lock *ret);
/* All locks, robust and ordinary; after the tasks. */
void json_read_locks(struct reader *reader);
/* The robust or ordinary lock in the place of `wanted`, or LOCK_NONE. */
size_t json_read_find_lock(const struct reader *reader, const struct lock *wanted, bool robust);

#endif
