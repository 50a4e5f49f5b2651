/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/json_read.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "report/json_values.h"

/* A document in the making. The index arrays are malloced; the rest lies in the arena. */
struct reader {
	const json_t *root;
	struct snapshot *out;
	size_t *by_tid;   /* out->tasks in the order of their TIDs */
	size_t *by_place; /* the robust ones of out->locks in the order of their places */
	size_t n_robust;  /* they come first; ordinary locks, by place, behind them */
	bool failed;      /* no memory */
};

static void *alloc(struct reader *reader, size_t count, size_t size)
{
	void *memory = arena_alloc(&reader->out->arena, (count + 1) * size);

	if (!memory)
		reader->failed = true;
	return memory;
}

static const char *keep(struct reader *reader, const char *text)
{
	const char *copy = text ? arena_strdup(&reader->out->arena, text) : NULL;

	if (text && !copy)
		reader->failed = true;
	return copy;
}

static void read_task(struct reader *reader, const json_t *from, bool selected)
{
	struct task *task = &reader->out->tasks[reader->out->n_tasks++];
	const json_t *doing = json_object_get(from, "doing");
	const char *comm = json_value_text(from, "comm");

	*task = (struct task){
		.pid = (pid_t)json_value_number(from, "pid"),
		.tid = (pid_t)json_value_number(from, "tid"),
		.state = json_value_task_state(doing),
		.call = keep(reader, json_value_text(doing, "call")),
		.selected = selected,
		.slept_ns = json_value_number(doing, "slept_ns"),
		.ns_tid = (pid_t)json_value_number(doing, "ns_tid"),
		.comm = keep(reader, comm ? comm : ""),
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

	reader->out->tasks = alloc(reader, count, sizeof(struct task));
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

/* SIZE_MAX for one that is not in the document. */
static size_t find_task(const struct reader *reader, uint64_t tid)
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

	lock->waiters = alloc(reader, json_array_size(waiters), sizeof(*lock->waiters));
	for (size_t i = 0; i < json_array_size(waiters) && lock->waiters; i++) {
		const json_t *waiter = json_array_get(waiters, i);
		size_t task = find_task(reader, json_value_number(waiter, "tid"));

		if (task == SIZE_MAX)
			continue;
		lock->waiters[lock->n_waiters++].task = task;
		reader->out->tasks[task].slept_ns = json_value_number(waiter, "slept_ns");
	}
}

/* The place of a futex object or, where that has none, of its `where`. */
static struct place read_place(struct reader *reader, const json_t *from)
{
	const json_t *where = json_object_get(from, "where");
	struct place place = {.shared = json_value_bool(from, "shared", json_is_object(where))};
	const char *path = json_value_text(from, "path");

	json_value_place(from, where, &place);
	if (!path)
		path = json_value_text(where, "path");
	place.path = keep(reader, path);
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
		.place = read_place(reader, from),
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
		.name = keep(reader, json_value_text(from, "name")),
		.owner = owner ? find_task(reader, owner) : SIZE_MAX,
		.owner_tid = (pid_t)owner,
		.dead_tid = (pid_t)json_value_number(from, "dead"),
	};
	json_value_mutex(from, &ret->mutex);
	read_waiters(reader, from, ret);
}

/* An ordinary lock is in the document only as what somebody waits for. */
static void read_ordinary_lock(struct reader *reader, const json_t *wait, struct lock *ret)
{
	uint64_t owner = json_value_number(wait, "owner");

	*ret = (struct lock){
		.place = read_place(reader, wait),
		.pid = (pid_t)json_value_number(wait, "pid"),
		.address = json_value_hex(wait, "address"),
		.bits = 64,
		.sort = json_value_sort(wait),
		.selected = true,
		.state = owner ? FUTEX_HELD : FUTEX_FREE,
		.name = keep(reader, json_value_text(wait, "name")),
		.owner = owner ? find_task(reader, owner) : SIZE_MAX,
		.owner_tid = (pid_t)owner,
	};
}

static void read_locks(struct reader *reader)
{
	const json_t *locks = json_object_get(reader->root, "locks");
	const json_t *waits = json_object_get(reader->root, "waits");
	struct snapshot *out = reader->out;
	size_t most = json_array_size(locks) + json_array_size(waits);
	size_t count = json_array_size(locks);

	out->locks = alloc(reader, most, sizeof(struct lock));
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
			read_ordinary_lock(reader, json_array_get(waits, i), &out->locks[count++]);
	out->n_locks = reader->n_robust;
	if (count > reader->n_robust)
		qsort(out->locks + reader->n_robust, count - reader->n_robust, sizeof(struct lock),
		      compare_locks);
	for (size_t i = reader->n_robust; i < count; i++)
		if (out->n_locks == reader->n_robust ||
		    compare_places(&out->locks[i], &out->locks[out->n_locks - 1]) != 0)
			out->locks[out->n_locks++] = out->locks[i];
}

/* The robust or ordinary lock in the place of `wanted`, or LOCK_NONE. */
static size_t find_lock(const struct reader *reader, const struct lock *wanted, bool robust)
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

static void read_futex(struct reader *reader, const json_t *from, bool on_list, struct futex *ret)
{
	const struct lock wanted = {
		.place = read_place(reader, from),
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
		.lock = find_lock(reader, &wanted, true),
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
	ret->entries = alloc(reader, json_array_size(entries), sizeof(*ret->entries));
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
		size_t index = find_task(reader, json_value_number(from, "tid"));
		struct task *task;

		if (index == SIZE_MAX)
			continue;
		task = &reader->out->tasks[index];
		task->lists = alloc(reader, json_array_size(lists), sizeof(*task->lists));
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

	read_ordinary_lock(reader, from, &wanted);
	*wait = (struct wait){
		.call = keep(reader, json_value_text(from, "call")),
		.address = wanted.address,
		.is_private = json_value_bool(from, "private", false),
		.timed = json_value_bool(from, "timed", false),
		.lock = LOCK_NONE,
		.place = wanted.place,
	};
	if (!wait->call)
		wait->call = "futex";
	if (json_value_bool(from, "lock", false))
		wait->lock = find_lock(reader, &wanted, true);
	else if (wanted.sort != LOCK_ROBUST)
		wait->lock = find_lock(reader, &wanted, false);
}

static void add_ordinary_waiter(struct reader *reader, size_t index, size_t task)
{
	struct lock *lock = &reader->out->locks[index];
	struct waiter *grown = alloc(reader, lock->n_waiters + 1, sizeof(*grown));

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
		size_t index = find_task(reader, tid);
		struct task *task;

		for (next = i + 1; next < count; next++)
			if (json_value_number(json_array_get(waits, next), "tid") != tid)
				break;
		if (index == SIZE_MAX || reader->out->tasks[index].n_waits)
			continue;
		task = &reader->out->tasks[index];
		task->waits = alloc(reader, next - i, sizeof(*task->waits));
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

	*ret = alloc(reader, count, sizeof(**ret));
	*ret_count = count;
	for (size_t i = 0; i < count && *ret; i++) {
		const json_t *member = json_array_get(from, i);
		size_t task = find_task(reader, json_value_number(member, "tid"));

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

	out->cycles = alloc(reader, json_array_size(cycles), sizeof(*out->cycles));
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
		.function = keep(reader, json_value_text(from, "function")),
		.offset = json_value_hex(from, "offset"),
		.module = keep(reader, json_value_text(from, "module")),
		.module_offset = json_value_hex(from, "module_offset"),
		.source = keep(reader, json_value_text(from, "source")),
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
		size_t index = find_task(reader, json_value_number(from, "tid"));
		struct task *task;

		if (index == SIZE_MAX)
			continue;
		task = &reader->out->tasks[index];
		task->n_frames = 0;
		task->frames = alloc(reader, json_array_size(frames), sizeof(*task->frames));
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

	out->problems = alloc(reader, json_array_size(problems), sizeof(*out->problems));
	for (size_t i = 0; i < json_array_size(problems) && out->problems; i++) {
		const json_t *from = json_array_get(problems, i);
		const json_t *tids = json_object_get(from, "tids");
		const char *text = json_value_text(from, "text");
		const char *next = json_value_text(from, "next");
		struct problem *problem = &out->problems[out->n_problems++];

		*problem = (struct problem){
			.kind = json_value_problem(from),
			.rank = (unsigned)i,
			.text = keep(reader, text ? text : ""),
			.next = keep(reader, next ? next : ""),
			.tids = alloc(reader, json_array_size(tids), sizeof(pid_t)),
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
		read_tasks,  read_locks,  read_lists,    read_waits,
		read_cycles, read_stacks, read_problems,
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
