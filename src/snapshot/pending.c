/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every unlock comes through the window, and who takes a mutex names it before it has it. So what
 * a list_op_pending says is judged only where it stays: its thread sleeps or is stopped, and two
 * more looks, between which it did not run, show the same.
 */
#include <errno.h>

#include "snapshot/look.h"
#include "target/procfs.h"

/* One that runs, or waits for a processor or for its page, is on its way. */
static bool stands_still(const struct task *task, struct proc_schedstat *ret)
{
	struct proc_stat stat;

	return procfs_stat(task->pid, task->tid, &stat) == 0 &&
	       (stat.state == 'S' || stat.state == 'T' || stat.state == 't') &&
	       procfs_schedstat(task->pid, task->tid, ret) == 0;
}

static bool same_pending(const struct list *left, const struct list *right)
{
	return left->head == right->head && right->has_pending &&
	       left->pending.entry == right->pending.entry &&
	       left->pending.word_ok == right->pending.word_ok &&
	       left->pending.word == right->pending.word &&
	       left->pending.on_list == right->pending.on_list &&
	       left->pending.no_mutex == right->pending.no_mutex;
}

static bool is_judged(const struct list *list)
{
	return list->has_pending &&
	       (list->pending.state == FUTEX_STALE || list->pending.state == FUTEX_IN_WINDOW);
}

/* One more look. Clears pending_stays of what is not as it was. 0, or a negative errno. */
static int look_once(struct look *look, struct task *task)
{
	struct list *old = task->lists;
	size_t n_old = task->n_lists;
	int error = look_again_at_lists(
		look, look_process_of(look, (size_t)(task - look->out->tasks)), task);

	for (size_t i = 0; i < n_old; i++)
		old[i].pending_stays = old[i].pending_stays && !error && i < task->n_lists &&
				       same_pending(&old[i], &task->lists[i]);
	task->lists = old;
	task->n_lists = n_old;
	return error == -ENOMEM ? error : 0;
}

static int look_twice(struct look *look, struct task *task)
{
	struct proc_schedstat before;
	struct proc_schedstat after;
	bool still = stands_still(task, &before);
	int error = 0;

	for (size_t i = 0; i < task->n_lists; i++)
		task->lists[i].pending_stays = still && is_judged(&task->lists[i]);
	for (int times = 0; times < 2 && still && !error; times++)
		error = look_once(look, task);
	still = still && stands_still(task, &after) && before.run_ns == after.run_ns &&
		before.slices == after.slices;
	for (size_t i = 0; i < task->n_lists && !still; i++)
		task->lists[i].pending_stays = false;
	return error;
}

int look_at_pending(struct look *look)
{
	int error = 0;

	for (size_t i = 0; i < look->out->n_tasks && !error; i++) {
		struct task *task = &look->out->tasks[i];
		bool wanted = false;

		for (size_t j = 0; j < task->n_lists; j++)
			wanted = wanted || is_judged(&task->lists[j]);
		if (wanted && task->selected)
			error = look_twice(look, task);
	}
	return error;
}
