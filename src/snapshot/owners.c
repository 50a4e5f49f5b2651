/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>

#include "abi/futex_word.h"
#include "base/vec.h"
#include "snapshot/look.h"
#include "target/procfs.h"

/* The task with that TID, or SIZE_MAX. A TID is unique, but tasks are sorted by process first. */
static size_t find_task(const struct look *look, pid_t tid)
{
	for (size_t i = 0; i < look->out->n_tasks; i++)
		if (look->out->tasks[i].tid == tid)
			return i;
	return SIZE_MAX;
}

/* The task that calls itself `ns_tid` in the PID namespace of `observer`, or SIZE_MAX. */
static size_t find_task_in_ns(const struct look *look, const struct look_process *observer,
			      pid_t ns_tid)
{
	for (size_t i = 0; i < look->n_processes; i++) {
		const struct look_process *process = &look->processes[i];

		if (process->foreign_ns != observer->foreign_ns ||
		    process->pid_namespace != observer->pid_namespace)
			continue;
		for (size_t j = 0; j < process->n_tasks; j++)
			if (process->tasks[j].ns_tid == ns_tid)
				return process->first_task + j;
	}
	return SIZE_MAX;
}

/* The lists of the task were read to their ends: what is not there, it does not have. */
static bool fully_read(const struct task *task)
{
	for (size_t i = 0; i < task->n_lists; i++)
		if (!task->lists[i].head_ok || task->lists[i].end != LIST_COMPLETE)
			return false;
	return true;
}

static bool is_alive(pid_t tid)
{
	struct proc_stat stat;

	if (!kernel_tid_exists(tid))
		return false;
	/* The kernel is done with the lists of a zombie. A file that we cannot read proves nothing. */
	return procfs_stat(tid, tid, &stat) != 0 || (stat.state != 'Z' && stat.state != 'X');
}

/* The sight of a thread that has it and whom the word names. SIZE_MAX: none. */
static size_t owner_by_evidence(const struct look *look, size_t index, uint32_t tid)
{
	const struct lock_sights *sights = &look->sights[index];

	for (size_t i = sights->first; i < sights->first + sights->count; i++) {
		const struct occurrence *sight = &look->occurrences[i];

		if (sight->task != SIZE_MAX &&
		    (uint32_t)look->out->tasks[sight->task].ns_tid == tid)
			return sight->task;
	}
	return SIZE_MAX;
}

/* By number alone. Whether somebody lives who may be the owner. */
static bool owner_by_number(const struct look *look, size_t index, uint32_t tid)
{
	const struct occurrence *best = &look->occurrences[look->sights[index].first];
	const struct look_process *observer = &look->processes[best->process];
	struct lock *lock = &look->out->locks[index];
	size_t task = observer->foreign_ns ? find_task_in_ns(look, observer, (pid_t)tid) :
					     find_task(look, (pid_t)tid);

	if (task != SIZE_MAX) {
		const struct task *found = &look->out->tasks[task];

		/* It lives but does not have it: the number was given out anew. */
		if (fully_read(found))
			return false;
		lock->owner = task;
		lock->owner_tid = found->tid;
		return true;
	}
	if (observer->foreign_ns)
		return false;
	if (!is_alive((pid_t)tid))
		return false;
	lock->owner_tid = (pid_t)tid;
	return true;
}

void look_find_owners(struct look *look, bool *ret_orphan)
{
	for (size_t i = 0; i < look->out->n_locks; i++) {
		struct lock *lock = &look->out->locks[i];
		uint32_t tid = lock->word & WORD_TID_MASK;

		ret_orphan[i] = false;
		if (!lock->word_ok || tid == WORD_TID_MASK)
			continue;
		if (!tid) {
			if (lock->word & WORD_OWNER_DIED)
				lock->dead_tid = (pid_t)lock->mutex.owner_field;
			continue;
		}
		lock->owner = owner_by_evidence(look, i, tid);
		if (lock->owner != SIZE_MAX)
			lock->owner_tid = look->out->tasks[lock->owner].tid;
		else if (!owner_by_number(look, i, tid))
			ret_orphan[i] = true;
		if (ret_orphan[i])
			lock->dead_tid = (pid_t)tid;
	}
}

struct file_list {
	struct file_id *files;
	size_t count;
	size_t capacity;
};

static int add_file(struct file_list *list, const struct place *place)
{
	int error;

	if (!place->shared)
		return 0;
	for (size_t i = 0; i < list->count; i++)
		if (list->files[i].inode == place->inode &&
		    list->files[i].dev_major == place->dev_major &&
		    list->files[i].dev_minor == place->dev_minor)
			return 0;
	error = vec_reserve(&list->files, list->count, &list->capacity, 1, sizeof(*list->files));
	if (error)
		return error;
	list->files[list->count++] = (struct file_id){.dev_major = place->dev_major,
						      .dev_minor = place->dev_minor,
						      .inode = place->inode};
	return 0;
}

/* Somebody may wait for it, or its owner is not among those we looked at. */
static bool is_open(const struct lock *lock)
{
	if (!lock->word_ok)
		return false;
	if (lock->word & (WORD_WAITERS | WORD_OWNER_DIED))
		return true;
	return lock->mutex.not_recoverable ||
	       ((lock->word & WORD_TID_MASK) && lock->owner == SIZE_MAX);
}

/* A wait for something on no list that we know: its word may name an owner elsewhere. */
static int add_unknown_wait(struct look *look, struct file_list *list, const struct task *task,
			    size_t index)
{
	struct look_process *process = look_process_of(look, index);

	for (size_t i = 0; i < task->n_waits; i++) {
		const struct wait *wait = &task->waits[i];
		uint32_t word;

		if (wait->lock != LOCK_NONE || !wait->place.shared || wait->is_private)
			continue;
		if (memory_read_one(&process->live.memory, wait->address, &word, sizeof(word)))
			continue;
		if ((word & WORD_WAITERS) && (word & WORD_TID_MASK) && add_file(list, &wait->place))
			return -ENOMEM;
	}
	return 0;
}

int look_open_questions(struct look *look, struct file_id **ret_files, size_t *ret_count)
{
	struct file_list list = {0};
	int error = 0;

	for (size_t i = 0; i < look->out->n_locks && !error; i++)
		if (is_open(&look->out->locks[i]))
			error = add_file(&list, &look->out->locks[i].place);
	for (size_t i = 0; i < look->out->n_tasks && !error; i++)
		error = add_unknown_wait(look, &list, &look->out->tasks[i], i);
	if (error)
		free(list.files);
	else
		*ret_files = list.files;
	*ret_count = error ? 0 : list.count;
	return error;
}
