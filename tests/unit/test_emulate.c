/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each row is a call and what a kernel of that revision answers, in order, to one task. Written
 * from docs/kernel-facts.md, with literal numbers, not from abi/revision.c.
 */
#include "emulate.h"

#include <errno.h>

#include "unit.h"

#define HEAD UINT64_C(0x10000)
#define ANY_FLAG UINT64_C(0x80000000)

struct step {
	uint64_t args[REVISION_ARGS_MAX];
	unsigned bits; /* of the caller */
	int64_t result;
};

static void play(const char *name, const struct step *steps, size_t count)
{
	struct emulated_lists lists = {0};

	for (size_t i = 0; i < count; i++) {
		int64_t result = emulate_set(revision_find(name), &lists, steps[i].args,
					     steps[i].bits);

		if (result != steps[i].result)
			fail_msg("%s, step %zu: %lld, wanted %lld", name, i, (long long)result,
				 (long long)steps[i].result);
	}
}

#define PLAY(name, steps) play(name, steps, sizeof(steps) / sizeof((steps)[0]))

static void lpc2025(void **state)
{
	/* head, index, command, flags */
	static const struct step steps[] = {
		{{0, 0, 4, 0}, 64, 11},
		{{1, 99, 4, 0}, 64, 11},
		{{1, 99, 4, 0}, 32, 11},
		{{0, 0, 4, 1}, 64, -EINVAL},
		{{HEAD, 0, 5, 0}, 64, -EINVAL},
		{{HEAD, 0, UINT64_MAX, 0}, 64, -EINVAL},
		{{HEAD, 0, 0, 1}, 64, -EINVAL},
		{{HEAD, 0, 0, ANY_FLAG}, 64, -EINVAL},
		/* What is above 32 bits is not of the parameter. */
		{{HEAD, 0, UINT64_C(1) << 32 | 4, UINT64_C(1) << 32}, 64, 11},
		{{HEAD, 11, 0, 0}, 64, -EINVAL},
		{{HEAD, 11, 3, 0}, 64, -EINVAL},
		{{HEAD, UINT32_MAX, 3, 0}, 64, -EINVAL},
		{{HEAD + 4, 0, 0, 0}, 64, -EINVAL},
		{{HEAD + 4, 0, 2, 0}, 64, -EINVAL},
		{{HEAD + 2, 0, 1, 0}, 64, -EINVAL},
		{{HEAD + 2, 0, 3, 0}, 64, -EINVAL},
		{{HEAD + 4, 0, 1, 0}, 64, 0},
		/* A 64-bit list of 32-bit code is allowed. */
		{{HEAD, 0, 0, 0}, 32, 1},
		{{HEAD, 3, 2, 0}, 64, 0},
		{{HEAD, 0, 1, 0}, 64, 2},
		/* 3 is in use by SET. */
		{{HEAD, 0, 1, 0}, 64, 4},
		{{0, 1, 2, 0}, 64, 0},
		{{0, 4, 3, 0}, 64, 0},
		{{HEAD, 0, 0, 0}, 64, 1},
		{{HEAD, 0, 0, 0}, 64, 4},
		{{HEAD, 0, 0, 0}, 64, 5},
		{{HEAD, 10, 3, 0}, 64, 0},
		{{HEAD, 0, 0, 0}, 64, 6},
		{{HEAD, 0, 0, 0}, 64, 7},
		{{HEAD, 0, 0, 0}, 64, 8},
		{{HEAD, 0, 0, 0}, 64, 9},
		{{HEAD, 0, 0, 0}, 64, -ENOSPC},
		{{HEAD, 0, 1, 0}, 64, -ENOSPC},
		{{HEAD, 10, 2, 0}, 64, 0},
	};

	(void)state;
	PLAY("lpc2025", steps);
}

static void steamos(void **state)
{
	/* head, command, index, flags */
	static const struct step steps[] = {
		{{0, 4, 0, 0}, 64, 8},
		{{1, 4, 99, 0}, 64, 8},
		{{0, 4, 0, 1}, 64, -EINVAL},
		{{HEAD, 5, 0, 0}, 64, -EINVAL},
		{{HEAD, 0, 0, 1}, 64, -EINVAL},
		{{HEAD, 0, 1, 0}, 64, -EINVAL},
		{{HEAD, 1, 1, 0}, 64, -EINVAL},
		{{HEAD, 2, 8, 0}, 64, -EINVAL},
		{{HEAD, 3, 8, 0}, 64, -EINVAL},
		{{HEAD + 4, 0, 0, 0}, 64, -EINVAL},
		{{HEAD + 2, 1, 0, 0}, 64, -EINVAL},
		{{HEAD, 0, 0, 0}, 32, -EOPNOTSUPP},
		{{HEAD, 2, 0, 0}, 32, -EOPNOTSUPP},
		{{HEAD, 2, 0, 0}, 64, -ENOENT},
		{{HEAD, 3, 0, 0}, 64, -ENOENT},
		{{HEAD, 0, 0, 0}, 64, 0},
		{{HEAD + 4, 1, 0, 0}, 32, 1},
		{{HEAD, 1, 0, 0}, 64, 2},
		{{HEAD, 3, 0, 0}, 64, 0},
		/* NULL by MODIFY_64 frees, by MODIFY_32 does not. */
		{{0, 3, 1, 0}, 64, 0},
		{{HEAD, 3, 1, 0}, 64, 0},
		{{0, 2, 2, 0}, 64, 0},
		{{HEAD, 3, 2, 0}, 64, -ENOENT},
		{{HEAD, 0, 0, 0}, 64, 2},
		{{HEAD, 0, 0, 0}, 64, 3},
		{{HEAD, 0, 0, 0}, 64, 4},
		{{HEAD, 0, 0, 0}, 64, 5},
		{{HEAD, 0, 0, 0}, 64, 6},
		{{HEAD, 0, 0, 0}, 64, 7},
		/* Two off: ENOSPC is 28. */
		{{HEAD, 0, 0, 0}, 64, -30},
		{{HEAD, 1, 0, 0}, 64, -30},
		/* Checks before the search for a slot are not. */
		{{HEAD + 4, 0, 0, 0}, 64, -EINVAL},
	};

	(void)state;
	PLAY("steamos", steps);
}

static void v6(void **state)
{
	/* head, index, command, flags */
	static const struct step steps[] = {
		{{0, 0, 2, 0}, 64, 8},
		{{0, 8, 2, 0}, 64, -EINVAL},
		{{0, 0, 2, 1}, 64, -EINVAL},
		{{HEAD, 0, 3, 0}, 64, -EINVAL},
		{{HEAD, 8, 0, 0}, 64, -EINVAL},
		{{HEAD, UINT32_MAX, 1, 0}, 64, -EINVAL},
		{{HEAD + 4, 0, 0, 0}, 64, -EINVAL},
		{{HEAD + 2, 0, 1, 0}, 64, -EINVAL},
		{{HEAD, 0, 0, 0}, 32, -EOPNOTSUPP},
		{{HEAD + 4, 7, 1, 0}, 32, 0},
		{{HEAD, 7, 0, 0}, 64, 0},
		{{0, 7, 0, 0}, 64, 0},
		{{HEAD, 7, 1, 0}, 64, 0},
	};

	(void)state;
	PLAY("v6", steps);
}

static void v5(void **state)
{
	/* head, index (signed), flags */
	static const struct step steps[] = {
		{{HEAD, UINT32_MAX, 2}, 64, -EINVAL},
		{{HEAD, UINT32_MAX - 1, 1}, 64, -EINVAL},
		{{HEAD, 10, 1}, 64, -EINVAL},
		{{HEAD + 2, UINT32_MAX, 1}, 64, -EINVAL},
		{{HEAD + 2, UINT32_MAX, 0}, 64, -EINVAL},
		{{HEAD, 0, 1}, 64, -ENOENT},
		{{HEAD + 4, UINT32_MAX, 1}, 64, 0},
		{{HEAD, UINT32_MAX, 1}, 32, 1},
		{{HEAD, 1, 0}, 64, 1},
		{{HEAD, 2, 0}, 64, -ENOENT},
		{{HEAD, UINT32_MAX, 0}, 64, 2},
		{{HEAD, UINT32_MAX, 0}, 64, 3},
		{{HEAD, UINT32_MAX, 0}, 64, 4},
		{{HEAD, UINT32_MAX, 0}, 64, 5},
		{{HEAD, UINT32_MAX, 0}, 64, 6},
		{{HEAD, UINT32_MAX, 0}, 64, 7},
		{{HEAD, UINT32_MAX, 0}, 64, 8},
		{{HEAD, UINT32_MAX, 0}, 64, 9},
		{{HEAD, UINT32_MAX, 0}, 64, -EINVAL},
		{{HEAD, 9, 1}, 64, 9},
	};

	(void)state;
	PLAY("v5", steps);
}

static struct emulated_list get(const struct revision *revision, const struct emulated_lists *lists,
				uint32_t index)
{
	struct emulated_list list = {0};

	assert_int_equal(emulate_get(revision, lists, index, 0, &list), 0);
	return list;
}

static void asked_for(void **state)
{
	const struct revision *revision = revision_find("lpc2025");
	const uint64_t create[] = {UINT64_C(7) << 32 | 0x10004, 0, 1, 0};
	struct emulated_lists lists = {0};
	struct emulated_list list;

	(void)state;
	assert_int_equal(emulate_get(revision, &lists, 11, 0, &list), -EINVAL);
	assert_int_equal(emulate_get(revision, &lists, UINT32_MAX, 0, &list), -EINVAL);
	assert_int_equal(emulate_get(revision, &lists, 0, 1, &list), -EINVAL);
	assert_false(get(revision, &lists, 10).used);
	/* What a 32-bit register holds is the head. */
	assert_int_equal(emulate_set(revision, &lists, create, 32), 0);
	list = get(revision, &lists, 0);
	assert_true(list.used);
	assert_int_equal(list.head, 0x10004);
	assert_int_equal(list.bits, 32);
	assert_true(emulate_is_ours(&list));
	list = get(revision, &lists, 1);
	assert_int_equal(list.head, 0);
	assert_false(emulate_is_ours(&list));
}

/* In v5 what set_robust_list has registered takes an index, and the kernel looks after it. */
static void legacy_heads(void **state)
{
	const struct revision *revision = revision_find("v5");
	const uint64_t create[] = {HEAD, UINT32_MAX, 1, 0};
	struct emulated_lists lists = {0};
	struct emulated_list list;

	(void)state;
	assert_int_equal(emulate_set(revision, &lists, create, 64), 0);
	emulate_set_legacy(revision, &lists, 0x20000, 64);
	emulate_set_legacy(revision, &lists, 0x30000, 32);
	assert_int_equal(emulate_set(revision, &lists, create, 64), 3);
	/* Again: no new index. */
	emulate_set_legacy(revision, &lists, 0x40000, 64);
	assert_int_equal(emulate_set(revision, &lists, create, 64), 4);
	list = get(revision, &lists, 1);
	assert_int_equal(list.head, 0x40000);
	assert_false(emulate_is_ours(&list));
	list = get(revision, &lists, 2);
	assert_int_equal(list.head, 0x30000);
	assert_int_equal(list.bits, 32);
	assert_false(emulate_is_ours(&list));
	list = get(revision, &lists, 3);
	assert_true(emulate_is_ours(&list));
	while (emulate_set(revision, &lists, create, 64) >= 0)
		;
	emulate_set_legacy(revision, &lists, 0x50000, 64);
	assert_int_equal(get(revision, &lists, 1).head, 0x50000);
}

static void legacy_heads_apart(void **state)
{
	static const char *const names[] = {"lpc2025", "steamos", "v6"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct emulated_lists lists = {0};

		emulate_set_legacy(revision_find(names[i]), &lists, 0x20000, 64);
		for (unsigned j = 0; j < REVISION_LISTS_MAX; j++)
			assert_false(lists.slots[j].used);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lpc2025),
		cmocka_unit_test(steamos),
		cmocka_unit_test(v6),
		cmocka_unit_test(v5),
		cmocka_unit_test(asked_for),
		cmocka_unit_test(legacy_heads),
		cmocka_unit_test(legacy_heads_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
