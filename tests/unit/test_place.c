/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "place.h"

#include <string.h>

#include "unit.h"

static const char text[] =
	"55d000000000-55d000001000 r--p 00000000 fe:00 247134  /usr/bin/bank\n"
	"55d000001000-55d000003000 r-xp 00001000 fe:00 247134  /usr/bin/bank\n"
	"55d000003000-55d000004000 rw-p 00002000 fe:00 247134  /usr/bin/bank\n"
	"55d000004000-55d000005000 rw-p 00000000 00:00 0 \n"
	"55d001000000-55d001021000 rw-p 00000000 00:00 0  [heap]\n"
	"7f0000000000-7f0000001000 rw-s 00001000 08:01 500  /srv/db/lock.mdb\n"
	"7f0000002000-7f0000003000 rw-s 00000000 08:01 501  /srv/db/lock.mdb (deleted)\n"
	"7f0000004000-7f0000005000 rw-s 00000000 00:01 600  /dev/zero (deleted)\n"
	"7f0000006000-7f0000007000 rw-s 00000000 00:01 601  /dev/zero (deleted)\n"
	"7f0000008000-7f0000009000 rw-s 00000000 00:01 32  /SYSV00000000 (deleted)\n"
	"7f0000009000-7f000000a000 rw-s 00000000 00:01 0  /SYSV000003e8 (deleted)\n"
	"7f000000a000-7f000000b000 rw-s 00000000 00:01 33  /memfd:jobs (deleted)\n"
	"7f000000c000-7f000000d000 r--s 00000000 08:01 700  /srv/db/read.mdb\n"
	"7f000000e000-7f000000f000 rw-p 00000000 00:00 0 \n"
	"7ffe00000000-7ffe00021000 rw-p 00000000 00:00 0  [stack]\n";

static struct maps maps;

static int open_maps(void **state)
{
	(void)state;
	return maps_parse(strdup(text), &maps);
}

static int close_maps(void **state)
{
	(void)state;
	maps_free(&maps);
	return 0;
}

static void kinds(void **state)
{
	static const struct {
		target_addr address;
		enum place_kind kind;
		uint64_t offset;
		bool shared;
		bool deleted;
		bool module;
	} cases[] = {
		{0x55d000003010, PLACE_FILE, 0x3010, false, false, true},
		{0x55d000004020, PLACE_FILE, 0x4020, false, false, true}, /* its .bss */
		{0x55d001000100, PLACE_HEAP, 0x100, false, false, false},
		{0x7f0000000040, PLACE_FILE, 0x1040, true, false, false},
		{0x7f0000002040, PLACE_FILE, 0x40, true, true, false},
		{0x7f0000004000, PLACE_SHARED_ANON, 0, true, false, false},
		{0x7f0000008008, PLACE_SYSV, 8, true, false, false},
		/* The first segment of shmget has identifier and inode 0. */
		{0x7f0000009010, PLACE_SYSV, 0x10, true, false, false},
		{0x7f000000a008, PLACE_MEMFD, 8, true, false, false},
		{0x7f000000e008, PLACE_ANON, 8, false, false, false},
		{0x7ffe00000010, PLACE_STACK, 0x10, false, false, false},
		{0x1000, PLACE_UNKNOWN, 0, false, false, false},
		{UINT64_C(0xffff800000000000), PLACE_UNKNOWN, 0, false, false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct place place = place_find(&maps, cases[i].address);

		assert_int_equal(place.kind, cases[i].kind);
		assert_int_equal(place.offset, cases[i].offset);
		assert_int_equal(place.shared, cases[i].shared);
		assert_int_equal(place.deleted, cases[i].deleted);
		assert_int_equal(place.module, cases[i].module);
	}
	assert_false(place_find(&maps, 0x7f000000c000).writable);
	assert_true(place_find(&maps, 0x7f0000000000).writable);
}

static struct futex_key key(target_addr address, pid_t mm)
{
	struct place place = place_find(&maps, address);

	return place_key(&place, mm, address);
}

static bool same(struct futex_key left, struct futex_key right)
{
	return place_compare(&left, &right) == 0;
}

static void one_futex_or_two(void **state)
{
	(void)state;
	/* Shared: whoever maps it. Private: never the same in two memories. */
	assert_true(same(key(0x7f0000000040, 1), key(0x7f0000000040, 2)));
	assert_false(same(key(0x55d001000100, 1), key(0x55d001000100, 2)));
	assert_true(same(key(0x55d001000100, 1), key(0x55d001000100, 1)));
	assert_true(same(key(0x7f0000009010, 1), key(0x7f0000009010, 2)));
	/* Same name and offset, other inode. */
	assert_false(same(key(0x7f0000004000, 1), key(0x7f0000006000, 1)));
	assert_false(same(key(0x7f0000000040, 1), key(0x7f0000000044, 1)));
}

static void order_is_an_order(void **state)
{
	struct futex_key low = key(0x7f0000004000, 1);
	struct futex_key high = key(0x7f0000006000, 1);

	(void)state;
	assert_true(place_compare(&low, &high) < 0);
	assert_true(place_compare(&high, &low) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds),
		cmocka_unit_test(one_futex_or_two),
		cmocka_unit_test(order_is_an_order),
	};

	return cmocka_run_group_tests(tests, open_maps, close_maps);
}
