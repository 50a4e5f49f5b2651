/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/race_json.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "names.h"
#include "report/escape.h"

static void put(json_t *object, const char *key, json_t *value, bool *failed)
{
	if (json_object_set_new_nocheck(object, key, value))
		*failed = true;
}

static json_t *hex(uint64_t value)
{
	return json_sprintf("0x%" PRIx64, value);
}

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

static json_t *text(const char *bytes)
{
	cleanup_free char *safe = bytes ? escape_utf8(bytes) : NULL;

	if (!bytes)
		return json_null();
	return safe ? json_string_nocheck(safe) : NULL;
}

static int print(json_t *object, bool failed, FILE *out)
{
	cleanup_free char *dump = failed ? NULL : json_dumps(object, JSON_ENSURE_ASCII);

	json_decref(object);
	if (!dump)
		return -ENOMEM;
	fprintf(out, "%s\n", dump);
	return 0;
}

static json_t *bytes_json(const unsigned char bytes[RACE_BYTES])
{
	char digits[2 * RACE_BYTES + 1];

	for (size_t i = 0; i < RACE_BYTES; i++)
		snprintf(digits + 2 * i, 3, "%02x", bytes[i]);
	return json_string(digits);
}

static json_t *steps_json(const struct race_round *round, bool *failed)
{
	json_t *array = json_array();

	for (enum race_step step = STEP_PENDING; step < N_RACE_STEPS; step++) {
		const struct race_view *view = &round->steps.view[step];
		json_t *object = json_object();
		bool seen = round->steps.seen[step];

		put(object, "step", json_string(name_of_race_step(step)), failed);
		put(object, "seen", json_boolean(seen), failed);
		put(object, "instruction",
		    seen && round->stepped ? number(round->steps.at[step]) : json_null(), failed);
		put(object, "list_op_pending", seen ? hex(view->pending) : json_null(), failed);
		put(object, "on_list", seen ? json_boolean(view->on_list) : json_null(), failed);
		put(object, "word", seen && view->word_ok ? number(view->word) : json_null(),
		    failed);
		if (json_array_append_new(array, object))
			*failed = true;
	}
	return array;
}

int race_json_round(const struct race_result *result, const struct race_round *round, FILE *out)
{
	json_t *object = json_object();
	bool failed = false;

	put(object, "event", json_string("round"), &failed);
	put(object, "round", number(result->n_rounds), &failed);
	put(object, "verdict", json_string(name_of_verdict(round->verdict)), &failed);
	put(object, "reason", text(name_of_reason(round->reason)), &failed);
	put(object, "pid", number((uint64_t)round->pid), &failed);
	put(object, "unlocker", number((uint64_t)round->unlocker), &failed);
	put(object, "taker", number((uint64_t)round->taker), &failed);
	put(object, "entry", hex(round->entry), &failed);
	put(object, "address", hex(round->address), &failed);
	put(object, "stopped_at", json_string(round->stepped ? "step" : "wake"), &failed);
	put(object, "vdso_helper", json_boolean(round->has_helper), &failed);
	put(object, "steps", steps_json(round, &failed), &failed);
	put(object, "mapped", json_boolean(round->mapped), &failed);
	put(object, "killed", json_boolean(round->killed), &failed);
	put(object, "guarded", json_boolean(round->guarded), &failed);
	put(object, "file_offset", number(round->file_offset), &failed);
	put(object, "before", bytes_json(round->before), &failed);
	put(object, "after", bytes_json(round->after), &failed);
	put(object, "took_ns", number(round->took_ns), &failed);
	return print(object, failed, out);
}

int race_json_result(const struct race_result *result, FILE *out)
{
	json_t *object = json_object();
	bool failed = false;

	put(object, "event", json_string("result"), &failed);
	put(object, "schema", json_integer(1), &failed);
	put(object, "libc", json_string(name_of_race_libc(result->libc)), &failed);
	put(object, "kernel", text(result->release), &failed);
	put(object, "waiter", json_boolean(result->waiter), &failed);
	put(object, "raw", json_boolean(result->raw), &failed);
	put(object, "guard", json_boolean(result->guard), &failed);
	put(object, "rounds", number(result->n_rounds), &failed);
	put(object, "corrupted", number(result->n_verdict[RACE_CORRUPTED]), &failed);
	put(object, "prevented", number(result->n_verdict[RACE_PREVENTED]), &failed);
	put(object, "not_reproduced", number(result->n_verdict[RACE_NOT_REPRODUCED]), &failed);
	put(object, "total_ns", number(result->total_ns), &failed);
	return print(object, failed, out);
}

int race_json_lists(const struct race_lists *lists, FILE *out)
{
	json_t *object = json_object();
	bool failed = false;

	put(object, "event", json_string(lists->circular ? "circular" : "limit"), &failed);
	put(object, "tid", number((uint64_t)lists->tid), &failed);
	put(object, "locks", number(lists->n_locks), &failed);
	put(object, "end", json_string(name_of_list_end(lists->end)), &failed);
	put(object, "entries", number(lists->n_listed), &failed);
	put(object, "foretold_marked", number(lists->n_would_mark), &failed);
	put(object, "marked", number(lists->n_marked), &failed);
	put(object, "stay_locked", number(lists->n_stuck), &failed);
	put(object, "took_ns", number(lists->took_ns), &failed);
	return print(object, failed, out);
}

int race_json_window(const struct race_window *window, FILE *out)
{
	json_t *object = json_object();
	bool failed = false;

	put(object, "event", json_string("window"), &failed);
	put(object, "pid", number((uint64_t)window->pid), &failed);
	put(object, "tid", number((uint64_t)window->tid), &failed);
	put(object, "comm", text(window->comm), &failed);
	put(object, "head", hex(window->head), &failed);
	put(object, "entry", hex(window->entry), &failed);
	put(object, "address", hex(window->address), &failed);
	put(object, "word", number(window->word), &failed);
	put(object, "lock", text(window->label), &failed);
	put(object, "stopped_at", json_string(window->at_wake ? "wake" : "step"), &failed);
	put(object, "looked_at", number(window->n_looked_at), &failed);
	put(object, "killed", json_boolean(window->killed), &failed);
	put(object, "word_after", window->after_ok ? number(window->after) : json_null(), &failed);
	put(object, "took_ns", number(window->took_ns), &failed);
	return print(object, failed, out);
}
