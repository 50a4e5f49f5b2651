/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls that take memory away, or put other memory in its place, while a robust lock lies there
 * that some thread holds or has pending. When that thread dies, the kernel writes to whatever is
 * there then.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "abi/futex_word.h"
#include "follow/session.h"
#include "lock_label.h"
#include "place.h"
#include "walk_list.h"

#define PAGE UINT64_C(4096)

/* What is taken away: addresses of one process, or a file from an offset on. */
struct touched {
	pid_t pid;
	uint64_t start;
	uint64_t end;
	bool by_file;
	struct map
		file; /* its device and inode, as stat(2) or as the maps of processes have them */
	bool as_mapped;
	uint64_t offset;
};

/* Room for a name below /proc. */
#define NAME_MAX_SIZE (64 + PATH_MAX)

struct touch_search {
	struct follow *follow;
	struct engine_task *caller;
	const char *call;
	struct touched ranges[2];
	size_t n_ranges;
	char name[NAME_MAX_SIZE]; /* of the file that is cut, as we can open it */
	int error;
	size_t found;
};

static uint64_t page_up(uint64_t length)
{
	return (length + 4095) & ~UINT64_C(4095);
}

static void add_range(struct touch_search *search, pid_t pid, uint64_t start, uint64_t length)
{
	uint64_t end = start + page_up(length);

	if (length && end > start)
		search->ranges[search->n_ranges++] = (struct touched){
			.pid = pid, .start = start, .end = end};
}

static void add_mapping(struct touch_search *search, pid_t pid, uint64_t start, uint64_t length,
			uint64_t flags)
{
	if ((flags & MAP_FIXED) && !(flags & MAP_FIXED_NOREPLACE))
		add_range(search, pid, start, length);
}

/* The file of that name, from the new length on. */
static void add_file(struct touch_search *search, uint64_t length)
{
	struct stat status;

	if (stat(search->name, &status) == 0)
		search->ranges[search->n_ranges++] = (struct touched){
			.by_file = true,
			.file = {.dev_major = major(status.st_dev),
				 .dev_minor = minor(status.st_dev),
				 .inode = status.st_ino},
			.offset = length,
		};
}

static void add_descriptor(struct touch_search *search, const struct engine_stop *stop,
			   uint64_t length)
{
	snprintf(search->name, sizeof(search->name), "/proc/%d/fd/%d", stop->task->pid,
		 (int)stop->args[0]);
	add_file(search, length);
}

/* A name of the caller's, as it sees the file system: from its root, or its working directory. */
static int resolve(const struct engine_stop *stop, char ret[NAME_MAX_SIZE])
{
	struct live_memory live;
	struct memory_range range = {.address = stop->args[0]};
	char path[PATH_MAX] = "";
	size_t page;
	size_t got = 0;

	if (stop->bits == 32)
		range.address = (uint32_t)range.address;
	/* Page by page: what lies behind its end may not be readable. */
	live_memory_open(&live, stop->task->pid, stop->task->tid);
	do {
		page = PAGE - (range.address + got) % PAGE;
		if (page > sizeof(path) - 1 - got)
			page = sizeof(path) - 1 - got;
		if (!page || memory_read_one(&live.memory, range.address + got, path + got, page))
			break;
		got += page;
	} while (!memchr(path, '\0', got));
	live_memory_close(&live);
	if (!got || !memchr(path, '\0', got))
		return -EFAULT;
	snprintf(ret, NAME_MAX_SIZE, "/proc/%d/%s/%s", stop->task->pid,
		 path[0] == '/' ? "root" : "cwd", path);
	return 0;
}

static void add_path(struct touch_search *search, const struct engine_stop *stop, uint64_t length)
{
	if (resolve(stop, search->name) == 0)
		add_file(search, length);
}

/* mmap as i386 had it first: its arguments lie in memory. */
static void add_old_mmap(struct touch_search *search, const struct engine_stop *stop)
{
	struct live_memory live;
	uint32_t args[CALL_ARGS_MAX];
	int error;

	live_memory_open(&live, stop->task->pid, stop->task->tid);
	error = memory_read_one(&live.memory, (uint32_t)stop->args[0], args, sizeof(args));
	live_memory_close(&live);
	if (!error)
		add_mapping(search, stop->task->pid, args[0], args[1], args[3]);
}

/* A length in two registers. */
static uint64_t long_length(const struct engine_stop *stop, const struct traced_call *row)
{
	return (uint32_t)stop->args[row->length_argument] | stop->args[row->length_argument + 1]
								    << 32;
}

/* Which memory the call takes away. */
static void find_ranges(struct touch_search *search, const struct engine_stop *stop,
			const struct traced_call *row)
{
	const uint64_t *args = stop->args;
	pid_t pid = stop->task->pid;

	switch (row->form) {
	case CALL_FORM_MUNMAP:
		add_range(search, pid, args[0], args[1]);
		break;
	case CALL_FORM_MMAP:
	case CALL_FORM_MMAP2:
		add_mapping(search, pid, args[0], args[1], args[3]);
		break;
	case CALL_FORM_OLD_MMAP:
		add_old_mmap(search, stop);
		break;
	case CALL_FORM_MREMAP:
		/* All of it may move; what only grows where it is stays. */
		if (args[3] & MREMAP_MAYMOVE)
			add_range(search, pid, args[0], args[1]);
		else if (page_up(args[2]) < page_up(args[1]))
			add_range(search, pid, args[0] + page_up(args[2]),
				  page_up(args[1]) - page_up(args[2]));
		if (args[3] & MREMAP_FIXED)
			add_range(search, pid, args[4], args[2]);
		break;
	case CALL_FORM_FTRUNCATE:
		add_descriptor(search, stop, args[1]);
		break;
	case CALL_FORM_FTRUNCATE64:
		add_descriptor(search, stop, long_length(stop, row));
		break;
	case CALL_FORM_TRUNCATE:
		add_path(search, stop, args[1]);
		break;
	case CALL_FORM_TRUNCATE64:
		add_path(search, stop, long_length(stop, row));
		break;
	default:
		break;
	}
}

static bool same_device(const struct map *file, const struct place *place)
{
	return file->dev_major == place->dev_major && file->dev_minor == place->dev_minor;
}

/* On btrfs and overlayfs stat(2) gives another device than the maps do. */
static bool is_file(struct touch_search *search, struct touched *range, const struct place *place)
{
	if (range->file.inode != place->inode)
		return false;
	if (!same_device(&range->file, place) && !range->as_mapped) {
		range->as_mapped = true;
		/* Not before it must be: to open a file may be noticed. */
		maps_identify_file(search->name, &range->file);
	}
	return range->file.inode == place->inode && same_device(&range->file, place);
}

static bool is_touched(struct touch_search *search, struct engine_task *task,
		       const struct futex *futex)
{
	for (size_t i = 0; i < search->n_ranges; i++) {
		struct touched *range = &search->ranges[i];
		const struct maps *maps;
		struct place place;

		if (!range->by_file) {
			if (task->pid == range->pid && futex->address >= range->start &&
			    futex->address < range->end)
				return true;
			continue;
		}
		maps = session_maps(task->data, task->tid, UINT64_C(50000000));
		place = maps ? place_find(maps, futex->address) : (struct place){0};
		if (place.shared && place.offset >= range->offset && is_file(search, range, &place))
			return true;
	}
	return false;
}

static void tell(struct touch_search *search, struct engine_task *holder, unsigned bits,
		 const struct futex *futex, bool pending)
{
	struct follow_task *data = search->caller->data;
	const struct maps *maps = session_maps(holder->data, holder->tid, UINT64_C(50000000));
	struct place place = {.kind = PLACE_UNKNOWN};
	struct event event = session_event(search->follow, search->caller, EVENT_NOTE);
	struct live_memory live;
	char label[LABEL_MAX];

	live_memory_open(&live, holder->pid, holder->tid);
	if (maps)
		place = place_look(&live.memory, maps, futex->address);
	lock_label(&live.memory, maps, &place, holder->pid, futex->address, bits, label);
	live_memory_close(&live);
	event.other = holder->tid;
	event.text = arena_printf(&data->arena, "%s takes away a robust lock that %d %s: %s",
				  search->call, holder->tid,
				  pending ? "has in list_op_pending" : "holds", label);
	search->error = event.text ? session_emit(search->follow, &event) : -ENOMEM;
	search->found++;
}

static void look_at_list(struct touch_search *search, struct engine_task *task,
			 const struct list *list)
{
	for (size_t i = 0; i < list->n_entries && !search->error; i++)
		if (is_touched(search, task, &list->entries[i]))
			tell(search, task, list->bits, &list->entries[i], false);
	if (list->has_pending && !list->pending.on_list && !search->error &&
	    is_touched(search, task, &list->pending))
		tell(search, task, list->bits, &list->pending, true);
}

static void visit_task(void *context, struct engine_task *task)
{
	struct touch_search *search = context;
	struct list heads[HEADS_MAX] = {0};
	struct walk walks[HEADS_MAX] = {0};
	struct live_memory live;
	ssize_t count;
	int error;

	if (search->error)
		return;
	/* Addresses mean something in one memory only. */
	if (!search->ranges[0].by_file && task->pid != search->caller->pid)
		return;
	if (!session_task(search->follow, task)) {
		search->error = -ENOMEM;
		return;
	}
	live_memory_open(&live, task->pid, task->tid);
	count = session_heads(search->follow, task, &live.memory, heads);
	for (ssize_t i = 0; i < count; i++)
		walks[i].list = heads[i];
	error = count > 0 ? walk_lists(&live.memory, walks, (size_t)count) : 0;
	live_memory_close(&live);
	for (ssize_t i = 0; i < count; i++) {
		if (!error)
			look_at_list(search, task, &walks[i].list);
		walk_release(&walks[i]);
	}
}

int touch_check(struct follow *follow, const struct engine_stop *stop,
		const struct traced_call *row, size_t *ret_found)
{
	struct touch_search search = {.follow = follow, .caller = stop->task, .call = row->name};

	*ret_found = 0;
	find_ranges(&search, stop, row);
	if (!search.n_ranges)
		return 0;
	engine_each(follow->engine, visit_task, &search);
	*ret_found = search.found;
	return search.error;
}
