/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one table of what can be told of a lock: it feeds the table for people, --list-columns,
 * --help, the man page (a test compares) and the fields and types in the JSON document.
 */
#ifndef ROBTRACE_REPORT_COLUMNS_H
#define ROBTRACE_REPORT_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model.h"

/* Types of values; the names are JSON's, but for hex, which JSON carries as a string. */
enum value_type {
	VALUE_NULL,
	VALUE_STRING,
	VALUE_NUMBER,
	VALUE_HEX,
	VALUE_BOOL,
};

struct value {
	enum value_type type;
	char *string; /* VALUE_STRING: malloced, not escaped; value_release gives it back */
	uint64_t number;
};

/* What a row shows: a lock, and the futex through which one list shows it. */
struct futex_view {
	const struct snapshot *snapshot;
	const struct lock *lock;
	const struct futex *futex; /* NULL: the lock for itself */
	pid_t pid;                 /* whose addresses these are */
};

struct column {
	const char *name;
	enum value_type type;
	const char *json; /* key in a FUTEX object; NULL: tables only */
	const char *help;
	bool is_default;
	bool right;   /* aligned to the right */
	bool shrinks; /* cut when the terminal is too narrow */
	/* VALUE_NULL when there is nothing to tell; a string NULL: no memory. */
	struct value (*get)(const struct futex_view *view);
};

extern const struct column columns[];
extern const size_t n_columns;

/* NULL when there is none of that name; case does not matter. */
const struct column *column_find(const char *name, size_t length);

/* "string", "number", "hex", "boolean" */
const char *column_type_name(enum value_type type);

/*
 * What a table shows: malloced, not escaped, "" for nothing; NULL without memory. The value is
 * released.
 */
char *value_take_text(struct value *value);
void value_release(struct value *value);

#endif
