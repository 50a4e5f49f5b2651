/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System calls: from a stop to an event. */
#include <errno.h>

#include "abi/call_flags.h"
#include "base/clock.h"
#include "follow/session.h"
#include "lock_label.h"
#include "names.h"
#include "place.h"

/*
 * Maps are not read for every call: a name may be as old as this. Those of dying threads are
 * always read anew.
 */
#define MAPS_AGE_NS UINT64_C(50000000)

/* Names the futexes of one stopped task. */
struct labels {
	struct decode_labels labels;
	struct follow *follow;
	struct engine_task *task;
	struct memory *memory;
};

static const char *label(struct decode_labels *base, target_addr address, struct arena *arena)
{
	struct labels *labels = (struct labels *)base;
	struct follow_task *data = labels->task->data;
	const struct maps *maps = session_maps(data, labels->task->tid, MAPS_AGE_NS);
	struct place place = {.kind = PLACE_UNKNOWN};
	char text[LABEL_MAX];

	if (maps)
		place = place_look(labels->memory, maps, address);
	if (place.kind == PLACE_UNKNOWN && maps) {
		/* It may have been mapped since. */
		maps = session_maps(data, labels->task->tid, 0);
		if (maps)
			place = place_look(labels->memory, maps, address);
	}
	/* Of nameless memory the address says all there is to say. */
	if (place.kind == PLACE_UNKNOWN || place.kind == PLACE_ANON ||
	    (!place.shared && !labels->follow->request.label_all))
		return NULL;
	lock_label(labels->memory, maps, &place, labels->task->pid, address, data->input.bits,
		   text);
	return arena_strdup(arena, text);
}

/* What the decoder may ask about other tasks. */
struct others {
	struct follow *follow;
	struct engine_task *caller;
	struct live_memory live;
	bool is_open;
};

static unsigned list_bits(void *context, int32_t tid, unsigned index)
{
	struct others *others = context;
	struct engine_task *task = session_find(others->follow, others->caller, tid);
	const struct follow_task *data = task ? task->data : NULL;

	return data && index < REVISION_LISTS_MAX ? data->lists.slots[index].bits : 0;
}

static struct memory *memory_of(void *context, int32_t tid)
{
	struct others *others = context;
	struct engine_task *task = session_find(others->follow, others->caller, tid);

	if (others->is_open)
		live_memory_close(&others->live);
	others->is_open = true;
	if (task)
		live_memory_open(&others->live, task->pid, task->tid);
	else
		live_memory_open(&others->live, tid, tid);
	return &others->live.memory;
}

/* Runs one half of the decoder on the task's memory. */
static int decode(struct follow *follow, struct engine_task *task, const int64_t *result)
{
	struct follow_task *data = task->data;
	struct live_memory live;
	struct labels labels = {{label}, follow, task, &live.memory};
	struct others others = {.follow = follow, .caller = task};
	struct decode_context context = {
		.memory = &live.memory,
		.labels = &labels.labels,
		.calls = follow->request.calls,
		.arena = &data->arena,
		.list_bits = list_bits,
		.memory_of = memory_of,
		.data = &others,
	};
	int error;

	live_memory_open(&live, task->pid, task->tid);
	if (result)
		error = decode_exit(&context, &data->input, *result, &data->call);
	else
		error = decode_entry(&context, &data->input, &data->call);
	live_memory_close(&live);
	if (others.is_open)
		live_memory_close(&others.live);
	return error;
}

/* A list that was registered by the new API, where the kernel has it. */
static void note_list(struct follow *follow, struct follow_task *data, int64_t result)
{
	const struct revision *revision = follow->request.calls->revision;
	struct revision_request request = revision_read(revision, data->input.args,
							data->input.bits);
	int64_t index = request.action == REVISION_CREATE ? result : request.index;

	if (result >= 0 && request.command && request.action != REVISION_LIST_LIMIT && index >= 0 &&
	    index < REVISION_LISTS_MAX)
		data->lists.slots[index] = (struct emulated_list){true, request.head, request.bits,
								  false};
}

static int tell_entry(struct follow *follow, const struct engine_stop *stop,
		      const struct traced_call *row)
{
	struct follow_task *data = stop->task->data;
	struct event event;
	int error;

	data->input = (struct decode_input){.row = row, .bits = stop->bits, .nr = stop->nr};
	for (size_t i = 0; i < CALL_ARGS_MAX; i++)
		data->input.args[i] = stop->args[i];
	error = decode(follow, stop->task, NULL);
	if (error)
		return error;
	data->entry_ns = clock_now_ns();
	data->in_call = true;
	event = session_event(follow, stop->task, EVENT_CALL_ENTRY);
	event.call = &data->call;
	event.pc = stop->pc;
	/* Told with the end: the line is not whole before. */
	if (follow->request.stack_depth)
		error = stacks_at(follow, stop, &data->frames, &data->n_frames);
	return error ? error : session_emit(follow, &event);
}

/* ERESTARTSYS and its kin never reach the program: the kernel makes the call again. */
static bool is_restart(int64_t result)
{
	return result <= -512 && result >= -516;
}

int call_end(struct follow *follow, const struct engine_stop *stop)
{
	struct follow_task *data = session_task(follow, stop->task);
	struct event event;
	int error;

	if (!data)
		return -ENOMEM;
	if (!data->in_call)
		return 0;
	data->in_call = false;
	error = decode(follow, stop->task, &stop->result);
	if (error)
		return error;
	if (data->input.row->form == CALL_FORM_SET_ROBUST_LIST2 && !follow->request.emulate)
		note_list(follow, data, stop->result);
	if (data->input.row->form == CALL_FORM_SET_ROBUST_LIST && follow->request.emulate &&
	    stop->result == 0)
		emulate_set_legacy(follow->request.calls->revision, &data->lists,
				   data->input.args[0], data->input.bits);
	data->call.interrupted = is_restart(stop->result);
	data->call.took_ns = clock_now_ns() - data->entry_ns;
	event = session_event(follow, stop->task, EVENT_CALL_EXIT);
	event.call = &data->call;
	event.pc = stop->pc;
	event.frames = data->frames;
	event.n_frames = data->n_frames;
	return session_emit(follow, &event);
}

static bool is_emulated(const struct traced_call *row)
{
	return row->form == CALL_FORM_SET_ROBUST_LIST2 || row->form == CALL_FORM_GET_ROBUST_LIST2;
}

/* The call ends where it begins. */
static int answer(struct follow *follow, const struct engine_stop *stop)
{
	struct engine_stop end = *stop;
	int error = emulated_call(follow, stop, &end.result);

	if (error)
		return error;
	/* It was killed meanwhile: its end will be told. */
	if (engine_answer(stop, end.result))
		return 0;
	return call_end(follow, &end);
}

/* Whether the kernel refuses it because we are the tracer, which its caller cannot guess. */
static bool is_refused_for_us(struct follow *follow, const struct engine_stop *stop)
{
	switch (stop->args[0]) {
	case CALL_PTRACE_TRACEME:
		return true;
	case CALL_PTRACE_ATTACH:
	case CALL_PTRACE_SEIZE:
		return session_find(follow, stop->task, (int32_t)stop->args[1]) != NULL;
	default:
		return false;
	}
}

int call_entry(struct follow *follow, const struct engine_stop *stop, bool *ret_want_end,
	       bool *ret_hold)
{
	const struct traced_call *row = traced_calls_find(
		follow->request.calls, wait_abi_native(stop->bits), (long)stop->nr);
	size_t touched;
	int error = 0;

	*ret_want_end = false;
	if (!row)
		return 0;
	if (!session_task(follow, stop->task))
		return -ENOMEM;
	if (row->form == CALL_FORM_EXEC) {
		error = pending_guard(follow, stop->task, true);
		if (!error)
			error = death_prepare(follow, stop->task, true);
		return error ? error : owed_before_exec(follow, stop);
	}
	if (row->form == CALL_FORM_EXIT) {
		/*
		 * In a race with a group exit the kernel may not report PTRACE_EVENT_EXIT, so this
		 * stop is the better one, and the other is not needed then.
		 */
		if (!follow->request.guard)
			engine_skip_exiting(follow->engine, stop->task);
		((struct follow_task *)stop->task->data)->exit_entered = true;
		error = pending_guard(follow, stop->task, false);
		if (!error)
			error = death_at_end(follow, stop->task);
		return error ? error : owed_at_end(follow, stop, ret_hold);
	}
	if (!(row->group & follow->request.groups))
		return 0;
	if (row->form == CALL_FORM_PTRACE && !is_refused_for_us(follow, stop))
		return 0;
	death_forget(stop->task->data);
	arena_free(&((struct follow_task *)stop->task->data)->arena);
	if (row->group & CALL_MMAP) {
		error = touch_check(follow, stop, row, &touched);
		if (error || !touched)
			return error;
	}
	error = tell_entry(follow, stop, row);
	if (!error && follow->request.emulate && is_emulated(row))
		return answer(follow, stop);
	*ret_want_end = !row->never_returns;
	return error;
}

int call_blind(struct follow *follow, const struct engine_stop *stop)
{
	struct event event = session_event(follow, stop->task, EVENT_NOTE);

	if (follow->request.emulate) {
		follow->result.failure = FOLLOW_NO_CALLS;
		return -EOPNOTSUPP;
	}
	event.text = "this kernel does not tell tracers of system calls (PTRACE_GET_SYSCALL_INFO, "
		     "Linux 5.3): only births and ends are shown";
	return session_emit(follow, &event);
}
