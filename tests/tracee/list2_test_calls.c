/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands, errors, and whose lists they are. */
#include "list2_test.h"

#include <grp.h>

static void need_command(void)
{
	if (calls.revision == V5)
		skip("v5 has no commands");
}

static void need_get(void)
{
	if (!calls.get)
		skip("there is no get_robust_list2");
}

/* The raw call, with the arguments in the order of the revision. */
static long raw_set(long head, long index, long command, long flags)
{
	if (calls.revision == STEAMOS)
		return list2_raw(calls.set, head, command, index, flags);
	return list2_raw(calls.set, head, index, command, flags);
}

static uint64_t get(pid_t pid, int index)
{
	uint64_t value = UINT64_MAX;

	same(list2_get(&calls, pid, &value, index), 0, "get_robust_list2");
	return value;
}

static void test_limit(void)
{
	need_command();
	same(list2_limit(&calls), calls.lists, "LIST_LIMIT");
	if (calls.revision == STEAMOS || calls.revision == LPC2025)
		same(raw_set(1, 99, 4, 0), calls.lists, "LIST_LIMIT with any head and index");
	if (calls.revision == V6)
		same(raw_set(0, 8, 2, 0), -EINVAL, "LIST_LIMIT with an index out of range");
}

static void test_flags(void)
{
	long head = (long)&arena->heads[0];

	if (calls.revision == V5) {
		same(list2_raw(calls.set, head, -1, 2, 0), -EINVAL, "flags 2");
		return;
	}
	for (long command = 0; command <= 4; command++)
		same(raw_set(head, 0, command, 1), -EINVAL, "flags 1");
	same(raw_set(head, 0, 0, 1L << 31), -EINVAL, "flags with the highest bit");
}

static void test_unknown_command(void)
{
	need_command();
	for (long command = calls.revision == V6 ? 3 : 5; command < 200; command += 13)
		same(raw_set((long)&arena->heads[0], 0, command, 0), -EINVAL, "command");
	same(raw_set((long)&arena->heads[0], 0, -1, 0), -EINVAL, "command -1");
}

static void test_index_out_of_range(void)
{
	const void *head = &arena->heads[0];

	same(list2_set(&calls, head, 32, calls.lists), -EINVAL, "SET one too far");
	same(list2_set(&calls, head, 32, -2), -EINVAL, "SET far out");
	if (calls.revision == LPC2025)
		same(raw_set((long)head, 11, 1, 0), -EINVAL, "CREATE with an index out of range");
	if (calls.revision == STEAMOS)
		same(raw_set((long)head, 1, 1, 0), -EINVAL, "CREATE with an index");
	if (calls.revision == V5)
		same(list2_set(&calls, head, 32, 5), -ENOENT, "SET of none");
}

static void test_alignment(void)
{
	const char *head = (const char *)&arena->heads[0];

	for (int i = 1; i < 4; i++) {
		same(list2_create(&calls, head + i, 32, 0), -EINVAL, "32-bit head");
		if (may_have(64))
			same(list2_create(&calls, head + i, 64, 0), -EINVAL, "64-bit head");
	}
	if (list2_create(&calls, head + 4, 32, 0) < 0)
		fail("a 32-bit head at 4");
	if (!may_have(64))
		return;
	if (calls.revision == V5) {
		if (list2_create(&calls, head + 4, 64, 0) < 0)
			fail("a 64-bit head at 4 in v5");
	} else {
		same(list2_create(&calls, head + 4, 64, 0), -EINVAL, "64-bit head at 4");
	}
}

static void test_64_bit_list_of_32_bit_code(void)
{
	if (sizeof(long) == 8)
		skip("this is 64-bit code");
	if (may_have(64)) {
		if (list2_create(&calls, &arena->heads[0], 64, 0) < 0)
			fail("it may have one");
		return;
	}
	same(list2_create(&calls, &arena->heads[0], 64, 0), -EOPNOTSUPP, "CREATE");
	if (calls.revision == STEAMOS)
		list2_create(&calls, &arena->heads[0], 32, 0);
	same(list2_set(&calls, &arena->heads[0], 64, 0), -EOPNOTSUPP, "SET");
}

static void test_all_slots(void)
{
	for (int i = first_index(); i < calls.lists; i++)
		same(list2_create(&calls, &arena->heads[i], may_have(64) && i % 2 ? 64 : 32, i), i,
		     "CREATE");
	if (calls.full)
		same(list2_create(&calls, &arena->heads[0], 32, 0), -calls.full, "one too many");
	if (!calls.get)
		return;
	for (int i = 0; i < calls.lists; i++)
		same((long)(uint32_t)get(0, i), (long)(uint32_t)(uintptr_t)&arena->heads[i],
		     "get_robust_list2");
}

static void test_set(void)
{
	const struct list2_head *heads = arena->heads;
	int index = (int)list2_create(&calls, &heads[0], 32, first_index());

	same(index, first_index(), "CREATE");
	same(list2_set(&calls, &heads[1], 32, index), calls.revision == V5 ? index : 0, "SET");
	if (calls.get)
		same((long)(uint32_t)get(0, index), (long)(uint32_t)(uintptr_t)&heads[1],
		     "new head");
	if (calls.revision == LPC2025 || calls.revision == V6)
		same(list2_set(&calls, &heads[2], 32, 5), 0, "SET of a slot never created");
	else
		same(list2_set(&calls, &heads[2], 32, 5), -ENOENT, "SET of a slot never created");
}

/* What NULL makes of a slot. */
static void test_null(void)
{
	bool wide = may_have(64);

	for (int i = first_index(); i < 5; i++)
		same(list2_create(&calls, &arena->heads[i], wide && i == 3 ? 64 : 32, i), i,
		     "CREATE");
	if (list2_set(&calls, NULL, 32, 2) < 0 || list2_set(&calls, NULL, wide ? 64 : 32, 3) < 0)
		fail("SET to NULL");
	if (calls.get) {
		same((long)(uint32_t)get(0, 2), 0, "head");
		same((long)(uint32_t)get(0, 3), 0, "head");
	}
	switch (calls.revision) {
	case LPC2025:
		same(list2_create(&calls, &arena->heads[8], 32, 0), 2, "the first that is free");
		same(list2_create(&calls, &arena->heads[9], 32, 0), 3, "the second");
		same(list2_create(&calls, &arena->heads[10], 32, 0), 5, "the third");
		break;
	case STEAMOS:
		/* Only MODIFY_64 gives a slot back. */
		same(list2_create(&calls, &arena->heads[8], 32, 0), wide ? 3 : 5, "the first free");
		same(list2_set(&calls, &arena->heads[9], 32, 2), 0, "the other is still in use");
		break;
	default:
		if (list2_set(&calls, &arena->heads[9], 32, 2) < 0)
			fail("SET after NULL");
	}
}

static void test_get_errors(void)
{
	uint64_t value = 0;

	need_get();
	same(list2_get(&calls, 0, &value, calls.lists), -EINVAL, "index");
	same(list2_get(&calls, 0, &value, -1), -EINVAL, "index -1");
	same(list2_raw(calls.get, 0, (long)&value, 0, 1), -EINVAL, "flags");
	same(list2_raw(calls.get, 0, 16, 0, 0), -EFAULT, "pointer");
	same(list2_get(&calls, 0x3fffffff, &value, 0), -ESRCH, "no such thread");
	same(list2_get(&calls, -1, &value, 0), -ESRCH, "thread -1");
}

/* 4 bytes for a 32-bit list, 8 for any other. */
static void test_get_width(void)
{
	uint64_t head = (uintptr_t)&arena->heads[0];

	need_get();
	same(get(0, 1) == 0, 1, "8 bytes for a slot that is not used");
	list2_create(&calls, &arena->heads[0], 32, 0);
	same(get(0, 0) == (UINT64_C(0xffffffff) << 32 | head), 1, "4 bytes for a 32-bit list");
	if (!may_have(64))
		return;
	list2_create(&calls, &arena->heads[1], 64, 1);
	same(get(0, 1) == (uint64_t)(uintptr_t)&arena->heads[1], 1, "8 bytes for a 64-bit list");
}

static void has_a_list(void)
{
	list2_create(&calls, &arena->heads[3], 32, 0);
	__atomic_store_n(&arena->started, 1, __ATOMIC_SEQ_CST);
	tracee_sleep();
}

static void test_get_of_another(void)
{
	pid_t pid;

	need_get();
	pid = child_that(has_a_list);
	await(&arena->started);
	same((long)(uint32_t)get(pid, 0), (long)(uint32_t)(uintptr_t)&arena->heads[3], "its list");
	same(get(0, 0) == 0, 1, "ours");
	end(pid);
}

static void is_somebody_else(void)
{
	uint64_t value = 0;

	if (setgroups(0, NULL) || setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
		_exit(2);
	_exit(list2_get(&calls, getppid(), &value, 0) == -EPERM ? 0 : 1);
}

static void test_get_permission(void)
{
	int status;

	need_get();
	if (geteuid())
		skip("only root can become somebody else");
	waitpid(child_that(is_somebody_else), &status, 0);
	same(WEXITSTATUS(status), 0, "another user");
}

static void *has_no_list(void *arg)
{
	(void)arg;
	for (int i = 0; i < calls.lists; i++)
		if (get(0, i))
			fail("a new thread has list %d", i);
	return NULL;
}

static void is_a_fork(void)
{
	has_no_list(NULL);
}

static void test_new_tasks_have_none(void)
{
	int status;

	need_get();
	for (int i = 0; i < calls.lists; i++)
		list2_create(&calls, &arena->heads[i], 32, i);
	pthread_join(tracee_thread(has_no_list, NULL), NULL);
	waitpid(child_that(is_a_fork), &status, 0);
	same(WEXITSTATUS(status), 0, "a fork");
	same((long)(uint32_t)get(0, 2), (long)(uint32_t)(uintptr_t)&arena->heads[2],
	     "ours is left");
}

static void test_legacy_list_is_apart(void)
{
	void *before = NULL, *after = NULL;
	size_t length = 0;

	same(list2_raw(SYS_get_robust_list, 0, (long)&before, (long)&length, 0), 0, "legacy");
	for (int i = first_index(); i < calls.lists; i++)
		list2_create(&calls, &arena->heads[i], 32, i);
	same(list2_raw(SYS_get_robust_list, 0, (long)&after, (long)&length, 0), 0, "legacy");
	same((long)after, (long)before, "head of the legacy list");
}

const struct part parts_calls[] = {
	{"limit", test_limit},
	{"flags", test_flags},
	{"unknown command", test_unknown_command},
	{"index out of range", test_index_out_of_range},
	{"alignment", test_alignment},
	{"64-bit list of 32-bit code", test_64_bit_list_of_32_bit_code},
	{"all slots", test_all_slots},
	{"set", test_set},
	{"null", test_null},
	{"errors of get", test_get_errors},
	{"width of get", test_get_width},
	{"get of another process", test_get_of_another},
	{"permission of get", test_get_permission},
	{"new tasks have none", test_new_tasks_have_none},
	{"the legacy list is apart", test_legacy_list_is_apart},
	{NULL, NULL},
};
