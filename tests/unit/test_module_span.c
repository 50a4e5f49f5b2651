/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "module_span.h"

#include <elf.h>
#include <string.h>

#include "fake_memory.h"
#include "place.h"
#include "unit.h"

#define BASE UINT64_C(0x7f0000010000)

struct image {
	Elf64_Ehdr header;
	Elf64_Phdr rows[3];
};

static void put(struct fake_memory *fake, uint64_t address, const void *bytes, size_t size)
{
	for (size_t i = 0; i + 4 <= size; i += 4) {
		uint32_t word;

		memcpy(&word, (const char *)bytes + i, sizeof(word));
		fake_put32(fake, address + i, word);
	}
}

/* Two segments, the second with a .bss of two pages. */
static struct image make_image(void)
{
	return (struct image){
		.header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64},
			   .e_phoff = sizeof(Elf64_Ehdr),
			   .e_phentsize = sizeof(Elf64_Phdr),
			   .e_phnum = 3},
		.rows = {{.p_type = PT_LOAD, .p_vaddr = 0x400000, .p_memsz = 0x1000},
			 {.p_type = PT_NOTE, .p_vaddr = 0x900000, .p_memsz = 0x1000},
			 {.p_type = PT_LOAD, .p_vaddr = 0x401e00, .p_memsz = 0x2300}},
	};
}

static void spans(void **state)
{
	struct fake_memory fake;
	struct image image = make_image();
	const Elf32_Ehdr narrow = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS32},
				   .e_phoff = sizeof(Elf32_Ehdr),
				   .e_phentsize = sizeof(Elf32_Phdr),
				   .e_phnum = 1};
	const Elf32_Phdr row = {.p_type = PT_LOAD, .p_vaddr = 0x8048000, .p_memsz = 0x2001};

	(void)state;
	fake_open(&fake);
	fake_map(&fake, BASE, 0x1000);
	assert_int_equal(module_span(&fake.memory, BASE), 0);
	assert_int_equal(module_span(&fake.memory, 0x1000), 0);
	put(&fake, BASE, &image, sizeof(image));
	assert_int_equal(module_span(&fake.memory, BASE), 0x5000);
	put(&fake, BASE, &narrow, sizeof(narrow));
	put(&fake, BASE + sizeof(narrow), &row, sizeof(row));
	assert_int_equal(module_span(&fake.memory, BASE), 0x3000);
	fake_close(&fake);
}

/* What a header can say to do harm. */
static void lies(void **state)
{
	struct fake_memory fake;
	struct image image = make_image();

	(void)state;
	fake_open(&fake);
	fake_map(&fake, BASE, 0x1000);
	image.header.e_phnum = UINT16_MAX;
	put(&fake, BASE, &image, sizeof(image));
	assert_int_equal(module_span(&fake.memory, BASE), 0);
	image.header.e_phnum = 3;
	image.header.e_phentsize = 1;
	put(&fake, BASE, &image, sizeof(image));
	assert_int_equal(module_span(&fake.memory, BASE), 0);
	image.header.e_phentsize = sizeof(Elf64_Phdr);
	image.header.e_phoff = UINT64_MAX;
	put(&fake, BASE, &image, sizeof(image));
	assert_int_equal(module_span(&fake.memory, BASE), 0);
	image.header.e_phoff = sizeof(Elf64_Ehdr);
	image.rows[2].p_memsz = UINT64_MAX;
	put(&fake, BASE, &image, sizeof(image));
	assert_int_equal(module_span(&fake.memory, BASE), 0x1000);
	image.header.e_phnum = 0;
	put(&fake, BASE, &image, sizeof(image));
	assert_int_equal(module_span(&fake.memory, BASE), 0);
	fake_close(&fake);
}

static void behind_a_module(void **state)
{
	struct fake_memory fake;
	struct image image = make_image();
	struct maps maps;
	struct place place;

	(void)state;
	assert_int_equal(
		maps_parse(strdup("7f0000010000-7f0000011000 r--p 00000000 fe:00 7 /lib/x.so\n"
				  "7f0000011000-7f0000013000 rw-p 00001000 fe:00 7 /lib/x.so\n"
				  "7f0000013000-7f0000020000 rw-p 00000000 00:00 0 \n"),
			   &maps),
		0);
	fake_open(&fake);
	fake_map(&fake, BASE, 0x1000);
	/* Nothing is known of its end. */
	assert_true(place_look(&fake.memory, &maps, BASE + 0x5010).module);
	put(&fake, BASE, &image, sizeof(image));
	place = place_look(&fake.memory, &maps, BASE + 0x4ff0);
	assert_true(place.module);
	assert_int_equal(place.offset, 0x4ff0);
	assert_true(place_look(&fake.memory, &maps, BASE + 0x1010).module);
	place = place_look(&fake.memory, &maps, BASE + 0x5010);
	assert_int_equal(place.kind, PLACE_ANON);
	assert_false(place.module);
	assert_false(place.has_file);
	assert_null(place.path);
	assert_true(place.writable);
	assert_int_equal(place.offset, 0x2010);
	fake_close(&fake);
	maps_free(&maps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spans),
		cmocka_unit_test(lies),
		cmocka_unit_test(behind_a_module),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
