/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which locks are hunted for, and what is told of a thread that stands in the window. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lock_label.h"
#include "names.h"
#include "place.h"
#include "race/hunt_parts.h"
#include "target/live.h"
#include "target/procfs.h"

int hunt_fail(struct hunt *hunt, int error, const char *text)
{
	if (!hunt->failure->text[0]) {
		snprintf(hunt->failure->text, sizeof(hunt->failure->text), "%s", text);
		hunt->failure->error = -error;
	}
	return error;
}

/* ---- Which lock ---- */

static bool place_is_wanted(const struct race_hunt_request *request, const struct place *place,
			    target_addr address)
{
	if (request->by_address)
		return address == request->address;
	if (!request->by_file)
		return true;
	return place->shared && place->inode == request->inode &&
	       place->dev_major == request->dev_major && place->dev_minor == request->dev_minor &&
	       place->offset == request->offset;
}

bool hunt_is_wanted(const struct hunt *hunt, const struct engine_task *task, target_addr address)
{
	struct place place = {.kind = PLACE_UNKNOWN};
	struct maps maps;
	bool wanted;

	if (!hunt->request->by_file)
		return place_is_wanted(hunt->request, &place, address);
	if (maps_read(task->pid, task->tid, &maps))
		return false;
	place = place_find(&maps, address);
	wanted = place_is_wanted(hunt->request, &place, address);
	maps_free(&maps);
	return wanted;
}

/* ---- The window ---- */

static int open_file(const struct engine_task *task, const struct maps *maps, target_addr address)
{
	const struct map *map = maps_find(maps, address);

	return map && map->shared && map->inode ? maps_open(task->tid, map, O_RDONLY) : -1;
}

/* Who, which lock, and what is needed to read its word when the process is gone. */
static int describe(struct hunt *hunt, const struct engine_task *task, unsigned bits)
{
	struct race_window *out = hunt->out;
	struct place place = {.kind = PLACE_UNKNOWN};
	char comm[PROC_COMM_MAX] = "";
	char label[LABEL_MAX];
	struct live_memory live;
	struct maps maps;
	int tasks = procfs_open_tasks(task->pid);

	out->pid = task->pid;
	out->tid = task->tid;
	if (tasks >= 0) {
		procfs_comm(tasks, task->tid, comm);
		close(tasks);
	}
	if (maps_read(task->pid, task->tid, &maps) == 0) {
		live_memory_open(&live, task->pid, task->tid);
		place = place_look(&live.memory, &maps, out->address);
		lock_label(&live.memory, &maps, &place, task->pid, out->address, bits, label);
		live_memory_close(&live);
		if (hunt->request->kill)
			hunt->after_fd = open_file(task, &maps, out->address);
		hunt->after_offset = place.offset;
		maps_free(&maps);
	} else {
		name_place(&place, task->pid, out->address, label);
	}
	out->comm = strdup(comm);
	out->label = strdup(label);
	return out->comm && out->label ? 0 : hunt_fail(hunt, -ENOMEM, "no memory");
}

int hunt_show_window(struct hunt *hunt, const struct engine_stop *stop, const struct list *list,
		     target_addr entry, target_addr address, uint32_t word)
{
	hunt->out->head = list->head;
	hunt->out->entry = entry;
	hunt->out->address = address;
	hunt->out->word = word;
	hunt->out->at_wake = stop->kind == ENGINE_ENTRY;
	hunt->found = true;
	hunt->last = *stop;
	return describe(hunt, stop->task, list->bits);
}

/* ---- At a FUTEX_WAKE ---- */

/* ---- Lists ---- */

/* All lists of the thread, walked; to be given back by release_lists. */
ssize_t hunt_read_lists(const struct hunt *hunt, const struct engine_task *task,
			struct walk walks[HEADS_MAX])
{
	struct list heads[HEADS_MAX] = {0};
	struct live_memory live;
	ssize_t count;

	live_memory_open(&live, task->pid, task->tid);
	count = find_heads(&hunt->kernel, NULL, &live.memory, task->tid, heads);
	for (ssize_t i = 0; i < count; i++)
		walks[i] = (struct walk){.list = heads[i]};
	if (count > 0 && walk_lists(&live.memory, walks, (size_t)count))
		count = 0;
	live_memory_close(&live);
	return count > 0 ? count : 0;
}
