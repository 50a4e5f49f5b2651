/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists that are not as they should be, and what is pending. */
#include "list2_test.h"

static int odd_bits;

/* Registers a list of `count` held locks in the calling task. */
static void hold(size_t count)
{
	list2_link(&arena->heads[0], odd_bits, arena->locks, count);
	for (size_t i = 0; i < count; i++)
		arena->locks[i].word = (uint32_t)list2_tid();
	if (list2_create(&calls, &arena->heads[0], odd_bits, first_index()) != first_index())
		fail("CREATE");
}

/* A thread that holds what `hold` makes; `change` spoils it before it ends. */
struct spoilt {
	size_t count;
	void (*change)(void);
	pid_t tid;
};

static void *hold_and_spoil(void *arg)
{
	struct spoilt *spoilt = arg;

	spoilt->tid = list2_tid();
	hold(spoilt->count);
	if (spoilt->change)
		spoilt->change();
	return NULL;
}

static pid_t die_with(size_t count, void (*change)(void))
{
	struct spoilt spoilt = {.count = count, .change = change};

	memset(arena->locks, 0, sizeof(arena->locks));
	pthread_join(tracee_thread(hold_and_spoil, &spoilt), NULL);
	return spoilt.tid;
}

/* The first `released` of `count` locks are, the others are as they were. */
static void check_released(size_t released, size_t count, pid_t tid, const char *what)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t wanted = i < released ? WORD_OWNER_DIED : (uint32_t)tid;

		if (arena->locks[i].word != wanted)
			fail("%s, %d-bit: lock %zu is %#x, wanted %#x", what, odd_bits, i,
			     arena->locks[i].word, wanted);
	}
}

static void cut(void)
{
	list2_put(&arena->locks[2].entry, odd_bits, 16);
}

static void loop(void)
{
	list2_put(&arena->locks[3].entry, odd_bits, (uintptr_t)&arena->locks[1]);
}

static void misalign(void)
{
	/* The entry of lock 3 is not where it should be: its word is not aligned. */
	list2_put(&arena->locks[2].entry, odd_bits, (uintptr_t)&arena->locks[3] + 2);
}

static void foreign(void)
{
	arena->locks[1].word = 1;
	arena->locks[2].word = 0;
}

static void empty(void)
{
	list2_link(&arena->heads[0], odd_bits, arena->locks, 0);
}

static void no_memory(void)
{
	list2_set(&calls, (void *)16, odd_bits, first_index());
}

static void pending_only(void)
{
	empty();
	list2_put((char *)&arena->heads[0] + odd_bits / 4, odd_bits, (uintptr_t)&arena->locks[1]);
}

static void pending_of_a_cut_list(void)
{
	cut();
	list2_put((char *)&arena->heads[0] + odd_bits / 4, odd_bits, (uintptr_t)&arena->locks[4]);
}

static void pi(void)
{
	list2_put(&arena->locks[0].entry, odd_bits, (uintptr_t)&arena->locks[1] | 1);
}

static void for_each_size(void (*run)(void))
{
	for (odd_bits = 32; odd_bits <= 64; odd_bits += 32)
		if (may_have(odd_bits))
			run();
}

static void odd_lists(void)
{
	pid_t tid = die_with(6, cut);

	check_released(3, 6, tid, "cut");
	tid = die_with(6, misalign);
	check_released(3, 3, tid, "misaligned");
	same((long)arena->locks[4].word, tid, "behind the misaligned one");
	die_with(6, loop);
	/* A list that comes back to an entry: all that it leads to is released, and it ends. */
	same(arena->locks[3].word == WORD_OWNER_DIED, 1, "loop");
	tid = die_with(4, foreign);
	same(arena->locks[1].word == 1 && arena->locks[2].word == 0, 1, "words of others");
	same(arena->locks[3].word == WORD_OWNER_DIED, 1, "the lock behind them");
	tid = die_with(3, empty);
	check_released(0, 3, tid, "empty");
	tid = die_with(3, no_memory);
	check_released(0, 3, tid, "no memory");
	tid = die_with(3, pending_only);
	same(arena->locks[1].word == WORD_OWNER_DIED && arena->locks[0].word == (uint32_t)tid, 1,
	     "list_op_pending");
	tid = die_with(6, pending_of_a_cut_list);
	check_released(3, 6, tid, "a list that is cut before list_op_pending is looked at");
	die_with(3, pi);
	check_released(3, 3, 0, "an entry with the PI bit");
}

static void test_odd_lists(void)
{
	for_each_size(odd_lists);
}

static void long_lists(void)
{
	const size_t count = ENTRIES_LIMIT + 50;
	pid_t tid = die_with(count, NULL);

	/* v5 has no limit for these lists. */
	check_released(calls.revision == V5 ? count : ENTRIES_LIMIT, count, tid, "long list");
	tid = die_with(ENTRIES_LIMIT, NULL);
	check_released(ENTRIES_LIMIT, ENTRIES_LIMIT, tid, "list of the greatest length");
}

static void test_long_lists(void)
{
	for_each_size(long_lists);
}

/* A pending entry whose word is free: one who waits for it is woken all the same. */
static void free_and_pending(void)
{
	empty();
	list2_put((char *)&arena->heads[0] + odd_bits / 4, odd_bits, (uintptr_t)&arena->locks[7]);
}

static void *hold_and_wait_to_die(void *arg)
{
	const uint32_t *go = arg;

	hold(1);
	free_and_pending();
	await(go);
	return NULL;
}

static void pending_wakes(void)
{
	static uint32_t go;
	pthread_t thread;
	pid_t waiter;

	memset(arena->locks, 0, sizeof(arena->locks));
	go = 0;
	thread = tracee_thread(hold_and_wait_to_die, &go);
	waiter = start_waiter(&arena->locks[7]);
	__atomic_store_n(&go, 1, __ATOMIC_SEQ_CST);
	pthread_join(thread, NULL);
	same(count_woken(&waiter, 1, 1), 1, "woken");
	same(arena->locks[7].word == WORD_WAITERS, 1, "the word is as it was");
}

static void test_pending_wakes(void)
{
	for_each_size(pending_wakes);
}

/* Whoever has the lock dies; each next one must find it so. */
static void *next_owner(void *arg)
{
	struct list2_lock *lock = &arena->locks[0];

	(void)arg;
	same((long)(lock->word & WORD_TID), 0, "it is free");
	same((lock->word & WORD_OWNER_DIED) != 0, 1, "its owner died");
	list2_link(&arena->heads[0], odd_bits, lock, 1);
	lock->word = (uint32_t)list2_tid();
	if (list2_create(&calls, &arena->heads[0], odd_bits, first_index()) != first_index())
		fail("CREATE");
	return NULL;
}

static void chain(void)
{
	die_with(1, NULL);
	for (int i = 0; i < 100; i++)
		pthread_join(tracee_thread(next_owner, NULL), NULL);
	same(arena->locks[0].word == WORD_OWNER_DIED, 1, "the last one");
}

static void test_chain_of_deaths(void)
{
	for_each_size(chain);
}

const struct part parts_odd[] = {
	{"odd lists", test_odd_lists},
	{"long lists", test_long_lists},
	{"list_op_pending wakes", test_pending_wakes},
	{"chain of deaths", test_chain_of_deaths},
	{NULL, NULL},
};
