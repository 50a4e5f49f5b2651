/* SPDX-License-Identifier: GPL-2.0-or-later */
/* set_robust_list2 and get_robust_list2 of the followed, answered in place of the kernel. */
#include <errno.h>

#include "follow/session.h"
#include "target/access.h"
#include "target/inject.h"
#include "target/procfs.h"

/* The argument positions of get_robust_list2, the same in every revision that has it. */
enum {
	GET_PID,
	GET_HEAD_PTR,
	GET_INDEX,
	GET_FLAGS,
};

static const struct emulated_lists no_lists;

/*
 * Whose lists are asked for: those of a task that we follow, or of any other, which has none. 0, or
 * what the kernel would answer.
 */
static int find_lists(struct follow *follow, struct engine_task *caller, pid_t ns_tid,
		      const struct emulated_lists **ret)
{
	struct engine_task *task = session_find(follow, caller, ns_tid);
	pid_t tid = task ? task->tid : ns_tid;

	*ret = &no_lists;
	if (task && task->data)
		*ret = &((struct follow_task *)task->data)->lists;
	if (!task && (ns_tid < 0 || !kernel_tid_exists(ns_tid)))
		return -ESRCH;
	if (task && task->pid == caller->pid)
		return 0;
	return access_between(caller->pid, tid) ? 0 : -EPERM;
}

static int64_t get(struct follow *follow, const struct engine_stop *stop)
{
	const uint64_t *args = stop->args;
	const struct emulated_lists *lists;
	struct emulated_list list;
	const struct inject caller = {.tid = stop->task->tid};
	size_t width;
	int error = emulate_get(follow->request.calls->revision, &no_lists,
				(uint32_t)args[GET_INDEX], (uint32_t)args[GET_FLAGS], &list);

	if (!error)
		error = find_lists(follow, stop->task, (pid_t)args[GET_PID], &lists);
	if (error)
		return error;
	list = lists->slots[(uint32_t)args[GET_INDEX]];
	/* The list's word size decides, not the caller's. */
	width = list.used && list.bits == 32 ? sizeof(uint32_t) : sizeof(uint64_t);
	return inject_write(&caller, args[GET_HEAD_PTR], &list.head, width);
}

int emulated_call(struct follow *follow, const struct engine_stop *stop, int64_t *ret_result)
{
	struct follow_task *data = session_task(follow, stop->task);
	const struct revision *revision = follow->request.calls->revision;

	if (!data)
		return -ENOMEM;
	if (data->input.row->form != CALL_FORM_SET_ROBUST_LIST2) {
		*ret_result = get(follow, stop);
		return 0;
	}
	/* When the task is gone, nobody can be asked for it. */
	if (!data->ns_tid)
		data->ns_tid = procfs_ns_tid(stop->task->pid, stop->task->tid);
	*ret_result = emulate_set(revision, &data->lists, stop->args, stop->bits);
	return 0;
}
