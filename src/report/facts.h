/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A list of facts in groups, for people and as JSON: what `robtrace probe` prints. */
#ifndef ROBTRACE_REPORT_FACTS_H
#define ROBTRACE_REPORT_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum fact_type {
	FACT_BOOL,   /* number: 0 or 1 */
	FACT_NUMBER, /* number */
	FACT_STRING, /* string */
	FACT_NONE,   /* there is nothing to tell: null, and '-' for people */
};

struct fact {
	const char *group; /* of the JSON document; facts of one group follow each other */
	const char *key;   /* in the group */
	const char *label; /* for people; one without is only in the JSON document */
	enum fact_type type;
	int64_t number;
	const char *string;
	const char *note; /* what it means or why it is so; NULL: nothing to add */
};

/* What the groups are called for people, in the order in which they are printed. */
struct fact_group {
	const char *name;
	const char *title;
};

/* 0 or -ENOMEM. Errors of the stream stay in it. */
int facts_print_text(const struct fact_group *groups, size_t n_groups, const struct fact *facts,
		     size_t count, FILE *out);
int facts_print_json(const struct fact *facts, size_t count, FILE *out);

#endif
