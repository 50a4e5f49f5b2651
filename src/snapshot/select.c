/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "snapshot/look.h"
#include "target/access.h"
#include "target/procfs.h"

bool look_maps_file(const struct maps *maps, const struct file_id *files, size_t count)
{
	for (size_t i = 0; i < maps->count; i++) {
		const struct map *map = &maps->items[i];

		for (size_t j = 0; j < count && (map->inode || map->shared); j++)
			if (map->inode == files[j].inode && map->dev_major == files[j].dev_major &&
			    map->dev_minor == files[j].dev_minor)
				return true;
	}
	return false;
}

/* One line for a person; an arena string, or NULL without memory. */
static const char *explain(struct arena *arena, pid_t pid, enum skip_reason reason, int error)
{
	char text[320];
	struct access_facts facts;
	struct proc_status status;
	struct proc_stat stat;

	switch (reason) {
	case SKIP_NOT_PERMITTED:
		access_facts_get(pid, &facts);
		access_explain(&facts, text, sizeof(text));
		return arena_strdup(arena, text);
	case SKIP_VANISHED:
		return "it ended while we looked";
	case SKIP_KERNEL_THREAD:
		return "it is a kernel thread and has no robust lists";
	case SKIP_ZOMBIE:
		if (procfs_stat(pid, pid, &stat) == 0)
			return arena_printf(arena,
					    "it has ended (zombie) and holds nothing any more; its "
					    "parent %d has not waited for it yet",
					    stat.ppid);
		return "it has ended (zombie)";
	case SKIP_NO_SUCH_PROCESS:
		return "no such process";
	case SKIP_IS_THREAD:
		if (procfs_status(pid, pid, &status) == 0)
			return arena_printf(arena,
					    "it is a thread of process %d; name that one: -p %d",
					    status.tgid, status.tgid);
		return "it is a thread of another process";
	case SKIP_FAILED:
		break;
	}
	if (error == ETIMEDOUT)
		return "its memory does not answer: a file system that hangs, or userfaultfd(2)";
	return arena_printf(arena, "cannot be read: %s", strerrordesc_np(error));
}

int look_skip(struct look *look, pid_t pid, enum skip_reason reason, int error)
{
	struct snapshot *out = look->out;
	int result;

	switch (reason) {
	case SKIP_NOT_PERMITTED:
		out->census.not_permitted++;
		break;
	case SKIP_KERNEL_THREAD:
		out->census.kernel_threads++;
		break;
	case SKIP_ZOMBIE:
		out->census.zombies++;
		break;
	case SKIP_VANISHED:
		out->census.vanished++;
		break;
	case SKIP_NO_SUCH_PROCESS:
	case SKIP_IS_THREAD:
	case SKIP_FAILED:
		break;
	}
	/* Of all processes, only those that somebody could do something about are worth a row. */
	if (!look->request->n_pids && reason != SKIP_NOT_PERMITTED && reason != SKIP_FAILED)
		return 0;
	result = vec_reserve(&out->skipped, out->n_skipped, &look->n_skipped_capacity, 1,
			     sizeof(*out->skipped));
	if (result)
		return result;
	out->skipped[out->n_skipped] = (struct skipped){
		.pid = pid,
		.reason = reason,
		.error = error,
		.why = explain(&out->arena, pid, reason, error),
	};
	return out->skipped[out->n_skipped++].why ? 0 : -ENOMEM;
}

/* Fills what a look needs to begin. 0, or a positive skip_reason + 1, or a negative errno. */
static int identify(pid_t pid, struct look_process *ret)
{
	struct proc_stat stat;
	struct proc_status status;
	int error = procfs_stat(pid, pid, &stat);

	error = error ? error : procfs_status(pid, pid, &status);
	if (error)
		return error;
	*ret = (struct look_process){.pid = pid,
				     .tid = pid,
				     .mm = pid,
				     .tasks_fd = -1,
				     .live = {.mem_fd = -1},
				     .start_code = stat.start_code,
				     .start_stack = stat.start_stack,
				     .foreign_ns = status.ns_depth > 1};
	if (status.tgid != pid)
		return SKIP_IS_THREAD + 1;
	if (stat.kernel_thread)
		return SKIP_KERNEL_THREAD + 1;
	if (stat.state == 'Z' || stat.state == 'X') {
		/* A leader that has exited leaves a zombie while other threads live. */
		ret->tid = procfs_living_thread(pid);
		if (ret->tid < 0)
			return SKIP_ZOMBIE + 1;
	}
	return 0;
}

static int skip_for_error(struct look *look, pid_t pid, int error)
{
	if (error == -ENOMEM)
		return error;
	if (error == -EPERM || error == -EACCES)
		return look_skip(look, pid, SKIP_NOT_PERMITTED, -error);
	if (error == -ESRCH)
		return look_skip(look, pid,
				 look->request->n_pids ? SKIP_NO_SUCH_PROCESS : SKIP_VANISHED, 0);
	return look_skip(look, pid, SKIP_FAILED, -error);
}

static int keep(struct look *look, const struct look_process *process)
{
	int error = vec_reserve(&look->processes, look->n_processes, &look->processes_capacity, 1,
				sizeof(*look->processes));

	if (!error)
		look->processes[look->n_processes++] = *process;
	return error;
}

/* Adds the process when it maps one of the files. 1 added, 0 not, or a negative errno. */
static int keep_if_mapped(struct look *look, struct look_process *process,
			  const struct file_id *files, size_t n_files)
{
	int error = maps_read(process->pid, process->tid, &process->maps);

	if (error)
		return error;
	if (look_maps_file(&process->maps, files, n_files))
		error = keep(look, process);
	else
		error = -ENOENT;
	if (error)
		maps_free(&process->maps);
	if (error == -ENOENT)
		return 0;
	return error ? error : 1;
}

static bool is_left_out(const struct snapshot_request *request, pid_t pid)
{
	for (size_t i = 0; i < request->n_left_out; i++)
		if (request->left_out[i] == pid)
			return true;
	return false;
}

static int consider(struct look *look, pid_t pid)
{
	const struct snapshot_request *request = look->request;
	struct look_process process;
	int result;

	if (is_left_out(request, pid))
		return look_skip(look, pid, SKIP_FAILED, ETIMEDOUT);
	result = identify(pid, &process);
	if (result > 0)
		return look_skip(look, pid, (enum skip_reason)(result - 1), 0);
	if (result < 0)
		return skip_for_error(look, pid, result);
	process.selected = true;
	if (!request->n_files)
		return keep(look, &process);
	result = keep_if_mapped(look, &process, request->files, request->n_files);
	return result < 0 ? skip_for_error(look, pid, result) : 0;
}

int look_select(struct look *look)
{
	const struct snapshot_request *request = look->request;
	cleanup_free pid_t *all = NULL;
	const pid_t *pids = request->pids;
	ssize_t count = (ssize_t)request->n_pids;
	int error = 0;

	if (!count) {
		count = procfs_pids(&all);
		pids = all;
	}
	if (count < 0)
		return (int)count;
	for (ssize_t i = 0; i < count && !error; i++) {
		/* Our own lists are of no interest, unless asked for by number. */
		if (!request->n_pids && pids[i] == getpid())
			continue;
		error = consider(look, pids[i]);
	}
	return error;
}

static bool is_known(const struct look *look, pid_t pid)
{
	for (size_t i = 0; i < look->n_processes; i++)
		if (look->processes[i].pid == pid)
			return true;
	return false;
}

int look_add_neighbours(struct look *look, const struct file_id *wanted, size_t count)
{
	cleanup_free pid_t *pids = NULL;
	ssize_t n_pids = procfs_pids(&pids);

	if (n_pids < 0)
		return (int)n_pids;
	for (ssize_t i = 0; i < n_pids; i++) {
		struct look_process process;
		int result;

		if (pids[i] == getpid() || is_known(look, pids[i]) ||
		    is_left_out(look->request, pids[i]))
			continue;
		if (identify(pids[i], &process))
			continue;
		result = keep_if_mapped(look, &process, wanted, count);
		if (result == -ENOMEM)
			return result;
		/* Somebody we cannot see may wait there or own it. */
		if (result == -EPERM || result == -EACCES)
			look->out->census.not_permitted++;
	}
	return 0;
}
