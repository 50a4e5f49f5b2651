/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/json.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "names.h"
#include "report/columns.h"
#include "report/escape.h"

/*
 * jansson's _new functions take over what they are given and accept NULL, so one check at the
 * very end would be enough for arrays and objects that are only built; `failed` is that check.
 */
struct builder {
	const struct snapshot *snapshot;
	bool failed;
};

static void put(struct builder *builder, json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value))
		builder->failed = true;
}

static void push(struct builder *builder, json_t *array, json_t *value)
{
	if (json_array_append_new(array, value))
		builder->failed = true;
}

/* Any bytes; what is no UTF-8 or could steer a terminal is escaped. NULL gives null. */
static json_t *text(const char *bytes)
{
	cleanup_free char *safe = NULL;

	if (!bytes)
		return json_null();
	safe = escape_utf8(bytes);
	return safe ? json_string(safe) : NULL;
}

static json_t *hex(uint64_t value)
{
	return json_sprintf("0x%" PRIx64, value);
}

static json_t *value_json(struct value *value)
{
	switch (value->type) {
	case VALUE_STRING:
		return value->string ? text(value->string) : NULL;
	case VALUE_NUMBER:
		return json_integer((json_int_t)value->number);
	case VALUE_HEX:
		return hex(value->number);
	case VALUE_BOOL:
		return json_boolean(value->number);
	case VALUE_NULL:
		break;
	}
	return json_null();
}

/* null for memory that has no file. */
static json_t *place_json(struct builder *builder, const struct place *place)
{
	json_t *object;

	if (!place->inode)
		return json_null();
	object = json_object();
	put(builder, object, "path", text(place->path));
	put(builder, object, "offset", json_integer((json_int_t)place->offset));
	put(builder, object, "dev",
	    json_sprintf("%02" PRIx32 ":%02" PRIx32, place->dev_major, place->dev_minor));
	put(builder, object, "inode", json_integer((json_int_t)place->inode));
	put(builder, object, "deleted", json_boolean(place->deleted));
	return object;
}

static json_t *waiters_json(struct builder *builder, const struct lock *lock)
{
	json_t *array = json_array();

	for (size_t i = 0; i < lock->n_waiters; i++) {
		const struct task *task = &builder->snapshot->tasks[lock->waiters[i].task];
		json_t *waiter = json_object();

		put(builder, waiter, "pid", json_integer(task->pid));
		put(builder, waiter, "tid", json_integer(task->tid));
		put(builder, waiter, "comm", text(task->comm));
		push(builder, array, waiter);
	}
	return array;
}

/* A lock, as one list shows it or (futex NULL) for itself. */
static json_t *futex_json(struct builder *builder, size_t lock_index, const struct futex *futex,
			  pid_t pid)
{
	const struct lock *lock = &builder->snapshot->locks[lock_index];
	struct futex_view view = {
		.snapshot = builder->snapshot, .lock = lock, .futex = futex, .pid = pid};
	json_t *object = json_object();

	for (size_t i = 0; i < n_columns; i++) {
		struct value value;

		if (!columns[i].json)
			continue;
		value = columns[i].get(&view);
		put(builder, object, columns[i].json, value_json(&value));
		value_release(&value);
	}
	put(builder, object, "on_list", json_boolean(futex ? futex->on_list : lock->on_list));
	put(builder, object, "where", place_json(builder, &lock->place));
	put(builder, object, "waiters", waiters_json(builder, lock));
	return object;
}

static bool is_selected(const struct builder *builder, const struct futex *futex)
{
	return futex->lock != LOCK_NONE && builder->snapshot->locks[futex->lock].selected;
}

static json_t *list_json(struct builder *builder, const struct list *list, pid_t pid)
{
	json_t *object = json_object();
	json_t *entries = json_array();

	for (size_t i = 0; i < list->n_entries; i++)
		if (is_selected(builder, &list->entries[i]))
			push(builder, entries,
			     futex_json(builder, list->entries[i].lock, &list->entries[i], pid));
	put(builder, object, "kind", json_string(name_of_list_kind(list->kind)));
	put(builder, object, "index",
	    list->kind == LIST_LIST2 ? json_integer(list->index) : json_null());
	put(builder, object, "bits", json_integer(list->bits));
	put(builder, object, "head", hex(list->head));
	put(builder, object, "futex_offset",
	    list->head_ok ? json_integer(list->futex_offset) : json_null());
	put(builder, object, "length", json_integer((json_int_t)list->n_seen));
	put(builder, object, "end", json_string(name_of_list_end(list->end)));
	put(builder, object, "end_at", list->end_at ? hex(list->end_at) : json_null());
	put(builder, object, "entries", entries);
	put(builder, object, "pending",
	    list->has_pending && is_selected(builder, &list->pending)
		    ? futex_json(builder, list->pending.lock, &list->pending, pid)
		    : json_null());
	return object;
}

static json_t *tasks_json(struct builder *builder)
{
	json_t *array = json_array();

	for (size_t i = 0; i < builder->snapshot->n_tasks; i++) {
		const struct task *task = &builder->snapshot->tasks[i];
		json_t *object;
		json_t *lists;

		if (!task->selected)
			continue;
		object = json_object();
		lists = json_array();
		for (size_t j = 0; j < task->n_lists; j++)
			push(builder, lists, list_json(builder, &task->lists[j], task->pid));
		put(builder, object, "pid", json_integer(task->pid));
		put(builder, object, "tid", json_integer(task->tid));
		put(builder, object, "comm", text(task->comm));
		put(builder, object, "lists", lists);
		push(builder, array, object);
	}
	return array;
}

static json_t *locks_json(struct builder *builder)
{
	json_t *array = json_array();

	for (size_t i = 0; i < builder->snapshot->n_locks; i++)
		if (builder->snapshot->locks[i].selected)
			push(builder, array,
			     futex_json(builder, i, NULL, builder->snapshot->locks[i].pid));
	return array;
}

static json_t *wait_json(struct builder *builder, const struct task *task, const struct wait *wait)
{
	const struct lock *lock = wait->lock == LOCK_NONE ? NULL
							  : &builder->snapshot->locks[wait->lock];
	json_t *object = json_object();
	json_t *owner = json_null();

	if (lock) {
		const struct futex_view view = {.snapshot = builder->snapshot, .lock = lock};
		struct value value = column_find("OWNER-TID", strlen("OWNER-TID"))->get(&view);

		owner = value_json(&value);
	}
	put(builder, object, "pid", json_integer(task->pid));
	put(builder, object, "tid", json_integer(task->tid));
	put(builder, object, "call", json_string(wait->call));
	put(builder, object, "address", hex(wait->address));
	put(builder, object, "private", json_boolean(wait->is_private));
	put(builder, object, "lock", json_boolean(lock != NULL));
	put(builder, object, "name", text(lock ? lock->name : NULL));
	put(builder, object, "owner", owner);
	put(builder, object, "where", place_json(builder, &wait->place));
	return object;
}

/* What the selected threads wait for, and who waits for the selected locks. */
static json_t *waits_json(struct builder *builder)
{
	const struct snapshot *snapshot = builder->snapshot;
	json_t *array = json_array();

	for (size_t i = 0; i < snapshot->n_tasks; i++) {
		const struct task *task = &snapshot->tasks[i];

		for (size_t j = 0; j < task->n_waits; j++) {
			const struct wait *wait = &task->waits[j];

			if (task->selected ||
			    (wait->lock != LOCK_NONE && snapshot->locks[wait->lock].selected))
				push(builder, array, wait_json(builder, task, wait));
		}
	}
	return array;
}

static json_t *problems_json(struct builder *builder)
{
	json_t *array = json_array();

	for (size_t i = 0; i < builder->snapshot->n_problems; i++) {
		const struct problem *problem = &builder->snapshot->problems[i];
		json_t *object = json_object();
		json_t *tids = json_array();

		for (size_t j = 0; j < problem->n_tids; j++)
			push(builder, tids, json_integer(problem->tids[j]));
		put(builder, object, "kind", json_string(name_of_problem(problem->kind)));
		put(builder, object, "tids", tids);
		put(builder, object, "text", text(problem->text));
		put(builder, object, "next", text(problem->next));
		push(builder, array, object);
	}
	return array;
}

static json_t *skipped_json(struct builder *builder)
{
	json_t *array = json_array();

	for (size_t i = 0; i < builder->snapshot->n_skipped; i++) {
		const struct skipped *skipped = &builder->snapshot->skipped[i];
		json_t *object = json_object();

		put(builder, object, "pid", json_integer(skipped->pid));
		put(builder, object, "reason", json_string(name_of_skip(skipped->reason)));
		put(builder, object, "why", text(skipped->why));
		push(builder, array, object);
	}
	return array;
}

static json_t *census_json(struct builder *builder)
{
	const struct census *census = &builder->snapshot->census;
	const struct {
		const char *key;
		uint64_t value;
	} rows[] = {
		{"processes", census->processes},
		{"threads", census->threads},
		{"not_permitted", census->not_permitted},
		{"vanished", census->vanished},
		{"kernel_threads", census->kernel_threads},
		{"zombies", census->zombies},
		{"unseen_waits", census->unseen_waits},
		{"changed_lists", census->changed},
		{"stopped_threads", census->stopped},
		{"longest_stop_ns", census->longest_stop_ns},
		{"elapsed_ns", census->elapsed_ns},
	};
	json_t *object = json_object();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		put(builder, object, rows[i].key, json_integer((json_int_t)rows[i].value));
	return object;
}

static int write_bytes(const char *buffer, size_t size, void *data)
{
	/* Errors stay in the stream, where the caller looks for them. */
	fwrite(buffer, 1, size, data);
	return 0;
}

int json_print(const struct snapshot *snapshot, FILE *out)
{
	struct builder builder = {.snapshot = snapshot};
	json_t *document = json_object();

	put(&builder, document, "schema", json_integer(JSON_SCHEMA_VERSION));
	put(&builder, document, "tasks", tasks_json(&builder));
	put(&builder, document, "locks", locks_json(&builder));
	put(&builder, document, "waits", waits_json(&builder));
	put(&builder, document, "problems", problems_json(&builder));
	put(&builder, document, "skipped", skipped_json(&builder));
	put(&builder, document, "looked_at", census_json(&builder));
	if (!builder.failed &&
	    json_dump_callback(document, write_bytes, out, JSON_INDENT(1) | JSON_ENSURE_ASCII))
		builder.failed = true;
	if (!builder.failed)
		fputc('\n', out);
	json_decref(document);
	return builder.failed ? -ENOMEM : 0;
}
