/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/json.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "names.h"
#include "report/columns.h"
#include "report/json_part.h"

struct builder {
	const struct snapshot *snapshot;
	size_t *lock_numbers; /* beside snapshot->locks: places in the document's array */
	bool *owners;         /* beside snapshot->tasks: has a lock */
	bool failed;
	char *buffer; /* for the text of one element */
	size_t capacity;
};

static void put(struct builder *builder, json_t *object, const char *key, json_t *value)
{
	json_part_put(object, key, value, &builder->failed);
}

static void push(struct builder *builder, json_t *array, json_t *value)
{
	json_part_push(array, value, &builder->failed);
}

static json_t *value_json(struct value *value)
{
	switch (value->type) {
	case VALUE_STRING:
		return value->string ? json_part_text(value->string) : NULL;
	case VALUE_NUMBER:
		return json_integer((json_int_t)value->number);
	case VALUE_HEX:
		return json_part_hex(value->number);
	case VALUE_BOOL:
		return json_boolean(value->number);
	case VALUE_NULL:
		break;
	}
	return json_null();
}

static json_t *slept_json(const struct task *task)
{
	return task->slept_ns ? json_integer((json_int_t)task->slept_ns) : json_null();
}

static json_t *waiters_json(struct builder *builder, const struct lock *lock)
{
	json_t *array = json_array();

	for (size_t i = 0; i < lock->n_waiters; i++) {
		const struct task *task = &builder->snapshot->tasks[lock->waiters[i].task];
		json_t *waiter = json_object();

		put(builder, waiter, "pid", json_integer(task->pid));
		put(builder, waiter, "tid", json_integer(task->tid));
		put(builder, waiter, "comm", json_part_text(task->comm));
		put(builder, waiter, "slept_ns", slept_json(task));
		push(builder, array, waiter);
	}
	return array;
}

/* What a thread does; null where that was not looked up. */
static json_t *doing_json(struct builder *builder, const struct task *task)
{
	json_t *object;

	if (!task->state)
		return json_null();
	object = json_object();
	put(builder, object, "state", json_string(name_of_task_state(task->state)));
	put(builder, object, "call", json_part_text(task->call));
	put(builder, object, "slept_ns", slept_json(task));
	put(builder, object, "ns_tid", json_integer(task->ns_tid));
	return object;
}

/* null unless somebody waits: only then is it looked up. */
static json_t *owner_state_json(struct builder *builder, const struct lock *lock)
{
	if (lock->owner == SIZE_MAX)
		return json_null();
	return doing_json(builder, &builder->snapshot->tasks[lock->owner]);
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
	put(builder, object, "dead", lock->dead_tid ? json_integer(lock->dead_tid) : json_null());
	put(builder, object, "shared", json_boolean(lock->place.shared));
	put(builder, object, "on_list", json_boolean(futex ? futex->on_list : lock->on_list));
	put(builder, object, "owner_state", owner_state_json(builder, lock));
	put(builder, object, "where", json_part_place(&lock->place, &builder->failed));
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
	put(builder, object, "emulated", json_boolean(list->emulated));
	put(builder, object, "bits", json_integer(list->bits));
	put(builder, object, "bits_from", json_string(name_of_bits_source(list->bits_from)));
	put(builder, object, "head", json_part_hex(list->head));
	put(builder, object, "futex_offset",
	    list->head_ok ? json_integer(list->futex_offset) : json_null());
	put(builder, object, "length", json_integer((json_int_t)list->n_seen));
	put(builder, object, "end", json_string(name_of_list_end(list->end)));
	put(builder, object, "end_at", list->end_at ? json_part_hex(list->end_at) : json_null());
	put(builder, object, "entries", entries);
	put(builder, object, "pending",
	    list->has_pending && is_selected(builder, &list->pending)
		    ? futex_json(builder, list->pending.lock, &list->pending, pid)
		    : json_null());
	return object;
}

/* What is told of every thread. */
static json_t *thread_json(struct builder *builder, const struct task *task)
{
	json_t *object = json_object();

	put(builder, object, "pid", json_integer(task->pid));
	put(builder, object, "tid", json_integer(task->tid));
	put(builder, object, "comm", json_part_text(task->comm));
	put(builder, object, "doing", doing_json(builder, task));
	return object;
}

static json_t *task_json(struct builder *builder, size_t index)
{
	const struct task *task = &builder->snapshot->tasks[index];
	json_t *object;
	json_t *lists;

	if (!task->selected)
		return NULL;
	object = thread_json(builder, task);
	lists = json_array();
	for (size_t i = 0; i < task->n_lists; i++)
		push(builder, lists, list_json(builder, &task->lists[i], task->pid));
	put(builder, object, "lists", lists);
	return object;
}

/* Threads that nobody asked for, but that own or wait. */
static json_t *neighbour_json(struct builder *builder, size_t index)
{
	const struct task *task = &builder->snapshot->tasks[index];

	if (task->selected || (!task->n_waits && !builder->owners[index]))
		return NULL;
	return thread_json(builder, task);
}

/* Ordinary locks are no robust futexes; waits and cycles tell of them. */
static bool is_shown(const struct snapshot *snapshot, size_t index)
{
	return snapshot->locks[index].selected && snapshot->locks[index].sort == LOCK_ROBUST;
}

/* Where each lock stands in the array "locks", and who owns one. 0 or -ENOMEM. */
static int number_locks(struct builder *builder)
{
	const struct snapshot *snapshot = builder->snapshot;
	size_t count = 0;

	builder->lock_numbers = calloc(snapshot->n_locks + 1, sizeof(*builder->lock_numbers));
	builder->owners = calloc(snapshot->n_tasks + 1, sizeof(*builder->owners));
	if (!builder->lock_numbers || !builder->owners)
		return -ENOMEM;
	for (size_t i = 0; i < snapshot->n_locks; i++) {
		builder->lock_numbers[i] = is_shown(snapshot, i) ? count++ : count;
		if (snapshot->locks[i].owner != SIZE_MAX)
			builder->owners[snapshot->locks[i].owner] = true;
	}
	return 0;
}

static json_t *lock_json(struct builder *builder, size_t index)
{
	const struct lock *lock = &builder->snapshot->locks[index];

	if (!is_shown(builder->snapshot, index))
		return NULL;
	return futex_json(builder, index, NULL, lock->pid);
}

static json_t *wait_json(struct builder *builder, const struct task *task, const struct wait *wait)
{
	const struct lock *lock = wait->lock == LOCK_NONE ? NULL
							  : &builder->snapshot->locks[wait->lock];
	json_t *object = json_object();
	put(builder, object, "pid", json_integer(task->pid));
	put(builder, object, "tid", json_integer(task->tid));
	put(builder, object, "call", json_string(wait->call));
	put(builder, object, "address", json_part_hex(wait->address));
	put(builder, object, "private", json_boolean(wait->is_private));
	put(builder, object, "lock", json_boolean(lock && lock->sort == LOCK_ROBUST));
	put(builder, object, "hint", json_part_text(lock ? name_of_sort(lock->sort) : NULL));
	put(builder, object, "timed", json_boolean(wait->timed));
	put(builder, object, "name", json_part_text(lock ? lock->name : NULL));
	put(builder, object, "owner",
	    lock && lock->owner_tid ? json_integer(lock->owner_tid) : json_null());
	put(builder, object, "where", json_part_place(&wait->place, &builder->failed));
	return object;
}

/* What the selected threads wait for, and who waits for the selected locks. */
static json_t *waits_json(struct builder *builder, size_t index)
{
	const struct snapshot *snapshot = builder->snapshot;
	const struct task *task = &snapshot->tasks[index];
	json_t *array = json_array();

	for (size_t i = 0; i < task->n_waits; i++) {
		const struct wait *wait = &task->waits[i];

		if (task->selected ||
		    (wait->lock != LOCK_NONE && snapshot->locks[wait->lock].selected))
			push(builder, array, wait_json(builder, task, wait));
	}
	return array;
}

static json_t *member_json(struct builder *builder, size_t index)
{
	const struct task *task = &builder->snapshot->tasks[index];
	json_t *object = json_object();

	put(builder, object, "pid", json_integer(task->pid));
	put(builder, object, "tid", json_integer(task->tid));
	put(builder, object, "comm", json_part_text(task->comm));
	put(builder, object, "slept_ns", slept_json(task));
	return object;
}

/* A thread of a cycle, with the lock that it waits for and the next one has. */
static json_t *cycle_member_json(struct builder *builder, size_t index)
{
	const struct task *task = &builder->snapshot->tasks[index];
	const struct lock *lock = &builder->snapshot->locks[task->waits[0].lock];
	json_t *object = member_json(builder, index);
	char label[LABEL_MAX];

	name_lock(lock, label);
	put(builder, object, "lock", json_part_text(label));
	put(builder, object, "address", json_part_hex(task->waits[0].address));
	put(builder, object, "hint", json_part_text(name_of_sort(lock->sort)));
	return object;
}

static json_t *cycle_json(struct builder *builder, size_t index)
{
	const struct cycle *cycle = &builder->snapshot->cycles[index];
	json_t *object = json_object();
	json_t *tasks = json_array();
	json_t *behind = json_array();

	for (size_t i = 0; i < cycle->n; i++)
		push(builder, tasks, cycle_member_json(builder, cycle->tasks[i]));
	for (size_t i = 0; i < cycle->n_behind; i++)
		push(builder, behind, member_json(builder, cycle->behind[i]));
	put(builder, object, "tasks", tasks);
	put(builder, object, "behind", behind);
	return object;
}

static json_t *stack_json(struct builder *builder, size_t index)
{
	const struct task *task = &builder->snapshot->tasks[index];
	json_t *object;
	json_t *frames;

	if (!task->n_frames)
		return NULL;
	object = json_object();
	frames = json_array();
	for (size_t i = 0; i < task->n_frames; i++)
		push(builder, frames, json_part_frame(&task->frames[i], &builder->failed));
	put(builder, object, "pid", json_integer(task->pid));
	put(builder, object, "tid", json_integer(task->tid));
	put(builder, object, "frames", frames);
	return object;
}

static json_t *problem_json(struct builder *builder, size_t index)
{
	const struct problem *problem = &builder->snapshot->problems[index];
	json_t *object = json_object();
	json_t *tids = json_array();

	for (size_t i = 0; i < problem->n_tids; i++)
		push(builder, tids, json_integer(problem->tids[i]));
	put(builder, object, "kind", json_string(name_of_problem(problem->kind)));
	put(builder, object, "tids", tids);
	put(builder, object, "text", json_part_text(problem->text));
	put(builder, object, "next", json_part_text(problem->next));
	put(builder, object, "lock",
	    problem->lock != LOCK_NONE && is_shown(builder->snapshot, problem->lock)
		    ? json_integer((json_int_t)builder->lock_numbers[problem->lock])
		    : json_null());
	put(builder, object, "cycle",
	    problem->cycle != SIZE_MAX ? json_integer((json_int_t)problem->cycle) : json_null());
	return object;
}

static json_t *skipped_json(struct builder *builder, size_t index)
{
	const struct skipped *skipped = &builder->snapshot->skipped[index];
	json_t *object = json_object();

	put(builder, object, "pid", json_integer(skipped->pid));
	put(builder, object, "reason", json_string(name_of_skip(skipped->reason)));
	put(builder, object, "why", json_part_text(skipped->why));
	return object;
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
	put(builder, object, "unseen_lists", json_boolean(census->unseen_lists));
	return object;
}

/* Writes the value, a line of its own, and gives it back. Errors stay in the stream. */
static void write_value(struct builder *builder, json_t *value, bool first, FILE *out)
{
	size_t size = json_dumpb(value, builder->buffer, builder->capacity, JSON_ENSURE_ASCII);

	if (size > builder->capacity &&
	    !vec_reserve(&builder->buffer, 0, &builder->capacity, size, 1))
		size = json_dumpb(value, builder->buffer, builder->capacity, JSON_ENSURE_ASCII);
	if (!size || size > builder->capacity)
		builder->failed = true;
	fputs(first ? "\n " : ",\n ", out);
	if (!builder->failed)
		fwrite(builder->buffer, 1, size, out);
	json_decref(value);
}

/*
 * Writes one array of the document. A picture of 10,000 locks would take 60 MB as one tree, so
 * each element is built, written and dropped: `build` gives the index-th one, NULL for one that
 * is left out, or an array of several.
 */
static void write_array(struct builder *builder, const char *key, size_t count,
			json_t *(*build)(struct builder *builder, size_t index), FILE *out)
{
	bool first = true;

	fprintf(out, ",\n\"%s\": [", key);
	for (size_t i = 0; i < count && !builder->failed; i++) {
		json_t *value = build(builder, i);

		if (!value)
			continue;
		if (!json_is_array(value)) {
			write_value(builder, value, first, out);
			first = false;
			continue;
		}
		for (size_t j = 0; j < json_array_size(value); j++) {
			write_value(builder, json_incref(json_array_get(value, j)), first, out);
			first = false;
		}
		json_decref(value);
	}
	fputs(first ? "]" : "\n]", out);
}

static void print_document(struct builder *builder, FILE *out)
{
	const struct snapshot *snapshot = builder->snapshot;
	json_t *census = census_json(builder);
	fprintf(out, "{\n\"schema\": %d", JSON_SCHEMA_VERSION);
	write_array(builder, "tasks", snapshot->n_tasks, task_json, out);
	write_array(builder, "neighbours", snapshot->n_tasks, neighbour_json, out);
	write_array(builder, "locks", snapshot->n_locks, lock_json, out);
	write_array(builder, "waits", snapshot->n_tasks, waits_json, out);
	write_array(builder, "cycles", snapshot->n_cycles, cycle_json, out);
	write_array(builder, "stacks", snapshot->n_tasks, stack_json, out);
	write_array(builder, "problems", snapshot->n_problems, problem_json, out);
	write_array(builder, "skipped", snapshot->n_skipped, skipped_json, out);
	fputs(",\n\"looked_at\":", out);
	write_value(builder, census, true, out);
	fputs("\n}\n", out);
}

int json_print(const struct snapshot *snapshot, FILE *out)
{
	struct builder builder = {.snapshot = snapshot};

	if (number_locks(&builder))
		builder.failed = true;
	else
		print_document(&builder, out);
	free(builder.buffer);
	free(builder.lock_numbers);
	free(builder.owners);
	return builder.failed ? -ENOMEM : 0;
}

int json_print_line(const struct snapshot *snapshot, FILE *out)
{
	cleanup_free char *document = NULL;
	size_t size = 0;
	FILE *memory = open_memstream(&document, &size);
	int error;

	if (!memory)
		return -ENOMEM;
	error = json_print(snapshot, memory);
	if (fclose(memory) || error)
		return -ENOMEM;
	/* Line ends stand between members only, those in strings are escaped. */
	for (size_t i = 0; i < size; i++)
		if (document[i] == '\n')
			document[i] = ' ';
	fprintf(out, "{\"kind\":\"snapshot\",\"snapshot\":%s}\n", document);
	return 0;
}
