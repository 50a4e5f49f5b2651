/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/json_values.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"

const char *json_value_text(const json_t *from, const char *key)
{
	return json_string_value(json_object_get(from, key));
}

uint64_t json_value_number(const json_t *from, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(from, key));
}

uint64_t json_value_hex(const json_t *from, const char *key)
{
	const char *text = json_value_text(from, key);

	return text ? strtoull(text, NULL, 16) : 0;
}

bool json_value_bool(const json_t *from, const char *key, bool otherwise)
{
	const json_t *value = json_object_get(from, key);

	return json_is_boolean(value) ? json_is_true(value) : otherwise;
}

/* The number whose name is under the key; `otherwise` when it is none of them. */
static int find_name(const json_t *from, const char *key, const char *(*name)(int number), int last,
		     int otherwise)
{
	const char *text = json_value_text(from, key);

	for (int i = 0; i <= last && text; i++)
		if (name(i) && strcmp(name(i), text) == 0)
			return i;
	return otherwise;
}

static const char *state_name(int number)
{
	return name_of_state((enum futex_state)number);
}

static const char *kind_name(int number)
{
	return name_of_list_kind((enum list_kind)number);
}

static const char *source_name(int number)
{
	return name_of_bits_source((enum bits_source)number);
}

static const char *end_name(int number)
{
	return name_of_list_end((enum list_end)number);
}

static const char *problem_name(int number)
{
	return name_of_problem((enum problem_kind)number);
}

static const char *sort_name(int number)
{
	return name_of_sort((enum lock_sort)number);
}

static const char *place_name(int number)
{
	return name_of_place((enum place_kind)number);
}

enum futex_state json_value_state(const json_t *from)
{
	return (enum futex_state)find_name(from, "state", state_name, FUTEX_STALE, FUTEX_FREE);
}

enum list_kind json_value_list_kind(const json_t *from)
{
	return (enum list_kind)find_name(from, "kind", kind_name, LIST_LIST2, LIST_ROBUST);
}

enum bits_source json_value_bits_source(const json_t *from)
{
	return (enum bits_source)find_name(from, "bits_from", source_name, BITS_BY_REGISTRATION,
					   BITS_BY_CALL);
}

enum list_end json_value_list_end(const json_t *from)
{
	return (enum list_end)find_name(from, "end", end_name, LIST_CHANGED, LIST_COMPLETE);
}

enum problem_kind json_value_problem(const json_t *from)
{
	return (enum problem_kind)find_name(from, "kind", problem_name, PROBLEM_MISALIGNED,
					    PROBLEM_MISALIGNED);
}

char json_value_task_state(const json_t *from)
{
	const char *text = json_value_text(from, "state");

	for (const char *letter = "RSDTtZX"; text && *letter; letter++)
		if (strcmp(name_of_task_state(*letter), text) == 0)
			return *letter;
	return text ? 'I' : '\0';
}

enum lock_sort json_value_sort(const json_t *from)
{
	return (enum lock_sort)find_name(from, "hint", sort_name, LOCK_PLAIN_RWLOCK, LOCK_ROBUST);
}

void json_value_mutex(const json_t *from, struct mutex_info *ret)
{
	const char *kind = json_value_text(from, "kind");
	const char *libc = json_value_text(from, "libc");

	*ret = (struct mutex_info){0};
	if (!kind || !libc)
		return;
	*ret = (struct mutex_info){
		.libc = strcmp(libc, "musl") == 0 ? "musl" : "glibc",
		.robust = true,
		.pi = strstr(kind, ",pi"),
		.recursive = strstr(kind, ",recursive"),
		.errorcheck = strstr(kind, ",errorcheck"),
		.shared = strstr(kind, ",shared"),
		.count = (uint32_t)json_value_number(from, "count"),
	};
}

void json_value_place(const json_t *from, const json_t *where, struct place *place)
{
	const char *dev = json_value_text(where, "dev");

	place->kind = (enum place_kind)find_name(from, "memory", place_name, PLACE_OTHER,
						 json_is_object(where) ? PLACE_FILE
								       : PLACE_UNKNOWN);
	place->module = place->kind == PLACE_FILE && !place->shared;
	place->deleted = json_value_bool(where, "deleted", false);
	place->offset = json_is_object(where) ? json_value_number(where, "offset")
					      : json_value_hex(from, "offset");
	place->inode = json_value_number(where, "inode");
	place->has_file = json_is_object(where);
	if (dev && sscanf(dev, "%" SCNx32 ":%" SCNx32, &place->dev_major, &place->dev_minor) != 2)
		place->dev_major = place->dev_minor = 0;
}

void json_value_census(const json_t *from, struct census *ret)
{
	*ret = (struct census){
		.processes = json_value_number(from, "processes"),
		.threads = json_value_number(from, "threads"),
		.not_permitted = json_value_number(from, "not_permitted"),
		.vanished = json_value_number(from, "vanished"),
		.kernel_threads = json_value_number(from, "kernel_threads"),
		.zombies = json_value_number(from, "zombies"),
		.unseen_waits = json_value_number(from, "unseen_waits"),
		.unseen_lists = json_value_bool(from, "unseen_lists", false),
		.changed = json_value_number(from, "changed_lists"),
		.stopped = json_value_number(from, "stopped_threads"),
		.longest_stop_ns = json_value_number(from, "longest_stop_ns"),
		.elapsed_ns = json_value_number(from, "elapsed_ns"),
	};
}
