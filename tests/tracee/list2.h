/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * set_robust_list2 and get_robust_list2 in each of their revisions, as a program would call them;
 * and robust lists of both word sizes, made by hand. Written from docs/kernel-facts.md alone and not
 * from the tool's own table, so that a mistake is not made in both.
 */
#ifndef TRACEE_LIST2_H
#define TRACEE_LIST2_H

#include "tracee.h"

/* Below 4 GiB, for lists of either size. */
#ifdef MAP_32BIT
#define LIST2_LOW MAP_32BIT
#else
#define LIST2_LOW 0
#endif

enum list2_revision {
	LPC2025,
	STEAMOS,
	V6,
	V5,
	LEGACY /* set_robust_list: the only list, of the caller's word size */
};

struct list2_calls {
	enum list2_revision revision;
	const char *name;
	long set, get; /* numbers; get 0: there is none */
	int lists;
	int full; /* errno of the list too many */
};

static const struct list2_calls list2_all[] = {
	{LPC2025, "lpc2025", 470, 471, 11, ENOSPC},
	{STEAMOS, "steamos", 473, 474, 8, EROFS},
	{V6, "v6", 470, 471, 8, 0},
	{V5, "v5", 468, 0, 10, EINVAL},
	{LEGACY, "legacy", SYS_set_robust_list, 0, 1, 0},
};

/* LIST2_NR=SET,GET in the environment: other numbers than those of the revision. */
static inline struct list2_calls list2_calls_of(const char *name)
{
	const char *numbers = getenv("LIST2_NR");

	for (size_t i = 0; i < sizeof(list2_all) / sizeof(list2_all[0]); i++) {
		struct list2_calls calls = list2_all[i];

		if (strcmp(calls.name, name) != 0)
			continue;
		if (numbers && sscanf(numbers, "%ld,%ld", &calls.set, &calls.get) != 2)
			tracee_die("LIST2_NR is not SET,GET");
		if (calls.revision == V5)
			calls.get = 0;
		return calls;
	}
	tracee_die("no revision '%s'", name);
}

/* What the kernel answers: a negative errno, or 0 and more. */
static inline long list2_raw(long number, long a, long b, long c, long d)
{
	long result = syscall(number, a, b, c, d, 0L, 0L);

	return result < 0 ? -errno : result;
}

/* A new list; v6 has no such command, there the index is the caller's choice. */
static inline long list2_create(const struct list2_calls *calls, const void *head, int bits,
				int index)
{
	long result;

	switch (calls->revision) {
	case LPC2025:
		return list2_raw(calls->set, (long)head, 0, bits == 64 ? 0 : 1, 0);
	case STEAMOS:
		return list2_raw(calls->set, (long)head, bits == 64 ? 0 : 1, 0, 0);
	case V6:
		result = list2_raw(calls->set, (long)head, index, bits == 64 ? 0 : 1, 0);
		return result ? result : index;
	case LEGACY:
		return list2_raw(calls->set, (long)head, bits == 64 ? 24 : 12, 0, 0);
	case V5:
		break;
	}
	return list2_raw(calls->set, (long)head, -1, bits == 64 ? 1 : 0, 0);
}

static inline long list2_set(const struct list2_calls *calls, const void *head, int bits, int index)
{
	switch (calls->revision) {
	case LPC2025:
		return list2_raw(calls->set, (long)head, index, bits == 64 ? 2 : 3, 0);
	case STEAMOS:
		return list2_raw(calls->set, (long)head, bits == 64 ? 2 : 3, index, 0);
	case V6:
		return list2_raw(calls->set, (long)head, index, bits == 64 ? 0 : 1, 0);
	case LEGACY:
		return list2_create(calls, head, bits, index);
	case V5:
		break;
	}
	return list2_raw(calls->set, (long)head, index, bits == 64 ? 1 : 0, 0);
}

static inline long list2_limit(const struct list2_calls *calls)
{
	switch (calls->revision) {
	case LPC2025:
		return list2_raw(calls->set, 0, 0, 4, 0);
	case STEAMOS:
		return list2_raw(calls->set, 0, 4, 0, 0);
	case V6:
		return list2_raw(calls->set, 0, 0, 2, 0);
	case LEGACY:
	case V5:
		break;
	}
	return calls->lists;
}

/* *value is what the kernel makes of it: bytes that it does not write stay as they were. */
static inline long list2_get(const struct list2_calls *calls, pid_t pid, uint64_t *value, int index)
{
	return list2_raw(calls->get, pid, (long)value, index, 0);
}

/* A lock: what stands on the list, and 8 bytes behind it the futex word. */
struct list2_lock {
	uint64_t entry;
	uint32_t word;
	uint32_t rest;
};

#define LIST2_OFFSET 8

struct list2_head {
	union {
		uint64_t wide[3];
		uint32_t narrow[3];
	};
	uint64_t rest;
};

static inline void list2_put(void *address, int bits, uint64_t value)
{
	uint32_t narrow = (uint32_t)value;

	if (bits == 64)
		memcpy(address, &value, sizeof(value));
	else
		memcpy(address, &narrow, sizeof(narrow));
}

/* A list of `count` locks, one behind the other in memory, in that order. */
static inline void list2_link(struct list2_head *head, int bits, struct list2_lock *locks,
			      size_t count)
{
	char *bytes = (char *)head;
	size_t width = (size_t)bits / 8;

	list2_put(bytes, bits, count ? (uintptr_t)&locks[0] : (uintptr_t)head);
	list2_put(bytes + width, bits, LIST2_OFFSET);
	list2_put(bytes + 2 * width, bits, 0);
	for (size_t i = 0; i < count; i++)
		list2_put(&locks[i].entry, bits,
			  i + 1 < count ? (uintptr_t)&locks[i + 1] : (uintptr_t)head);
}

static inline pid_t list2_tid(void)
{
	return (pid_t)syscall(SYS_gettid);
}

#endif
