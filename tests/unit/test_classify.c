/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "classify.h"

#include "abi/futex_word.h"
#include "unit.h"

#define ME 77

static void locks(void **state)
{
	static const struct {
		uint32_t word;
		struct mutex_info mutex;
		struct lock_evidence evidence;
		enum futex_state expected;
	} cases[] = {
		{0, {0}, {0}, FUTEX_FREE},
		{0, {0}, {.somebody_pends = true}, FUTEX_PENDING},
		{ME, {0}, {.owner_lists_it = true}, FUTEX_HELD},
		{ME | WORD_WAITERS, {0}, {.owner_lists_it = true, .owner_pends = true}, FUTEX_HELD},
		{ME, {0}, {.owner_pends = true}, FUTEX_PENDING},
		{ME, {0}, {0}, FUTEX_HELD}, /* the owner could not be looked at */
		{ME, {0}, {.orphan = true}, FUTEX_ORPHAN},
		{WORD_OWNER_DIED, {0}, {0}, FUTEX_OWNER_DIED},
		{WORD_OWNER_DIED | WORD_WAITERS, {0}, {0}, FUTEX_OWNER_DIED},
		{ME,
		 {.libc = "glibc", .inconsistent = true},
		 {.owner_lists_it = true},
		 FUTEX_INCONSISTENT},
		{ME | WORD_OWNER_DIED, {0}, {.owner_lists_it = true}, FUTEX_INCONSISTENT},
		{0, {.libc = "glibc", .not_recoverable = true}, {0}, FUTEX_NOT_RECOVERABLE},
		{0x7fffffff, {0}, {0}, FUTEX_NOT_RECOVERABLE},
		/* No lock is there: what the word says is chance. */
		{ME, {0}, {.stale = true, .owner_pends = true}, FUTEX_STALE},
		{ME, {0}, {.stale = true, .orphan = true}, FUTEX_STALE},
		{0x7fffffff, {0}, {.stale = true}, FUTEX_STALE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lock lock = {
			.word = cases[i].word, .word_ok = true, .mutex = cases[i].mutex};

		assert_int_equal(classify_lock(&lock, &cases[i].evidence), cases[i].expected);
	}
}

static void unreadable_lock(void **state)
{
	struct lock lock = {0};
	struct lock_evidence evidence = {0};

	(void)state;
	assert_int_equal(classify_lock(&lock, &evidence), FUTEX_UNREADABLE);
}

static void futexes(void **state)
{
	static const struct {
		uint32_t word;
		bool on_list;
		bool waits;
		enum futex_state lock_state;
		enum futex_state expected;
	} cases[] = {
		{ME, true, false, FUTEX_HELD, FUTEX_HELD},
		{ME | WORD_WAITERS, true, false, FUTEX_HELD, FUTEX_HELD},
		{ME | WORD_OWNER_DIED, true, false, FUTEX_HELD, FUTEX_INCONSISTENT},
		{88, true, false, FUTEX_HELD, FUTEX_FOREIGN},
		{88, true, false, FUTEX_ORPHAN, FUTEX_ORPHAN},
		{0, true, false, FUTEX_FREE, FUTEX_FREE},
		{WORD_OWNER_DIED, true, false, FUTEX_OWNER_DIED, FUTEX_OWNER_DIED},
		{88 | WORD_WAITERS, false, true, FUTEX_HELD, FUTEX_WAITING},
		{88 | WORD_WAITERS, false, false, FUTEX_HELD, FUTEX_PENDING},
		{ME, false, false, FUTEX_HELD, FUTEX_PENDING},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct futex futex = {
			.word = cases[i].word, .word_ok = true, .on_list = cases[i].on_list};

		assert_int_equal(classify_futex(&futex, ME, cases[i].waits, false,
						cases[i].lock_state),
				 cases[i].expected);
	}
}

static void pending_futexes(void **state)
{
	static const struct {
		uint32_t word;
		bool no_mutex;
		bool waits;
		bool wakes;
		enum futex_state expected;
	} cases[] = {
		/* Released, and in its FUTEX_WAKE. */
		{0, false, false, true, FUTEX_IN_WINDOW},
		{88, false, false, true, FUTEX_IN_WINDOW},
		{88 | WORD_WAITERS, false, false, true, FUTEX_IN_WINDOW},
		/* A thread that wakes has released it: this one wakes for another reason. */
		{ME, false, false, true, FUTEX_PENDING},
		/* Taken or given back: nobody can tell. */
		{0, false, false, false, FUTEX_PENDING},
		{88, false, true, false, FUTEX_WAITING},
		/* Where no mutex is. A waiter of something that is not is a waiter all the same. */
		{ME, true, false, false, FUTEX_STALE},
		{0, true, false, true, FUTEX_STALE},
		{88, true, true, false, FUTEX_WAITING},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct futex futex = {
			.word = cases[i].word, .word_ok = true, .no_mutex = cases[i].no_mutex};

		assert_int_equal(classify_futex(&futex, ME, cases[i].waits, cases[i].wakes,
						FUTEX_FREE),
				 cases[i].expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(locks),
		cmocka_unit_test(unreadable_lock),
		cmocka_unit_test(futexes),
		cmocka_unit_test(pending_futexes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
