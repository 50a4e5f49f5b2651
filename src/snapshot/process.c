/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi/block_calls.h"
#include "abi/futex_word.h"
#include "base/cleanup.h"
#include "base/vec.h"
#include "find_heads.h"
#include "settle.h"
#include "snapshot/look.h"
#include "target/procfs.h"
#include "waiters.h"

/* The tasks of one process and, beside them, their lists while these are read. */
struct gathering {
	struct task *tasks;
	size_t n_tasks;
	size_t tasks_capacity;
	struct walk *walks;
	struct settle_owner *owners; /* of walks */
	size_t n_walks;
	size_t walks_capacity;
	size_t owners_capacity;
};

static void gathering_release(struct gathering *gathering)
{
	for (size_t i = 0; i < gathering->n_walks; i++)
		walk_release(&gathering->walks[i]);
	free(gathering->walks);
	free(gathering->owners);
	free(gathering->tasks);
}

/* The thread's TID as its futex words carry it. */
static pid_t own_tid(const struct look_process *process, pid_t tid)
{
	return process->foreign_ns ? procfs_ns_tid(process->pid, tid) : tid;
}

static int gather_lists(struct gathering *gathering, const struct task *task,
			const struct list *lists, size_t count)
{
	int error = vec_reserve(&gathering->walks, gathering->n_walks, &gathering->walks_capacity,
				count, sizeof(*gathering->walks));

	if (!error)
		error = vec_reserve(&gathering->owners, gathering->n_walks,
				    &gathering->owners_capacity, count, sizeof(*gathering->owners));
	for (size_t i = 0; i < count && !error; i++) {
		gathering->walks[gathering->n_walks] = (struct walk){.list = lists[i]};
		gathering->owners[gathering->n_walks] = (struct settle_owner){
			.pid = task->pid, .tid = task->tid, .ns_tid = task->ns_tid};
		gathering->n_walks++;
	}
	return error;
}

/* The name of the thread and the heads of its lists; their number, or a negative errno. */
static ssize_t ask_thread(const struct look *look, struct look_process *process, pid_t tid,
			  char comm[PROC_COMM_MAX], struct list heads[HEADS_MAX])
{
	const struct list *known_heads;
	const struct idle_thread *known = idle_find(process->idle, tid, &known_heads);
	ssize_t count;
	int error;

	if (known) {
		memcpy(comm, known->comm, PROC_COMM_MAX);
		memcpy(heads, known_heads, known->n_heads * sizeof(*heads));
		return (ssize_t)known->n_heads;
	}
	count = find_heads(&look->kernel, look->request->emulated, &process->live.memory, tid,
			   heads);
	error = count < 0 ? (int)count : procfs_comm(process->tasks_fd, tid, comm);
	if (error)
		return error;
	idle_note(process->idle, tid, comm, heads, (size_t)count);
	return count;
}

/* 0 also when the thread is gone: then there is no task. */
static int gather_task(struct look *look, struct look_process *process, struct gathering *gathering,
		       pid_t tid)
{
	struct list heads[HEADS_MAX];
	char comm[PROC_COMM_MAX];
	struct task task = {.pid = process->pid, .tid = tid, .selected = process->selected};
	ssize_t count = ask_thread(look, process, tid, comm, heads);
	int error = count < 0 ? (int)count : 0;

	if (error == -ESRCH) {
		look->out->census.vanished++;
		return 0;
	}
	if (error)
		return error;
	task.ns_tid = own_tid(process, tid);
	task.comm = arena_strdup(&look->out->arena, comm);
	task.n_lists = (size_t)count;
	if (!task.comm)
		return -ENOMEM;
	error = vec_reserve(&gathering->tasks, gathering->n_tasks, &gathering->tasks_capacity, 1,
			    sizeof(*gathering->tasks));
	if (error)
		return error;
	gathering->tasks[gathering->n_tasks++] = task;
	return gather_lists(gathering, &task, heads, (size_t)count);
}

/* Copies a walked list into the snapshot's own memory. */
static int keep_list(struct look *look, const struct list *walked, struct list *ret)
{
	*ret = *walked;
	ret->entries = arena_copy(&look->out->arena, walked->entries,
				  walked->n_entries * sizeof(*walked->entries));
	return ret->entries ? 0 : -ENOMEM;
}

/* Gives the tasks their lists; drops tasks that ended meanwhile. */
static int hand_out_lists(struct look *look, struct gathering *gathering)
{
	size_t walk = 0;
	size_t kept = 0;

	for (size_t i = 0; i < gathering->n_tasks; i++) {
		struct task *task = &gathering->tasks[i];
		bool gone = false;

		task->lists = arena_alloc(&look->out->arena,
					  (task->n_lists + 1) * sizeof(*task->lists));
		if (!task->lists)
			return -ENOMEM;
		for (size_t j = 0; j < task->n_lists; j++, walk++) {
			gone = gone || gathering->owners[walk].gone;
			if (keep_list(look, &gathering->walks[walk].list, &task->lists[j]))
				return -ENOMEM;
		}
		if (gone)
			look->out->census.vanished++;
		else
			gathering->tasks[kept++] = *task;
	}
	gathering->n_tasks = kept;
	return 0;
}

static void add_stats(struct look *look, const struct settle_stats *stats)
{
	struct census *census = &look->out->census;

	census->changed += stats->changed;
	census->stopped += stats->stopped;
	if (stats->longest_stop_ns > census->longest_stop_ns)
		census->longest_stop_ns = stats->longest_stop_ns;
}

/* 64-bit programs can make 32-bit calls: the two bytes before the thread's PC tell. */
static enum call_abi abi_of(struct look *look, struct look_process *process, uint64_t pc)
{
	static const unsigned char int80[2] = {0xcd, 0x80};
	unsigned char code[2];

	if (!look->kernel.compat_entry)
		return wait_abi_native(process->bits);
	if (process->bits == 32)
		return wait_abi_native(32);
	if (memory_read_one(&process->live.memory, pc - 2, code, sizeof(code)) == 0 &&
	    memcmp(code, int80, sizeof(code)) == 0)
		return wait_abi_native(32);
	return wait_abi_native(process->bits);
}

/*
 * Without the right to see the system call, glibc's list_op_pending still tells a waiter: it is
 * set all the time that the thread waits, and the word names somebody else.
 */
static int guess_wait(struct look *look, struct look_process *process, struct task *task)
{
	for (size_t i = 0; i < task->n_lists; i++) {
		const struct list *list = &task->lists[i];
		uint32_t owner = list->pending.word & WORD_TID_MASK;

		if (!list->has_pending || !list->pending.word_ok || list->pending.on_list ||
		    !owner || owner == (uint32_t)task->ns_tid ||
		    !(list->pending.word & WORD_WAITERS))
			continue;
		task->waits = arena_alloc(&look->out->arena, sizeof(*task->waits));
		if (!task->waits)
			return -ENOMEM;
		task->n_waits = 1;
		task->waits[0] = (struct wait){.call = "list_op_pending",
					       .address = list->pending.address,
					       .lock = LOCK_NONE,
					       .place = place_look(&process->live.memory,
								   &process->maps,
								   list->pending.address)};
	}
	return 0;
}

/* Bytes above the stack pointer in which a variable of the innermost function may lie. */
#define FRAME_SPAN 1024

/*
 * When the kernel refuses a robust PI mutex with EDEADLK, glibc puts the thread to sleep for ever
 * on a word of its own stack, and list_op_pending is all that tells for what. The lock, or NULL.
 */
static const struct futex *refused_lock(const struct task *task, const struct proc_syscall *call,
					const struct wait *wait)
{
	if (wait->address < call->sp || wait->address - call->sp > FRAME_SPAN)
		return NULL;
	for (size_t i = 0; i < task->n_lists; i++) {
		const struct futex *pending = &task->lists[i].pending;

		if (task->lists[i].has_pending && pending->pi && pending->word_ok &&
		    (pending->word & WORD_TID_MASK))
			return pending;
	}
	return NULL;
}

/* What a thread waits for in this call. 0 or -ENOMEM. */
static int note_waits(struct look *look, struct look_process *process, struct task *task,
		      const struct proc_syscall *call)
{
	struct wait waits[WAITERS_MAX];
	const struct futex *refused;
	size_t count = waiters_decode(call, abi_of(look, process, call->pc), &process->live.memory,
				      waits);

	task->wakes = waiters_decode_wake(call, abi_of(look, process, call->pc));
	if (!count)
		return 0;
	refused = count == 1 ? refused_lock(task, call, &waits[0]) : NULL;
	if (refused)
		waits[0] = (struct wait){.call = waits[0].call,
					 .address = refused->address,
					 .pi = true,
					 .lock = LOCK_NONE};
	task->waits = arena_copy(&look->out->arena, waits, count * sizeof(*waits));
	if (!task->waits)
		return -ENOMEM;
	task->n_waits = count;
	for (size_t i = 0; i < count; i++)
		task->waits[i].place = place_look(&process->live.memory, &process->maps,
						  task->waits[i].address);
	return 0;
}

int look_again_at_waits(struct look *look, struct look_process *process, struct task *task)
{
	struct proc_syscall call;
	int error = procfs_syscall(process->tasks_fd, task->tid, &call);

	task->n_waits = 0;
	task->wakes = 0;
	return error ? error : note_waits(look, process, task, &call);
}

/* The same at the first look, when it may be known. */
static int look_at_waits(struct look *look, struct look_process *process, struct task *task)
{
	const struct list *heads;
	const struct idle_thread *known = idle_find(process->idle, task->tid, &heads);
	struct proc_syscall call;
	int error;

	if (known && known->has_call)
		return note_waits(look, process, task, &known->call);
	error = procfs_syscall(process->tasks_fd, task->tid, &call);
	if (error)
		return error;
	idle_note_call(process->idle, task->tid, &call);
	return note_waits(look, process, task, &call);
}

int look_at_call(struct look *look, size_t index)
{
	struct task *task = &look->out->tasks[index];
	struct look_process *process = look_process_of(look, index);
	struct proc_syscall call;

	if (procfs_syscall(process->tasks_fd, task->tid, &call) || call.running || call.number < 0)
		return 0;
	task->call = block_call_name(abi_of(look, process, call.pc), call.number);
	if (!task->call)
		task->call = arena_printf(&look->out->arena, "system call %ld", call.number);
	return task->call ? 0 : -ENOMEM;
}

static int gather_waits(struct look *look, struct look_process *process)
{
	bool unseen = false;

	for (size_t i = 0; i < process->n_tasks; i++) {
		struct task *task = &process->tasks[i];
		int error = look_at_waits(look, process, task);

		if (error == -ENOMEM)
			return error;
		if (error == -EPERM || error == -EACCES) {
			unseen = true;
			if (guess_wait(look, process, task))
				return -ENOMEM;
		}
	}
	if (unseen)
		look->out->census.unseen_waits++;
	return 0;
}

static int gather(struct look *look, struct look_process *process, struct gathering *gathering)
{
	cleanup_free pid_t *tids = NULL;
	struct settle_stats stats = {0};
	ssize_t count = procfs_tids(process->pid, &tids);
	int error = count < 0 ? (int)count : 0;

	for (ssize_t i = 0; i < count && !error; i++)
		error = gather_task(look, process, gathering, tids[i]);
	if (!error && !gathering->n_tasks)
		error = -ESRCH;
	if (!error)
		error = settle_lists(&process->live.memory, gathering->walks, gathering->owners,
				     gathering->n_walks, look->request->may_stop, &stats);
	if (!error)
		error = hand_out_lists(look, gathering);
	if (!error && !process->maps.count)
		error = maps_read(process->pid, process->tid, &process->maps);
	add_stats(look, &stats);
	return error;
}

static int word_size(const struct look *look, pid_t pid)
{
	int bits = look->kernel.compat_entry ? procfs_elf_bits(pid) : 64;

	return bits == 32 ? 32 : 64;
}

int look_at_process(struct look *look, struct look_process *process)
{
	struct gathering gathering = {0};
	int error;

	process->bits = (unsigned)word_size(look, process->pid);
	if (process->foreign_ns)
		process->pid_namespace = procfs_pid_namespace(process->pid);
	live_memory_open(&process->live, process->pid, process->tid);
	process->live.watch = look->request->watch;
	process->tasks_fd = procfs_open_tasks(process->pid);
	process->idle = look->idle ? idle_begin(look->idle, process->pid) : NULL;
	error = process->tasks_fd < 0 ? process->tasks_fd : gather(look, process, &gathering);
	if (!error) {
		process->tasks = arena_copy(&look->out->arena, gathering.tasks,
					    gathering.n_tasks * sizeof(*gathering.tasks));
		process->n_tasks = gathering.n_tasks;
		error = process->tasks ? gather_waits(look, process) : -ENOMEM;
	}
	gathering_release(&gathering);
	idle_end(process->idle, !error);
	process->idle = NULL;
	if (!error) {
		look->out->census.processes++;
		look->out->census.threads += process->n_tasks;
		return 1;
	}
	look_process_release(process);
	if (error == -ENOMEM)
		return error;
	if (error == -ESRCH)
		return look_skip(look, process->pid, SKIP_VANISHED, 0);
	if (!process->selected) {
		look->out->census.not_permitted += error == -EPERM || error == -EACCES;
		return 0;
	}
	return look_skip(look, process->pid,
			 error == -EPERM || error == -EACCES ? SKIP_NOT_PERMITTED : SKIP_FAILED,
			 -error);
}

int look_again_at_lists(struct look *look, struct look_process *process, struct task *task)
{
	struct list heads[HEADS_MAX];
	struct gathering gathering = {0};
	struct settle_stats stats = {0};
	ssize_t count = find_heads(&look->kernel, look->request->emulated, &process->live.memory,
				   task->tid, heads);
	int error = count < 0 ? (int)count : 0;

	task->n_lists = 0;
	if (!error)
		error = gather_lists(&gathering, task, heads, (size_t)count);
	if (!error)
		error = settle_lists(&process->live.memory, gathering.walks, gathering.owners,
				     gathering.n_walks, look->request->may_stop, &stats);
	if (!error)
		task->lists = arena_alloc(&look->out->arena,
					  ((size_t)count + 1) * sizeof(*task->lists));
	if (!error && !task->lists)
		error = -ENOMEM;
	for (size_t i = 0; i < gathering.n_walks && !error; i++) {
		if (gathering.owners[i].gone)
			continue;
		error = keep_list(look, &gathering.walks[i].list, &task->lists[task->n_lists]);
		if (!error)
			task->n_lists++;
	}
	gathering_release(&gathering);
	add_stats(look, &stats);
	return error;
}

void look_process_release(struct look_process *process)
{
	live_memory_close(&process->live);
	if (process->tasks_fd >= 0)
		close(process->tasks_fd);
	process->tasks_fd = -1;
	maps_free(&process->maps);
	process->tasks = NULL;
	process->n_tasks = 0;
}
