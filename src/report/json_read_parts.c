/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/json_read_parts.h"

void *json_read_alloc(struct reader *reader, size_t count, size_t size)
{
	void *memory = arena_alloc(&reader->out->arena, (count + 1) * size);

	if (!memory)
		reader->failed = true;
	return memory;
}

const char *json_read_keep(struct reader *reader, const char *text)
{
	const char *copy = text ? arena_strdup(&reader->out->arena, text) : NULL;

	if (text && !copy)
		reader->failed = true;
	return copy;
}

size_t json_read_find_task(const struct reader *reader, uint64_t tid)
{
	size_t low = 0;
	size_t high = reader->out->n_tasks;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		pid_t here = reader->out->tasks[reader->by_tid[middle]].tid;

		if ((uint64_t)here == tid)
			return reader->by_tid[middle];
		if ((uint64_t)here < tid)
			low = middle + 1;
		else
			high = middle;
	}
	return SIZE_MAX;
}
