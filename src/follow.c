/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "follow.h"

#include <errno.h>
#include <limits.h>
#include <search.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "follow/session.h"

/* SIGUSR1 asks for a picture, SIGUSR2 to leave without a word to the command. */
static const int control_signals[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};

#define N_CONTROL (sizeof(control_signals) / sizeof(control_signals[0]))

/* ---- Opening ---- */

/* Calls at which to stop. execve and exit are always among them: locks are lost there. */
static int choose_calls(struct follow *follow)
{
	const struct traced_calls *calls = follow->request.calls;
	enum call_abi abi_64 = wait_abi_native(64);
	enum call_abi abi_32 = wait_abi_native(32);

	follow->filter_calls = calloc(calls->n_rows, sizeof(*follow->filter_calls));
	if (!follow->filter_calls)
		return -ENOMEM;
	for (size_t i = 0; i < calls->n_rows; i++)
		if (calls->rows[i].group & (follow->request.groups | CALL_LIFE))
			follow->filter_calls[follow->n_filter_calls++] = (struct filter_call){
				calls->rows[i].numbers[abi_64], calls->rows[i].numbers[abi_32]};
	return 0;
}

static enum follow_failure failure_of_start(enum engine_start_error error)
{
	switch (error) {
	case ENGINE_START_EXEC:
		return FOLLOW_NO_COMMAND;
	case ENGINE_START_FILTER:
		return FOLLOW_NO_FILTER;
	case ENGINE_START_SEIZE:
		return FOLLOW_NO_PTRACE;
	default:
		return FOLLOW_NO_FORK;
	}
}

static int begin(struct follow *follow)
{
	const struct follow_request *request = &follow->request;
	enum engine_start_error start_error;
	int error;

	if (request->argv) {
		const struct engine_command command = {
			.argv = request->argv,
			.filter = request->filter,
			.detached = request->detached,
			.refused = request->refused,
			.context = request->context,
		};

		error = engine_start(follow->engine, &command, &follow->command, &start_error);
		if (error)
			follow->result.failure = failure_of_start(start_error);
		return error;
	}
	for (size_t i = 0; i < request->n_pids; i++) {
		error = engine_attach(follow->engine, request->pids[i]);
		if (error) {
			follow->result.failure = FOLLOW_NO_ATTACH;
			follow->result.pid = request->pids[i];
			return error;
		}
	}
	return 0;
}

static void drop_task(void *context, struct engine_task *task)
{
	struct follow *follow = context;
	struct follow_task *data = task->data;

	if (!data)
		return;
	death_forget(data);
	owed_free(data->owed);
	arena_free(&data->arena);
	session_drop_process(follow, data->process);
	free(data);
	task->data = NULL;
}

int follow_open(const struct follow_request *request, struct follow **ret,
		struct follow_result *ret_result)
{
	struct follow *follow = calloc(1, sizeof(*follow));
	struct engine_options options = {
		.follow = request->follow,
		.inject = request->inject,
		.control = control_signals,
		.n_control = N_CONTROL,
		.give_up = request->give_up,
		.dropped = drop_task,
		.context = follow,
	};
	int error = follow ? 0 : -ENOMEM;

	*ret_result = (struct follow_result){.failure = FOLLOW_BROKEN};
	if (error)
		return error;
	follow->request = *request;
	session_init_emulated(follow);
	follow->result.failure = FOLLOW_BROKEN;
	error = kernel_open(&follow->kernel);
	if (!error)
		error = choose_calls(follow);
	options.calls = follow->filter_calls;
	options.n_calls = follow->n_filter_calls;
	if (!error)
		error = engine_new(&options, &follow->engine);
	if (!error)
		error = begin(follow);
	if (error) {
		*ret_result = follow->result;
		follow_close(follow);
		return error;
	}
	if (request->snapshot_ns)
		follow->next_picture_ns = clock_now_ns() + request->snapshot_ns;
	follow->result.failure = FOLLOW_OK;
	*ret = follow;
	return 0;
}

void follow_close(struct follow *follow)
{
	if (!follow)
		return;
	engine_free(follow->engine);
	owed_free(follow->owed);
	stacks_close(follow);
	kernel_close(&follow->kernel);
	free(follow->filter_calls);
	free(follow);
}

/* ---- Stops ---- */

static bool tells(const struct follow *follow, enum call_group group)
{
	return follow->request.groups & group;
}

static int tell_life(struct follow *follow, const struct event *event)
{
	return tells(follow, CALL_LIFE) ? session_emit(follow, event) : 0;
}

static int on_new_task(struct follow *follow, const struct engine_stop *stop)
{
	struct event event = session_event(follow, stop->task, EVENT_NEW_TASK);
	const struct engine_task *task = engine_find(follow->engine, stop->other);

	if (stop->wait.kind == WAIT_VFORK) {
		if (!session_task(follow, stop->task))
			return -ENOMEM;
		((struct follow_task *)stop->task->data)->vfork_child = stop->other;
	}
	event.other = stop->other;
	event.text = task && task->pid == stop->task->pid ? "thread"
		     : stop->wait.kind == WAIT_VFORK      ? "vfork"
							  : "process";
	return tell_life(follow, &event);
}

/* The parent of a vfork goes on when its child has a program of its own. */
static void end_vfork(void *context, struct engine_task *task)
{
	const pid_t *child = context;
	struct follow_task *data = task->data;

	if (data && data->vfork_child == *child)
		data->vfork_child = 0;
}

static int on_exec(struct follow *follow, const struct engine_stop *stop)
{
	struct engine_task *former = engine_find(follow->engine, stop->other);
	struct event event;
	char link[64];
	char path[PATH_MAX];
	ssize_t length;
	int error = 0;

	/* Where another thread execs, the leader died first, and this is all that is told of it. */
	if (former != stop->task && tells(follow, CALL_LISTS | CALL_LIFE))
		error = death_after(follow, stop->task, true);
	/* What was prepared at the entry has come true. */
	if (!error && former && tells(follow, CALL_LISTS | CALL_LIFE))
		error = death_tell(follow, former);
	if (!error)
		error = owed_at_exec(follow, stop, former);
	if (!error && former && tells(follow, CALL_LISTS | CALL_LIFE))
		error = death_after(follow, former, true);
	if (former && former->data)
		death_begin_anew(former->data);
	if (stop->task->data)
		death_begin_anew(stop->task->data);
	session_forget_program(follow, stop->task);
	engine_each(follow->engine, end_vfork, &stop->task->tid);
	if (error)
		return error;
	snprintf(link, sizeof(link), "/proc/%d/exe", stop->task->pid);
	length = readlink(link, path, sizeof(path) - 1);
	path[length > 0 ? length : 0] = '\0';
	event = session_event(follow, stop->task, EVENT_EXEC);
	event.other = stop->other == stop->task->tid ? 0 : stop->other;
	event.text = path;
	return tell_life(follow, &event);
}

static int on_gone(struct follow *follow, const struct engine_stop *stop)
{
	bool killed = stop->wait.kind == WAIT_KILLED;
	struct event event;
	int error = 0;

	if (stop->task->tid == follow->command) {
		follow->command = 0;
		follow->result.ended = true;
		follow->result.status = stop->wait.status;
		follow->result.signal = killed ? stop->wait.signal : 0;
	}
	if (tells(follow, CALL_LISTS | CALL_LIFE)) {
		/* Seldom, in a race of exit and group exit, its last stop is not reported. */
		error = death_tell(follow, stop->task);
	}
	if (!error)
		error = owed_when_gone(follow, stop);
	if (!error && tells(follow, CALL_LISTS | CALL_LIFE))
		error = death_after(follow, stop->task, false);
	event = session_event(follow, stop->task, killed ? EVENT_KILLED : EVENT_EXITED);
	event.status = stop->wait.status;
	event.signal = stop->wait.signal;
	event.core = stop->wait.core;
	return error ? error : tell_life(follow, &event);
}

static int on_signal(struct follow *follow, const struct engine_stop *stop)
{
	bool stopped = stop->kind == ENGINE_STOPPED;
	struct event event = session_event(follow, stop->task,
					   stopped ? EVENT_STOPPED : EVENT_SIGNAL);
	const struct event_siginfo info = {
		.layout = signal_code_layout(stop->signal, stop->info.code),
		.code = signal_code_name(stop->signal, stop->info.code),
		.number = stop->info.code,
		.pid = stop->info.pid,
		.uid = stop->info.uid,
		.status = stop->info.status,
		.address = stop->info.address,
	};

	event.signal = stop->signal;
	event.other = stop->sender;
	if (stop->info.known)
		event.siginfo = &info;
	return tell_life(follow, &event);
}

static int on_attached(struct follow *follow, const struct engine_stop *stop)
{
	struct event event = session_event(follow, stop->task, EVENT_ATTACHED);
	int error = tell_life(follow, &event);

	return error ? error : filter_inject(follow, stop);
}

static int on_task_stop(struct follow *follow, const struct engine_stop *stop, bool *ret_want_end,
			bool *ret_hold)
{
	int error;

	switch (stop->kind) {
	case ENGINE_ENTRY:
		return call_entry(follow, stop, ret_want_end, ret_hold);
	case ENGINE_END:
		return call_end(follow, stop);
	case ENGINE_SIGNAL:
	case ENGINE_STOPPED:
		return on_signal(follow, stop);
	case ENGINE_NEW_TASK:
		return on_new_task(follow, stop);
	case ENGINE_ATTACHED:
		return on_attached(follow, stop);
	case ENGINE_BLIND:
		return call_blind(follow, stop);
	case ENGINE_ASKED:
		return filter_inject(follow, stop);
	case ENGINE_EXEC:
		return on_exec(follow, stop);
	case ENGINE_EXITING:
		error = pending_guard(follow, stop->task, false);
		/* Under --guard this comes even when exit(2) was seen. */
		if (stop->task->data && ((struct follow_task *)stop->task->data)->exit_entered)
			return error;
		if (!error)
			error = death_at_end(follow, stop->task);
		return error ? error : owed_at_end(follow, stop, ret_hold);
	case ENGINE_GONE:
		return on_gone(follow, stop);
	default:
		return 0;
	}
}

/* ---- Control ---- */

/*
 * A command that runs decides itself what a signal to us means to it: from the terminal it gets
 * it as we do, otherwise we pass it on. The second time we leave all the same. True: leave.
 */
static bool on_control(struct follow *follow, const struct engine_stop *stop)
{
	bool first = !follow->asked_to_end;

	if (!follow->command || stop->signal == SIGUSR2) {
		follow->result.left_by = stop->signal;
		return true;
	}
	if (!stop->sender && (stop->signal == SIGINT || stop->signal == SIGQUIT))
		return false;
	follow->asked_to_end = true;
	if (first && kill(follow->command, stop->signal) == 0)
		return false;
	follow->result.left_by = stop->signal;
	return true;
}

static void tell_detached(void *context, struct engine_task *task)
{
	struct follow *follow = context;
	struct event event = session_event(follow, task, EVENT_DETACHED);

	if (!task->quiet && tells(follow, CALL_LIFE))
		session_emit(follow, &event);
}

static void leave(struct follow *follow)
{
	engine_each(follow->engine, tell_detached, follow);
	follow->result.kept = engine_detach_all(follow->engine);
}

static void count_told(void *context, struct engine_task *task)
{
	*(size_t *)context += !task->quiet;
}

/* Without -f: nothing is left but children, which are followed only because of the filter. */
static bool is_over(struct follow *follow, enum engine_stop_kind last)
{
	size_t told = 0;

	if (last != ENGINE_GONE || follow->command || follow->request.follow)
		return false;
	engine_each(follow->engine, count_told, &told);
	return !told;
}

/* A stop that belongs to no task. 1: leave; 0; negative errno. */
static int on_other(struct follow *follow, const struct engine_stop *stop)
{
	if (stop->kind == ENGINE_CONTROL && stop->signal != SIGUSR1)
		return on_control(follow, stop);
	if (stop->kind == ENGINE_IDLE) {
		if (!follow->next_picture_ns || clock_now_ns() < follow->next_picture_ns)
			return owed_look_after(follow);
		return pictures_take_due(follow);
	}
	return pictures_take(follow);
}

/* When something is due that no stop announces; 0: never. */
static uint64_t next_deadline(const struct follow *follow)
{
	uint64_t owed = owed_deadline(follow);
	uint64_t picture = follow->next_picture_ns;

	return owed && (!picture || owed < picture) ? owed : picture;
}

/* So that nobody takes the answers for the kernel's. */
static int tell_emulation(struct follow *follow)
{
	struct event event = session_event(follow, NULL, EVENT_NOTE);
	char text[160];

	snprintf(text, sizeof(text), "set_robust_list2 and get_robust_list2 are emulated: %s",
		 follow->request.calls->revision->name);
	event.text = text;
	return session_emit(follow, &event);
}

int follow_run(struct follow *follow, struct follow_result *ret_result)
{
	struct engine_stop stop = {0};
	int error = follow->request.emulate ? tell_emulation(follow) : 0;
	int got = 0;

	while (!error && (got = engine_next(follow->engine, next_deadline(follow), &stop)) > 0) {
		bool want_end = false;
		bool hold = false;

		if (!stop.task) {
			error = on_other(follow, &stop);
			if (error > 0) {
				error = 0;
				leave(follow);
				break;
			}
			continue;
		}
		error = on_task_stop(follow, &stop, &want_end, &hold);
		if (!error && follow->owed)
			error = owed_serve(follow, &stop);
		if (!hold)
			engine_resume(follow->engine, &stop, want_end);
		if (!error && is_over(follow, stop.kind)) {
			leave(follow);
			break;
		}
		if (!error && follow->owed)
			error = owed_look_after(follow);
	}
	if (got < 0)
		error = got;
	if (error) {
		if (follow->result.failure == FOLLOW_OK)
			follow->result.failure = FOLLOW_BROKEN;
		follow->result.kept = engine_detach_all(follow->engine);
	}
	*ret_result = follow->result;
	return error;
}

void follow_keep(struct follow *follow)
{
	engine_keep(follow->engine);
}
