/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/engine.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/vec.h"
#include "target/engine_parts.h"
#include "target/procfs.h"
#include "target/wait_soon.h"

/* Stops taken in at once, before the first of them is handed out: each task gets its turn. */
#define DRAIN_MAX 256
#define DRAIN_TASKS 8
#define DRAIN_TURNS 8

static void restore_signals(const struct engine *engine)
{
	sigaction(SIGCHLD, &engine->old_child, NULL);
	sigprocmask(SIG_SETMASK, &engine->old_mask, NULL);
}

int engine_new(const struct engine_options *options, struct engine **ret)
{
	struct engine *engine = calloc(1, sizeof(*engine));
	struct sigaction fresh = {.sa_handler = SIG_DFL};
	sigset_t control;

	if (!engine)
		return -ENOMEM;
	engine->options = *options;
	sigemptyset(&control);
	for (size_t i = 0; i < options->n_control; i++)
		sigaddset(&control, options->control[i]);
	/* Where SIGCHLD is ignored, children leave no status behind. */
	sigaction(SIGCHLD, &fresh, &engine->old_child);
	sigprocmask(SIG_BLOCK, &control, &engine->old_mask);
	engine->control = control;
	engine->waits_soon = wait_soon_helps();
	*ret = engine;
	return 0;
}

int engine_free(struct engine *engine)
{
	int signal = 0;

	if (!engine)
		return 0;
	engine_detach_all(engine);
	while (engine->tasks)
		engine_drop(engine, *(struct engine_task **)engine->tasks);
	if (engine->has_waker)
		signal = waker_stop(&engine->waker);
	restore_signals(engine);
	free(engine->queue);
	free(engine);
	return signal;
}

int engine_push(struct engine *engine, pid_t tid, int status)
{
	int error;

	if (engine->queue_next == engine->n_queue)
		engine->queue_next = engine->n_queue = 0;
	error = vec_reserve(&engine->queue, engine->n_queue, &engine->queue_capacity, 1,
			    sizeof(*engine->queue));
	if (error)
		return error;
	engine->queue[engine->n_queue++] = (struct engine_waited){tid, status};
	return 0;
}

/*
 * Takes in what has stopped or ended, all there is, up to a limit; `flags` of the first look: 0
 * sleeps until there is something. 0, -ECHILD when there is nobody to wait for, -ENOMEM.
 */
static int drain(struct engine *engine, int flags)
{
	for (size_t i = 0; i < DRAIN_MAX; i++) {
		int status;
		pid_t tid = flags ? waitpid(-1, &status, __WALL | flags)
				  : wait_soon(-1, &status, engine->waits_soon);
		int error;

		if (tid == 0 || (tid < 0 && errno == EINTR))
			return 0;
		if (tid < 0)
			return i ? 0 : -errno;
		error = engine_push(engine, tid, status);
		if (error)
			return error;
		/*
		 * waitpid gives the first that it finds, which may be the same again: taking in all
		 * there is lets the others have their turn. With few tasks, to look in vain each
		 * time costs more than it is worth.
		 */
		if (engine->n_tasks < DRAIN_TASKS && ++engine->turn % DRAIN_TURNS)
			return 0;
		flags = WNOHANG;
	}
	return 0;
}

/* ---- Waiting ---- */

struct orphan_search {
	struct engine *engine;
	pid_t found;
};

static void find_orphan(void *context, struct engine_task *task)
{
	struct orphan_search *search = context;
	struct proc_stat stat;

	/* A thread ends with its maker, should that end before it has told of the thread. */
	if (!task->held || search->found || task->pid != task->tid)
		return;
	if (procfs_stat(task->tid, task->tid, &stat) == 0 &&
	    !engine_find(search->engine, stat.ppid))
		search->found = task->tid;
}

/*
 * A new process stands still until its parent's event tells of it. The parent was killed before:
 * nobody will, and the process is what the engine follows by itself.
 */
static void release_orphans(struct engine *engine)
{
	for (;;) {
		struct orphan_search search = {.engine = engine};
		struct engine_task *task;

		engine_each(engine, find_orphan, &search);
		if (!search.found)
			return;
		task = engine_find(engine, search.found);
		task->introduced = true;
		task->quiet = !engine->options.follow;
		task->unwanted = task->quiet && !task->filtered;
		engine_release_held(engine, task);
	}
}

/* What the waker took in. */
static bool take_woken(struct engine *engine, uint64_t deadline_ns, struct engine_stop *ret)
{
	struct waker_signal signal;

	if (waker_next(&engine->waker, &signal)) {
		*ret = (struct engine_stop){
			.kind = ENGINE_CONTROL, .signal = signal.number, .sender = signal.sender};
		return true;
	}
	if (deadline_ns && clock_now_ns() >= deadline_ns) {
		engine->deadline_ns = 0;
		*ret = (struct engine_stop){.kind = ENGINE_IDLE};
		return true;
	}
	return false;
}

int engine_next(struct engine *engine, uint64_t deadline_ns, struct engine_stop *ret)
{
	/* Not before: a process that forks has no threads in its child. */
	if (!engine->has_waker) {
		int error = waker_start(&engine->waker, &engine->control, engine->options.give_up);

		if (error)
			return error;
		engine->has_waker = true;
	}
	if (deadline_ns != engine->deadline_ns)
		waker_set_deadline(&engine->waker, deadline_ns);
	engine->deadline_ns = deadline_ns;
	for (;;) {
		int error;

		while (engine->queue_next < engine->n_queue) {
			const struct engine_waited *waited = &engine->queue[engine->queue_next++];

			if (engine_take(engine, waited->tid, waited->status, ret))
				return 1;
		}
		if (!engine->n_tasks)
			return 0;
		if (take_woken(engine, deadline_ns, ret))
			return 1;
		if (engine->n_held && engine->lost_one)
			release_orphans(engine);
		engine->lost_one = false;
		error = drain(engine, 0);
		if (error == -ECHILD) {
			/* Leaders that vanished in an exec and the like. */
			while (engine->tasks)
				engine_drop(engine, *(struct engine_task **)engine->tasks);
			return 0;
		}
		if (error)
			return error;
	}
}

/*
 * A task that was killed while it stood still goes to its PTRACE_EVENT_EXIT by itself. To let it go
 * on there would be to miss that stop. It takes longer to get there than we take from this look to
 * the next call, as a rule.
 */
static bool has_moved(struct engine *engine, const struct engine_task *task)
{
	int status;

	return waitpid(task->tid, &status, __WALL | WNOHANG) == task->tid &&
	       engine_push(engine, task->tid, status) == 0;
}

void engine_resume(struct engine *engine, const struct engine_stop *stop, bool want_end)
{
	struct engine_task *task = stop->task;
	struct engine_task *other;

	if (!task)
		return;
	if (stop->kind == ENGINE_GONE) {
		engine_drop(engine, task);
		return;
	}
	if (stop->kind == ENGINE_ENTRY)
		task->want_end = want_end;
	if (stop->kind == ENGINE_EXEC && stop->other != task->tid) {
		other = engine_find(engine, stop->other);
		if (other)
			engine_drop(engine, other);
	}
	if (stop->kind == ENGINE_NEW_TASK) {
		other = engine_find(engine, stop->other);
		if (other)
			engine_release_held(engine, other);
	}
	if (task->again || stop->kind == ENGINE_EXITING || !has_moved(engine, task))
		engine_go_on(task);
}

void engine_step(struct engine *engine, const struct engine_stop *stop)
{
	stop->task->step = true;
	engine_resume(engine, stop, false);
}

void engine_pass_call(struct engine *engine, const struct engine_stop *stop)
{
	stop->task->want_end = true;
	engine_resume(engine, stop, true);
}

bool engine_in_call(const struct engine_task *task)
{
#if defined(__x86_64__)
	/* ERESTARTSYS to ERESTART_RESTARTBLOCK; of a 32-bit task the upper half is 0. */
	const int32_t first = -512;
	const int32_t last = -516;
	struct user_regs_struct registers;
	int32_t result;

	if (ptrace(PTRACE_GETREGS, task->tid, NULL, &registers) < 0)
		return false;
	result = (int32_t)(uint32_t)registers.rax;
	return (int64_t)registers.orig_rax >= 0 && result <= first && result >= last;
#else
	(void)task;
	return false;
#endif
}

bool engine_may_step(const struct engine_task *task)
{
	struct proc_signals signals;
	uint64_t trap = UINT64_C(1) << (SIGTRAP - 1);

	return procfs_signals(task->pid, task->tid, &signals) == 0 &&
	       !((signals.blocked | signals.ignored | signals.caught) & trap);
}

void engine_skip_exiting(const struct engine *engine, const struct engine_task *task)
{
	unsigned long options = engine_trace_options(engine, task->filtered);

	options &= ~(unsigned long)PTRACE_O_TRACEEXIT;
	ptrace(PTRACE_SETOPTIONS, task->tid, NULL, (void *)options);
}

int engine_requeue(struct engine *engine, const struct engine_task *task, int status)
{
	return engine_push(engine, task->tid, status);
}

void engine_ask(struct engine_task *task)
{
	task->asked = true;
	/* One that job control has stopped is handed out when it goes on. */
	if (!task->stopped && task->wait.kind != WAIT_GROUP_STOP)
		ptrace(PTRACE_INTERRUPT, task->tid, NULL, NULL);
}

int engine_answer(const struct engine_stop *stop, int64_t result)
{
#if defined(__x86_64__)
	struct user_regs_struct registers;

	if (ptrace(PTRACE_GETREGS, stop->task->tid, NULL, &registers) < 0)
		return -errno;
	registers.orig_rax = UINT64_MAX;
	registers.rax = (uint64_t)result;
	return ptrace(PTRACE_SETREGS, stop->task->tid, NULL, &registers) < 0 ? -errno : 0;
#else
	(void)stop;
	(void)result;
	return -EOPNOTSUPP;
#endif
}

/* ---- Letting go ---- */

void engine_detach(struct engine *engine, const struct engine_stop *stop)
{
	engine_let_go(stop->task, stop->kind == ENGINE_SIGNAL ? stop->wait.signal : 0);
	engine_drop(engine, stop->task);
}

/* Those that stand still go; those that run are let go by the kernel when we end, undisturbed. */
static void detach_node(void *context, struct engine_task *task)
{
	(void)context;
	task->quiet = true;
	if (task->filtered) {
		/* One that waits for its parent's event is let go by that. */
		if (task->stopped && !task->held)
			engine_go_on(task);
		return;
	}
	if (task->stopped)
		engine_let_go(task, task->wait.kind == WAIT_SIGNAL ? task->wait.signal : 0);
	task->unwanted = true;
}

static void count_node(void *context, struct engine_task *task)
{
	size_t *left = context;

	if (task->filtered)
		(*left)++;
}

static size_t n_waiting(const struct engine *engine)
{
	return engine->n_queue - engine->queue_next;
}

/*
 * Of those that stopped: lets go what can be. The others' statuses stay in the queue for
 * engine_keep, and so do those of tasks that nobody has introduced yet, unless nothing is kept.
 */
static void detach_waiting(struct engine *engine, size_t n_filtered)
{
	size_t kept = 0;

	for (size_t i = engine->queue_next; i < engine->n_queue; i++) {
		struct engine_waited waited = engine->queue[i];
		struct engine_task *task = engine_find(engine, waited.tid);

		if (task ? task->filtered : n_filtered > 0) {
			engine->queue[kept++] = waited;
		} else if (!task) {
			ptrace(PTRACE_DETACH, waited.tid, NULL, NULL);
		} else if (WIFSTOPPED(waited.status)) {
			task->wait = wait_status_decode(waited.status);
			task->stopped = true;
			task->again = false;
		} else {
			engine_drop(engine, task);
		}
	}
	engine->queue_next = 0;
	engine->n_queue = kept;
}

size_t engine_detach_all(struct engine *engine)
{
	size_t before;
	size_t left = 0;

	/* What stopped meanwhile is owed its signal. */
	do
		before = n_waiting(engine);
	while (drain(engine, WNOHANG) == 0 && n_waiting(engine) > before);
	engine_each(engine, count_node, &left);
	detach_waiting(engine, left);
	left = 0;
	engine_each(engine, detach_node, NULL);
	engine_each(engine, count_node, &left);
	return left;
}

void engine_keep(struct engine *engine)
{
	struct engine_stop stop = {0};

	while (engine_next(engine, 0, &stop) > 0)
		engine_resume(engine, &stop, false);
}
