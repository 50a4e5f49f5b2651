/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi/futex_word.h"
#include "base/cleanup.h"
#include "base/vec.h"
#include "classify.h"
#include "snapshot/look.h"

static int compare_pids(const void *left, const void *right)
{
	const struct look_process *a = left;
	const struct look_process *b = right;

	return (a->pid > b->pid) - (a->pid < b->pid);
}

/* Equal ones have one memory. Only forks of one program are worth asking the kernel about. */
static int compare_memory(const void *left, const void *right)
{
	const struct look_process *a = *(struct look_process *const *)left;
	const struct look_process *b = *(struct look_process *const *)right;

	if (a->start_stack != b->start_stack)
		return a->start_stack > b->start_stack ? 1 : -1;
	if (a->start_code != b->start_code)
		return a->start_code > b->start_code ? 1 : -1;
	return kernel_compare_memory(a->pid, b->pid);
}

static int join_memories(struct look *look)
{
	size_t count = look->n_processes;
	cleanup_free struct look_process **sorted = calloc(count + 1,
							   sizeof(struct look_process *));

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		sorted[i] = &look->processes[i];
	qsort(sorted, count, sizeof(struct look_process *), compare_memory);
	for (size_t i = 1; i < count; i++)
		if (compare_memory(&sorted[i - 1], &sorted[i]) == 0)
			sorted[i]->mm = sorted[i - 1]->mm;
	return 0;
}

/* Those that were skipped, or whose threads all ended while they were looked at. */
static void drop_empty(struct look *look)
{
	size_t kept = 0;

	for (size_t i = 0; i < look->n_processes; i++) {
		if (look->processes[i].n_tasks)
			look->processes[kept++] = look->processes[i];
		else
			look_process_release(&look->processes[i]);
	}
	look->n_processes = kept;
}

int look_join_tasks(struct look *look)
{
	struct snapshot *out = look->out;
	size_t total = 0;
	int error;

	drop_empty(look);
	if (look->n_processes)
		qsort(look->processes, look->n_processes, sizeof(*look->processes), compare_pids);
	error = join_memories(look);
	if (error)
		return error;
	for (size_t i = 0; i < look->n_processes; i++)
		total += look->processes[i].n_tasks;
	out->tasks = arena_alloc(&out->arena, (total + 1) * sizeof(*out->tasks));
	if (!out->tasks)
		return -ENOMEM;
	out->n_tasks = 0;
	for (size_t i = 0; i < look->n_processes; i++) {
		struct look_process *process = &look->processes[i];

		process->first_task = out->n_tasks;
		memcpy(out->tasks + out->n_tasks, process->tasks,
		       process->n_tasks * sizeof(*process->tasks));
		out->n_tasks += process->n_tasks;
		process->tasks = out->tasks + process->first_task;
	}
	return 0;
}

static int add_futex(struct look *look, const struct look_process *process, size_t task,
		     const struct list *list, struct futex *futex)
{
	struct place place = place_find(&process->maps, futex->address);
	struct occurrence occurrence = {
		.key = place_key(&place, process->mm, futex->address),
		.process = (size_t)(process - look->processes),
		.task = task,
		.list = list,
		.bits = list->bits,
		.futex = futex,
	};

	/* glibc marks every robust mutex as shared: whether it is, its memory tells. */
	if (futex->mutex.libc)
		futex->mutex.shared = place.shared;
	return look_add_occurrence(look, &occurrence);
}

/* The kernel writes the words that name the thread; it stops at one that it can only read. */
static void note_read_only(const struct look_process *process, const struct task *task,
			   struct list *list)
{
	if (list->end == LIST_LOOP || list->end == LIST_CHANGED)
		return;
	for (size_t i = 0; i < list->n_entries; i++) {
		const struct futex *futex = &list->entries[i];
		struct place place;

		if (!futex->word_ok || (futex->word & WORD_TID_MASK) != (uint32_t)task->ns_tid)
			continue;
		place = place_find(&process->maps, futex->address);
		if (place.kind == PLACE_UNKNOWN || place.writable)
			continue;
		list->end = LIST_FAULT;
		list->end_at = futex->entry;
		list->n_reached = i;
		list->read_only = true;
		return;
	}
}

static int add_lists(struct look *look, const struct look_process *process, size_t task_index)
{
	struct task *task = &look->out->tasks[task_index];
	int error = 0;

	for (size_t i = 0; i < task->n_lists && !error; i++) {
		struct list *list = &task->lists[i];

		note_read_only(process, task, list);
		for (size_t j = 0; j < list->n_entries && !error; j++)
			error = add_futex(look, process, task_index, list, &list->entries[j]);
		if (list->has_pending && !error)
			error = add_futex(look, process, task_index, list, &list->pending);
	}
	return error;
}

static bool is_holder(const struct look *look, const struct occurrence *sight)
{
	return sight->task != SIZE_MAX && sight->futex->word_ok && sight->futex->on_list &&
	       (sight->futex->word & WORD_TID_MASK) ==
		       (uint32_t)look->out->tasks[sight->task].ns_tid;
}

/* From the best sight of a lock to the least: its holder's, a list's, a pending one, a home's. */
static unsigned sight_rank(const struct look *look, const struct occurrence *sight)
{
	if (is_holder(look, sight))
		return 0;
	if (sight->task == SIZE_MAX)
		return 3;
	return sight->futex->on_list ? 1 : 2;
}

static int compare_occurrences(const void *left, const void *right, void *context)
{
	const struct look *look = context;
	const struct occurrence *a = left;
	const struct occurrence *b = right;
	int result = place_compare(&a->key, &b->key);

	if (result)
		return result;
	result = (int)sight_rank(look, a) - (int)sight_rank(look, b);
	return result ? result : (a->task > b->task) - (a->task < b->task);
}

size_t look_find_lock(const struct look *look, const struct futex_key *key)
{
	size_t low = 0;
	size_t high = look->out->n_locks;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct lock_sights *sights = &look->sights[middle];
		int order = place_compare(&look->occurrences[sights->first].key, key);

		if (order == 0)
			return middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return LOCK_NONE;
}

static bool in_files(const struct look *look, const struct futex_key *key)
{
	const struct snapshot_request *request = look->request;

	for (size_t i = 0; i < request->n_files; i++)
		if (request->files[i].inode == key->inode &&
		    request->files[i].dev_major == key->dev_major &&
		    request->files[i].dev_minor == key->dev_minor)
			return true;
	return request->n_files == 0;
}

static void fill_lock(struct look *look, size_t index)
{
	const struct lock_sights *sights = &look->sights[index];
	const struct occurrence *best = &look->occurrences[sights->first];
	struct lock *lock = &look->out->locks[index];
	struct look_process *process = &look->processes[best->process];

	*lock = (struct lock){
		.place = place_look(&process->live.memory, &process->maps, best->futex->address),
		.pid = process->pid,
		.entry = best->futex->entry,
		.address = best->futex->address,
		.bits = best->bits,
		.sort = best->sort,
		.word = best->futex->word,
		.word_ok = best->futex->word_ok,
		.pi = best->futex->pi,
		.mutex = best->futex->mutex,
		.owner = SIZE_MAX,
	};
	for (size_t i = sights->first; i < sights->first + sights->count; i++) {
		const struct occurrence *sight = &look->occurrences[i];

		sight->futex->lock = index;
		lock->on_list = lock->on_list || sight->futex->on_list;
		lock->pi = lock->pi || sight->futex->pi;
		if (look->processes[sight->process].selected && in_files(look, &sight->key))
			lock->selected = true;
		if (sight->name)
			lock->name = sight->name;
		if (!lock->mutex.libc)
			lock->mutex = sight->futex->mutex;
	}
}

/* Makes one lock of all the sights that have the same key. */
static int group_sights(struct look *look)
{
	struct snapshot *out = look->out;
	size_t n_locks = 0;

	if (look->n_occurrences)
		qsort_r(look->occurrences, look->n_occurrences, sizeof(*look->occurrences),
			compare_occurrences, look);
	out->locks = arena_alloc(&out->arena, (look->n_occurrences + 1) * sizeof(*out->locks));
	look->sights = arena_alloc(&out->arena, (look->n_occurrences + 1) * sizeof(*look->sights));
	if (!out->locks || !look->sights)
		return -ENOMEM;
	for (size_t i = 0; i < look->n_occurrences; i++) {
		if (i &&
		    place_compare(&look->occurrences[i - 1].key, &look->occurrences[i].key) == 0)
			look->sights[n_locks - 1].count++;
		else
			look->sights[n_locks++] = (struct lock_sights){.first = i, .count = 1};
	}
	out->n_locks = n_locks;
	for (size_t i = 0; i < n_locks; i++)
		fill_lock(look, i);
	return 0;
}

/* Copies the path out of the maps, which go before the snapshot does. */
static int keep_path(struct look *look, struct place *place)
{
	if (!place->path)
		return 0;
	place->path = arena_strdup(&look->out->arena, place->path);
	return place->path ? 0 : -ENOMEM;
}

/* Ties each wait to its lock, and counts. */
static void match_waits(struct look *look)
{
	for (size_t i = 0; i < look->out->n_tasks; i++) {
		struct task *task = &look->out->tasks[i];
		const struct look_process *process = look_process_of(look, i);

		for (size_t j = 0; j < task->n_waits; j++) {
			struct wait *wait = &task->waits[j];
			struct futex_key key = place_key(&wait->place, process->mm, wait->address);

			wait->lock = look_find_lock(look, &key);
			if (wait->lock != LOCK_NONE)
				look->out->locks[wait->lock].n_waiters++;
		}
	}
}

static int list_waiters(struct look *look)
{
	struct snapshot *out = look->out;

	match_waits(look);
	for (size_t i = 0; i < out->n_locks; i++) {
		struct lock *lock = &out->locks[i];

		lock->waiters = arena_alloc(&out->arena,
					    (lock->n_waiters + 1) * sizeof(*lock->waiters));
		if (!lock->waiters)
			return -ENOMEM;
		lock->n_waiters = 0;
	}
	for (size_t i = 0; i < out->n_tasks; i++)
		for (size_t j = 0; j < out->tasks[i].n_waits; j++) {
			size_t index = out->tasks[i].waits[j].lock;
			struct lock *lock;

			if (index == LOCK_NONE)
				continue;
			lock = &out->locks[index];
			lock->waiters[lock->n_waiters++].task = i;
			if (out->tasks[i].selected && lock->n_waiters)
				lock->selected = lock->selected || !look->request->n_files;
		}
	return 0;
}

static struct lock_evidence evidence_of(struct look *look, size_t index, bool orphan)
{
	const struct lock *lock = &look->out->locks[index];
	const struct lock_sights *sights = &look->sights[index];
	struct lock_evidence evidence = {.orphan = orphan, .stale = true};

	for (size_t i = sights->first; i < sights->first + sights->count; i++) {
		const struct occurrence *sight = &look->occurrences[i];

		evidence.stale = evidence.stale && sight->task != SIZE_MAX &&
				 !sight->futex->on_list && sight->futex->no_mutex &&
				 !look_waits_for(look, sight->task, index);
		if (sight->task == SIZE_MAX)
			continue;
		if (sight->task == lock->owner && sight->futex->on_list)
			evidence.owner_lists_it = true;
		if (sight->task != lock->owner && sight->futex->on_list)
			evidence.on_other_list = true;
		if (sight->futex->on_list)
			continue;
		if (sight->task == lock->owner)
			evidence.owner_pends = true;
		if (!look_waits_for(look, sight->task, index))
			evidence.somebody_pends = true;
	}
	return evidence;
}

/* Those on a list come before those in a list_op_pending. */
static void note_list(const struct look *look, size_t index)
{
	const struct lock_sights *sights = &look->sights[index];
	struct lock *lock = &look->out->locks[index];

	for (size_t i = sights->first; i < sights->first + sights->count && !lock->list; i++)
		if (look->occurrences[i].task != SIZE_MAX &&
		    look->occurrences[i].task == lock->owner)
			lock->list = look->occurrences[i].list;
}

static void classify_all(struct look *look, const bool *orphan)
{
	for (size_t i = 0; i < look->out->n_locks; i++) {
		const struct lock_sights *sights = &look->sights[i];
		struct lock *lock = &look->out->locks[i];
		struct lock_evidence evidence = evidence_of(look, i, orphan[i]);

		lock->state = classify_lock(lock, &evidence);
		if (lock->state == FUTEX_STALE) {
			/* What the word says of an owner is said by chance. */
			lock->owner = SIZE_MAX;
			lock->owner_tid = 0;
			lock->dead_tid = 0;
		}
		note_list(look, i);
		for (size_t j = sights->first; j < sights->first + sights->count; j++) {
			const struct occurrence *sight = &look->occurrences[j];
			const struct task *task;

			if (sight->task == SIZE_MAX)
				continue;
			task = &look->out->tasks[sight->task];
			sight->futex->state = classify_futex(sight->futex, task->ns_tid,
							     look_waits_for(look, sight->task, i),
							     task->wakes == sight->futex->address,
							     lock->state);
		}
	}
}

/* Room for every entry there is: growing step by step would copy it all several times. */
static int reserve_occurrences(struct look *look)
{
	size_t total = 0;

	look->n_occurrences = 0;
	for (size_t i = 0; i < look->out->n_tasks; i++)
		for (size_t j = 0; j < look->out->tasks[i].n_lists; j++)
			total += look->out->tasks[i].lists[j].n_entries + 1;
	return vec_reserve(&look->occurrences, 0, &look->occurrences_capacity, total,
			   sizeof(*look->occurrences));
}

int look_build_locks(struct look *look)
{
	struct snapshot *out = look->out;
	cleanup_free bool *orphan = NULL;
	int error = reserve_occurrences(look);

	for (size_t i = 0; i < look->n_processes && !error; i++) {
		const struct look_process *process = &look->processes[i];

		for (size_t j = 0; j < process->n_tasks && !error; j++)
			error = add_lists(look, process, process->first_task + j);
	}
	if (!error)
		error = look_scan_homes(look);
	if (!error)
		error = look_scan_waits(look);
	if (!error)
		error = group_sights(look);
	for (size_t i = 0; i < out->n_locks && !error; i++)
		error = keep_path(look, &out->locks[i].place);
	if (!error)
		error = list_waiters(look);
	orphan = calloc(out->n_locks + 1, sizeof(*orphan));
	if (error || !orphan)
		return error ? error : -ENOMEM;
	look_find_owners(look, orphan);
	classify_all(look, orphan);
	return 0;
}
