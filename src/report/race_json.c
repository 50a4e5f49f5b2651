/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/race_json.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "names.h"
#include "report/json_part.h"

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)value);
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

		json_part_put(object, "step", json_string(name_of_race_step(step)), failed);
		json_part_put(object, "seen", json_boolean(seen), failed);
		json_part_put(object, "instruction",
			      seen && round->stepped ? number(round->steps.at[step]) : json_null(),
			      failed);
		json_part_put(object, "list_op_pending",
			      seen ? json_part_hex(view->pending) : json_null(), failed);
		json_part_put(object, "on_list", seen ? json_boolean(view->on_list) : json_null(),
			      failed);
		json_part_put(object, "word",
			      seen && view->word_ok ? number(view->word) : json_null(), failed);
		if (json_array_append_new(array, object))
			*failed = true;
	}
	return array;
}

int race_json_round(const struct race_result *result, const struct race_round *round, FILE *out)
{
	json_t *object = json_object();
	bool failed = false;

	json_part_put(object, "event", json_string("round"), &failed);
	json_part_put(object, "round", number(result->n_rounds), &failed);
	json_part_put(object, "verdict", json_string(name_of_verdict(round->verdict)), &failed);
	json_part_put(object, "reason", json_part_text(name_of_reason(round->reason)), &failed);
	json_part_put(object, "pid", number((uint64_t)round->pid), &failed);
	json_part_put(object, "unlocker", number((uint64_t)round->unlocker), &failed);
	json_part_put(object, "taker", number((uint64_t)round->taker), &failed);
	json_part_put(object, "entry", json_part_hex(round->entry), &failed);
	json_part_put(object, "address", json_part_hex(round->address), &failed);
	json_part_put(object, "stopped_at", json_string(round->stepped ? "step" : "wake"), &failed);
	json_part_put(object, "vdso_helper", json_boolean(round->has_helper), &failed);
	json_part_put(object, "steps", steps_json(round, &failed), &failed);
	json_part_put(object, "mapped", json_boolean(round->mapped), &failed);
	json_part_put(object, "killed", json_boolean(round->killed), &failed);
	json_part_put(object, "guarded", json_boolean(round->guarded), &failed);
	json_part_put(object, "file_offset", number(round->file_offset), &failed);
	json_part_put(object, "before", bytes_json(round->before), &failed);
	json_part_put(object, "after", bytes_json(round->after), &failed);
	json_part_put(object, "took_ns", number(round->took_ns), &failed);
	return print(object, failed, out);
}

int race_json_result(const struct race_result *result, FILE *out)
{
	json_t *object = json_object();
	bool failed = false;

	json_part_put(object, "event", json_string("result"), &failed);
	json_part_put(object, "schema", json_integer(1), &failed);
	json_part_put(object, "libc", json_string(name_of_race_libc(result->libc)), &failed);
	json_part_put(object, "kernel", json_part_text(result->release), &failed);
	json_part_put(object, "waiter", json_boolean(result->waiter), &failed);
	json_part_put(object, "raw", json_boolean(result->raw), &failed);
	json_part_put(object, "guard", json_boolean(result->guard), &failed);
	json_part_put(object, "rounds", number(result->n_rounds), &failed);
	json_part_put(object, "corrupted", number(result->n_verdict[RACE_CORRUPTED]), &failed);
	json_part_put(object, "prevented", number(result->n_verdict[RACE_PREVENTED]), &failed);
	json_part_put(object, "not_reproduced", number(result->n_verdict[RACE_NOT_REPRODUCED]),
		      &failed);
	json_part_put(object, "total_ns", number(result->total_ns), &failed);
	return print(object, failed, out);
}

int race_json_lists(const struct race_lists *lists, FILE *out)
{
	json_t *object = json_object();
	bool failed = false;

	json_part_put(object, "event", json_string(lists->circular ? "circular" : "limit"),
		      &failed);
	json_part_put(object, "tid", number((uint64_t)lists->tid), &failed);
	json_part_put(object, "locks", number(lists->n_locks), &failed);
	json_part_put(object, "end", json_string(name_of_list_end(lists->end)), &failed);
	json_part_put(object, "entries", number(lists->n_listed), &failed);
	json_part_put(object, "foretold_marked", number(lists->n_would_mark), &failed);
	json_part_put(object, "marked", number(lists->n_marked), &failed);
	json_part_put(object, "stay_locked", number(lists->n_stuck), &failed);
	json_part_put(object, "took_ns", number(lists->took_ns), &failed);
	return print(object, failed, out);
}

int race_json_window(const struct race_window *window, FILE *out)
{
	json_t *object = json_object();
	bool failed = false;

	json_part_put(object, "event", json_string("window"), &failed);
	json_part_put(object, "pid", number((uint64_t)window->pid), &failed);
	json_part_put(object, "tid", number((uint64_t)window->tid), &failed);
	json_part_put(object, "comm", json_part_text(window->comm), &failed);
	json_part_put(object, "head", json_part_hex(window->head), &failed);
	json_part_put(object, "entry", json_part_hex(window->entry), &failed);
	json_part_put(object, "address", json_part_hex(window->address), &failed);
	json_part_put(object, "word", number(window->word), &failed);
	json_part_put(object, "lock", json_part_text(window->label), &failed);
	json_part_put(object, "stopped_at", json_string(window->at_wake ? "wake" : "step"),
		      &failed);
	json_part_put(object, "looked_at", number(window->n_looked_at), &failed);
	json_part_put(object, "killed", json_boolean(window->killed), &failed);
	json_part_put(object, "word_after", window->after_ok ? number(window->after) : json_null(),
		      &failed);
	json_part_put(object, "took_ns", number(window->took_ns), &failed);
	return print(object, failed, out);
}
