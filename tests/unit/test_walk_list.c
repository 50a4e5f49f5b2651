/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every case runs for 32- and for 64-bit lists: only the addresses' width may differ. */
#include "walk_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi/futex_word.h"
#include "fake_memory.h"
#include "unit.h"

#define HEAD UINT64_C(0x10000)
#define LOCKS UINT64_C(0x20000)
#define LOCK_SIZE UINT64_C(64)
/* futex word = entry + OFFSET: word first in the object, entry 32 bytes behind it. */
#define OFFSET (-24)
#define TID 77u

static const unsigned widths[] = {32, 64};

struct fixture {
	struct fake_memory fake;
	unsigned bits;
	struct walk walk;
};

static uint64_t entry_of(size_t lock)
{
	return LOCKS + lock * LOCK_SIZE + 24;
}

static uint64_t word_of(size_t lock)
{
	return LOCKS + lock * LOCK_SIZE;
}

static void put_head(struct fixture *fixture, uint64_t next, int64_t offset, uint64_t pending)
{
	uint64_t width = fixture->bits / 8;

	fake_put_pointer(&fixture->fake, fixture->bits, HEAD, next);
	fake_put_pointer(&fixture->fake, fixture->bits, HEAD + width, (uint64_t)offset);
	fake_put_pointer(&fixture->fake, fixture->bits, HEAD + 2 * width, pending);
}

static void put_next(struct fixture *fixture, uint64_t entry, uint64_t next)
{
	fake_put_pointer(&fixture->fake, fixture->bits, entry, next);
}

/* A list of `count` held locks that comes back to its head. */
static void begin(struct fixture *fixture, unsigned bits, size_t count)
{
	*fixture = (struct fixture){.bits = bits};
	fake_open(&fixture->fake);
	fake_map(&fixture->fake, HEAD, 64);
	fake_map(&fixture->fake, LOCKS, (count + 1) * LOCK_SIZE);
	put_head(fixture, count ? entry_of(0) : HEAD, OFFSET, 0);
	for (size_t i = 0; i < count; i++) {
		put_next(fixture, entry_of(i), i + 1 < count ? entry_of(i + 1) : HEAD);
		fake_put32(&fixture->fake, word_of(i), TID);
	}
	fixture->walk.list = (struct list){.kind = LIST_ROBUST, .bits = bits, .head = HEAD};
}

static const struct list *walk(struct fixture *fixture)
{
	assert_int_equal(walk_lists(&fixture->fake.memory, &fixture->walk, 1), 0);
	return &fixture->walk.list;
}

static void end(struct fixture *fixture)
{
	walk_release(&fixture->walk);
	fake_close(&fixture->fake);
}

#define FOR_EACH_WIDTH(bits) for (const unsigned *bits = widths; bits < widths + 2; bits++)

static void empty_list(void **state)
{
	(void)state;
	FOR_EACH_WIDTH(bits)
	{
		struct fixture fixture;
		const struct list *list;

		begin(&fixture, *bits, 0);
		list = walk(&fixture);
		assert_int_equal(list->end, LIST_COMPLETE);
		assert_int_equal(list->n_entries, 0);
		assert_false(list->has_pending);
		assert_int_equal(list->futex_offset, OFFSET);
		assert_true(fixture.walk.settled);
		end(&fixture);
	}
}

static void three_locks(void **state)
{
	(void)state;
	FOR_EACH_WIDTH(bits)
	{
		struct fixture fixture;
		const struct list *list;

		begin(&fixture, *bits, 3);
		fake_put32(&fixture.fake, word_of(1), TID | WORD_WAITERS);
		list = walk(&fixture);
		assert_int_equal(list->end, LIST_COMPLETE);
		assert_int_equal(list->n_entries, 3);
		assert_int_equal(list->n_seen, 3);
		for (size_t i = 0; i < 3; i++) {
			assert_int_equal(list->entries[i].entry, entry_of(i));
			assert_int_equal(list->entries[i].address, word_of(i));
			assert_true(list->entries[i].on_list);
			assert_true(list->entries[i].word_ok);
			assert_false(list->entries[i].pi);
		}
		assert_int_equal(list->entries[1].word, TID | WORD_WAITERS);
		assert_true(fixture.walk.settled);
		end(&fixture);
	}
}

static void few_calls_for_a_long_list(void **state)
{
	(void)state;
	FOR_EACH_WIDTH(bits)
	{
		struct fixture fixture;

		begin(&fixture, *bits, 1000);
		assert_int_equal(walk(&fixture)->n_entries, 1000);
		/* 1000 locks lie in 16 pages; head and second reading come on top. */
		assert_true(fixture.fake.calls <= 20);
		end(&fixture);
	}
}

static void pi_bit_is_stripped(void **state)
{
	(void)state;
	FOR_EACH_WIDTH(bits)
	{
		struct fixture fixture;
		const struct list *list;

		begin(&fixture, *bits, 3);
		put_next(&fixture, entry_of(0), entry_of(1) | 1);
		list = walk(&fixture);
		assert_int_equal(list->end, LIST_COMPLETE);
		assert_false(list->entries[0].pi);
		assert_true(list->entries[1].pi);
		assert_int_equal(list->entries[1].entry, entry_of(1));
		assert_false(list->entries[2].pi);
		assert_true(fixture.walk.settled);
		end(&fixture);
	}
}

static void positive_offset(void **state)
{
	(void)state;
	FOR_EACH_WIDTH(bits)
	{
		struct fixture fixture;
		const struct list *list;

		begin(&fixture, *bits, 1);
		put_head(&fixture, entry_of(0), 16, 0);
		fake_put32(&fixture.fake, entry_of(0) + 16, 0x1234);
		list = walk(&fixture);
		assert_int_equal(list->futex_offset, 16);
		assert_int_equal(list->entries[0].address, entry_of(0) + 16);
		assert_int_equal(list->entries[0].word, 0x1234);
		end(&fixture);
	}
}

static void narrow_addresses_wrap(void **state)
{
	struct fixture fixture;
	const struct list *list;

	(void)state;
	begin(&fixture, 32, 1);
	/* entry + offset passes 4 GiB: a 32-bit kernel pointer is cut to 32 bits. */
	put_head(&fixture, entry_of(0), -(int64_t)(entry_of(0) + 0x1000), 0);
	fake_map(&fixture.fake, 0xfffff000, 0x1000);
	fake_put32(&fixture.fake, 0xfffff000, 0x55);
	list = walk(&fixture);
	assert_int_equal(list->entries[0].address, 0xfffff000);
	assert_int_equal(list->entries[0].word, 0x55);
	end(&fixture);
}

static void pending_alone(void **state)
{
	(void)state;
	FOR_EACH_WIDTH(bits)
	{
		struct fixture fixture;
		const struct list *list;

		begin(&fixture, *bits, 1);
		fake_put32(&fixture.fake, word_of(1), 99 | WORD_WAITERS);
		put_head(&fixture, entry_of(0), OFFSET, entry_of(1) | 1);
		list = walk(&fixture);
		assert_true(list->has_pending);
		assert_false(list->pending.on_list);
		assert_true(list->pending.pi);
		assert_int_equal(list->pending.entry, entry_of(1));
		assert_int_equal(list->pending.address, word_of(1));
		assert_int_equal(list->pending.word, 99 | WORD_WAITERS);
		assert_int_equal(list->n_entries, 1);
		assert_true(fixture.walk.settled);
		end(&fixture);
	}
}

static void pending_on_the_list(void **state)
{
	struct fixture fixture;
	const struct list *list;

	(void)state;
	begin(&fixture, 64, 2);
	put_head(&fixture, entry_of(0), OFFSET, entry_of(1));
	list = walk(&fixture);
	assert_true(list->pending.on_list);
	end(&fixture);
}

static void pending_that_cannot_be_read(void **state)
{
	struct fixture fixture;
	const struct list *list;

	(void)state;
	begin(&fixture, 64, 1);
	put_head(&fixture, entry_of(0), OFFSET, UINT64_C(0xffff800000001000));
	list = walk(&fixture);
	assert_int_equal(list->end, LIST_COMPLETE);
	assert_true(list->has_pending);
	assert_false(list->pending.word_ok);
	end(&fixture);
}

static void loops(void **state)
{
	static const struct {
		size_t count, back_to;
	} cases[] = {{1, 0}, {3, 0}, {3, 2}, {10, 4}, {100, 99}, {500, 17}};

	(void)state;
	FOR_EACH_WIDTH(bits)
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture fixture;
		const struct list *list;

		begin(&fixture, *bits, cases[i].count);
		put_next(&fixture, entry_of(cases[i].count - 1), entry_of(cases[i].back_to));
		list = walk(&fixture);
		assert_int_equal(list->end, LIST_LOOP);
		assert_int_equal(list->end_at, entry_of(cases[i].back_to));
		assert_int_equal(list->n_entries, cases[i].count);
		assert_int_equal(list->n_seen, cases[i].count);
		end(&fixture);
	}
}

static void limit(void **state)
{
	static const struct {
		size_t count;
		enum list_end end;
	} cases[] = {{ROBUST_LIST_LIMIT, LIST_COMPLETE},
		     {ROBUST_LIST_LIMIT + 1, LIST_TOO_LONG},
		     {3000, LIST_TOO_LONG},
		     {WALK_KEEP_MAX + 10, LIST_TOO_LONG}};

	(void)state;
	FOR_EACH_WIDTH(bits)
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture fixture;
		const struct list *list;

		begin(&fixture, *bits, cases[i].count);
		list = walk(&fixture);
		assert_int_equal(list->end, cases[i].end);
		assert_int_equal(list->end_at, 0);
		assert_int_equal(list->n_seen, cases[i].count);
		assert_true(list->n_entries <= WALK_KEEP_MAX);
		assert_true(fixture.walk.settled);
		end(&fixture);
	}
}

static void endless_list_is_given_up(void **state)
{
	struct fixture fixture;
	const struct list *list;

	(void)state;
	begin(&fixture, 64, 1000000);
	list = walk(&fixture);
	assert_int_equal(list->end, LIST_TOO_LONG);
	assert_int_equal(list->n_seen, WALK_COUNT_MAX);
	assert_int_equal(list->n_entries, WALK_KEEP_MAX);
	assert_true(list->end_at != 0);
	assert_true(fixture.fake.calls < 1000);
	end(&fixture);
}

static void an_entry_a_page(void **state)
{
	struct fixture fixture;
	const struct list *list;
	const size_t count = 6000;

	(void)state;
	/* More pages than the cache holds: it starts anew, the walk goes on. */
	begin(&fixture, 64, 0);
	fake_map(&fixture.fake, UINT64_C(0x10000000), count * 4096);
	put_head(&fixture, UINT64_C(0x10000000), 8, 0);
	for (size_t i = 0; i < count; i++)
		put_next(&fixture, UINT64_C(0x10000000) + i * 4096,
			 i + 1 < count ? UINT64_C(0x10000000) + (i + 1) * 4096 : HEAD);
	list = walk(&fixture);
	assert_int_equal(list->end, LIST_TOO_LONG);
	assert_int_equal(list->n_seen, count);
	end(&fixture);
}

static void broken_pointers(void **state)
{
	static const uint64_t bad[] = {0, 8, UINT64_C(0xdead0000), UINT64_C(0xffff800000001000),
				       UINT64_MAX & ~UINT64_C(1)};

	(void)state;
	FOR_EACH_WIDTH(bits)
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct fixture fixture;
		const struct list *list;

		begin(&fixture, *bits, 3);
		put_next(&fixture, entry_of(1), bad[i]);
		list = walk(&fixture);
		assert_int_equal(list->end, LIST_FAULT);
		assert_int_equal(list->end_at, *bits == 32 ? (uint32_t)bad[i] : bad[i]);
		assert_int_equal(list->n_entries, 2);
		end(&fixture);
	}
}

static void head_that_cannot_be_read(void **state)
{
	struct fixture fixture;
	const struct list *list;

	(void)state;
	begin(&fixture, 64, 0);
	fake_unmap(&fixture.fake, HEAD);
	list = walk(&fixture);
	assert_int_equal(list->end, LIST_FAULT);
	assert_false(list->head_ok);
	assert_int_equal(list->end_at, HEAD);
	end(&fixture);
}

static void word_that_cannot_be_read(void **state)
{
	struct fixture fixture;
	const struct list *list;

	(void)state;
	begin(&fixture, 64, 2);
	/* The entry is in memory, its word is not: the kernel stops there. */
	put_head(&fixture, entry_of(0), 0x100000, 0);
	list = walk(&fixture);
	assert_int_equal(list->end, LIST_FAULT);
	assert_int_equal(list->end_at, entry_of(0));
	assert_int_equal(list->n_entries, 1);
	assert_false(list->entries[0].word_ok);
	end(&fixture);
}

static void entry_over_the_edge(void **state)
{
	struct fixture fixture;
	const struct list *list;

	(void)state;
	/* Four of the eight bytes of `next` are in a page that is not there. */
	begin(&fixture, 64, 1);
	fake_map(&fixture.fake, 0x30000, 0x1000);
	put_next(&fixture, entry_of(0), 0x30ffc);
	list = walk(&fixture);
	assert_int_equal(list->end, LIST_FAULT);
	assert_int_equal(list->end_at, 0x30ffc);
	end(&fixture);
}

static void entry_over_two_pages(void **state)
{
	struct fixture fixture;
	const struct list *list;

	(void)state;
	begin(&fixture, 64, 1);
	fake_map(&fixture.fake, 0x30000, 0x2000);
	put_next(&fixture, entry_of(0), 0x30ffc);
	put_next(&fixture, 0x30ffc, HEAD);
	fake_put32(&fixture.fake, 0x30ffc - 24, TID);
	list = walk(&fixture);
	assert_int_equal(list->end, LIST_COMPLETE);
	assert_int_equal(list->n_entries, 2);
	assert_true(fixture.walk.settled);
	end(&fixture);
}

static void misaligned_words(void **state)
{
	(void)state;
	FOR_EACH_WIDTH(bits)
	{
		struct fixture fixture;
		const struct list *list;

		begin(&fixture, *bits, 1);
		put_next(&fixture, entry_of(0), entry_of(1) + 2);
		put_next(&fixture, entry_of(1) + 2, HEAD);
		list = walk(&fixture);
		assert_int_equal(list->end, LIST_MISALIGNED);
		assert_int_equal(list->end_at, word_of(1) + 2);
		assert_int_equal(list->n_entries, 2);
		end(&fixture);
	}
}

static void glibc_mutex_is_decoded(void **state)
{
	struct fixture fixture;
	const struct list *list;

	(void)state;
	begin(&fixture, 64, 0);
	put_head(&fixture, LOCKS + 32, -32, 0);
	put_next(&fixture, LOCKS + 32, HEAD);
	fake_put32(&fixture.fake, LOCKS, TID);
	fake_put32(&fixture.fake, LOCKS + 4, 3);
	fake_put32(&fixture.fake, LOCKS + 8, TID);
	fake_put32(&fixture.fake, LOCKS + 16, 0x91);
	list = walk(&fixture);
	assert_string_equal(list->entries[0].mutex.libc, "glibc");
	assert_true(list->entries[0].mutex.recursive);
	assert_true(list->entries[0].mutex.shared);
	assert_int_equal(list->entries[0].mutex.count, 3);
	end(&fixture);
}

/* Changes the memory between the first and the second reading. */
static void unlock_before_last_read(struct fake_memory *fake)
{
	struct fixture *fixture = fake->context;

	if (fake->calls == 3)
		fake_put32(fake, word_of(0), 0);
	(void)fixture;
}

static void change_is_noticed(void **state)
{
	struct fixture fixture;

	(void)state;
	begin(&fixture, 64, 2);
	fixture.fake.before_read = unlock_before_last_read;
	fixture.fake.context = &fixture;
	walk(&fixture);
	assert_int_equal(fixture.fake.calls, 3);
	assert_false(fixture.walk.settled);
	end(&fixture);
}

static void dequeue_before_last_read(struct fake_memory *fake)
{
	struct fixture *fixture = fake->context;

	if (fake->calls == 3)
		put_next(fixture, entry_of(0), entry_of(2));
}

static void changed_chain_is_noticed(void **state)
{
	struct fixture fixture;

	(void)state;
	begin(&fixture, 32, 3);
	fixture.fake.before_read = dequeue_before_last_read;
	fixture.fake.context = &fixture;
	walk(&fixture);
	assert_false(fixture.walk.settled);
	end(&fixture);
}

/* The last link of a list that does not come back to its head. */
struct last_link {
	size_t count;      /* locks */
	uint64_t from;     /* where the link lies */
	uint64_t to;       /* where it leads */
	enum list_end end; /* of the walk */
};

static size_t second_reading; /* the call of the port that is the second reading; 0: none */
static const struct last_link *followed;

static void lead_home_before_last_read(struct fake_memory *fake)
{
	if (fake->calls == second_reading)
		put_next(fake->context, followed->from, HEAD);
}

static void changed_last_link_is_noticed(void **state)
{
	const struct last_link links[] = {
		/* A lock that was given back and unmapped between two looks at it. */
		{0, HEAD, UINT64_C(0x7000000), LIST_FAULT},
		{3, entry_of(2), UINT64_C(0x7000000), LIST_FAULT},
		{3, entry_of(2), UINT64_C(0x7000001), LIST_FAULT},
		{1, entry_of(0), entry_of(0), LIST_LOOP},
		{3, entry_of(2), entry_of(2) | 1, LIST_LOOP},
		{3, entry_of(2), entry_of(1), LIST_LOOP},
		{3, entry_of(2), entry_of(0) | 1, LIST_LOOP},
		{3, entry_of(2), entry_of(0) + 2, LIST_MISALIGNED},
		/* The link behind the last entry that is kept. */
		{WALK_KEEP_MAX + 10, entry_of(WALK_KEEP_MAX - 1), entry_of(WALK_KEEP_MAX),
		 LIST_TOO_LONG},
		{WALK_KEEP_MAX + 10, entry_of(WALK_KEEP_MAX + 9), entry_of(0), LIST_LOOP},
	};

	(void)state;
	FOR_EACH_WIDTH(bits)
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		struct fixture fixture;
		bool kept = links[i].from != entry_of(WALK_KEEP_MAX + 9);

		followed = &links[i];
		second_reading = 0;
		for (int changes = 0; changes < 2; changes++) {
			begin(&fixture, *bits, links[i].count);
			put_next(&fixture, links[i].from, links[i].to);
			fixture.fake.before_read = lead_home_before_last_read;
			fixture.fake.context = &fixture;
			assert_int_equal(walk(&fixture)->end, links[i].end);
			/* What is not kept is not compared. */
			assert_int_equal(fixture.walk.settled, !changes || !kept);
			second_reading = fixture.fake.calls;
			end(&fixture);
		}
	}
}

static void many_lists_share_calls(void **state)
{
	enum {
		LISTS = 64
	};
	struct fake_memory fake;
	struct walk walks[LISTS] = {0};

	(void)state;
	fake_open(&fake);
	fake_map(&fake, 0x100000, LISTS * 4096);
	for (size_t i = 0; i < LISTS; i++) {
		uint64_t head = 0x100000 + i * 4096;

		fake_put64(&fake, head, head + 0x100);
		fake_put64(&fake, head + 8, (uint64_t)-32);
		fake_put64(&fake, head + 0x100, head);
		walks[i].list = (struct list){.bits = 64, .head = head};
	}
	assert_int_equal(walk_lists(&fake.memory, walks, LISTS), 0);
	/* Heads, pages, second reading. */
	assert_int_equal(fake.calls, 3);
	for (size_t i = 0; i < LISTS; i++) {
		assert_int_equal(walks[i].list.n_entries, 1);
		assert_true(walks[i].settled);
		walk_release(&walks[i]);
	}
	fake_close(&fake);
}

static void memory_error_goes_up(void **state)
{
	struct fixture fixture;

	(void)state;
	begin(&fixture, 64, 2);
	fixture.fake.error = -ESRCH;
	assert_int_equal(walk_lists(&fixture.fake.memory, &fixture.walk, 1), -ESRCH);
	assert_int_equal(fixture.walk.list.n_entries, 0);
	end(&fixture);
}

static void walk_again(void **state)
{
	struct fixture fixture;

	(void)state;
	begin(&fixture, 64, 2);
	assert_int_equal(walk(&fixture)->n_entries, 2);
	put_head(&fixture, HEAD, OFFSET, 0);
	assert_int_equal(walk(&fixture)->n_entries, 0);
	end(&fixture);
}

static void one_futex_alone(void **state)
{
	struct fake_memory fake;
	struct futex futex;

	(void)state;
	fake_open(&fake);
	fake_map(&fake, 0x1000, 0x1000);
	fake_put32(&fake, 0x1040, WORD_OWNER_DIED);
	fake_put32(&fake, 0x1048, 4242);
	fake_put32(&fake, 0x1050, 0x90);
	assert_int_equal(
		walk_read_futex(&fake.memory, 0x1040, mutex_layout_of("glibc", 64), &futex), 0);
	assert_true(futex.word_ok);
	assert_int_equal(futex.word, WORD_OWNER_DIED);
	assert_int_equal(futex.mutex.owner_field, 4242);
	assert_int_equal(walk_read_futex(&fake.memory, 0x9000, NULL, &futex), 0);
	assert_false(futex.word_ok);
	fake_close(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_list),
		cmocka_unit_test(three_locks),
		cmocka_unit_test(few_calls_for_a_long_list),
		cmocka_unit_test(pi_bit_is_stripped),
		cmocka_unit_test(positive_offset),
		cmocka_unit_test(narrow_addresses_wrap),
		cmocka_unit_test(pending_alone),
		cmocka_unit_test(pending_on_the_list),
		cmocka_unit_test(pending_that_cannot_be_read),
		cmocka_unit_test(loops),
		cmocka_unit_test(limit),
		cmocka_unit_test(endless_list_is_given_up),
		cmocka_unit_test(an_entry_a_page),
		cmocka_unit_test(broken_pointers),
		cmocka_unit_test(head_that_cannot_be_read),
		cmocka_unit_test(word_that_cannot_be_read),
		cmocka_unit_test(entry_over_the_edge),
		cmocka_unit_test(entry_over_two_pages),
		cmocka_unit_test(misaligned_words),
		cmocka_unit_test(glibc_mutex_is_decoded),
		cmocka_unit_test(change_is_noticed),
		cmocka_unit_test(changed_chain_is_noticed),
		cmocka_unit_test(changed_last_link_is_noticed),
		cmocka_unit_test(many_lists_share_calls),
		cmocka_unit_test(memory_error_goes_up),
		cmocka_unit_test(walk_again),
		cmocka_unit_test(one_futex_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
