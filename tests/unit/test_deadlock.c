/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "deadlock.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "unit.h"

#define ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))

/* A snapshot made by hand: threads and locks, and who has or wants what. */
static struct snapshot world;

static void *allocate(size_t n, size_t size)
{
	void *memory = calloc(n + 1, size);

	assert_non_null(memory);
	return memory;
}

static void world_open(size_t n_tasks, size_t n_locks)
{
	world = (struct snapshot){
		.tasks = allocate(n_tasks, sizeof(*world.tasks)),
		.n_tasks = n_tasks,
		.locks = allocate(n_locks, sizeof(*world.locks)),
		.n_locks = n_locks,
	};
	for (size_t i = 0; i < n_tasks; i++)
		world.tasks[i].tid = (pid_t)i + 1;
	for (size_t i = 0; i < n_locks; i++)
		world.locks[i].owner = SIZE_MAX;
}

static void world_close(void)
{
	for (size_t i = 0; i < world.n_tasks; i++)
		free(world.tasks[i].waits);
	for (size_t i = 0; i < world.n_locks; i++)
		free(world.locks[i].waiters);
	free(world.tasks);
	free(world.locks);
	arena_free(&world.arena);
}

static void holds(size_t task, size_t lock)
{
	world.locks[lock].owner = task;
	world.locks[lock].owner_tid = world.tasks[task].tid;
}

/* LOCK_NONE: for a futex that is no lock we know. */
static void waits(size_t task_index, size_t lock_index)
{
	struct task *task = &world.tasks[task_index];
	struct lock *lock;

	task->waits = realloc(task->waits, (task->n_waits + 1) * sizeof(*task->waits));
	assert_non_null(task->waits);
	task->waits[task->n_waits++] = (struct wait){.call = "futex", .lock = lock_index};
	if (lock_index == LOCK_NONE)
		return;
	lock = &world.locks[lock_index];
	/* Room grows by powers of two: a lock may have thousands of waiters. */
	if ((lock->n_waiters & (lock->n_waiters - 1)) == 0) {
		size_t room = lock->n_waiters ? 2 * lock->n_waiters : 1;

		lock->waiters = realloc(lock->waiters, room * sizeof(*lock->waiters));
		assert_non_null(lock->waiters);
	}
	lock->waiters[lock->n_waiters++].task = task_index;
}

static void solve(size_t n_cycles)
{
	assert_int_equal(deadlock_find(&world), 0);
	assert_int_equal(world.n_cycles, n_cycles);
}

/* The cycle that the task stands in; NULL: in none. */
static const struct cycle *cycle_with(size_t task)
{
	const struct cycle *found = NULL;

	for (size_t i = 0; i < world.n_cycles; i++) {
		for (size_t j = 0; j < world.cycles[i].n; j++) {
			if (world.cycles[i].tasks[j] != task)
				continue;
			assert_null(found);
			found = &world.cycles[i];
		}
	}
	return found;
}

/* There is a cycle of just these, in this order, wherever it begins. */
static const struct cycle *expect_cycle(const size_t *tasks, size_t n)
{
	const struct cycle *cycle = cycle_with(tasks[0]);
	size_t first = 0;

	assert_non_null(cycle);
	assert_int_equal(cycle->n, n);
	while (cycle->tasks[first] != tasks[0])
		first++;
	for (size_t i = 0; i < n; i++)
		assert_int_equal(cycle->tasks[(first + i) % n], tasks[i]);
	return cycle;
}

static void expect_behind(const struct cycle *cycle, const size_t *tasks, size_t n)
{
	assert_int_equal(cycle->n_behind, n);
	for (size_t i = 0; i < n; i++) {
		bool found = false;

		for (size_t j = 0; j < n; j++)
			found = found || cycle->behind[j] == tasks[i];
		assert_true(found);
	}
}

/* Tasks first to first + n - 1, each with the lock of its number, wait in a circle. */
static void make_ring(size_t first, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		holds(first + i, first + i);
		waits(first + i, first + (i + 1) % n);
	}
}

static void nobody_waits(void **state)
{
	(void)state;
	world_open(0, 0);
	solve(0);
	world_close();
	world_open(2, 3);
	holds(0, 0);
	holds(1, 1);
	solve(0);
	world_close();
}

static void circles_of_any_length(void **state)
{
	static const size_t ring[] = {0, 1, 2, 3, 4, 5, 6, 7, 8};

	(void)state;
	for (size_t n = 1; n <= ELEMENTS(ring); n++) {
		world_open(n, n);
		make_ring(0, n);
		solve(1);
		expect_behind(expect_cycle(ring, n), NULL, 0);
		world_close();
	}
}

static void a_chain_is_no_circle(void **state)
{
	(void)state;
	world_open(4, 4);
	for (size_t i = 0; i < 4; i++)
		holds(i, i);
	for (size_t i = 0; i < 3; i++)
		waits(i, i + 1);
	solve(0);
	world_close();
}

static void chains_lead_to_the_circle(void **state)
{
	static const size_t ring[] = {3, 4};
	static const size_t behind[] = {0, 1, 2, 5};

	(void)state;
	/* 0 > 1 > 2 > the ring of 3 and 4; 5 has nothing; 6 waits for 7, who runs. */
	world_open(8, 8);
	make_ring(3, 2);
	for (size_t i = 0; i < 3; i++) {
		holds(i, i);
		waits(i, i + 1);
	}
	waits(5, 4);
	holds(7, 7);
	waits(6, 7);
	solve(1);
	expect_behind(expect_cycle(ring, 2), behind, ELEMENTS(behind));
	world_close();
}

static void two_circles(void **state)
{
	static const size_t left[] = {0, 1};
	static const size_t right[] = {2, 3, 4};
	static const size_t behind_left[] = {5, 7};
	static const size_t behind_right[] = {6};

	(void)state;
	world_open(8, 8);
	make_ring(0, 2);
	make_ring(2, 3);
	waits(5, 0);
	waits(6, 3);
	waits(7, 5);
	holds(5, 5);
	solve(2);
	expect_behind(expect_cycle(left, 2), behind_left, ELEMENTS(behind_left));
	expect_behind(expect_cycle(right, 3), behind_right, ELEMENTS(behind_right));
	world_close();
}

static void an_owner_that_is_not_known(void **state)
{
	(void)state;
	/* 0 has A and wants B; somebody has B; 1 wants A. */
	world_open(3, 3);
	holds(0, 0);
	waits(0, 1);
	waits(1, 0);
	solve(0);
	/* By number only: not a thread that was looked at. */
	world.locks[1].owner_tid = 4242;
	solve(0);
	world_close();
}

static void a_futex_that_is_no_lock(void **state)
{
	(void)state;
	world_open(2, 2);
	holds(0, 0);
	waits(0, LOCK_NONE);
	waits(1, 0);
	solve(0);
	world_close();
}

static void one_of_two_waits_can_end(void **state)
{
	(void)state;
	/* 0 waits for A of 1 or B of 2; 1 waits for 0; 2 runs. */
	world_open(3, 4);
	holds(1, 0);
	holds(2, 1);
	holds(0, 2);
	waits(0, 0);
	waits(0, 1);
	waits(1, 2);
	solve(0);
	/* The other way round. */
	world.tasks[0].waits[0].lock = 1;
	world.tasks[0].waits[1].lock = 0;
	solve(0);
	/* B might be anybody's. */
	world.locks[1].owner = SIZE_MAX;
	solve(0);
	world_close();
}

static void neither_of_two_waits_can_end(void **state)
{
	const struct cycle *cycle;

	(void)state;
	/* 0 waits for A of 1 or B of 2, and both wait for 0. */
	world_open(3, 4);
	holds(1, 0);
	holds(2, 1);
	holds(0, 2);
	waits(0, 0);
	waits(0, 1);
	waits(1, 2);
	waits(2, 2);
	solve(1);
	cycle = cycle_with(0);
	assert_non_null(cycle);
	assert_int_equal(cycle->n, 2);
	assert_int_equal(cycle->n_behind, 1);
	world_close();
}

/* A small generator of its own: the same graphs everywhere. */
static uint32_t seed;

static size_t chance(size_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

/* What can go on, found the slow and plain way. */
static void find_progress(bool *goes_on)
{
	bool changed = true;

	for (size_t i = 0; i < world.n_tasks; i++)
		goes_on[i] = world.tasks[i].n_waits == 0;
	while (changed) {
		changed = false;
		for (size_t i = 0; i < world.n_tasks; i++) {
			const struct task *task = &world.tasks[i];

			for (size_t j = 0; j < task->n_waits && !goes_on[i]; j++) {
				size_t lock = task->waits[j].lock;
				size_t owner = lock == LOCK_NONE ? SIZE_MAX
								 : world.locks[lock].owner;

				goes_on[i] = owner == SIZE_MAX || goes_on[owner];
				changed = changed || goes_on[i];
			}
		}
	}
}

/* Each thread that goes on is in no cycle, and each other in or behind exactly one. */
static void check_against(const bool *goes_on)
{
	size_t *times = allocate(world.n_tasks, sizeof(*times));

	for (size_t i = 0; i < world.n_cycles; i++) {
		const struct cycle *cycle = &world.cycles[i];

		assert_true(cycle->n > 0);
		for (size_t j = 0; j < cycle->n; j++) {
			const struct task *task = &world.tasks[cycle->tasks[j]];
			size_t next = cycle->tasks[(j + 1) % cycle->n];
			bool leads = false;

			for (size_t k = 0; k < task->n_waits; k++)
				leads = leads || world.locks[task->waits[k].lock].owner == next;
			assert_true(leads);
			times[cycle->tasks[j]]++;
		}
		for (size_t j = 0; j < cycle->n_behind; j++)
			times[cycle->behind[j]]++;
	}
	for (size_t i = 0; i < world.n_tasks; i++)
		assert_int_equal(times[i], goes_on[i] ? 0 : 1);
	free(times);
}

static void random_graphs(void **state)
{
	size_t with_cycles = 0;
	size_t without = 0;

	(void)state;
	seed = 1;
	for (int round = 0; round < 20000; round++) {
		size_t n = 1 + chance(7);
		bool goes_on[8];

		world_open(n, n + 2);
		for (size_t i = 0; i < world.n_locks; i++)
			if (chance(8))
				holds(chance(n), i);
		for (size_t i = 0; i < n; i++)
			for (size_t j = chance(8) ? 1 + chance(3) / 2 : 0; j > 0; j--)
				waits(i, chance(20) ? chance(world.n_locks) : LOCK_NONE);
		find_progress(goes_on);
		assert_int_equal(deadlock_find(&world), 0);
		check_against(goes_on);
		if (world.n_cycles)
			with_cycles++;
		else
			without++;
		world_close();
	}
	/* Both happened often, or this proves nothing. */
	assert_true(with_cycles > 2000 && without > 2000);
}

static double seconds_to_solve(void)
{
	struct timespec begin;
	struct timespec end;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	assert_int_equal(deadlock_find(&world), 0);
	clock_gettime(CLOCK_MONOTONIC, &end);
	return (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) * 1e-9;
}

#define BIG_TASKS ((size_t)10000)
#define LOCKS_EACH ((size_t)10)
#define RINGS ((size_t)100) /* of 1 to 100 threads: 5,050 */
#define IN_RINGS (RINGS * (RINGS + 1) / 2)
#define BEHIND ((size_t)2000)

/* Tasks and locks in no order: place i of the plan is task order[i]. */
static size_t *order;

static void big_holds(size_t place)
{
	for (size_t i = 0; i < LOCKS_EACH; i++)
		holds(order[place], order[place] + i * BIG_TASKS);
}

static void big_waits(size_t place, size_t for_place)
{
	waits(order[place], order[for_place] + chance(LOCKS_EACH) * BIG_TASKS);
}

static void shuffle(void)
{
	order = allocate(BIG_TASKS, sizeof(*order));
	for (size_t i = 0; i < BIG_TASKS; i++)
		order[i] = i;
	for (size_t i = BIG_TASKS; i > 1; i--) {
		size_t other = chance(i);
		size_t kept = order[i - 1];

		order[i - 1] = order[other];
		order[other] = kept;
	}
}

/* Rings, then those behind them, then those that wait for the last, which runs. */
static void make_big_world(void)
{
	size_t at = 0;

	world_open(BIG_TASKS, BIG_TASKS * LOCKS_EACH);
	for (size_t i = 0; i < BIG_TASKS; i++)
		big_holds(i);
	for (size_t ring = 1; ring <= RINGS; ring++) {
		for (size_t i = 0; i < ring; i++)
			big_waits(at + i, at + (i + 1) % ring);
		at += ring;
	}
	for (; at < IN_RINGS + BEHIND; at++)
		big_waits(at, chance(at));
	for (; at + 1 < BIG_TASKS; at++)
		big_waits(at, at + 1 + chance(BIG_TASKS - at - 1));
}

static void ten_thousand_threads(void **state)
{
	size_t at = 0;
	size_t n_behind = 0;
	double seconds;

	(void)state;
	seed = 7;
	shuffle();
	make_big_world();
	seconds = seconds_to_solve();
	print_message("10,000 threads, 100,000 locks, 100 cycles: %.1f ms\n", seconds * 1e3);
	assert_int_equal(world.n_cycles, RINGS);
	for (size_t ring = 1; ring <= RINGS; ring++) {
		expect_cycle(&order[at], ring);
		at += ring;
	}
	for (size_t i = 0; i < world.n_cycles; i++)
		n_behind += world.cycles[i].n_behind;
	assert_int_equal(n_behind, BEHIND);
	world_close();
	free(order);
}

/* The shapes that a careless search would be slow on, or run out of stack. */
static void long_and_wide(void **state)
{
	double seconds;

	(void)state;
	world_open(BIG_TASKS, BIG_TASKS);
	make_ring(0, BIG_TASKS);
	seconds = seconds_to_solve();
	print_message("a circle of 10,000: %.1f ms\n", seconds * 1e3);
	assert_int_equal(world.n_cycles, 1);
	assert_int_equal(world.cycles[0].n, BIG_TASKS);
	world_close();

	world_open(BIG_TASKS, BIG_TASKS);
	make_ring(BIG_TASKS - 2, 2);
	for (size_t i = 0; i + 2 < BIG_TASKS; i++) {
		holds(i, i);
		waits(i, i + 1);
	}
	seconds = seconds_to_solve();
	print_message("a chain of 10,000 behind two: %.1f ms\n", seconds * 1e3);
	assert_int_equal(world.n_cycles, 1);
	assert_int_equal(world.cycles[0].n_behind, BIG_TASKS - 2);
	world_close();

	world_open(BIG_TASKS, 2);
	make_ring(0, 2);
	for (size_t i = 2; i < BIG_TASKS; i++)
		waits(i, 0);
	seconds = seconds_to_solve();
	print_message("10,000 behind one lock: %.1f ms\n", seconds * 1e3);
	assert_int_equal(world.n_cycles, 1);
	assert_int_equal(world.cycles[0].n_behind, BIG_TASKS - 2);
	world_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_waits),
		cmocka_unit_test(circles_of_any_length),
		cmocka_unit_test(a_chain_is_no_circle),
		cmocka_unit_test(chains_lead_to_the_circle),
		cmocka_unit_test(two_circles),
		cmocka_unit_test(an_owner_that_is_not_known),
		cmocka_unit_test(a_futex_that_is_no_lock),
		cmocka_unit_test(one_of_two_waits_can_end),
		cmocka_unit_test(neither_of_two_waits_can_end),
		cmocka_unit_test(random_graphs),
		cmocka_unit_test(ten_thousand_threads),
		cmocka_unit_test(long_and_wide),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
