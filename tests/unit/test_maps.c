/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/maps.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "unit.h"

static void parse(const char *text, struct maps *ret)
{
	assert_int_equal(maps_parse(strdup(text), ret), 0);
}

static void lines(void **state)
{
	struct maps maps;
	const struct map *map;

	(void)state;
	parse("55d0c0de1000-55d0c0de2000 r-xp 00002000 fe:00 247134                     /usr/bin/a b\n"
	      "7fea25cec000-7fea25cee000 rw-s 00001000 08:1f 10952719                   "
	      "/srv/db/lock.mdb (deleted)\n"
	      "7fea25cee000-7fea25cf0000 rw-p 00000000 00:00 0\n"
	      "7ffe10000000-7ffe10021000 rw-p 00000000 00:00 0                          [stack]",
	      &maps);
	assert_int_equal(maps.count, 4);
	map = &maps.items[0];
	assert_int_equal(map->start, 0x55d0c0de1000);
	assert_int_equal(map->offset, 0x2000);
	assert_true(map->readable && !map->writable && map->executable && !map->shared);
	assert_string_equal(map->path, "/usr/bin/a b");
	map = &maps.items[1];
	assert_true(map->shared && map->writable);
	assert_int_equal(map->dev_major, 8);
	assert_int_equal(map->dev_minor, 0x1f);
	assert_int_equal(map->inode, 10952719);
	assert_string_equal(map->path, "/srv/db/lock.mdb (deleted)");
	assert_string_equal(maps.items[2].path, "");
	assert_string_equal(maps.items[3].path, "[stack]");
	maps_free(&maps);
}

static void finding(void **state)
{
	struct maps maps;

	(void)state;
	parse("1000-2000 r--p 0 00:00 0\n2000-3000 rw-p 0 00:00 0\n5000-6000 r--p 0 00:00 0\n",
	      &maps);
	assert_null(maps_find(&maps, 0xfff));
	assert_ptr_equal(maps_find(&maps, 0x1000), &maps.items[0]);
	assert_ptr_equal(maps_find(&maps, 0x1fff), &maps.items[0]);
	assert_ptr_equal(maps_find(&maps, 0x2000), &maps.items[1]);
	assert_null(maps_find(&maps, 0x3000));
	assert_ptr_equal(maps_find(&maps, 0x5fff), &maps.items[2]);
	assert_null(maps_find(&maps, UINT64_MAX));
	maps_free(&maps);
}

static void nothing(void **state)
{
	struct maps maps;

	(void)state;
	parse("", &maps);
	assert_int_equal(maps.count, 0);
	assert_null(maps_find(&maps, 0));
	maps_free(&maps);
	assert_int_equal(maps_parse(strdup("nonsense\n"), &maps), -EPROTO);
	assert_int_equal(maps_parse(strdup("1000-2000 r-\n"), &maps), -EPROTO);
}

static void our_own(void **state)
{
	struct maps maps;
	const struct map *map;
	void *page = mmap(NULL, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_int_equal(maps_read(getpid(), getpid(), &maps), 0);
	map = maps_find(&maps, (uintptr_t)page);
	assert_non_null(map);
	assert_int_equal(map->start, (uintptr_t)page);
	assert_true(map->shared && map->readable && !map->writable);
	assert_string_equal(map->path, "/dev/zero (deleted)");
	maps_free(&maps);
	munmap(page, 4096);
	assert_int_equal(maps_read(1 << 29, 1 << 29, &maps), -ESRCH);
}

/* The name that we find for a file is the one under which another mapping of it is seen. */
static void identify(void **state)
{
	struct map file;
	struct maps maps;
	bool found = false;

	(void)state;
	assert_int_equal(maps_identify_file("/proc/self/exe", &file), 0);
	assert_int_equal(maps_read(getpid(), getpid(), &maps), 0);
	for (size_t i = 0; i < maps.count; i++)
		found = found || (maps.items[i].inode == file.inode &&
				  maps.items[i].dev_major == file.dev_major &&
				  maps.items[i].dev_minor == file.dev_minor);
	assert_true(found);
	maps_free(&maps);
	assert_int_equal(maps_identify_file("/", &file), -EISDIR);
	assert_int_equal(maps_identify_file("/no/such/file", &file), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),   cmocka_unit_test(finding),  cmocka_unit_test(nothing),
		cmocka_unit_test(our_own), cmocka_unit_test(identify),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
