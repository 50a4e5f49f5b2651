/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "snapshot/idle.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/vec.h"

struct idle_process {
	pid_t pid;
	uint64_t clock_ns;           /* what it had run when it was looked at */
	bool known;                  /* what is here holds: it has not run since */
	bool broken;                 /* something could not be noted */
	bool seen;                   /* in this look */
	struct idle_thread *threads; /* ascending by TID, but while they are being noted */
	size_t n_threads;
	size_t threads_capacity;
	struct list *heads;
	size_t n_heads;
	size_t heads_capacity;
};

struct idle {
	struct idle_process **items; /* ascending by PID */
	size_t n_items;
	size_t capacity;
};

struct idle *idle_new(void)
{
	return calloc(1, sizeof(struct idle));
}

static void process_free(struct idle_process *process)
{
	free(process->threads);
	free(process->heads);
	free(process);
}

void idle_free(struct idle *idle)
{
	if (!idle)
		return;
	for (size_t i = 0; i < idle->n_items; i++)
		process_free(idle->items[i]);
	free(idle->items);
	free(idle);
}

/* How long all its threads have run, those that ended included. */
static int clock_of(pid_t pid, uint64_t *ret_ns)
{
	struct timespec time;
	clockid_t id;

	if (clock_getcpuclockid(pid, &id) || clock_gettime(id, &time))
		return -1;
	*ret_ns = (uint64_t)time.tv_sec * UINT64_C(1000000000) + (uint64_t)time.tv_nsec;
	return 0;
}

/* Where the process stands or is to stand among the items. */
static size_t find_place(const struct idle *idle, pid_t pid)
{
	size_t low = 0;
	size_t high = idle->n_items;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (idle->items[middle]->pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct idle_process *add_process(struct idle *idle, size_t place, pid_t pid)
{
	struct idle_process *process;

	if (vec_reserve(&idle->items, idle->n_items, &idle->capacity, 1,
			sizeof(struct idle_process *)))
		return NULL;
	process = calloc(1, sizeof(*process));
	if (!process)
		return NULL;
	process->pid = pid;
	memmove(&idle->items[place + 1], &idle->items[place],
		(idle->n_items - place) * sizeof(struct idle_process *));
	idle->items[place] = process;
	idle->n_items++;
	return process;
}

struct idle_process *idle_begin(struct idle *idle, pid_t pid)
{
	size_t place = find_place(idle, pid);
	bool there = place < idle->n_items && idle->items[place]->pid == pid;
	struct idle_process *process = there ? idle->items[place] : add_process(idle, place, pid);
	uint64_t clock_ns;

	if (!process)
		return NULL;
	process->seen = true;
	process->broken = clock_of(pid, &clock_ns) != 0;
	process->known = process->known && !process->broken && clock_ns == process->clock_ns;
	if (!process->known) {
		process->n_threads = 0;
		process->n_heads = 0;
	}
	if (!process->broken)
		process->clock_ns = clock_ns;
	return process;
}

static int compare_threads(const void *left, const void *right)
{
	const struct idle_thread *a = left;
	const struct idle_thread *b = right;

	return (a->tid > b->tid) - (a->tid < b->tid);
}

static struct idle_thread *find_thread(const struct idle_process *process, pid_t tid)
{
	const struct idle_thread wanted = {.tid = tid};

	if (!process->n_threads)
		return NULL;
	return bsearch(&wanted, process->threads, process->n_threads, sizeof(wanted),
		       compare_threads);
}

const struct idle_thread *idle_find(const struct idle_process *process, pid_t tid,
				    const struct list **ret_heads)
{
	const struct idle_thread *thread;

	if (!process || !process->known)
		return NULL;
	thread = find_thread(process, tid);
	if (thread)
		*ret_heads = process->heads + thread->first_head;
	return thread;
}

void idle_note(struct idle_process *process, pid_t tid, const char *comm, const struct list *heads,
	       size_t n_heads)
{
	struct idle_thread *thread;

	if (!process || process->known || process->broken)
		return;
	if (vec_reserve(&process->threads, process->n_threads, &process->threads_capacity, 1,
			sizeof(*process->threads)) ||
	    vec_reserve(&process->heads, process->n_heads, &process->heads_capacity, n_heads + 1,
			sizeof(*process->heads))) {
		process->broken = true;
		return;
	}
	thread = &process->threads[process->n_threads];
	*thread = (struct idle_thread){
		.tid = tid, .first_head = process->n_heads, .n_heads = n_heads};
	strncpy(thread->comm, comm, sizeof(thread->comm) - 1);
	/* The kernel lists threads in this order; any other would not be found again. */
	if (process->n_threads && thread[-1].tid >= tid)
		process->broken = true;
	process->n_threads++;
	for (size_t i = 0; i < n_heads; i++)
		process->heads[process->n_heads++] = heads[i];
}

void idle_note_call(struct idle_process *process, pid_t tid, const struct proc_syscall *call)
{
	struct idle_thread *thread;

	if (!process || process->known || process->broken)
		return;
	thread = find_thread(process, tid);
	if (!thread)
		return;
	thread->call = *call;
	thread->has_call = true;
}

void idle_end(struct idle_process *process, bool good)
{
	uint64_t clock_ns;

	if (!process)
		return;
	process->known = good && !process->broken && clock_of(process->pid, &clock_ns) == 0 &&
			 clock_ns == process->clock_ns;
}

void idle_sweep(struct idle *idle)
{
	size_t kept = 0;

	for (size_t i = 0; i < idle->n_items; i++) {
		if (idle->items[i]->seen) {
			idle->items[i]->seen = false;
			idle->items[kept++] = idle->items[i];
		} else {
			process_free(idle->items[i]);
		}
	}
	idle->n_items = kept;
}
