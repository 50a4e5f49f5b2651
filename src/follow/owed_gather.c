/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "follow/owed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "abi/futex_word.h"
#include "base/vec.h"

/* A revision without a limit of its own: a chain longer than this is taken for endless. */
#define WALK_MAX ((size_t)1 << 20)

void owed_free(struct owed *owed)
{
	while (owed) {
		struct owed *next = owed->next;

		for (size_t i = 0; i < owed->n_files; i++)
			if (owed->files[i].fd >= 0)
				close(owed->files[i].fd);
		free(owed->files);
		free(owed->words);
		free(owed);
		owed = next;
	}
}

/* ---- The walk, as the kernel walks ---- */

struct walker {
	const struct revision *revision;
	struct memory *memory;
	const struct inject *writer;
	unsigned index;
	unsigned bits;
	uint64_t head;
	int64_t futex_offset;
	uint64_t pending; /* as stored */
	struct owed *owed;
};

static bool read_pointer(const struct walker *walker, uint64_t address, uint64_t *ret)
{
	*ret = 0;
	return memory_read_one(walker->memory, address, ret, walker->bits / 8) == 0;
}

static target_addr word_of(const struct walker *walker, uint64_t entry)
{
	uint64_t address = (entry & ~ENTRY_PI_BIT) + (uint64_t)walker->futex_offset;

	return walker->bits == 32 ? (uint32_t)address : address;
}

/* handle_futex_death: 0; 1: the walk ends here; -ENOMEM. */
static int collect(struct walker *walker, uint64_t entry, bool pending)
{
	struct owed *owed = walker->owed;
	target_addr address = word_of(walker, entry);
	bool pi = entry & ENTRY_PI_BIT;
	uint32_t word;
	uint32_t owner;

	if (address % sizeof(word) || memory_read_one(walker->memory, address, &word, sizeof(word)))
		return 1;
	owner = word & WORD_TID_MASK;
	if (owner != (uint32_t)owed->ns_tid && !(pending && !pi && !owner))
		return 0;
	if (vec_reserve(&owed->words, owed->count, &owed->capacity, 1, sizeof(*owed->words)))
		return -ENOMEM;
	owed->words[owed->count++] = (struct owed_word){
		.index = walker->index,
		.address = address,
		.mark = {.tid = (uint32_t)owed->ns_tid, .pi = pi, .pending = pending},
	};
	return 0;
}

static int walk(struct walker *walker)
{
	size_t limit = walker->revision->element_limit ? walker->revision->element_limit : WALK_MAX;
	uint64_t pending = walker->pending & ~ENTRY_PI_BIT;
	uint64_t entry;
	int ended = 0;

	if (!read_pointer(walker, walker->head, &entry))
		return 0;
	while ((entry & ~ENTRY_PI_BIT) != walker->head && !ended) {
		uint64_t at = entry & ~ENTRY_PI_BIT;
		uint64_t next;
		bool readable = read_pointer(walker, at, &next);

		/* What these revisions do against circles. */
		if (readable && walker->revision->walk_destroys)
			inject_write(walker->writer, at, &walker->head, walker->bits / 8);
		if (at != pending)
			ended = collect(walker, entry, false);
		if (ended || !readable)
			return ended < 0 ? ended : 0;
		entry = next;
		if (!--limit)
			break;
	}
	if (pending)
		ended = collect(walker, walker->pending, true);
	return ended < 0 ? ended : 0;
}

static int walk_slot(struct walker *walker, const struct emulated_list *slot)
{
	uint64_t offset = 0;

	walker->bits = slot->bits;
	walker->head = slot->head;
	if (!read_pointer(walker, slot->head + slot->bits / 8, &offset) ||
	    !read_pointer(walker, slot->head + 2 * slot->bits / 8, &walker->pending))
		return 0;
	walker->futex_offset = slot->bits == 32 ? (int32_t)offset : (int64_t)offset;
	return walk(walker);
}

/* ---- Where the words lie ---- */

static bool is_file_of(const struct owed_file *file, const struct map *map)
{
	return file->inode == map->inode && file->dev_major == map->dev_major &&
	       file->dev_minor == map->dev_minor;
}

/* Each file is opened once, however many words lie in it. 0 or -ENOMEM. */
static int find_file(struct owed *owed, pid_t reader, const struct map *map, size_t *ret)
{
	for (*ret = owed->n_files; (*ret)--;)
		if (is_file_of(&owed->files[*ret], map))
			return 0;
	if (vec_reserve(&owed->files, owed->n_files, &owed->files_capacity, 1,
			sizeof(*owed->files)))
		return -ENOMEM;
	*ret = owed->n_files++;
	owed->files[*ret] = (struct owed_file){.dev_major = map->dev_major,
					       .dev_minor = map->dev_minor,
					       .inode = map->inode,
					       .fd = maps_open(reader, map, O_RDWR)};
	return 0;
}

static int find_places(struct owed *owed, pid_t reader, const struct maps *maps)
{
	for (size_t i = 0; i < owed->count && maps; i++) {
		struct owed_word *word = &owed->words[i];
		const struct map *map = maps_find(maps, word->address);

		if (!map || !map->shared)
			continue;
		word->shared = true;
		word->offset = word->address - map->start + map->offset;
		if (find_file(owed, reader, map, &word->file))
			return -ENOMEM;
	}
	return 0;
}

size_t owed_mark_shared(struct owed *owed)
{
	struct mark_view view = {0};
	size_t left = 0;

	for (size_t i = 0; i < owed->count; i++) {
		struct owed_word *word = &owed->words[i];
		int fd = word->shared ? owed->files[word->file].fd : -1;

		if (fd >= 0 && !word->done)
			word->done = mark_shared(&view, fd, word->offset, &word->mark) == 0;
		left += !word->done;
	}
	mark_view_close(&view);
	return left;
}

target_addr owed_address_in(const struct owed *owed, const struct owed_word *word,
			    const struct maps *maps)
{
	for (size_t i = 0; word->shared && i < maps->count; i++) {
		const struct map *map = &maps->items[i];

		if (map->shared && map->writable && is_file_of(&owed->files[word->file], map) &&
		    word->offset >= map->offset &&
		    word->offset - map->offset < map->end - map->start)
			return map->start + (word->offset - map->offset);
	}
	return 0;
}

int owed_gather(struct follow *follow, struct engine_task *task, pid_t reader, struct owed **ret)
{
	struct follow_task *data = task->data;
	const struct revision *revision = follow->request.calls->revision;
	const struct inject writer = {.tid = reader};
	struct live_memory live;
	struct owed *owed;
	int error = 0;

	*ret = NULL;
	owed = calloc(1, sizeof(*owed));
	if (!owed)
		return -ENOMEM;
	owed->tid = task->tid;
	owed->pid = task->pid;
	owed->ns_tid = data->ns_tid;
	live_memory_open(&live, task->pid, reader);
	for (unsigned i = 0; i < revision->lists && !error; i++) {
		const struct emulated_list *slot = &data->lists.slots[i];
		struct walker walker = {.revision = revision,
					.memory = &live.memory,
					.writer = &writer,
					.index = i,
					.owed = owed};

		if (emulate_is_ours(slot))
			error = walk_slot(&walker, slot);
	}
	live_memory_close(&live);
	if (!error && owed->count)
		error = find_places(owed, reader, session_maps(data, reader, 0));
	if (error || !owed->count) {
		owed_free(owed);
		return error;
	}
	*ret = owed;
	return 0;
}
