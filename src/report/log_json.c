/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A trace for programs: docs/json-schema-trace.json says what each line is. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "abi/futex_word.h"
#include "base/cleanup.h"
#include "names.h"
#include "report/json_part.h"
#include "report/log_line.h"

/* Above it a reader of JSON may lose the last digits of a number. */
#define EXACT_MAX (UINT64_C(1) << 53)

static json_t *address(uint64_t value)
{
	return value ? json_part_hex(value) : json_null();
}

static json_t *size(uint64_t value)
{
	return value < EXACT_MAX ? json_integer((json_int_t)value) : json_part_hex(value);
}

/* 0 is none. */
static json_t *task_id(pid_t tid)
{
	return tid ? json_integer(tid) : json_null();
}

static json_t *word(uint64_t value, bool *failed)
{
	json_t *object = json_object();
	bool fits = value <= UINT32_MAX;

	json_part_put(object, "value", json_part_hex(value), failed);
	json_part_put(object, "tid",
		      fits ? json_integer((json_int_t)(value & WORD_TID_MASK)) : json_null(),
		      failed);
	json_part_put(object, "waiters", json_boolean(fits && value & WORD_WAITERS), failed);
	json_part_put(object, "owner_died", json_boolean(fits && value & WORD_OWNER_DIED), failed);
	return object;
}

static json_t *entry_json(const struct futex *futex, const char *label, bool *failed)
{
	json_t *object = json_object();

	json_part_put(object, "entry", json_part_hex(futex->entry), failed);
	json_part_put(object, "address", json_part_hex(futex->address), failed);
	json_part_put(object, "pi", json_boolean(futex->pi), failed);
	json_part_put(object, "word", futex->word_ok ? word(futex->word, failed) : json_null(),
		      failed);
	json_part_put(object, "lock", json_part_text(label), failed);
	return object;
}

static json_t *list_json(const struct arg *arg, bool *failed)
{
	const struct list *list = arg->list;
	json_t *object;
	json_t *entries;

	if (!list)
		return json_null();
	object = json_object();
	entries = json_array();
	for (size_t i = 0; i < list->n_entries; i++)
		json_part_push(entries,
			       entry_json(&list->entries[i],
					  i < arg->n_entry_labels ? arg->entry_labels[i] : NULL,
					  failed),
			       failed);
	json_part_put(object, "kind", json_string(name_of_list_kind(list->kind)), failed);
	json_part_put(object, "index",
		      list->kind == LIST_LIST2 && list->index != LIST_NO_INDEX
			      ? json_integer(list->index)
			      : json_null(),
		      failed);
	json_part_put(object, "bits", json_integer(list->bits), failed);
	json_part_put(object, "head", json_part_hex(list->head), failed);
	json_part_put(object, "futex_offset", json_integer(list->futex_offset), failed);
	json_part_put(object, "length", json_integer((json_int_t)list->n_seen), failed);
	json_part_put(object, "end", json_string(name_of_list_end(list->end)), failed);
	json_part_put(object, "end_at", address(list->end_at), failed);
	json_part_put(object, "entries", entries, failed);
	json_part_put(object, "pending",
		      list->has_pending ? entry_json(&list->pending, NULL, failed) : json_null(),
		      failed);
	return object;
}

static json_t *waiters_json(const struct arg *arg, bool *failed)
{
	json_t *array;

	if (!arg->ok)
		return json_null();
	array = json_array();
	for (size_t i = 0; i < arg->n_waitvs; i++) {
		const struct arg_waitv *waitv = &arg->waitvs[i];
		json_t *object = json_object();

		json_part_put(object, "value", word(waitv->value, failed), failed);
		json_part_put(object, "address", address(waitv->address), failed);
		json_part_put(object, "flags", json_part_text(waitv->flags), failed);
		json_part_put(object, "lock", json_part_text(waitv->label), failed);
		json_part_push(array, object, failed);
	}
	return array;
}

static json_t *head_json(uint64_t head, const struct arg *arg, bool *failed)
{
	json_t *object = json_object();

	json_part_put(object, "address", address(head), failed);
	json_part_put(object, "list", list_json(arg, failed), failed);
	return object;
}

/* What an address leads to, beside the address. */
static json_t *pointer_json(const struct arg *arg, bool *failed)
{
	json_t *object = json_object();

	json_part_put(object, "address", address(arg->value), failed);
	switch (arg->kind) {
	case ARG_HEAD_AT:
		json_part_put(object, "head",
			      arg->ok ? head_json(arg->pointee, arg, failed) : json_null(), failed);
		break;
	case ARG_SIZE_AT:
		json_part_put(object, "value", arg->ok ? size(arg->pointee) : json_null(), failed);
		break;
	case ARG_FUTEX:
		json_part_put(object, "word", arg->ok ? word(arg->pointee, failed) : json_null(),
			      failed);
		json_part_put(object, "lock", json_part_text(arg->label), failed);
		break;
	case ARG_TIMEOUT:
		json_part_put(object, "seconds", arg->ok ? json_integer(arg->seconds) : json_null(),
			      failed);
		json_part_put(object, "nanoseconds",
			      arg->ok ? json_integer(arg->nanoseconds) : json_null(), failed);
		break;
	case ARG_WAITV:
		json_part_put(object, "waiters", waiters_json(arg, failed), failed);
		break;
	default:
		json_part_put(object, "text", arg->ok ? json_part_text(arg->text) : json_null(),
			      failed);
		break;
	}
	return object;
}

static json_t *argument_json(const struct arg *arg, bool *failed)
{
	json_t *object;

	switch (arg->kind) {
	case ARG_NUMBER:
		return json_integer((json_int_t)arg->value);
	case ARG_SIZE:
		return size(arg->value);
	case ARG_HEX:
		return json_part_hex(arg->value);
	case ARG_ADDRESS:
		return address(arg->value);
	case ARG_WORD:
		return word(arg->value, failed);
	case ARG_HEAD:
		return head_json(arg->value, arg, failed);
	case ARG_FLAGS:
		object = json_object();
		json_part_put(object, "value", json_part_hex(arg->value), failed);
		json_part_put(object, "names", json_part_text(arg->text), failed);
		return object;
	default:
		return pointer_json(arg, failed);
	}
}

static json_t *result_json(const struct call *call)
{
	if (!call->ended || call->interrupted)
		return json_null();
	if (call->result_is_address && (call->result >= 0 || call->result < -4095))
		return json_part_hex((uint64_t)call->result);
	return json_integer(call->result < 0 ? -1 : call->result);
}

/* "EPERM"; null where there is none, or a restart. */
static json_t *error_json(const struct call *call)
{
	const char *name = NULL;

	if (call->ended && !call->interrupted && call->result < 0 && call->result >= -4095)
		name = strerrorname_np((int)-call->result);
	return json_part_text(name);
}

static json_t *call_json(const struct call *call, bool *failed)
{
	json_t *object = json_object();
	json_t *args = json_object();

	for (size_t i = 0; i < call->n_args; i++)
		json_part_put(args, call->args[i].name, argument_json(&call->args[i], failed),
			      failed);
	json_part_put(object, "name", json_part_text(call->name), failed);
	json_part_put(object, "number", json_integer(call->number), failed);
	json_part_put(object, "bits", json_integer(call->bits), failed);
	json_part_put(object, "args", args, failed);
	json_part_put(object, "remark", json_part_text(call->remark), failed);
	json_part_put(object, "result", result_json(call), failed);
	json_part_put(object, "error", error_json(call), failed);
	json_part_put(object, "interrupted", json_boolean(call->ended && call->interrupted),
		      failed);
	json_part_put(object, "note", json_part_text(call->ended ? call->result_note : NULL),
		      failed);
	json_part_put(object, "took_ns",
		      call->ended && call->took_ns ? json_integer((json_int_t)call->took_ns)
						   : json_null(),
		      failed);
	return object;
}

static json_t *lock_json(const struct death_lock *lock, bool *failed)
{
	json_t *object = entry_json(lock->futex, lock->label, failed);
	json_t *waiters = json_array();
	bool stays = lock->fate == FATE_STAYS_LOCKED;

	for (size_t i = 0; i < lock->n_waiters; i++)
		json_part_push(waiters, json_integer(lock->waiters[i]), failed);
	json_part_put(object, "kind", json_string(name_of_list_kind(lock->kind)), failed);
	json_part_put(object, "index",
		      lock->kind == LIST_LIST2 ? json_integer(lock->index) : json_null(), failed);
	json_part_put(object, "pending", json_boolean(lock->pending), failed);
	json_part_put(object, "stale", json_boolean(lock->stale), failed);
	json_part_put(object, "where", json_part_place(&lock->place, failed), failed);
	json_part_put(object, "fate", json_string(name_of_fate(lock->fate)), failed);
	json_part_put(object, "list_end",
		      stays ? json_string(name_of_list_end(lock->end)) : json_null(), failed);
	json_part_put(object, "waiters", waiters, failed);
	json_part_put(object, "after", lock->after_ok ? word(lock->after, failed) : json_null(),
		      failed);
	return object;
}

static json_t *guard_json(const struct guard_action *guard, bool *failed)
{
	json_t *object = json_object();

	json_part_put(object, "verdict", json_string(guard->doubtful ? "doubtful" : "stale"),
		      failed);
	json_part_put(object, "evidence", json_part_text(guard->lock.evidence), failed);
	json_part_put(object, "cleared", json_boolean(guard->cleared), failed);
	json_part_put(object, "error",
		      json_part_text(guard->error ? strerrorname_np(guard->error) : NULL), failed);
	json_part_put(object, "lock", lock_json(&guard->lock, failed), failed);
	return object;
}

static json_t *break_json(const struct death_break *broken, bool *failed)
{
	json_t *object = json_object();

	json_part_put(object, "kind", json_string(name_of_list_kind(broken->kind)), failed);
	json_part_put(object, "index",
		      broken->kind == LIST_LIST2 ? json_integer(broken->index) : json_null(),
		      failed);
	json_part_put(object, "end", json_string(name_of_list_end(broken->end)), failed);
	json_part_put(object, "at", json_part_hex(broken->at), failed);
	json_part_put(object, "head", json_boolean(broken->is_head), failed);
	json_part_put(object, "read_only", json_boolean(broken->read_only), failed);
	return object;
}

static json_t *death_json(const struct death *death, bool *failed)
{
	json_t *object = json_object();
	json_t *breaks = json_array();
	json_t *locks = json_array();

	for (size_t i = 0; i < death->n_locks; i++)
		json_part_push(locks, lock_json(&death->locks[i], failed), failed);
	json_part_put(object, "by_exec", json_boolean(death->by_exec), failed);
	json_part_put(object, "unseen", json_boolean(death->unseen), failed);
	json_part_put(object, "worst_end", json_string(name_of_list_end(death->worst)), failed);
	for (size_t i = 0; i < death->n_breaks; i++)
		json_part_push(breaks, break_json(&death->breaks[i], failed), failed);
	json_part_put(object, "breaks", breaks, failed);
	json_part_put(object, "cut", json_integer((json_int_t)death->n_cut), failed);
	json_part_put(object, "locks", locks, failed);
	return object;
}

static json_t *stack_json(const struct event *event, bool *failed)
{
	json_t *array = json_array();

	for (size_t i = 0; i < event->n_frames; i++)
		json_part_push(array, json_part_frame(&event->frames[i], failed), failed);

	return array;
}

static json_t *siginfo_json(const struct event_siginfo *info, bool *failed)
{
	json_t *object;
	bool child = info && info->layout == SIGNAL_CHILD;
	bool sent = info && (child || info->layout == SIGNAL_SENT);

	if (!info)
		return json_null();
	object = json_object();
	json_part_put(object, "code",
		      info->code ? json_string(info->code) : json_integer(info->number), failed);
	json_part_put(object, "pid", sent ? json_integer(info->pid) : json_null(), failed);
	json_part_put(object, "uid", sent ? json_integer(info->uid) : json_null(), failed);
	json_part_put(object, "status", child ? json_integer(info->status) : json_null(), failed);
	json_part_put(object, "address",
		      info->layout == SIGNAL_FAULT ? json_part_hex(info->address) : json_null(),
		      failed);
	return object;
}

static json_t *signal_json(const struct event *event)
{
	char name[LABEL_MAX];

	name_signal(event->signal, name);
	return json_string(name);
}

/* What only events of this kind have. */
static void put_particulars(json_t *object, const struct event *event, bool *failed)
{
	switch (event->kind) {
	case EVENT_CALL_ENTRY:
	case EVENT_CALL_EXIT:
		json_part_put(object, "pc", address(event->pc), failed);
		json_part_put(object, "call", call_json(event->call, failed), failed);
		break;
	case EVENT_NEW_TASK:
		json_part_put(object, "new_tid", task_id(event->other), failed);
		json_part_put(object, "how", json_part_text(event->text), failed);
		break;
	case EVENT_EXEC:
		json_part_put(object, "path", json_part_text(event->text), failed);
		json_part_put(object, "former_tid", task_id(event->other), failed);
		break;
	case EVENT_DEATH:
	case EVENT_DEATH_AFTER:
		json_part_put(object, "death", death_json(event->death, failed), failed);
		break;
	case EVENT_EXITED:
		json_part_put(object, "status", json_integer(event->status), failed);
		break;
	case EVENT_KILLED:
		json_part_put(object, "signal", signal_json(event), failed);
		json_part_put(object, "core", json_boolean(event->core), failed);
		break;
	case EVENT_SIGNAL:
		json_part_put(object, "signal", signal_json(event), failed);
		json_part_put(object, "sender", task_id(event->other), failed);
		json_part_put(object, "siginfo", siginfo_json(event->siginfo, failed), failed);
		break;
	case EVENT_STOPPED:
		json_part_put(object, "signal", signal_json(event), failed);
		break;
	case EVENT_GUARD:
		json_part_put(object, "guard", guard_json(event->guard, failed), failed);
		break;
	case EVENT_NOTE:
		json_part_put(object, "text", json_part_text(event->text), failed);
		break;
	case EVENT_ATTACHED:
	case EVENT_DETACHED:
		break;
	}
}

int log_json(struct log_line *line, const struct event *event)
{
	const uint64_t second = UINT64_C(1000000000);
	cleanup_free char *dump = NULL;
	bool failed = false;
	json_t *object = json_object();

	json_part_put(object, "kind", json_string(name_of_event(event->kind)), &failed);
	json_part_put(object, "time",
		      json_sprintf("%" PRIu64 ".%09" PRIu64, event->time_ns / second,
				   event->time_ns % second),
		      &failed);
	json_part_put(object, "pid", task_id(event->pid), &failed);
	json_part_put(object, "tid", task_id(event->tid), &failed);
	json_part_put(object, "comm", json_part_text(event->comm), &failed);
	put_particulars(object, event, &failed);
	json_part_put(object, "stack", stack_json(event, &failed), &failed);
	if (!failed)
		dump = json_dumps(object, JSON_ENSURE_ASCII);
	json_decref(object);
	if (!dump)
		return -ENOMEM;
	log_line_add(line, "%s", dump);
	log_line_end(line);
	return 0;
}
