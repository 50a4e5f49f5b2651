/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "follow/session.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "target/procfs.h"

/* A call and what it points to; there is an arena for each task. */
#define ARENA_FIRST 1000

static int compare_processes(const void *left, const void *right)
{
	pid_t a = ((const struct follow_process *)left)->pid;
	pid_t b = ((const struct follow_process *)right)->pid;

	return (a > b) - (a < b);
}

static void forget_maps(struct follow_process *process)
{
	if (process->has_maps)
		maps_free(&process->maps);
	process->has_maps = false;
}

static struct follow_process *use_process(struct follow *follow, pid_t pid)
{
	struct follow_process key = {.pid = pid};
	struct follow_process **found = tsearch(&key, &follow->processes, compare_processes);
	struct follow_process *process;

	if (!found)
		return NULL;
	if (*found != &key) {
		(*found)->n_tasks++;
		return *found;
	}
	process = calloc(1, sizeof(*process));
	if (!process) {
		tdelete(&key, &follow->processes, compare_processes);
		return NULL;
	}
	process->pid = pid;
	process->n_tasks = 1;
	*found = process;
	return process;
}

void session_drop_process(struct follow *follow, struct follow_process *process)
{
	if (!process || --process->n_tasks)
		return;
	tdelete(process, &follow->processes, compare_processes);
	forget_maps(process);
	free(process);
}

struct follow_task *session_task(struct follow *follow, struct engine_task *task)
{
	struct follow_task *data = task->data;

	if (data)
		return data;
	data = calloc(1, sizeof(*data));
	if (!data)
		return NULL;
	data->arena.first = ARENA_FIRST;
	data->process = use_process(follow, task->pid);
	if (!data->process) {
		free(data);
		return NULL;
	}
	task->data = data;
	return data;
}

void session_forget_program(struct follow *follow, struct engine_task *task)
{
	struct follow_task *data = session_task(follow, task);

	if (!data)
		return;
	forget_maps(data->process);
	data->comm[0] = '\0';
	data->lists = (struct emulated_lists){0};
}

/* In a PID namespace of its own, the numbers of a process are not ours. */
struct search {
	pid_t ns_tid;
	uint64_t namespace;
	struct engine_task *found;
};

static void match_number(void *context, struct engine_task *task)
{
	struct search *search = context;
	struct proc_status status;

	if (!search->found && procfs_status(task->pid, task->tid, &status) == 0 &&
	    status.ns_tid == search->ns_tid && procfs_pid_namespace(task->pid) == search->namespace)
		search->found = task;
}

struct engine_task *session_find(struct follow *follow, struct engine_task *near, pid_t ns_tid)
{
	struct search search = {.ns_tid = ns_tid, .namespace = procfs_pid_namespace(near->pid)};

	if (!ns_tid)
		return near;
	if (search.namespace == follow->kernel.pid_namespace)
		return engine_find(follow->engine, ns_tid);
	engine_each(follow->engine, match_number, &search);
	return search.found;
}

const struct maps *session_maps(struct follow_task *data, pid_t tid, uint64_t max_age_ns)
{
	struct follow_process *process = data->process;
	uint64_t now = clock_now_ns();

	if (process->has_maps && now - process->maps_ns <= max_age_ns)
		return &process->maps;
	forget_maps(process);
	if (maps_read(process->pid, tid, &process->maps))
		return NULL;
	process->has_maps = true;
	process->maps_ns = now;
	return &process->maps;
}

static size_t ask_emulated(const void *context, pid_t tid, struct list ret[REVISION_LISTS_MAX])
{
	const struct follow *follow = context;
	const struct engine_task *task = engine_find(follow->engine, tid);
	const struct follow_task *data = task ? task->data : NULL;
	size_t count = 0;

	for (unsigned i = 0; i < REVISION_LISTS_MAX && data; i++)
		if (emulate_is_ours(&data->lists.slots[i]))
			ret[count++] = (struct list){
				.kind = LIST_LIST2,
				.index = i,
				.emulated = true,
				.no_limit = !follow->request.calls->revision->element_limit,
				.bits = data->lists.slots[i].bits,
				.bits_from = BITS_BY_REGISTRATION,
				.head = data->lists.slots[i].head};
	return count;
}

void session_init_emulated(struct follow *follow)
{
	follow->emulated = (struct emulated_heads){.ask = ask_emulated, .context = follow};
}

const struct emulated_heads *session_emulated(const struct follow *follow)
{
	return follow->request.emulate ? &follow->emulated : NULL;
}

ssize_t session_heads(const struct follow *follow, const struct engine_task *task,
		      struct memory *memory, struct list ret[HEADS_MAX])
{
	return find_heads(&follow->kernel, session_emulated(follow), memory, task->tid, ret);
}

/* A thread may rename itself at any time, so the name is read for each event that shows it. */
static const char *read_comm(struct engine_task *task, struct follow_task *data)
{
	char comm[PROC_COMM_MAX];
	int fd = procfs_open_tasks(task->pid);

	if (fd < 0)
		return *data->comm ? data->comm : NULL;
	if (procfs_comm(fd, task->tid, comm) == 0)
		snprintf(data->comm, sizeof(data->comm), "%.31s", comm);
	close(fd);
	return *data->comm ? data->comm : NULL;
}

struct event session_event(struct follow *follow, struct engine_task *task, enum event_kind kind)
{
	struct timespec now;
	struct event event = {.kind = kind};

	clock_gettime(CLOCK_REALTIME, &now);
	event.time_ns = (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
	if (!task)
		return event;
	event.pid = task->pid;
	event.tid = task->tid;
	if (follow->request.comms && session_task(follow, task))
		event.comm = read_comm(task, task->data);
	return event;
}

int session_emit(struct follow *follow, const struct event *event)
{
	return follow->request.emit(follow->request.context, event);
}
