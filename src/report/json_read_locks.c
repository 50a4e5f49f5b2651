/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Locks of a document, by their places. */
#include <stdlib.h>

#include "report/json_read_parts.h"
#include "report/json_values.h"

/* What is the same lock: the same place in shared memory, the same address in private. */
static int compare_places(const struct lock *a, const struct lock *b)
{
	if (a->place.shared != b->place.shared)
		return a->place.shared ? 1 : -1;
	if (!a->place.shared && a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	if (!a->place.shared)
		return (a->address > b->address) - (a->address < b->address);
	if (a->place.inode != b->place.inode)
		return a->place.inode < b->place.inode ? -1 : 1;
	if (a->place.dev_major != b->place.dev_major)
		return a->place.dev_major < b->place.dev_major ? -1 : 1;
	if (a->place.dev_minor != b->place.dev_minor)
		return a->place.dev_minor < b->place.dev_minor ? -1 : 1;
	return (a->place.offset > b->place.offset) - (a->place.offset < b->place.offset);
}

static int compare_lock_indexes(const void *left, const void *right, void *locks)
{
	return compare_places(&((const struct lock *)locks)[*(const size_t *)left],
			      &((const struct lock *)locks)[*(const size_t *)right]);
}

static int compare_locks(const void *left, const void *right)
{
	return compare_places(left, right);
}

static void read_waiters(struct reader *reader, const json_t *from, struct lock *lock)
{
	const json_t *waiters = json_object_get(from, "waiters");

	lock->waiters = json_read_alloc(reader, json_array_size(waiters), sizeof(*lock->waiters));
	for (size_t i = 0; i < json_array_size(waiters) && lock->waiters; i++) {
		const json_t *waiter = json_array_get(waiters, i);
		size_t task = json_read_find_task(reader, json_value_number(waiter, "tid"));

		if (task == SIZE_MAX)
			continue;
		lock->waiters[lock->n_waiters++].task = task;
		reader->out->tasks[task].slept_ns = json_value_number(waiter, "slept_ns");
	}
}

struct place json_read_place(struct reader *reader, const json_t *from)
{
	const json_t *where = json_object_get(from, "where");
	struct place place = {.shared = json_value_bool(from, "shared", json_is_object(where))};
	const char *path = json_value_text(from, "path");

	json_value_place(from, where, &place);
	if (!path)
		path = json_value_text(where, "path");
	place.path = json_read_keep(reader, path);
	/* What names a place must be there. */
	if (!place.path && place.kind != PLACE_ANON)
		place.kind = PLACE_UNKNOWN;
	if (place.shared && !place.has_file)
		place.shared = false;
	return place;
}

static void read_lock(struct reader *reader, const json_t *from, struct lock *ret)
{
	uint64_t owner = json_value_number(from, "owner");

	*ret = (struct lock){
		.place = json_read_place(reader, from),
		.pid = (pid_t)json_value_number(from, "pid"),
		.entry = json_value_hex(from, "entry"),
		.address = json_value_hex(from, "address"),
		.bits = (unsigned)json_value_number(from, "bits"),
		.word = (uint32_t)json_value_hex(from, "word"),
		.word_ok = json_value_text(from, "word"),
		.pi = json_value_bool(from, "pi", false),
		.on_list = json_value_bool(from, "on_list", false),
		.selected = true,
		.state = json_value_state(from),
		.name = json_read_keep(reader, json_value_text(from, "name")),
		.owner = owner ? json_read_find_task(reader, owner) : SIZE_MAX,
		.owner_tid = (pid_t)owner,
		.dead_tid = (pid_t)json_value_number(from, "dead"),
	};
	json_value_mutex(from, &ret->mutex);
	read_waiters(reader, from, ret);
}

void json_read_ordinary_lock(struct reader *reader, const json_t *wait, struct lock *ret)
{
	uint64_t owner = json_value_number(wait, "owner");

	*ret = (struct lock){
		.place = json_read_place(reader, wait),
		.pid = (pid_t)json_value_number(wait, "pid"),
		.address = json_value_hex(wait, "address"),
		.bits = 64,
		.sort = json_value_sort(wait),
		.selected = true,
		.state = owner ? FUTEX_HELD : FUTEX_FREE,
		.name = json_read_keep(reader, json_value_text(wait, "name")),
		.owner = owner ? json_read_find_task(reader, owner) : SIZE_MAX,
		.owner_tid = (pid_t)owner,
	};
}

void json_read_locks(struct reader *reader)
{
	const json_t *locks = json_object_get(reader->root, "locks");
	const json_t *waits = json_object_get(reader->root, "waits");
	struct snapshot *out = reader->out;
	size_t most = json_array_size(locks) + json_array_size(waits);
	size_t count = json_array_size(locks);

	out->locks = json_read_alloc(reader, most, sizeof(struct lock));
	reader->by_place = calloc(count + 1, sizeof(*reader->by_place));
	if (!out->locks || !reader->by_place) {
		reader->failed = true;
		return;
	}
	for (size_t i = 0; i < count; i++) {
		read_lock(reader, json_array_get(locks, i), &out->locks[i]);
		reader->by_place[i] = i;
	}
	reader->n_robust = count;
	if (count)
		qsort_r(reader->by_place, count, sizeof(size_t), compare_lock_indexes, out->locks);
	for (size_t i = 0; i < json_array_size(waits); i++)
		if (json_value_sort(json_array_get(waits, i)) != LOCK_ROBUST)
			json_read_ordinary_lock(reader, json_array_get(waits, i),
						&out->locks[count++]);
	out->n_locks = reader->n_robust;
	if (count > reader->n_robust)
		qsort(out->locks + reader->n_robust, count - reader->n_robust, sizeof(struct lock),
		      compare_locks);
	for (size_t i = reader->n_robust; i < count; i++)
		if (out->n_locks == reader->n_robust ||
		    compare_places(&out->locks[i], &out->locks[out->n_locks - 1]) != 0)
			out->locks[out->n_locks++] = out->locks[i];
}

size_t json_read_find_lock(const struct reader *reader, const struct lock *wanted, bool robust)
{
	size_t low = robust ? 0 : reader->n_robust;
	size_t high = robust ? reader->n_robust : reader->out->n_locks;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		size_t index = robust ? reader->by_place[middle] : middle;
		int order = compare_places(&reader->out->locks[index], wanted);

		if (order == 0)
			return index;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return LOCK_NONE;
}
