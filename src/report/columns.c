/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/columns.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "abi/futex_word.h"
#include "names.h"

static struct value none(void)
{
	return (struct value){.type = VALUE_NULL};
}

static struct value string(const char *text)
{
	if (!text)
		return none();
	return (struct value){.type = VALUE_STRING, .string = strdup(text)};
}

static struct value number(uint64_t value)
{
	return (struct value){.type = VALUE_NUMBER, .number = value};
}

static struct value hex(uint64_t value)
{
	return (struct value){.type = VALUE_HEX, .number = value};
}

static struct value boolean(bool value)
{
	return (struct value){.type = VALUE_BOOL, .number = value};
}

static const struct mutex_info *mutex_of(const struct futex_view *view)
{
	return view->futex ? &view->futex->mutex : &view->lock->mutex;
}

static bool word_of(const struct futex_view *view, uint32_t *ret)
{
	*ret = view->futex ? view->futex->word : view->lock->word;
	return view->futex ? view->futex->word_ok : view->lock->word_ok;
}

static struct value get_lock(const struct futex_view *view)
{
	char text[LABEL_MAX];

	name_lock(view->lock, text);
	return string(text);
}

static struct value get_name(const struct futex_view *view)
{
	return string(view->lock->name);
}

static struct value get_state(const struct futex_view *view)
{
	return string(name_of_state(view->futex ? view->futex->state : view->lock->state));
}

/* "901 smbd", "901 smbd (stopped)", "901 smbd (in accept4)" */
static struct value owner_value(const struct task *owner)
{
	struct value value = {.type = VALUE_STRING};
	char label[LABEL_MAX];
	char note[LABEL_MAX];

	name_task(owner, label);
	name_task_note(owner, note);
	if (!note[0])
		return string(label);
	if (asprintf(&value.string, "%s (%s)", label, note) < 0)
		value.string = NULL;
	return value;
}

static struct value get_owner(const struct futex_view *view)
{
	const struct lock *lock = view->lock;
	char text[64];

	if (lock->owner != SIZE_MAX)
		return owner_value(&view->snapshot->tasks[lock->owner]);
	if (lock->owner_tid)
		snprintf(text, sizeof(text), "%d", lock->owner_tid);
	else if (lock->state == FUTEX_ORPHAN)
		snprintf(text, sizeof(text), "(%d gone)", lock->dead_tid);
	else if (lock->dead_tid)
		snprintf(text, sizeof(text), "(%d died)", lock->dead_tid);
	else if (lock->state == FUTEX_OWNER_DIED)
		snprintf(text, sizeof(text), "(died)");
	else
		return none();
	return string(text);
}

static struct value get_owner_tid(const struct futex_view *view)
{
	/* An orphan's word names somebody, but nobody owns it. */
	return view->lock->owner_tid ? number((uint64_t)view->lock->owner_tid) : none();
}

static struct value get_waiters(const struct futex_view *view)
{
	const struct lock *lock = view->lock;
	struct value value = {.type = VALUE_STRING};
	size_t size;
	FILE *text;

	if (!lock->n_waiters)
		return none();
	text = open_memstream(&value.string, &size);
	if (!text)
		return value;
	for (size_t i = 0; i < lock->n_waiters; i++) {
		char label[LABEL_MAX];

		name_task(&view->snapshot->tasks[lock->waiters[i].task], label);
		fprintf(text, "%s%s", i ? ", " : "", label);
	}
	if (fclose(text)) {
		free(value.string);
		value.string = NULL;
	}
	return value;
}

static struct value get_n_waiters(const struct futex_view *view)
{
	return number(view->lock->n_waiters);
}

static struct value get_kind(const struct futex_view *view)
{
	char text[LABEL_MAX];

	name_mutex(mutex_of(view), text);
	return string(text[0] ? text : NULL);
}

static struct value get_path(const struct futex_view *view)
{
	return string(view->lock->place.path);
}

static struct value get_offset(const struct futex_view *view)
{
	return view->lock->place.path ? hex(view->lock->place.offset) : none();
}

static struct value get_memory(const struct futex_view *view)
{
	return string(name_of_place(view->lock->place.kind));
}

static struct value get_address(const struct futex_view *view)
{
	return hex(view->futex ? view->futex->address : view->lock->address);
}

static struct value get_entry(const struct futex_view *view)
{
	uint64_t entry = view->futex ? view->futex->entry : view->lock->entry;

	/* A lock of a known file that is on no list has no entry. */
	return entry ? hex(entry) : none();
}

static struct value get_word(const struct futex_view *view)
{
	uint32_t word;

	return word_of(view, &word) ? hex(word) : none();
}

static struct value get_waiters_bit(const struct futex_view *view)
{
	uint32_t word;

	return word_of(view, &word) ? boolean(word & WORD_WAITERS) : none();
}

static struct value get_owner_died(const struct futex_view *view)
{
	uint32_t word;

	return word_of(view, &word) ? boolean(word & WORD_OWNER_DIED) : none();
}

static struct value get_pi(const struct futex_view *view)
{
	return boolean(view->futex ? view->futex->pi : view->lock->pi);
}

static struct value get_pid(const struct futex_view *view)
{
	return number((uint64_t)view->pid);
}

static struct value get_dev(const struct futex_view *view)
{
	const struct place *place = &view->lock->place;
	char text[32];

	if (!place->has_file)
		return none();
	snprintf(text, sizeof(text), "%02x:%02x", place->dev_major, place->dev_minor);
	return string(text);
}

static struct value get_inode(const struct futex_view *view)
{
	return view->lock->place.has_file ? number(view->lock->place.inode) : none();
}

static struct value get_bits(const struct futex_view *view)
{
	return number(view->lock->bits);
}

static struct value get_list(const struct futex_view *view)
{
	char text[LABEL_MAX];

	if (!view->lock->list)
		return none();
	name_list_size(view->lock->list, text);
	return string(text);
}

static struct value get_libc(const struct futex_view *view)
{
	return string(mutex_of(view)->libc);
}

static struct value get_count(const struct futex_view *view)
{
	const struct mutex_info *mutex = mutex_of(view);

	return mutex->libc && mutex->recursive ? number(mutex->count) : none();
}

const struct column columns[] = {
	{.name = "LOCK",
	 .type = VALUE_STRING,
	 .help = "name of a known lock, and where it is: file or memory and offset",
	 .is_default = true,
	 .shrinks = true,
	 .get = get_lock},
	{.name = "STATE",
	 .type = VALUE_STRING,
	 .json = "state",
	 .help = "held, pending, waiting, owner-died, inconsistent, not-recoverable, orphan, "
		 "foreign, free, unreadable, in-window or stale",
	 .is_default = true,
	 .get = get_state},
	{.name = "OWNER",
	 .type = VALUE_STRING,
	 .help = "who has it: PID, or PID/TID, and name of the thread",
	 .is_default = true,
	 .get = get_owner},
	{.name = "WAITERS",
	 .type = VALUE_STRING,
	 .help = "threads that sleep until they get it",
	 .is_default = true,
	 .shrinks = true,
	 .get = get_waiters},
	{.name = "KIND",
	 .type = VALUE_STRING,
	 .json = "kind",
	 .help = "kind of mutex as the libc has it: robust, pi, recursive(COUNT), errorcheck, shared",
	 .is_default = true,
	 .get = get_kind},
	{.name = "NAME",
	 .type = VALUE_STRING,
	 .json = "name",
	 .help = "name of a known lock, such as LMDB writer",
	 .get = get_name},
	{.name = "PATH",
	 .type = VALUE_STRING,
	 .json = "path",
	 .help = "file, or the kernel's name for the memory",
	 .shrinks = true,
	 .get = get_path},
	{.name = "OFFSET",
	 .type = VALUE_HEX,
	 .json = "offset",
	 .help = "of the futex word in the file, memory object or module",
	 .right = true,
	 .get = get_offset},
	{.name = "MEMORY",
	 .type = VALUE_STRING,
	 .json = "memory",
	 .help = "file, memfd, sysv, shared anonymous, anonymous, heap, stack or other",
	 .get = get_memory},
	{.name = "DEV",
	 .type = VALUE_STRING,
	 .help = "device of the file, major:minor in hex",
	 .get = get_dev},
	{.name = "INODE",
	 .type = VALUE_NUMBER,
	 .help = "inode of the file",
	 .right = true,
	 .get = get_inode},
	{.name = "ADDRESS",
	 .type = VALUE_HEX,
	 .json = "address",
	 .help = "of the futex word in process PID",
	 .right = true,
	 .get = get_address},
	{.name = "ENTRY",
	 .type = VALUE_HEX,
	 .json = "entry",
	 .help = "address that stands on the list",
	 .right = true,
	 .get = get_entry},
	{.name = "WORD",
	 .type = VALUE_HEX,
	 .json = "word",
	 .help = "the futex word: TID, FUTEX_WAITERS 0x80000000, FUTEX_OWNER_DIED 0x40000000",
	 .right = true,
	 .get = get_word},
	{.name = "OWNER-TID",
	 .type = VALUE_NUMBER,
	 .json = "owner",
	 .help = "TID of the owner, in the PID namespace of robtrace",
	 .right = true,
	 .get = get_owner_tid},
	{.name = "NWAITERS",
	 .type = VALUE_NUMBER,
	 .help = "number of waiters",
	 .right = true,
	 .get = get_n_waiters},
	{.name = "WAITERS-BIT",
	 .type = VALUE_BOOL,
	 .json = "waiters_bit",
	 .help = "FUTEX_WAITERS is set",
	 .get = get_waiters_bit},
	{.name = "OWNER-DIED",
	 .type = VALUE_BOOL,
	 .json = "owner_died",
	 .help = "FUTEX_OWNER_DIED is set",
	 .get = get_owner_died},
	{.name = "PI",
	 .type = VALUE_BOOL,
	 .json = "pi",
	 .help = "priority inheritance: bit 0 of the list pointer",
	 .get = get_pi},
	{.name = "COUNT",
	 .type = VALUE_NUMBER,
	 .json = "count",
	 .help = "how often a recursive mutex is locked",
	 .right = true,
	 .get = get_count},
	{.name = "LIBC",
	 .type = VALUE_STRING,
	 .json = "libc",
	 .help = "glibc or musl, by the layout of the mutex",
	 .get = get_libc},
	{.name = "BITS",
	 .type = VALUE_NUMBER,
	 .json = "bits",
	 .help = "pointer size of the list: 32 or 64",
	 .right = true,
	 .get = get_bits},
	{.name = "LIST",
	 .type = VALUE_STRING,
	 .help = "list through which its owner has it: robust, compat or #INDEX, and pointer size",
	 .get = get_list},
	{.name = "PID",
	 .type = VALUE_NUMBER,
	 .json = "pid",
	 .help = "a process that maps it; ADDRESS and ENTRY are this one's",
	 .right = true,
	 .get = get_pid},
};

const size_t n_columns = sizeof(columns) / sizeof(columns[0]);

const struct column *column_find(const char *name, size_t length)
{
	for (size_t i = 0; i < n_columns; i++)
		if (strlen(columns[i].name) == length &&
		    strncasecmp(columns[i].name, name, length) == 0)
			return &columns[i];
	return NULL;
}

const char *column_type_name(enum value_type type)
{
	static const char *const names[] = {
		[VALUE_NULL] = "null", [VALUE_STRING] = "string", [VALUE_NUMBER] = "number",
		[VALUE_HEX] = "hex",   [VALUE_BOOL] = "boolean",
	};

	return names[type];
}

char *value_take_text(struct value *value)
{
	char text[32] = "";

	switch (value->type) {
	case VALUE_STRING:
		return value->string;
	case VALUE_NUMBER:
		snprintf(text, sizeof(text), "%" PRIu64, value->number);
		break;
	case VALUE_HEX:
		snprintf(text, sizeof(text), "0x%" PRIx64, value->number);
		break;
	case VALUE_BOOL:
		snprintf(text, sizeof(text), "%s", value->number ? "yes" : "no");
		break;
	case VALUE_NULL:
		break;
	}
	return strdup(text);
}

void value_release(struct value *value)
{
	free(value->string);
	*value = (struct value){0};
}
