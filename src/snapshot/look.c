/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "snapshot/look.h"

#include "base/vec.h"

struct look_process *look_process_of(struct look *look, size_t task)
{
	size_t low = 0;
	size_t high = look->n_processes;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (look->processes[middle].first_task <= task)
			low = middle;
		else
			high = middle;
	}
	return &look->processes[low];
}

int look_add_occurrence(struct look *look, const struct occurrence *occurrence)
{
	int error = vec_reserve(&look->occurrences, look->n_occurrences,
				&look->occurrences_capacity, 1, sizeof(*look->occurrences));

	if (!error)
		look->occurrences[look->n_occurrences++] = *occurrence;
	return error;
}

bool look_waits_for(const struct look *look, size_t task, size_t lock)
{
	const struct task *waiter = &look->out->tasks[task];

	for (size_t i = 0; i < waiter->n_waits; i++)
		if (waiter->waits[i].lock == lock)
			return true;
	return false;
}
