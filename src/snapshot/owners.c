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

static bool is_alive(pid_t tid)
{
	struct proc_stat stat;

	if (!kernel_tid_exists(tid))
		return false;
	/* The kernel is done with the lists of a zombie. A file that we cannot read proves nothing. */
	return procfs_stat(tid, tid, &stat) != 0 || (stat.state != 'Z' && stat.state != 'X');
}

/* The thread whom the word names and that shows the lock. SIZE_MAX: none does. */
static size_t owner_by_evidence(const struct look *look, size_t index, uint32_t tid)
{
	const struct lock_sights *sights = &look->sights[index];

	for (size_t i = sights->first; i < sights->first + sights->count; i++) {
		const struct occurrence *sight = &look->occurrences[i];

		if (sight->task == SIZE_MAX ||
		    (uint32_t)look->out->tasks[sight->task].ns_tid != tid)
			continue;
		/* Who waits for it may have that number in another PID namespace than the owner. */
		if (sight->futex->on_list || !look_waits_for(look, sight->task, index))
			return sight->task;
	}
	return SIZE_MAX;
}

static struct file_id file_of(const struct place *place)
{
	return (struct file_id){.dev_major = place->dev_major,
				.dev_minor = place->dev_minor,
				.inode = place->inode};
}

/* A thread can only have a lock that its process maps; any other has got the number anew. */
static bool could_own(struct look *look, const struct lock *lock, pid_t mm, size_t task)
{
	const struct look_process *process = look_process_of(look, task);
	const struct file_id file = file_of(&lock->place);

	if (!lock->place.shared)
		return process->mm == mm;
	return look_maps_file(&process->maps, &file, 1);
}

/* The same for a thread that we did not look at. What we cannot see, we believe. */
static bool stranger_could_own(const struct lock *lock, pid_t pid, pid_t tid)
{
	const struct file_id file = file_of(&lock->place);
	struct proc_status status;
	struct maps maps;
	bool could;

	if (!lock->place.shared)
		return procfs_status(tid, tid, &status) != 0 || status.tgid == pid;
	if (maps_read(tid, tid, &maps))
		return true;
	could = look_maps_file(&maps, &file, 1);
	maps_free(&maps);
	return could;
}

static bool word_again(struct look *look, size_t index, uint32_t *ret_word)
{
	const struct occurrence *best = &look->occurrences[look->sights[index].first];
	struct memory *memory = &look->processes[best->process].live.memory;

	return memory_read_one(memory, best->futex->address, ret_word, sizeof(*ret_word)) == 0;
}

/*
 * The thread still waits for the lock, and did not run while that was looked up. A thread that
 * has just been given what it waited for is its owner, whatever was read of it before.
 */
static bool waits_on(struct look *look, size_t index, size_t lock)
{
	struct task *task = &look->out->tasks[index];
	struct wait *old = task->waits;
	size_t n_old = task->n_waits;
	struct proc_schedstat before;
	struct proc_schedstat after;
	struct proc_stat stat;
	bool counted = procfs_schedstat(task->pid, task->tid, &before) == 0;
	bool waits = look_again_at_waits(look, look_process_of(look, index), task) == 0;
	uint32_t word;

	waits = waits && task->n_waits == n_old;
	for (size_t i = 0; waits && i < n_old; i++)
		waits = task->waits[i].address == old[i].address;
	task->waits = old;
	task->n_waits = n_old;
	waits = waits && word_again(look, lock, &word) &&
		((word ^ look->out->locks[lock].word) & WORD_TID_MASK) == 0;
	if (!waits || procfs_stat(task->pid, task->tid, &stat) || stat.state == 'R')
		return false;
	return !counted || (procfs_schedstat(task->pid, task->tid, &after) == 0 &&
			    before.slices == after.slices && before.run_ns == after.run_ns);
}

/* By number alone. Whether somebody lives who may be the owner. */
static bool owner_by_number(struct look *look, size_t index, uint32_t tid)
{
	const struct occurrence *best = &look->occurrences[look->sights[index].first];
	const struct look_process *observer = &look->processes[best->process];
	struct lock *lock = &look->out->locks[index];
	size_t task = observer->foreign_ns ? find_task_in_ns(look, observer, (pid_t)tid)
					   : find_task(look, (pid_t)tid);

	if (task != SIZE_MAX && is_alive(look->out->tasks[task].tid)) {
		bool robust = lock->sort == LOCK_ROBUST || lock->sort == LOCK_PLAIN_PI;

		/* An ordinary mutex may well be waited for by its owner. */
		if (robust && look_waits_for(look, task, index) && waits_on(look, task, index))
			return false;
		if (!could_own(look, lock, observer->mm, task))
			return false;
		lock->owner = task;
		lock->owner_tid = look->out->tasks[task].tid;
		return true;
	}
	if (observer->foreign_ns || !is_alive((pid_t)tid) ||
	    !stranger_could_own(lock, observer->pid, (pid_t)tid))
		return false;
	lock->owner_tid = (pid_t)tid;
	return true;
}

/*
 * Whom the word names. True: nobody who could have it. The word may have been read long ago and
 * its owner gone since, so nobody is called dead before the word has been read again.
 */
static bool find_owner(struct look *look, size_t index)
{
	struct lock *lock = &look->out->locks[index];

	for (int tries = 0; tries < 16; tries++) {
		uint32_t tid = lock->word & WORD_TID_MASK;
		uint32_t word;

		if (!tid || tid == WORD_TID_MASK)
			return false;
		lock->owner = owner_by_evidence(look, index, tid);
		if (lock->owner != SIZE_MAX) {
			lock->owner_tid = look->out->tasks[lock->owner].tid;
			return false;
		}
		/* What the kernel would not touch names nobody. */
		if (lock->address % sizeof(uint32_t))
			return false;
		if (owner_by_number(look, index, tid))
			return false;
		/* A libc's note proves nobody dead. */
		if (lock->sort == LOCK_PLAIN_MUTEX || lock->sort == LOCK_PLAIN_RWLOCK)
			return false;
		if (!word_again(look, index, &word))
			return false;
		if ((word & WORD_TID_MASK) == tid)
			return true;
		lock->word = word;
	}
	return false;
}

void look_find_owners(struct look *look, bool *ret_orphan)
{
	for (size_t i = 0; i < look->out->n_locks; i++) {
		struct lock *lock = &look->out->locks[i];

		ret_orphan[i] = lock->word_ok && find_owner(look, i);
		if (ret_orphan[i])
			lock->dead_tid = (pid_t)(lock->word & WORD_TID_MASK);
		else if (lock->word_ok && (lock->word & WORD_OWNER_DIED) &&
			 !(lock->word & WORD_TID_MASK))
			lock->dead_tid = (pid_t)lock->mutex.owner_field;
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
	list->files[list->count++] = file_of(place);
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
