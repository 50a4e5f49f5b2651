/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "problems_build.h"

#include <stdio.h>
#include <string.h>

struct problem *problems_add(struct snapshot *snapshot, enum problem_kind kind, size_t n_tids)
{
	struct problem *problem = &snapshot->problems[snapshot->n_problems];

	*problem = (struct problem){
		.kind = kind,
		.rank = (unsigned)kind,
		.lock = LOCK_NONE,
		.cycle = SIZE_MAX,
		.tids = arena_alloc(&snapshot->arena, (n_tids + 1) * sizeof(pid_t)),
	};
	if (!problem->tids)
		return NULL;
	snapshot->n_problems++;
	return problem;
}

void problems_append(char *text, const char *more)
{
	size_t used = strlen(text);

	snprintf(text + used, SENTENCE_MAX - used, "%s", more);
}
