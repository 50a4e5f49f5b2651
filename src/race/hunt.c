/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The window in a real program: one of its threads is stopped between the release of a robust
 * futex and the moment when list_op_pending is cleared.
 *
 * Two ways lead there, side by side. At each FUTEX_WAKE of the program the caller's
 * list_op_pending is looked at: with glibc whoever wakes a waiter of a robust mutex is in the
 * window. And from time to time a thread that holds a lock is stopped and goes on by single steps,
 * for a bounded number of them, until it has released it.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi/call_flags.h"
#include "base/clock.h"
#include "race/hunt_parts.h"
#include "target/procfs.h"

/* Between two looks for a thread that holds a lock. */
#define LOOK_NS UINT64_C(20000000)
/* For letting all go. */
#define LET_GO_NS UINT64_C(5000000000)

static const int control_signals[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP};

/* futex, futex_wake; i386: futex, futex_time64, futex_wake. */
static const struct filter_call calls[] = {{SYS_futex, 240}, {-1, 422}, {454, 454}};

static bool is_wake(const struct engine_stop *stop)
{
	if (stop->kind != ENGINE_ENTRY)
		return false;
	return stop->nr == 454 ||
	       call_futex_operation((uint32_t)stop->args[1]) == FUTEX_OPERATION_WAKE;
}

static void release_lists(struct walk walks[HEADS_MAX], ssize_t count)
{
	for (ssize_t i = 0; i < count; i++)
		walk_release(&walks[i]);
}

static int look_at_wake(struct hunt *hunt, const struct engine_stop *stop)
{
	struct walk walks[HEADS_MAX];
	ssize_t count = hunt_read_lists(hunt, stop->task, walks);
	uint32_t tid = (uint32_t)procfs_ns_tid(stop->task->pid, stop->task->tid);
	target_addr woken = stop->bits == 64 ? stop->args[0] : (uint32_t)stop->args[0];
	int error = 0;

	for (ssize_t i = 0; i < count && !hunt->found && !error; i++) {
		const struct list *list = &walks[i].list;
		const struct futex *pending = &list->pending;
		struct steps_lock lock = {pending->entry, tid};
		struct race_view view = {.pending = pending->entry,
					 .word = pending->word,
					 .word_ok = pending->word_ok};

		if (!list->has_pending || pending->address != woken)
			continue;
		hunt->out->n_looked_at++;
		if (!pending->on_list && steps_in_window(&lock, &view) &&
		    hunt_is_wanted(hunt, stop->task, pending->address))
			error = hunt_show_window(hunt, stop, list, pending->entry, pending->address,
						 pending->word);
	}
	release_lists(walks, count);
	return error;
}

/* ---- The run ---- */

/* A stop of a task. Once the window is found, nothing is resumed. */
static int on_task(struct hunt *hunt, const struct engine_stop *stop)
{
	int error = 0;

	if (stop->kind == ENGINE_GONE && stop->task->tid == hunt->command)
		hunt->command = 0;
	if (stop->task->tid == hunt->asked &&
	    (stop->kind == ENGINE_EXITING || stop->kind == ENGINE_GONE))
		hunt->asked = 0;
	if (is_wake(stop))
		error = look_at_wake(hunt, stop);
	if (error || hunt->found)
		return error;
	if (stop->kind == ENGINE_ASKED && stop->task->tid == hunt->asked)
		hunt_choose(hunt, stop);
	if (stop->task->tid == hunt->quarry.tid)
		return hunt_follow(hunt, stop);
	engine_resume(hunt->engine, stop, false);
	return 0;
}

static int on_other(struct hunt *hunt, const struct engine_stop *stop)
{
	if (stop->kind == ENGINE_CONTROL) {
		hunt->failure->signal = stop->signal;
		return hunt_fail(hunt, -EINTR, "interrupted");
	}
	if (clock_now_ns() >= hunt->deadline_ns)
		return hunt_fail(hunt, -ETIME,
				 "no thread was seen in the window as long as we looked (--wait)");
	hunt_ask_next(hunt);
	return 0;
}

static int search(struct hunt *hunt)
{
	struct engine_stop stop;
	uint64_t next = clock_now_ns();
	int error = 0;
	int got = 0;

	while (!error && !hunt->found && (got = engine_next(hunt->engine, next, &stop)) > 0) {
		error = stop.task ? on_task(hunt, &stop) : on_other(hunt, &stop);
		/* One in single steps gives no rest, and the time is over all the same. */
		if (!error && !hunt->found && clock_now_ns() >= hunt->deadline_ns)
			error = hunt_fail(
				hunt, -ETIME,
				"no thread was seen in the window as long as we looked (--wait)");
		if (clock_now_ns() >= next)
			next = clock_now_ns() + LOOK_NS;
	}
	if (got < 0)
		return hunt_fail(hunt, got, "waiting for the program failed");
	if (!error && !hunt->found)
		return hunt_fail(hunt, -ECHILD,
				 "the program ended before a thread was in the window");
	return error;
}

/* Kills the process in the window, and looks what became of the word. */
static void kill_it(struct hunt *hunt)
{
	struct engine_stop stop;
	uint32_t word;

	kill(hunt->out->pid, SIGKILL);
	hunt->out->killed = true;
	while (engine_next(hunt->engine, 0, &stop) > 0) {
		bool over = stop.task && stop.kind == ENGINE_GONE &&
			    stop.task->tid == hunt->out->pid;

		if (stop.task)
			engine_resume(hunt->engine, &stop, false);
		if (over)
			break;
	}
	if (hunt->after_fd >= 0 &&
	    pread(hunt->after_fd, &word, sizeof(word), (off_t)hunt->after_offset) == sizeof(word)) {
		hunt->out->after = word;
		hunt->out->after_ok = true;
	}
}

static void ask_node(void *context, struct engine_task *task)
{
	(void)context;
	if (!task->asked)
		engine_ask(task);
}

/*
 * All go on without us, also those that run: whoever comes to a stop is let go. What does not come
 * to one (job control has stopped it) is let go when this process ends.
 */
static void let_all_go(struct hunt *hunt, const struct engine_stop *last)
{
	uint64_t end = clock_now_ns() + LET_GO_NS;
	struct engine_stop stop;

	if (last->task && !hunt->out->killed)
		engine_detach(hunt->engine, last);
	while (engine_count(hunt->engine) && clock_now_ns() < end) {
		engine_each(hunt->engine, ask_node, NULL);
		if (engine_next(hunt->engine, clock_now_ns() + LOOK_NS, &stop) <= 0)
			break;
		if (!stop.task)
			continue;
		/* A new task waits for what its parent's stop tells; `again`: a signal may be owed. */
		if (stop.kind == ENGINE_GONE || stop.kind == ENGINE_NEW_TASK ||
		    stop.kind == ENGINE_STOPPED || stop.task->again)
			engine_resume(hunt->engine, &stop, false);
		else
			engine_detach(hunt->engine, &stop);
	}
	engine_detach_all(hunt->engine);
}

static int begin(struct hunt *hunt)
{
	const struct race_hunt_request *request = hunt->request;
	const struct engine_command command = {.argv = request->argv};
	enum engine_start_error what = ENGINE_START_OK;
	int error;

	if (!request->argv) {
		error = engine_attach(hunt->engine, request->pid);
		return error ? hunt_fail(hunt, error, "cannot attach") : 0;
	}
	error = engine_start(hunt->engine, &command, &hunt->command, &what);
	if (error)
		hunt->command = 0;
	return error ? hunt_fail(hunt, error,
				 what == ENGINE_START_SEIZE ? "cannot trace even our own child"
							    : "cannot be started")
		     : 0;
}

void race_window_release(struct race_window *window)
{
	free(window->comm);
	free(window->label);
	*window = (struct race_window){0};
}

int race_hunt(const struct race_hunt_request *request, struct race_window *ret, pid_t *ret_command,
	      struct race_failure *ret_failure)
{
	const struct engine_options options = {
		.follow = request->argv != NULL,
		.calls = calls,
		.n_calls = sizeof(calls) / sizeof(calls[0]),
		.control = control_signals,
		.n_control = sizeof(control_signals) / sizeof(control_signals[0]),
	};
	struct race_window out = {0};
	uint64_t start = clock_now_ns();
	struct hunt hunt = {.request = request,
			    .failure = ret_failure,
			    .out = &out,
			    .after_fd = -1,
			    .deadline_ns = start + request->wait_ns};
	int error = kernel_open(&hunt.kernel);

	*ret_failure = (struct race_failure){0};
	*ret_command = 0;
	if (error)
		return hunt_fail(&hunt, error, "cannot ask this kernel");
	error = engine_new(&options, &hunt.engine);
	if (!error)
		error = begin(&hunt);
	if (!error)
		error = search(&hunt);
	out.took_ns = clock_now_ns() - start;
	if (!error && request->kill)
		kill_it(&hunt);
	if (hunt.engine)
		let_all_go(&hunt, &hunt.last);
	engine_free(hunt.engine);
	*ret_command = hunt.command;
	kernel_close(&hunt.kernel);
	if (hunt.after_fd >= 0)
		close(hunt.after_fd);
	if (error)
		race_window_release(&out);
	else
		*ret = out;
	return error;
}
