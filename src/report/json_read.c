/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/json_read.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "report/json_read_parts.h"
#include "report/json_values.h"

static void read_task(struct reader *reader, const json_t *from, bool selected)
{
	struct task *task = &reader->out->tasks[reader->out->n_tasks++];
	const json_t *doing = json_object_get(from, "doing");
	const char *comm = json_value_text(from, "comm");

	*task = (struct task){
		.pid = (pid_t)json_value_number(from, "pid"),
		.tid = (pid_t)json_value_number(from, "tid"),
		.state = json_value_task_state(doing),
		.call = json_read_keep(reader, json_value_text(doing, "call")),
		.selected = selected,
		.slept_ns = json_value_number(doing, "slept_ns"),
		.ns_tid = (pid_t)json_value_number(doing, "ns_tid"),
		.comm = json_read_keep(reader, comm ? comm : ""),
	};
	if (!task->ns_tid)
		task->ns_tid = task->tid;
}

static int compare_tasks(const void *left, const void *right)
{
	const struct task *a = left;
	const struct task *b = right;

	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	return (a->tid > b->tid) - (a->tid < b->tid);
}

static int compare_tids(const void *left, const void *right, void *tasks)
{
	pid_t a = ((const struct task *)tasks)[*(const size_t *)left].tid;
	pid_t b = ((const struct task *)tasks)[*(const size_t *)right].tid;

	return (a > b) - (a < b);
}

static void read_tasks(struct reader *reader)
{
	const json_t *tasks = json_object_get(reader->root, "tasks");
	const json_t *others = json_object_get(reader->root, "neighbours");
	size_t count = json_array_size(tasks) + json_array_size(others);

	reader->out->tasks = json_read_alloc(reader, count, sizeof(struct task));
	reader->by_tid = calloc(count + 1, sizeof(*reader->by_tid));
	if (!reader->out->tasks || !reader->by_tid) {
		reader->failed = true;
		return;
	}
	for (size_t i = 0; i < json_array_size(tasks); i++)
		read_task(reader, json_array_get(tasks, i), true);
	for (size_t i = 0; i < json_array_size(others); i++)
		read_task(reader, json_array_get(others, i), false);
	if (count)
		qsort(reader->out->tasks, count, sizeof(struct task), compare_tasks);
	for (size_t i = 0; i < count; i++)
		reader->by_tid[i] = i;
	if (count)
		qsort_r(reader->by_tid, count, sizeof(size_t), compare_tids, reader->out->tasks);
}

static void read_futex(struct reader *reader, const json_t *from, bool on_list, struct futex *ret)
{
	const struct lock wanted = {
		.place = json_read_place(reader, from),
		.pid = (pid_t)json_value_number(from, "pid"),
		.address = json_value_hex(from, "address"),
	};

	*ret = (struct futex){
		.entry = json_value_hex(from, "entry"),
		.address = wanted.address,
		.word = (uint32_t)json_value_hex(from, "word"),
		.word_ok = json_value_text(from, "word"),
		.pi = json_value_bool(from, "pi", false),
		.on_list = on_list,
		.state = json_value_state(from),
		.lock = json_read_find_lock(reader, &wanted, true),
	};
	json_value_mutex(from, &ret->mutex);
}

static void read_list(struct reader *reader, const json_t *from, struct list *ret)
{
	const json_t *entries = json_object_get(from, "entries");
	const json_t *pending = json_object_get(from, "pending");

	*ret = (struct list){
		.kind = json_value_list_kind(from),
		.index = (unsigned)json_value_number(from, "index"),
		.emulated = json_value_bool(from, "emulated", false),
		.bits = (unsigned)json_value_number(from, "bits"),
		.bits_from = json_value_bits_source(from),
		.head = json_value_hex(from, "head"),
		.head_ok = json_is_integer(json_object_get(from, "futex_offset")),
		.futex_offset = (int64_t)json_value_number(from, "futex_offset"),
		.end = json_value_list_end(from),
		.end_at = json_value_hex(from, "end_at"),
		.n_seen = json_value_number(from, "length"),
		.has_pending = json_is_object(pending),
	};
	ret->entries = json_read_alloc(reader, json_array_size(entries), sizeof(*ret->entries));
	for (size_t i = 0; i < json_array_size(entries) && ret->entries; i++)
		read_futex(reader, json_array_get(entries, i), true,
			   &ret->entries[ret->n_entries++]);
	if (ret->has_pending)
		read_futex(reader, pending, json_value_bool(pending, "on_list", false),
			   &ret->pending);
}

static void read_lists(struct reader *reader)
{
	const json_t *tasks = json_object_get(reader->root, "tasks");

	for (size_t i = 0; i < json_array_size(tasks); i++) {
		const json_t *from = json_array_get(tasks, i);
		const json_t *lists = json_object_get(from, "lists");
		size_t index = json_read_find_task(reader, json_value_number(from, "tid"));
		struct task *task;

		if (index == SIZE_MAX)
			continue;
		task = &reader->out->tasks[index];
		task->lists = json_read_alloc(reader, json_array_size(lists), sizeof(*task->lists));
		task->n_lists = 0;
		for (size_t j = 0; j < json_array_size(lists) && task->lists; j++)
			read_list(reader, json_array_get(lists, j), &task->lists[task->n_lists++]);
	}
}

/* The wait itself, and the thread among the waiters of an ordinary lock. */
static void read_wait(struct reader *reader, const json_t *from, struct task *task)
{
	struct lock wanted;
	struct wait *wait = &task->waits[task->n_waits++];

	json_read_ordinary_lock(reader, from, &wanted);
	*wait = (struct wait){
		.call = json_read_keep(reader, json_value_text(from, "call")),
		.address = wanted.address,
		.is_private = json_value_bool(from, "private", false),
		.timed = json_value_bool(from, "timed", false),
		.lock = LOCK_NONE,
		.place = wanted.place,
	};
	if (!wait->call)
		wait->call = "futex";
	if (json_value_bool(from, "lock", false))
		wait->lock = json_read_find_lock(reader, &wanted, true);
	else if (wanted.sort != LOCK_ROBUST)
		wait->lock = json_read_find_lock(reader, &wanted, false);
}

static void add_ordinary_waiter(struct reader *reader, size_t index, size_t task)
{
	struct lock *lock = &reader->out->locks[index];
	struct waiter *grown = json_read_alloc(reader, lock->n_waiters + 1, sizeof(*grown));

	if (!grown)
		return;
	if (lock->n_waiters)
		memcpy(grown, lock->waiters, lock->n_waiters * sizeof(*grown));
	grown[lock->n_waiters++].task = task;
	lock->waiters = grown;
}

/* Waits of one thread stand side by side in the document. */
static void read_waits(struct reader *reader)
{
	const json_t *waits = json_object_get(reader->root, "waits");
	size_t count = json_array_size(waits);

	for (size_t i = 0, next; i < count && !reader->failed; i = next) {
		uint64_t tid = json_value_number(json_array_get(waits, i), "tid");
		size_t index = json_read_find_task(reader, tid);
		struct task *task;

		for (next = i + 1; next < count; next++)
			if (json_value_number(json_array_get(waits, next), "tid") != tid)
				break;
		if (index == SIZE_MAX || reader->out->tasks[index].n_waits)
			continue;
		task = &reader->out->tasks[index];
		task->waits = json_read_alloc(reader, next - i, sizeof(*task->waits));
		for (size_t j = i; j < next && task->waits; j++) {
			size_t lock;

			read_wait(reader, json_array_get(waits, j), task);
			lock = task->waits[task->n_waits - 1].lock;
			if (lock != LOCK_NONE && lock >= reader->n_robust)
				add_ordinary_waiter(reader, lock, index);
		}
	}
}

/* Indexes of the threads of an array; -1 where one is missing. */
static int read_members(struct reader *reader, const json_t *from, size_t **ret, size_t *ret_count)
{
	size_t count = json_array_size(from);

	*ret = json_read_alloc(reader, count, sizeof(**ret));
	*ret_count = count;
	for (size_t i = 0; i < count && *ret; i++) {
		const json_t *member = json_array_get(from, i);
		size_t task = json_read_find_task(reader, json_value_number(member, "tid"));

		if (task == SIZE_MAX || !reader->out->tasks[task].n_waits ||
		    reader->out->tasks[task].waits[0].lock == LOCK_NONE)
			return -1;
		reader->out->tasks[task].slept_ns = json_value_number(member, "slept_ns");
		(*ret)[i] = task;
	}
	return *ret ? 0 : -1;
}

static void read_cycles(struct reader *reader)
{
	const json_t *cycles = json_object_get(reader->root, "cycles");
	struct snapshot *out = reader->out;

	out->cycles = json_read_alloc(reader, json_array_size(cycles), sizeof(*out->cycles));
	for (size_t i = 0; i < json_array_size(cycles) && out->cycles; i++) {
		const json_t *from = json_array_get(cycles, i);
		struct cycle cycle = {0};

		if (read_members(reader, json_object_get(from, "tasks"), &cycle.tasks, &cycle.n) ||
		    read_members(reader, json_object_get(from, "behind"), &cycle.behind,
				 &cycle.n_behind) ||
		    !cycle.n)
			continue;
		cycle.victim = cycle.tasks[0];
		out->cycles[out->n_cycles++] = cycle;
	}
}

static void read_frame(struct reader *reader, const json_t *from, struct frame *ret)
{
	*ret = (struct frame){
		.pc = json_value_hex(from, "pc"),
		.function = json_read_keep(reader, json_value_text(from, "function")),
		.offset = json_value_hex(from, "offset"),
		.module = json_read_keep(reader, json_value_text(from, "module")),
		.module_offset = json_value_hex(from, "module_offset"),
		.source = json_read_keep(reader, json_value_text(from, "source")),
		.line = (unsigned)json_value_number(from, "line"),
		.guess = json_value_bool(from, "guess", false),
	};
}

static void read_stacks(struct reader *reader)
{
	const json_t *stacks = json_object_get(reader->root, "stacks");

	for (size_t i = 0; i < json_array_size(stacks); i++) {
		const json_t *from = json_array_get(stacks, i);
		const json_t *frames = json_object_get(from, "frames");
		size_t index = json_read_find_task(reader, json_value_number(from, "tid"));
		struct task *task;

		if (index == SIZE_MAX)
			continue;
		task = &reader->out->tasks[index];
		task->n_frames = 0;
		task->frames = json_read_alloc(reader, json_array_size(frames),
					       sizeof(*task->frames));
		for (size_t j = 0; j < json_array_size(frames) && task->frames; j++)
			read_frame(reader, json_array_get(frames, j),
				   &task->frames[task->n_frames++]);
	}
}

/* A place in an array of the document; SIZE_MAX: none. */
static size_t read_number(const json_t *from, const char *key, size_t count)
{
	const json_t *value = json_object_get(from, key);

	if (!json_is_integer(value) || json_integer_value(value) < 0 ||
	    (size_t)json_integer_value(value) >= count)
		return SIZE_MAX;
	return (size_t)json_integer_value(value);
}

static void read_problems(struct reader *reader)
{
	const json_t *problems = json_object_get(reader->root, "problems");
	struct snapshot *out = reader->out;

	out->problems = json_read_alloc(reader, json_array_size(problems), sizeof(*out->problems));
	for (size_t i = 0; i < json_array_size(problems) && out->problems; i++) {
		const json_t *from = json_array_get(problems, i);
		const json_t *tids = json_object_get(from, "tids");
		const char *text = json_value_text(from, "text");
		const char *next = json_value_text(from, "next");
		struct problem *problem = &out->problems[out->n_problems++];

		*problem = (struct problem){
			.kind = json_value_problem(from),
			.rank = (unsigned)i,
			.text = json_read_keep(reader, text ? text : ""),
			.next = json_read_keep(reader, next ? next : ""),
			.tids = json_read_alloc(reader, json_array_size(tids), sizeof(pid_t)),
			.lock = read_number(from, "lock", reader->n_robust),
			.cycle = read_number(from, "cycle", out->n_cycles),
		};
		for (size_t j = 0; j < json_array_size(tids) && problem->tids; j++)
			problem->tids[problem->n_tids++] = (pid_t)json_integer_value(
				json_array_get(tids, j));
	}
}

static void read_all(struct reader *reader)
{
	static void (*const steps[])(struct reader * reader) = {
		read_tasks,  json_read_locks, read_lists,    read_waits,
		read_cycles, read_stacks,     read_problems,
	};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && !reader->failed; i++)
		steps[i](reader);
	json_value_census(json_object_get(reader->root, "looked_at"), &reader->out->census);
}

int json_read(FILE *in, struct snapshot *ret, char why[JSON_WHY_MAX])
{
	json_error_t trouble;
	json_t *root = json_loadf(in, JSON_REJECT_DUPLICATES, &trouble);
	struct reader reader = {.root = root, .out = ret};

	*ret = (struct snapshot){0};
	if (!root) {
		snprintf(why, JSON_WHY_MAX, "line %d: %s", trouble.line, trouble.text);
		return -EINVAL;
	}
	if (!json_is_array(json_object_get(root, "locks")) ||
	    !json_is_array(json_object_get(root, "tasks"))) {
		snprintf(why, JSON_WHY_MAX, "is no document of robtrace show -J");
		json_decref(root);
		return -EINVAL;
	}
	read_all(&reader);
	json_decref(root);
	free(reader.by_tid);
	free(reader.by_place);
	if (reader.failed) {
		arena_free(&ret->arena);
		*ret = (struct snapshot){0};
		snprintf(why, JSON_WHY_MAX, "out of memory");
	}
	return reader.failed ? -ENOMEM : 0;
}
