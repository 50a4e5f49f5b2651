/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/json_part.h"

#include <inttypes.h>

#include "base/cleanup.h"
#include "report/escape.h"

void json_part_put(json_t *object, const char *key, json_t *value, bool *failed)
{
	if (json_object_set_new_nocheck(object, key, value))
		*failed = true;
}

void json_part_push(json_t *array, json_t *value, bool *failed)
{
	if (json_array_append_new(array, value))
		*failed = true;
}

json_t *json_part_text(const char *bytes)
{
	cleanup_free char *safe = NULL;

	if (!bytes)
		return json_null();
	safe = escape_utf8(bytes);
	return safe ? json_string_nocheck(safe) : NULL;
}

json_t *json_part_hex(uint64_t value)
{
	return json_sprintf("0x%" PRIx64, value);
}

json_t *json_part_place(const struct place *place, bool *failed)
{
	json_t *object;

	if (!place->has_file)
		return json_null();
	object = json_object();
	json_part_put(object, "path", json_part_text(place->path), failed);
	json_part_put(object, "offset", json_integer((json_int_t)place->offset), failed);
	json_part_put(object, "dev",
		      json_sprintf("%02" PRIx32 ":%02" PRIx32, place->dev_major, place->dev_minor),
		      failed);
	json_part_put(object, "inode", json_integer((json_int_t)place->inode), failed);
	json_part_put(object, "deleted", json_boolean(place->deleted), failed);
	return object;
}

json_t *json_part_frame(const struct frame *frame, bool *failed)
{
	bool function = frame->function;
	bool module = frame->module;
	bool source = frame->source;
	json_t *object = json_object();

	json_part_put(object, "pc", json_part_hex(frame->pc), failed);
	json_part_put(object, "function", json_part_text(frame->function), failed);
	json_part_put(object, "offset", function ? json_part_hex(frame->offset) : json_null(),
		      failed);
	json_part_put(object, "module", json_part_text(frame->module), failed);
	json_part_put(object, "module_offset",
		      module ? json_part_hex(frame->module_offset) : json_null(), failed);
	json_part_put(object, "source", json_part_text(frame->source), failed);
	json_part_put(object, "line", source ? json_integer(frame->line) : json_null(), failed);
	json_part_put(object, "guess", json_boolean(frame->guess), failed);
	return object;
}
