/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "names.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "abi/futex_word.h"

const char *name_of_list_kind(enum list_kind kind)
{
	static const char *const names[] = {
		[LIST_ROBUST] = "robust",
		[LIST_COMPAT] = "compat",
		[LIST_LIST2] = "list2",
	};

	return names[kind];
}

const char *name_of_list_end(enum list_end end)
{
	static const char *const names[] = {
		[LIST_COMPLETE] = "complete",     [LIST_LOOP] = "loop",
		[LIST_TOO_LONG] = "too-long",     [LIST_FAULT] = "fault",
		[LIST_MISALIGNED] = "misaligned", [LIST_CHANGED] = "changed",
	};

	return names[end];
}

const char *name_of_state(enum futex_state state)
{
	static const char *const names[] = {
		[FUTEX_FREE] = "free",
		[FUTEX_HELD] = "held",
		[FUTEX_PENDING] = "pending",
		[FUTEX_WAITING] = "waiting",
		[FUTEX_OWNER_DIED] = "owner-died",
		[FUTEX_INCONSISTENT] = "inconsistent",
		[FUTEX_NOT_RECOVERABLE] = "not-recoverable",
		[FUTEX_ORPHAN] = "orphan",
		[FUTEX_FOREIGN] = "foreign",
		[FUTEX_UNREADABLE] = "unreadable",
	};

	return names[state];
}

const char *name_of_problem(enum problem_kind kind)
{
	static const char *const names[] = {
		[PROBLEM_ORPHAN] = "orphan",
		[PROBLEM_OWNER_DEAD] = "owner-dead",
		[PROBLEM_NOT_RECOVERABLE] = "not-recoverable",
		[PROBLEM_LIST_CUT] = "list-cut",
		[PROBLEM_LIST_TOO_LONG] = "list-too-long",
		[PROBLEM_LIST_LOOP] = "list-loop",
		[PROBLEM_MISALIGNED] = "misaligned",
	};

	return names[kind];
}

const char *name_of_skip(enum skip_reason reason)
{
	static const char *const names[] = {
		[SKIP_NOT_PERMITTED] = "not-permitted",
		[SKIP_VANISHED] = "vanished",
		[SKIP_KERNEL_THREAD] = "kernel-thread",
		[SKIP_ZOMBIE] = "zombie",
		[SKIP_NO_SUCH_PROCESS] = "no-such-process",
		[SKIP_IS_THREAD] = "thread",
		[SKIP_FAILED] = "failed",
	};

	return names[reason];
}

const char *name_of_place(enum place_kind kind)
{
	static const char *const names[] = {
		[PLACE_UNKNOWN] = NULL,
		[PLACE_FILE] = "file",
		[PLACE_MEMFD] = "memfd",
		[PLACE_SYSV] = "sysv",
		[PLACE_SHARED_ANON] = "shared anonymous",
		[PLACE_ANON] = "anonymous",
		[PLACE_HEAP] = "heap",
		[PLACE_STACK] = "stack",
		[PLACE_OTHER] = "other",
	};

	return names[kind];
}

/* Adds to a text of LABEL_MAX bytes; what does not fit is cut. */
static void add(char *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(char *text, const char *format, ...)
{
	size_t used = strlen(text);
	va_list args;

	va_start(args, format);
	vsnprintf(text + used, LABEL_MAX - used, format, args);
	va_end(args);
}

void name_mutex(const struct mutex_info *mutex, char ret[LABEL_MAX])
{
	ret[0] = '\0';
	if (!mutex->libc)
		return;
	add(ret, "robust");
	if (mutex->pi)
		add(ret, ",pi");
	if (mutex->recursive)
		add(ret, ",recursive(%" PRIu32 ")", mutex->count);
	if (mutex->errorcheck)
		add(ret, ",errorcheck");
	if (mutex->shared)
		add(ret, ",shared");
}

/* A module is known by its last name; where it lies matters little and is long. */
static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

void name_place(const struct place *place, pid_t pid, target_addr address, char ret[LABEL_MAX])
{
	ret[0] = '\0';
	switch (place->kind) {
	case PLACE_FILE:
		add(ret, "%s+0x%" PRIx64, place->module ? last_part(place->path) : place->path,
		    place->offset);
		break;
	case PLACE_MEMFD:
	case PLACE_SYSV:
		add(ret, "%s+0x%" PRIx64, place->path, place->offset);
		break;
	case PLACE_SHARED_ANON:
		/* They all have the same name: the inode tells them apart. */
		add(ret, "shared memory %" PRIu64 "+0x%" PRIx64, place->inode, place->offset);
		break;
	case PLACE_HEAP:
	case PLACE_STACK:
	case PLACE_OTHER:
		add(ret, "%s+0x%" PRIx64, place->path, place->offset);
		break;
	case PLACE_ANON:
	case PLACE_UNKNOWN:
		add(ret, "0x%" PRIx64, address);
		break;
	}
	if (!place->shared)
		add(ret, " [%d]", pid);
}

void name_lock(const struct lock *lock, char ret[LABEL_MAX])
{
	char place[LABEL_MAX];

	name_place(&lock->place, lock->pid, lock->address, place);
	ret[0] = '\0';
	if (lock->name)
		add(ret, "%s ", lock->name);
	add(ret, "%s", place);
}

void name_task(const struct task *task, char ret[LABEL_MAX])
{
	if (task->pid == task->tid)
		snprintf(ret, LABEL_MAX, "%d %s", task->pid, task->comm);
	else
		snprintf(ret, LABEL_MAX, "%d/%d %s", task->pid, task->tid, task->comm);
}

void name_word(uint32_t word, char ret[LABEL_MAX])
{
	uint32_t tid = word & WORD_TID_MASK;

	ret[0] = '\0';
	if (tid || !(word & (WORD_WAITERS | WORD_OWNER_DIED)))
		add(ret, "%" PRIu32, tid);
	if (word & WORD_OWNER_DIED)
		add(ret, "%sOWNER_DIED", ret[0] ? "|" : "");
	if (word & WORD_WAITERS)
		add(ret, "%sWAITERS", ret[0] ? "|" : "");
}
