/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names for what has an address only: locks that are variables, and where threads stand. */
#include <errno.h>
#include <stdlib.h>

#include "snapshot/look.h"
#include "symbol/stack.h"
#include "symbol/symbols.h"
#include "target/frozen.h"
#include "target/procfs.h"
#include "target/stop.h"

static struct symbols_process as_symbols_process(struct look_process *process)
{
	return (struct symbols_process){.pid = process->pid,
					.tid = process->tid,
					.bits = process->bits,
					.maps = &process->maps,
					.memory = &process->live.memory};
}

static struct look_process *process_by_pid(struct look *look, pid_t pid)
{
	for (size_t i = 0; i < look->n_processes; i++)
		if (look->processes[i].pid == pid)
			return &look->processes[i];
	return NULL;
}

/* "account_lock", "accounts+0x40" */
static int name_lock_by_symbol(struct look *look, struct symbols *symbols, struct lock *lock)
{
	struct arena *arena = &look->out->arena;
	struct symbols_variable variable;
	int error = symbols_data(symbols, lock->address, arena, &variable);

	if (error || !variable.name)
		return error;
	if (variable.offset)
		lock->name = arena_printf(arena, "%s+0x%llx", variable.name,
					  (unsigned long long)variable.offset);
	else
		lock->name = variable.name;
	return lock->name ? 0 : -ENOMEM;
}

static int name_locks(struct look *look, struct symbols *symbols)
{
	const struct look_process *entered = NULL;
	int error = 0;

	for (size_t i = 0; i < look->out->n_locks && !error; i++) {
		struct lock *lock = &look->out->locks[i];
		struct look_process *process;
		struct symbols_process known;

		/* Only a program's or library's own data has names. */
		if (!lock->place.module || lock->name || !lock->selected)
			continue;
		process = process_by_pid(look, lock->pid);
		if (!process)
			continue;
		known = as_symbols_process(process);
		/* Locks in private memory are sorted by process: each is entered once. */
		if (process != entered)
			symbols_enter(symbols, &known);
		entered = process;
		error = name_lock_by_symbol(look, symbols, lock);
	}
	return error;
}

/* Threads that were named one by one. */
static void mark_named(const struct look *look, bool *wanted)
{
	const struct snapshot_request *request = look->request;

	for (size_t i = 0; i < look->out->n_tasks; i++)
		for (size_t j = 0; j < request->n_stack_tids && !wanted[i]; j++)
			wanted[i] = look->out->tasks[i].tid == request->stack_tids[j];
}

/* Who owns or waits for a lock that is shown, or stands in or behind a circle. */
static void mark_concerned(const struct look *look, bool *wanted)
{
	const struct snapshot *out = look->out;

	for (size_t i = 0; i < out->n_locks; i++) {
		const struct lock *lock = &out->locks[i];

		if (!lock->selected || (lock->sort != LOCK_ROBUST && !lock->n_waiters))
			continue;
		if (lock->owner != SIZE_MAX)
			wanted[lock->owner] = true;
		for (size_t j = 0; j < lock->n_waiters; j++)
			wanted[lock->waiters[j].task] = true;
	}
	for (size_t i = 0; i < out->n_cycles; i++) {
		for (size_t j = 0; j < out->cycles[i].n; j++)
			wanted[out->cycles[i].tasks[j]] = true;
		for (size_t j = 0; j < out->cycles[i].n_behind; j++)
			wanted[out->cycles[i].behind[j]] = true;
	}
}

static int unwind_at(struct look *look, struct stacks *stacks, struct task *task,
		     const struct stack_start *start)
{
	ssize_t count = stack_unwind(stacks, task->tid, start, look->request->stack_depth,
				     &look->out->arena, &task->frames);

	task->n_frames = count > 0 ? (size_t)count : 0;
	return count < 0 ? (int)count : 0;
}

/* The part of its stack that is copied while a thread stands still: deeper calls are rare. */
#define STACK_COPY ((uint64_t)256 << 10)

static int freeze_stack(struct look *look, struct look_process *process, pid_t tid,
			struct frozen_memory *frozen, struct stack_start *ret)
{
	struct census *census = &look->out->census;
	struct stop_registers registers = {0};
	const struct map *map;
	struct thread_stop stop;
	uint64_t stood;
	int error = thread_stop_begin(tid, &stop);

	if (error)
		return error;
	error = thread_stop_registers(&stop, &registers);
	map = error ? NULL : maps_find(&process->maps, registers.sp);
	if (map)
		error = frozen_memory_open(frozen, &process->live.memory, registers.sp,
					   map->end - registers.sp < STACK_COPY
						   ? map->end - registers.sp
						   : STACK_COPY);
	else
		error = -EFAULT;
	*ret = (struct stack_start){
		.sp = registers.sp, .pc = registers.pc, .bp = registers.bp, .bp_ok = true};
	stood = thread_stop_end(&stop);
	census->stopped++;
	if (stood > census->longest_stop_ns)
		census->longest_stop_ns = stood;
	return error;
}

/*
 * A running thread stands still for a copy of its stack only; names are looked up when it runs
 * again. Who cannot be stopped has no stack here: that is no failure of the look.
 */
static int unwind_stopped(struct look *look, struct stacks *stacks, struct look_process *process,
			  struct task *task)
{
	struct symbols_process known = as_symbols_process(process);
	struct frozen_memory frozen;
	struct stack_start start;
	int error = freeze_stack(look, process, task->tid, &frozen, &start);

	if (error)
		return error == -ENOMEM ? error : 0;
	known.memory = &frozen.memory;
	stack_enter(stacks, &known);
	error = unwind_at(look, stacks, task, &start);
	known.memory = &process->live.memory;
	stack_enter(stacks, &known);
	frozen_memory_close(&frozen);
	return error;
}

/* A thread that is asleep. One that ran meanwhile has moved, and its frames would be nonsense. */
static int unwind_blocked(struct look *look, struct stacks *stacks, struct task *task,
			  const struct proc_syscall *call)
{
	struct proc_schedstat before;
	struct proc_schedstat after;
	const struct stack_start start = {.sp = call->sp, .pc = call->pc};
	bool counted = procfs_schedstat(task->pid, task->tid, &before) == 0;
	int error = unwind_at(look, stacks, task, &start);

	if (!error && counted &&
	    (procfs_schedstat(task->pid, task->tid, &after) || before.slices != after.slices))
		task->n_frames = 0;
	return error;
}

static int unwind_task(struct look *look, struct stacks *stacks, struct look_process *process,
		       struct task *task)
{
	struct proc_syscall call;

	if (procfs_syscall(process->tasks_fd, task->tid, &call))
		return 0;
	if (!call.running)
		return unwind_blocked(look, stacks, task, &call);
	return look->request->may_stop ? unwind_stopped(look, stacks, process, task) : 0;
}

static int unwind_concerned(struct look *look, struct stacks *stacks, const bool *wanted)
{
	int error = 0;

	for (size_t i = 0; i < look->n_processes && !error; i++) {
		struct look_process *process = &look->processes[i];
		struct symbols_process known = as_symbols_process(process);
		bool entered = false;

		for (size_t j = 0; j < process->n_tasks && !error; j++) {
			if (!wanted[process->first_task + j])
				continue;
			if (!entered)
				stack_enter(stacks, &known);
			entered = true;
			error = unwind_task(look, stacks, process, &process->tasks[j]);
		}
	}
	return error;
}

static int take_stacks(struct look *look, struct symbols *symbols)
{
	struct stacks *stacks;
	bool *wanted;
	int error = stack_open(symbols, look->request->source_lines, &stacks);

	if (error)
		return error;
	wanted = calloc(look->out->n_tasks + 1, sizeof(*wanted));
	if (wanted) {
		if (look->request->n_stack_tids)
			mark_named(look, wanted);
		else
			mark_concerned(look, wanted);
		error = unwind_concerned(look, stacks, wanted);
	} else {
		error = -ENOMEM;
	}
	free(wanted);
	stack_close(stacks);
	return error;
}

int look_symbolise(struct look *look)
{
	struct symbols *symbols;
	int error = symbols_open(SYMBOLS_DEBUG_ROOT, &symbols);

	if (error)
		return error;
	error = name_locks(look, symbols);
	if (!error && look->request->stack_depth)
		error = take_stacks(look, symbols);
	symbols_close(symbols);
	return error;
}
