/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "history.h"

#include <string.h>

#include "unit.h"

#define SECOND UINT64_C(1000000000)

/* One shared lock at place `offset`, with an owner and two who may wait. */
struct world {
	struct task tasks[4];
	struct waiter waiters[2];
	struct lock locks[2];
	struct snapshot snapshot;
};

static void world_set(struct world *world, pid_t owner, size_t n_waiters)
{
	*world = (struct world){0};
	for (size_t i = 0; i < 4; i++)
		world->tasks[i] = (struct task){
			.pid = (pid_t)i + 1, .tid = (pid_t)i + 1, .comm = "worker", .last_ran = 5};
	world->waiters[0].task = 2;
	world->waiters[1].task = 3;
	world->locks[0] = (struct lock){
		.place = {.kind = PLACE_FILE, .shared = true, .inode = 7, .path = "/f"},
		.owner = owner ? (size_t)owner - 1 : SIZE_MAX,
		.owner_tid = owner,
		.state = owner ? FUTEX_HELD : FUTEX_FREE,
		.waiters = world->waiters,
		.n_waiters = n_waiters,
	};
	world->snapshot = (struct snapshot){
		.tasks = world->tasks, .n_tasks = 4, .locks = world->locks, .n_locks = 1};
}

static const struct lock_past *look(struct history *history, struct world *world, uint64_t second)
{
	assert_int_equal(history_note(history, &world->snapshot, second * SECOND), 0);
	return world->snapshot.n_locks ? history_of(history, 0) : NULL;
}

static void test_changes(void **state)
{
	struct history *history = history_new();
	const struct lock_past *past;
	struct world world;
	uint64_t serial;

	(void)state;
	world_set(&world, 1, 0);
	past = look(history, &world, 10);
	serial = past->serial;
	assert_true(serial != 0);
	assert_false(past->is_new || past->changed);
	past = look(history, &world, 11);
	assert_false(past->changed);
	assert_int_equal(past->serial, serial);
	world_set(&world, 1, 1);
	assert_true(look(history, &world, 12)->changed);
	world_set(&world, 2, 1);
	past = look(history, &world, 13);
	assert_true(past->changed);
	assert_int_equal(past->owner_since_ns, 13 * SECOND);
	assert_int_equal(past->n_owners, 2);
	assert_int_equal(past->n_holds, 1);
	assert_int_equal(past->holds[0].tid, 1);
	assert_int_equal(past->holds[0].since_ns, 10 * SECOND);
	assert_int_equal(past->holds[0].until_ns, 12 * SECOND);
	assert_string_equal(past->holds[0].comm, "worker");
	assert_int_equal(past->longest_ns, 2 * SECOND);
	history_free(history);
}

static void test_kept(void **state)
{
	struct history *history = history_new();
	struct world world;

	(void)state;
	world_set(&world, 1, 2);
	look(history, &world, 10);
	look(history, &world, 20);
	assert_int_equal(history_kept_ns(history, &world.snapshot, 0, 20 * SECOND), 10 * SECOND);
	/* One of those who wait has run: it may have had the lock and given it back. */
	world.tasks[2].last_ran = 6;
	look(history, &world, 30);
	assert_int_equal(history_kept_ns(history, &world.snapshot, 0, 30 * SECOND), 0);
	look(history, &world, 31);
	assert_int_equal(history_kept_ns(history, &world.snapshot, 0, 31 * SECOND), SECOND);
	/* The owner has slept for longer than anybody has looked. */
	world.tasks[0].slept_ns = 99 * SECOND;
	assert_int_equal(history_kept_ns(history, &world.snapshot, 0, 31 * SECOND), 99 * SECOND);
	world_set(&world, 1, 0);
	assert_int_equal(look(history, &world, 32)->kept_since_ns, 0);
	history_free(history);
}

static void test_gone_and_back(void **state)
{
	struct history *history = history_new();
	const struct lock_past *past;
	struct world world;
	uint64_t serial;
	size_t index;

	(void)state;
	world_set(&world, 1, 0);
	serial = look(history, &world, 10)->serial;
	world.snapshot.n_locks = 0;
	look(history, &world, 11);
	past = history_find(history, serial, &index);
	assert_non_null(past);
	assert_int_equal(index, LOCK_NONE);
	assert_int_equal(past->owner, 0);
	assert_int_equal(past->n_holds, 1);
	world.snapshot.n_locks = 1;
	past = look(history, &world, 12);
	assert_int_equal(past->serial, serial);
	assert_true(past->is_new && past->changed);
	world.snapshot.n_locks = 0;
	look(history, &world, 13);
	look(history, &world, 13 + 601);
	assert_null(history_find(history, serial, &index));
	history_free(history);
}

static void test_ring_of_owners(void **state)
{
	struct history *history = history_new();
	const struct lock_past *past = NULL;
	struct world world;

	(void)state;
	for (uint64_t i = 0; i < 3 * HISTORY_HOLDS; i++) {
		world_set(&world, (pid_t)(i % 2) + 1, 0);
		past = look(history, &world, 10 + i);
	}
	assert_int_equal(past->n_holds, 3 * HISTORY_HOLDS - 1);
	assert_int_equal(past->holds[(past->n_holds - 1) % HISTORY_HOLDS].until_ns,
			 (10 + 3 * HISTORY_HOLDS - 2) * SECOND);
	history_free(history);
}

/* In an order that is not that of places, and others between them. */
static void test_many(void **state)
{
	enum {
		COUNT = 300
	};
	static struct lock locks[COUNT];
	struct history *history = history_new();
	struct snapshot snapshot = {.locks = locks, .n_locks = COUNT};
	uint64_t serials[COUNT];
	size_t index;

	(void)state;
	for (size_t i = 0; i < COUNT; i++)
		locks[i] = (struct lock){.pid = 9, .address = (i * 7919) % 1000, .owner = SIZE_MAX};
	assert_int_equal(history_note(history, &snapshot, SECOND), 0);
	for (size_t i = 0; i < COUNT; i++)
		serials[i] = history_of(history, i)->serial;
	snapshot.locks = locks + 1;
	snapshot.n_locks = COUNT - 1;
	assert_int_equal(history_note(history, &snapshot, 2 * SECOND), 0);
	for (size_t i = 1; i < COUNT; i++) {
		assert_int_equal(history_of(history, i - 1)->serial, serials[i]);
		assert_non_null(history_find(history, serials[i], &index));
		assert_int_equal(index, i - 1);
	}
	history_free(history);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes),       cmocka_unit_test(test_kept),
		cmocka_unit_test(test_gone_and_back), cmocka_unit_test(test_ring_of_owners),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
