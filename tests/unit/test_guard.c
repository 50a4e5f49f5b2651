/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard.h"

#include <stdlib.h>

#include "abi/futex_word.h"
#include "unit.h"

#define ME 4242
#define OTHER 4243

/* A list of `count` entries that ME holds; what a test changes is what it is about. */
struct fixture {
	struct list list;
	struct arena arena;
	struct death death;
};

static struct futex futex_at(target_addr entry, uint32_t word)
{
	return (struct futex){
		.entry = entry,
		.address = entry - 32,
		.word = word,
		.word_ok = true,
		.on_list = true,
		.lock = LOCK_NONE,
	};
}

static void open_fixture(struct fixture *fixture, size_t count)
{
	*fixture = (struct fixture){
		.list = {.kind = LIST_ROBUST,
			 .bits = 64,
			 .head = 0x1000,
			 .head_ok = true,
			 .futex_offset = -32,
			 .end = LIST_COMPLETE,
			 .n_entries = count,
			 .n_seen = count,
			 .n_reached = count},
	};
	fixture->list.entries = calloc(count + 1, sizeof(struct futex));
	assert_non_null(fixture->list.entries);
	for (size_t i = 0; i < count; i++)
		fixture->list.entries[i] = futex_at(0x2000 + i * 64, ME);
}

static void close_fixture(struct fixture *fixture)
{
	arena_free(&fixture->arena);
	free(fixture->list.entries);
}

static void set_pending(struct fixture *fixture, struct futex futex)
{
	fixture->list.has_pending = true;
	fixture->list.pending = futex;
}

static const struct death *judge(struct fixture *fixture)
{
	assert_int_equal(guard_judge_death(&fixture->list, 1, ME, &fixture->arena, &fixture->death),
			 0);
	return &fixture->death;
}

static void nothing_held(void **state)
{
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture, 0);
	assert_int_equal(judge(&fixture)->n_locks, 0);
	assert_int_equal(fixture.death.worst, LIST_COMPLETE);
	assert_int_equal(guard_judge_death(NULL, 0, ME, &fixture.arena, &fixture.death), 0);
	assert_int_equal(fixture.death.n_locks, 0);
	close_fixture(&fixture);
}

static void held_locks_are_marked(void **state)
{
	struct fixture fixture;
	const struct death *death;

	(void)state;
	open_fixture(&fixture, 2);
	fixture.list.entries[1].word = WORD_WAITERS | ME;
	death = judge(&fixture);
	assert_int_equal(death->n_locks, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(death->locks[i].fate, FATE_OWNER_DIED);
		assert_false(death->locks[i].pending);
		assert_ptr_equal(death->locks[i].futex, &fixture.list.entries[i]);
	}
	/* The TID goes, FUTEX_WAITERS stays. */
	assert_int_equal(guard_word_after(&death->locks[0]), WORD_OWNER_DIED);
	assert_int_equal(guard_word_after(&death->locks[1]), WORD_WAITERS | WORD_OWNER_DIED);
	close_fixture(&fixture);
}

static void words_of_others(void **state)
{
	struct fixture fixture;
	const struct death *death;

	(void)state;
	open_fixture(&fixture, 5);
	fixture.list.entries[0].word = OTHER;
	fixture.list.entries[1].word = 0;
	fixture.list.entries[2].word = WORD_OWNER_DIED;
	/* Who took over a lock of a dead owner, and is dying now. */
	fixture.list.entries[3].word = WORD_OWNER_DIED | ME;
	fixture.list.entries[4].word_ok = false;
	death = judge(&fixture);
	assert_int_equal(death->n_locks, 5);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(death->locks[i].fate, FATE_NOTHING);
		assert_int_equal(guard_word_after(&death->locks[i]), fixture.list.entries[i].word);
	}
	assert_int_equal(death->locks[3].fate, FATE_OWNER_DIED);
	assert_int_equal(death->locks[4].fate, FATE_UNREADABLE);
	close_fixture(&fixture);
}

static void behind_the_limit(void **state)
{
	struct fixture fixture;
	const struct death *death;

	(void)state;
	open_fixture(&fixture, ROBUST_LIST_LIMIT + 3);
	fixture.list.end = LIST_TOO_LONG;
	death = judge(&fixture);
	assert_int_equal(death->n_locks, ROBUST_LIST_LIMIT + 3);
	assert_int_equal(death->locks[ROBUST_LIST_LIMIT - 1].fate, FATE_OWNER_DIED);
	for (size_t i = ROBUST_LIST_LIMIT; i < death->n_locks; i++) {
		assert_int_equal(death->locks[i].fate, FATE_STAYS_LOCKED);
		assert_int_equal(death->locks[i].end, LIST_TOO_LONG);
		assert_int_equal(guard_word_after(&death->locks[i]), ME);
	}
	assert_int_equal(death->worst, LIST_TOO_LONG);
	close_fixture(&fixture);

	/* The limit counts entries, not those that the dying thread holds. */
	open_fixture(&fixture, ROBUST_LIST_LIMIT + 1);
	fixture.list.end = LIST_TOO_LONG;
	fixture.list.entries[0].word = 0;
	death = judge(&fixture);
	assert_int_equal(death->locks[ROBUST_LIST_LIMIT].fate, FATE_STAYS_LOCKED);
	close_fixture(&fixture);

	/* At the limit exactly, all are reached. */
	open_fixture(&fixture, ROBUST_LIST_LIMIT);
	death = judge(&fixture);
	assert_int_equal(death->locks[ROBUST_LIST_LIMIT - 1].fate, FATE_OWNER_DIED);
	close_fixture(&fixture);
}

static void entries_not_kept_are_counted(void **state)
{
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture, 10);
	fixture.list.end = LIST_TOO_LONG;
	fixture.list.n_seen = 17;
	assert_int_equal(judge(&fixture)->n_cut, 7);
	close_fixture(&fixture);
}

/* In a loop the kernel goes round until its limit: each entry is reached. */
static void a_loop(void **state)
{
	struct fixture fixture;
	const struct death *death;

	(void)state;
	open_fixture(&fixture, 3);
	fixture.list.end = LIST_LOOP;
	set_pending(&fixture, futex_at(0x9000, ME));
	death = judge(&fixture);
	assert_int_equal(death->n_locks, 4);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(death->locks[i].fate, FATE_OWNER_DIED);
	assert_int_equal(death->worst, LIST_LOOP);
	close_fixture(&fixture);
}

/* What lies behind the fault stays locked, and the pending entry's turn never comes. */
static void broken(enum list_end end)
{
	struct fixture fixture;
	const struct death *death;

	open_fixture(&fixture, 4);
	fixture.list.end = end;
	fixture.list.n_reached = 2;
	set_pending(&fixture, futex_at(0x9000, ME));
	death = judge(&fixture);
	assert_int_equal(death->n_locks, 5);
	assert_int_equal(death->locks[0].fate, FATE_OWNER_DIED);
	assert_int_equal(death->locks[1].fate, FATE_OWNER_DIED);
	assert_int_equal(death->locks[2].fate, FATE_STAYS_LOCKED);
	assert_int_equal(death->locks[3].fate, FATE_STAYS_LOCKED);
	assert_int_equal(death->locks[4].fate, FATE_STAYS_LOCKED);
	assert_true(death->locks[4].pending);
	assert_int_equal(death->locks[4].end, end);
	assert_int_equal(death->worst, end);
	close_fixture(&fixture);

	/* It would have been woken, with a TID of 0: not that either. */
	open_fixture(&fixture, 1);
	fixture.list.end = end;
	fixture.list.n_reached = 1;
	set_pending(&fixture, futex_at(0x9000, 0));
	assert_int_equal(judge(&fixture)->locks[1].fate, FATE_NOTHING);
	close_fixture(&fixture);

	/* The pending entry stands on the list, before the fault: passed over, then never done. */
	open_fixture(&fixture, 2);
	fixture.list.end = end;
	fixture.list.n_reached = 2;
	set_pending(&fixture, fixture.list.entries[0]);
	death = judge(&fixture);
	assert_int_equal(death->n_locks, 2);
	assert_int_equal(death->locks[0].fate, FATE_STAYS_LOCKED);
	assert_int_equal(death->locks[1].fate, FATE_OWNER_DIED);
	close_fixture(&fixture);
}

static void a_fault(void **state)
{
	(void)state;
	broken(LIST_FAULT);
}

static void a_misaligned_word(void **state)
{
	(void)state;
	broken(LIST_MISALIGNED);
}

static void pending_off_the_list(void **state)
{
	struct fixture fixture;
	const struct death *death;
	struct futex pi = futex_at(0x9000, 0);

	(void)state;
	open_fixture(&fixture, 1);
	set_pending(&fixture, futex_at(0x9000, WORD_WAITERS | ME));
	death = judge(&fixture);
	assert_int_equal(death->n_locks, 2);
	assert_false(death->locks[0].pending);
	assert_true(death->locks[1].pending);
	assert_int_equal(death->locks[1].fate, FATE_OWNER_DIED);

	/* Released and not cleared: the wake may have been lost. */
	set_pending(&fixture, futex_at(0x9000, 0));
	assert_int_equal(judge(&fixture)->locks[1].fate, FATE_WAKE_ONLY);
	assert_int_equal(guard_word_after(&fixture.death.locks[1]), 0);
	set_pending(&fixture, futex_at(0x9000, WORD_WAITERS));
	assert_int_equal(judge(&fixture)->locks[1].fate, FATE_WAKE_ONLY);

	/* A waiter: its owner lives. */
	set_pending(&fixture, futex_at(0x9000, WORD_WAITERS | OTHER));
	assert_int_equal(judge(&fixture)->locks[1].fate, FATE_NOTHING);

	/* Nobody is woken by hand who waits for a PI futex. */
	pi.pi = true;
	set_pending(&fixture, pi);
	assert_int_equal(judge(&fixture)->locks[1].fate, FATE_NOTHING);
	close_fixture(&fixture);
}

/* One lock, told once. */
static void pending_on_the_list(void **state)
{
	struct fixture fixture;
	const struct death *death;

	(void)state;
	open_fixture(&fixture, 3);
	set_pending(&fixture, fixture.list.entries[1]);
	death = judge(&fixture);
	assert_int_equal(death->n_locks, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(death->locks[i].fate, FATE_OWNER_DIED);
		assert_int_equal(death->locks[i].pending, i == 1);
	}
	/* Behind the limit it is reached all the same, because it is pending. */
	close_fixture(&fixture);
	open_fixture(&fixture, ROBUST_LIST_LIMIT + 2);
	fixture.list.end = LIST_TOO_LONG;
	set_pending(&fixture, fixture.list.entries[ROBUST_LIST_LIMIT + 1]);
	death = judge(&fixture);
	assert_int_equal(death->locks[ROBUST_LIST_LIMIT].fate, FATE_STAYS_LOCKED);
	assert_int_equal(death->locks[ROBUST_LIST_LIMIT + 1].fate, FATE_OWNER_DIED);
	close_fixture(&fixture);
}

static void pi_futexes_are_marked_too(void **state)
{
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture, 1);
	fixture.list.entries[0].pi = true;
	assert_int_equal(judge(&fixture)->locks[0].fate, FATE_OWNER_DIED);
	close_fixture(&fixture);
}

/* Each list has a limit and a fault of its own. */
static void several_lists(void **state)
{
	struct fixture fixture;
	struct futex second[1] = {futex_at(0x5000, ME)};
	struct list lists[2];

	(void)state;
	open_fixture(&fixture, 2);
	fixture.list.end = LIST_FAULT;
	fixture.list.n_reached = 1;
	lists[0] = fixture.list;
	lists[1] = (struct list){.kind = LIST_LIST2,
				 .index = 3,
				 .bits = 32,
				 .head_ok = true,
				 .end = LIST_COMPLETE,
				 .entries = second,
				 .n_entries = 1,
				 .n_seen = 1,
				 .n_reached = 1};
	assert_int_equal(guard_judge_death(lists, 2, ME, &fixture.arena, &fixture.death), 0);
	assert_int_equal(fixture.death.n_locks, 3);
	assert_int_equal(fixture.death.locks[1].fate, FATE_STAYS_LOCKED);
	assert_int_equal(fixture.death.locks[2].fate, FATE_OWNER_DIED);
	assert_int_equal(fixture.death.locks[2].kind, LIST_LIST2);
	assert_int_equal(fixture.death.locks[2].index, 3);
	assert_int_equal(fixture.death.worst, LIST_FAULT);
	close_fixture(&fixture);
}

/* ---- Whether a pending entry is a lock ---- */

static void pending_verdicts(void **state)
{
	static const struct {
		uint32_t word;
		bool no_mutex;
		bool on_list;
		int64_t futex_offset;
		unsigned bits;
		enum guard_verdict expected;
	} cases[] = {
		{ME, true, false, -32, 64, GUARD_STALE},
		{ME | WORD_WAITERS, true, false, -32, 64, GUARD_STALE},
		{ME | WORD_OWNER_DIED, true, false, -20, 32, GUARD_STALE},
		{ME, true, false, -28, 64, GUARD_STALE},
		/* It died while it took or gave back a mutex: that must be marked. */
		{ME, false, false, -32, 64, GUARD_LOCK},
		/* On the list it is its lock whatever lies there. */
		{ME, true, true, -32, 64, GUARD_NOTHING},
		/* The kernel would not write. A free word makes it wake somebody: that is needed. */
		{OTHER, true, false, -32, 64, GUARD_NOTHING},
		{0, true, false, -32, 64, GUARD_NOTHING},
		{WORD_WAITERS, false, false, -32, 64, GUARD_NOTHING},
		/* Nobody knows such a list. */
		{ME, false, false, 8, 64, GUARD_DOUBTFUL},
		{ME, false, false, -32, 32, GUARD_DOUBTFUL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct list list = {.bits = cases[i].bits,
				    .futex_offset = cases[i].futex_offset,
				    .has_pending = true,
				    .pending = futex_at(0x9000, cases[i].word)};

		list.pending.on_list = cases[i].on_list;
		list.pending.no_mutex = cases[i].no_mutex;
		assert_int_equal(guard_judge_pending(&list, ME), cases[i].expected);
	}
}

static void nothing_pending(void **state)
{
	struct list list = {.bits = 64, .futex_offset = -32};

	(void)state;
	assert_int_equal(guard_judge_pending(&list, ME), GUARD_NOTHING);
	/* The kernel cannot read it, or stops at a misaligned word. */
	list.has_pending = true;
	list.pending = (struct futex){.no_mutex = true, .word = ME};
	assert_int_equal(guard_judge_pending(&list, ME), GUARD_NOTHING);
	list.pending = futex_at(0x9001, ME);
	list.pending.on_list = false;
	list.pending.no_mutex = true;
	assert_int_equal(guard_judge_pending(&list, ME), GUARD_NOTHING);
}

static void stale_at_death(void **state)
{
	struct fixture fixture;
	const struct death *death;
	struct futex stale = futex_at(0x9000, ME);

	(void)state;
	open_fixture(&fixture, 1);
	stale.on_list = false;
	stale.no_mutex = true;
	set_pending(&fixture, stale);
	death = judge(&fixture);
	assert_int_equal(death->n_locks, 2);
	assert_false(death->locks[0].stale);
	assert_true(death->locks[1].stale);
	assert_int_equal(death->locks[1].fate, FATE_OWNER_DIED);
	assert_string_equal(death->locks[1].evidence, "glibc's __kind");
	/* The kernel does not get to the pending entry of a broken list. */
	fixture.list.end = LIST_FAULT;
	assert_false(judge(&fixture)->locks[1].stale);
	close_fixture(&fixture);
}

static void evidence(void **state)
{
	const struct list glibc = {.bits = 64, .futex_offset = -32};
	const struct list musl = {.bits = 64, .futex_offset = -28};
	const struct list other = {.bits = 64, .futex_offset = 16};

	(void)state;
	assert_string_equal(guard_evidence(&glibc), "glibc's __kind");
	assert_string_equal(guard_evidence(&musl), "musl's _m_type");
	assert_null(guard_evidence(&other));
}

/* Each lock of the death lies in a page that can be written, but for these. */
static const struct death *judge_writing(struct fixture *fixture, const size_t *closed, size_t n)
{
	judge(fixture);
	for (size_t i = 0; i < fixture->death.n_locks; i++)
		fixture->death.locks[i].place = (struct place){.kind = PLACE_ANON,
							       .writable = true};
	for (size_t i = 0; i < n; i++)
		fixture->death.locks[closed[i]].place.writable = false;
	assert_int_equal(guard_judge_writing(&fixture->death, &fixture->arena), 0);
	return &fixture->death;
}

static void closed_to_writing(void **state)
{
	struct fixture fixture;
	const struct death *death;

	(void)state;
	open_fixture(&fixture, 3);
	set_pending(&fixture, futex_at(0x9000, ME));
	death = judge_writing(&fixture, NULL, 0);
	assert_int_equal(death->n_breaks, 0);
	death = judge_writing(&fixture, (size_t[]){1}, 1);
	assert_int_equal(death->locks[0].fate, FATE_OWNER_DIED);
	for (size_t i = 1; i < 4; i++) {
		assert_int_equal(death->locks[i].fate, FATE_STAYS_LOCKED);
		assert_int_equal(death->locks[i].end, LIST_FAULT);
	}
	assert_int_equal(death->n_breaks, 1);
	assert_true(death->breaks[0].read_only);
	assert_int_equal(death->breaks[0].at, 0x2000 + 64 - 32);
	assert_int_equal(death->worst, LIST_FAULT);
	/* A place that nobody could find says nothing. */
	judge(&fixture);
	assert_int_equal(guard_judge_writing(&fixture.death, &fixture.arena), 0);
	assert_int_equal(fixture.death.n_breaks, 0);
	close_fixture(&fixture);
}

/* Its turn is the last, also where it stands first on the list. */
static void closed_pending(void **state)
{
	struct fixture fixture;
	const struct death *death;

	(void)state;
	open_fixture(&fixture, 2);
	set_pending(&fixture, fixture.list.entries[0]);
	death = judge_writing(&fixture, (size_t[]){0}, 1);
	assert_int_equal(death->locks[0].fate, FATE_STAYS_LOCKED);
	assert_int_equal(death->locks[1].fate, FATE_OWNER_DIED);
	death = judge_writing(&fixture, (size_t[]){1}, 1);
	assert_int_equal(death->locks[0].fate, FATE_STAYS_LOCKED);
	assert_int_equal(death->locks[1].fate, FATE_STAYS_LOCKED);
	assert_int_equal(death->n_breaks, 1);
	close_fixture(&fixture);
}

static void closed_and_stale(void **state)
{
	struct fixture fixture;
	const struct death *death;
	struct futex stale = futex_at(0x9000, ME);

	(void)state;
	open_fixture(&fixture, 1);
	stale.on_list = false;
	stale.no_mutex = true;
	set_pending(&fixture, stale);
	death = judge_writing(&fixture, (size_t[]){1}, 1);
	assert_int_equal(death->locks[0].fate, FATE_OWNER_DIED);
	assert_int_equal(death->locks[1].fate, FATE_NOTHING);
	assert_false(death->locks[1].stale);
	assert_int_equal(death->n_breaks, 0);
	close_fixture(&fixture);
}

static void where_lists_break_off(void **state)
{
	static const enum list_end ends[] = {LIST_FAULT, LIST_MISALIGNED, LIST_LOOP};
	struct fixture fixture;
	const struct death *death;

	(void)state;
	open_fixture(&fixture, 0);
	fixture.list.end_at = 0x77;
	for (size_t i = 0; i < 3; i++) {
		fixture.list.end = ends[i];
		death = judge(&fixture);
		assert_int_equal(death->n_breaks, 1);
		assert_int_equal(death->breaks[0].end, ends[i]);
		assert_int_equal(death->breaks[0].at, 0x77);
		assert_false(death->breaks[0].is_head);
	}
	fixture.list.end = LIST_FAULT;
	fixture.list.head_ok = false;
	death = judge(&fixture);
	assert_int_equal(death->breaks[0].at, 0x1000);
	assert_true(death->breaks[0].is_head);
	fixture.list.end = LIST_TOO_LONG;
	assert_int_equal(judge(&fixture)->n_breaks, 0);
	close_fixture(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_held),
		cmocka_unit_test(pending_verdicts),
		cmocka_unit_test(nothing_pending),
		cmocka_unit_test(stale_at_death),
		cmocka_unit_test(evidence),
		cmocka_unit_test(closed_to_writing),
		cmocka_unit_test(closed_pending),
		cmocka_unit_test(closed_and_stale),
		cmocka_unit_test(where_lists_break_off),
		cmocka_unit_test(held_locks_are_marked),
		cmocka_unit_test(words_of_others),
		cmocka_unit_test(behind_the_limit),
		cmocka_unit_test(entries_not_kept_are_counted),
		cmocka_unit_test(a_loop),
		cmocka_unit_test(a_fault),
		cmocka_unit_test(a_misaligned_word),
		cmocka_unit_test(pending_off_the_list),
		cmocka_unit_test(pending_on_the_list),
		cmocka_unit_test(pi_futexes_are_marked_too),
		cmocka_unit_test(several_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
