/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "home.h"
#include "snapshot/look.h"
#include "walk_list.h"

/* Locks of a home read in one go. */
#define BATCH ((size_t)1024)

/* Files that were looked into already: each once, whoever maps it. */
struct seen {
	struct file_id *files;
	size_t count;
	size_t capacity;
};

static bool first_time(struct seen *seen, const struct map *map)
{
	for (size_t i = 0; i < seen->count; i++)
		if (seen->files[i].inode == map->inode &&
		    seen->files[i].dev_major == map->dev_major &&
		    seen->files[i].dev_minor == map->dev_minor)
			return false;
	if (vec_reserve(&seen->files, seen->count, &seen->capacity, 1, sizeof(*seen->files)))
		return false;
	seen->files[seen->count++] = (struct file_id){
		.dev_major = map->dev_major, .dev_minor = map->dev_minor, .inode = map->inode};
	return true;
}

/* By the word size of the program first: the layout whose bytes look like a mutex. */
static int read_mutex(struct memory *memory, target_addr address, unsigned bits, struct futex *ret)
{
	static const char *const libcs[] = {"glibc", "musl"};
	int error = 0;

	for (size_t i = 0; i < sizeof(libcs) / sizeof(libcs[0]) && !error; i++) {
		const struct mutex_layout *layout = mutex_layout_of(libcs[i], bits);

		/* The home gives the mutex's own address; musl's word is not its first. */
		error = walk_read_futex(memory, address + layout->before, layout, ret);
		if (ret->mutex.libc)
			return 0;
	}
	return error;
}

static int add_home_lock(struct look *look, const struct look_process *process,
			 const struct home *home, size_t index, const struct futex *futex)
{
	char name[HOME_NAME_MAX];
	struct place place = place_find(&process->maps, futex->address);
	struct occurrence occurrence = {
		.key = place_key(&place, process->mm, futex->address),
		.process = (size_t)(process - look->processes),
		.task = SIZE_MAX,
		.bits = process->bits,
		.futex = arena_copy(&look->out->arena, futex, sizeof(*futex)),
	};

	home->name(index, name);
	occurrence.name = arena_strdup(&look->out->arena, name);
	if (!occurrence.futex || !occurrence.name)
		return -ENOMEM;
	occurrence.futex->mutex.shared = place.shared;
	return look_add_occurrence(look, &occurrence);
}

/* Which locks of [first, first + count) are not plainly free, from their words alone. */
static int read_words(struct look_process *process, const struct map *map, const struct home *home,
		      size_t first, size_t count, uint32_t words[BATCH])
{
	struct memory_range ranges[BATCH];
	size_t inside = 0;
	int error;

	memset(words, 0, count * sizeof(*words));
	for (size_t i = 0; i < count; i++) {
		uint64_t offset = home->offset(first + i, process->bits);

		if (offset + MUTEX_SPAN_MAX > map->end - map->start)
			break;
		/* glibc's word, or musl's type and word: never all 0 for a mutex that is held. */
		ranges[inside++] = (struct memory_range){.address = map->start + offset,
							 .size = sizeof(*words),
							 .buffer = &words[i]};
	}
	error = memory_read(&process->live.memory, ranges, inside);
	for (size_t i = 0; i < inside && !error; i++)
		if (!ranges[i].ok)
			words[i] = 0;
	return error;
}

static bool worth_showing(const struct look *look, const struct home *home,
			  const struct futex *futex)
{
	if (!futex->mutex.libc || !futex->word_ok)
		return false;
	return futex->word || futex->mutex.not_recoverable ||
	       (home->show_free && look->request->n_files);
}

static int scan_home(struct look *look, struct look_process *process, const struct map *map,
		     const struct home *home, size_t count)
{
	uint32_t words[BATCH];
	int error = 0;

	for (size_t first = 0; first < count && !error; first += BATCH) {
		size_t batch = count - first < BATCH ? count - first : BATCH;

		error = read_words(process, map, home, first, batch, words);
		for (size_t i = 0; i < batch && !error; i++) {
			uint64_t offset = home->offset(first + i, process->bits);
			struct futex futex;

			if ((!words[i] && !home->show_free) ||
			    offset + MUTEX_SPAN_MAX > map->end - map->start)
				continue;
			error = read_mutex(&process->live.memory, map->start + offset,
					   process->bits, &futex);
			if (!error && worth_showing(look, home, &futex))
				error = add_home_lock(look, process, home, first + i, &futex);
		}
	}
	return error;
}

static int scan_map(struct look *look, struct look_process *process, const struct map *map,
		    struct seen *seen)
{
	unsigned char header[HOME_HEADER];
	const struct home *home;
	int error;

	if (!map->shared || !map->writable || !map->inode || map->offset)
		return 0;
	if (!first_time(seen, map))
		return 0;
	if (memory_read_one(&process->live.memory, map->start, header, sizeof(header)))
		return 0;
	home = home_recognise(header);
	if (!home)
		return 0;
	error = scan_home(look, process, map, home, home->count(header));
	/* A process that ends under us takes its memory along: not our failure. */
	return error == -ENOMEM ? error : 0;
}

int look_scan_homes(struct look *look)
{
	struct seen seen = {0};
	int error = 0;

	for (size_t i = 0; i < look->n_processes && !error; i++) {
		struct look_process *process = &look->processes[i];

		for (size_t j = 0; j < process->maps.count && !error; j++)
			error = scan_map(look, process, &process->maps.items[j], &seen);
	}
	free(seen.files);
	return error;
}
