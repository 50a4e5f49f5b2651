/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "home.h"

#include <string.h>

#include "unit.h"

static void put(unsigned char *header, size_t offset, uint32_t value)
{
	memcpy(header + offset, &value, sizeof(value));
}

static void lmdb(void **state)
{
	unsigned char header[HOME_HEADER] = {0};
	const struct home *home;
	char name[HOME_NAME_MAX];

	(void)state;
	put(header, 0, 0xbeefc0de);
	home = home_recognise(header);
	assert_non_null(home);
	assert_int_equal(home->count(header), 2);
	assert_int_equal(home->offset(0, 64), 0x40);
	home->name(0, name);
	assert_string_equal(name, "LMDB writer");
	assert_int_equal(home->offset(1, 64), 8);
	home->name(1, name);
	assert_string_equal(name, "LMDB reader table");
}

static void make_tdb(unsigned char *header, uint32_t chains)
{
	memset(header, 0, HOME_HEADER);
	memcpy(header, "TDB file\n", 10);
	put(header, 0x20, 0x2601196d);
	put(header, 0x24, chains);
	put(header, 0x3c, 1);
}

static void tdb(void **state)
{
	unsigned char header[HOME_HEADER];
	const struct home *home;
	char name[HOME_NAME_MAX];

	(void)state;
	make_tdb(header, 131);
	home = home_recognise(header);
	assert_non_null(home);
	assert_int_equal(home->count(header), 133);
	assert_int_equal(home->offset(0, 64), 0xa8);
	assert_int_equal(home->offset(1, 64), 0xd8);
	/* Chain 7, as a file written by libtdb has it. */
	assert_int_equal(home->offset(9, 64), 0x218);
	home->name(9, name);
	assert_string_equal(name, "tdb chain 7");
	home->name(1, name);
	assert_string_equal(name, "tdb freelist chain");
	assert_int_equal(home->offset(1, 32), 0xc4);
	assert_int_equal(home->offset(2, 32), 0xc4 + 24);
}

static void names_of_words(void **state)
{
	unsigned char header[HOME_HEADER] = {0};
	char name[HOME_NAME_MAX] = "";

	(void)state;
	assert_false(home_name_word(header, 64, 64, name));
	put(header, 0, 0xbeefc0de);
	assert_true(home_name_word(header, 64, 64, name));
	assert_string_equal(name, "LMDB writer");
	assert_true(home_name_word(header, 8, 64, name));
	assert_string_equal(name, "LMDB reader table");
	/* musl's word is the second of the mutex. */
	assert_true(home_name_word(header, 68, 64, name));
	assert_string_equal(name, "LMDB writer");
	assert_false(home_name_word(header, 0, 64, name));
	assert_false(home_name_word(header, 72, 64, name));
	memset(header, 0, sizeof(header));
	make_tdb(header, 7);
	for (size_t i = 0; i < 9; i++) {
		const struct home *home = home_recognise(header);
		char wanted[HOME_NAME_MAX];

		home->name(i, wanted);
		for (unsigned bits = 32; bits <= 64; bits += 32) {
			assert_true(home_name_word(header, home->offset(i, bits), bits, name));
			assert_string_equal(name, wanted);
			assert_false(home_name_word(header, home->offset(i, bits) + 8, bits, name));
		}
	}
	/* Behind the last chain. */
	assert_false(home_name_word(header, home_recognise(header)->offset(9, 64), 64, name));
}

static void not_a_home(void **state)
{
	unsigned char header[HOME_HEADER] = {0};

	(void)state;
	assert_null(home_recognise(header));
	memset(header, 0xff, sizeof(header));
	assert_null(home_recognise(header));
	make_tdb(header, 131);
	put(header, 0x3c, 0); /* a tdb without mutexes */
	assert_null(home_recognise(header));
}

static void lying_header(void **state)
{
	unsigned char header[HOME_HEADER];

	(void)state;
	make_tdb(header, UINT32_MAX);
	assert_true(home_recognise(header)->count(header) <= ((size_t)1 << 20) + 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lmdb),           cmocka_unit_test(tdb),
		cmocka_unit_test(names_of_words), cmocka_unit_test(not_a_home),
		cmocka_unit_test(lying_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
