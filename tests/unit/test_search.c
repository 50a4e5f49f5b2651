/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/search.h"

#include <string.h>

#include "fake_memory.h"
#include "unit.h"

#define CODE UINT64_C(0x10000)
#define STACK UINT64_C(0x20000)
#define FUNCTION (CODE + 0x800)

static const char text[] = "10000-11000 r-xp 00000000 08:01 7 /bin/a\n"
			   "11000-12000 rw-p 00001000 08:01 7 /bin/a\n"
			   "20000-22000 rw-p 00000000 00:00 0 [stack]\n";

struct scene {
	struct fake_memory fake;
	struct maps maps;
	struct search_place place;
};

static int open_scene(void **state)
{
	static struct scene scene;

	fake_open(&scene.fake);
	fake_map(&scene.fake, CODE, 0x1000);
	fake_map(&scene.fake, CODE + 0x1000, 0x1000);
	fake_map(&scene.fake, STACK, 0x2000);
	scene.place = (struct search_place){&scene.maps, &scene.fake.memory, false};
	*state = &scene;
	return maps_parse(strdup(text), &scene.maps);
}

static int close_scene(void **state)
{
	struct scene *scene = *state;

	maps_free(&scene->maps);
	fake_close(&scene->fake);
	return 0;
}

/* Puts the bytes, which end at the return address. */
static void put_code(struct scene *scene, uint64_t pc, const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		uint64_t at = pc - size + i;
		uint64_t aligned = at & ~UINT64_C(3);
		uint32_t word;

		memory_read_one(&scene->fake.memory, aligned, &word, sizeof(word));
		word &= ~(UINT32_C(0xff) << at % 4 * 8);
		word |= (uint32_t)(unsigned char)bytes[i] << at % 4 * 8;
		fake_put32(&scene->fake, aligned, word);
	}
}

static void put_call(struct scene *scene, uint64_t pc, uint64_t target)
{
	char code[5] = {(char)0xe8};
	int32_t distance = (int32_t)(target - pc);

	memcpy(code + 1, &distance, sizeof(distance));
	put_code(scene, pc, code, sizeof(code));
}

#if defined(__x86_64__)
static void kinds_of_calls(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		bool is_call;
	} cases[] = {
		{"\xff\xd0", 2, true},                      /* call *%rax */
		{"\x41\xff\xd4", 3, true},                  /* call *%r12 */
		{"\xff\x10", 2, true},                      /* call *(%rax) */
		{"\xff\x50\x18", 3, true},                  /* call *0x18(%rax) */
		{"\xff\x90\x18\x01\x00\x00", 6, true},      /* call *0x118(%rax) */
		{"\xff\x15\x18\x01\x00\x00", 6, true},      /* call *0x118(%rip) */
		{"\xff\x54\xc4\x08", 4, true},              /* call *8(%rsp,%rax,8) */
		{"\xff\x14\xc5\x00\x10\x00\x00", 7, true},  /* call *0x1000(,%rax,8) */
		{"\xff\x14", 2, false},                     /* cut before its SIB byte */
		{"\xff\xe0", 2, false},                     /* jmp *%rax */
		{"\x90\x90", 2, false},                     /* nop */
		{"\xe8\x00\x00\x00\x70", 5, false},         /* call to where no code is */
		{"\x48\x8b\x05\x18\x01\x00\x00", 7, false}, /* mov 0x118(%rip), %rax */
	};
	struct scene *scene = *state;
	const struct search_function function = {.pc = FUNCTION + 8, .start = FUNCTION};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t pc = CODE + 0x100 + i * 32;
		enum search_rank rank;

		put_code(scene, pc, cases[i].bytes, cases[i].size);
		assert_int_equal(search_is_return(&scene->place, pc, &function, &rank),
				 cases[i].is_call);
	}
}

static void who_is_called(void **state)
{
	struct scene *scene = *state;
	const struct search_function known = {.pc = FUNCTION + 8, .start = FUNCTION};
	const struct search_function unknown = {.pc = FUNCTION + 8};
	uint64_t pc = CODE + 0x100;
	uint64_t stub = CODE + 0x300;
	enum search_rank rank;

	put_call(scene, pc, FUNCTION);
	assert_true(search_is_return(&scene->place, pc, &known, &rank));
	assert_int_equal(rank, SEARCH_EXACT);
	assert_true(search_is_return(&scene->place, pc, &unknown, &rank));
	assert_int_equal(rank, SEARCH_NEAR);
	put_call(scene, pc, FUNCTION + 0x40);
	assert_true(search_is_return(&scene->place, pc, &known, &rank));
	assert_int_equal(rank, SEARCH_OTHER);
	assert_true(search_is_return(&scene->place, pc, &unknown, &rank));
	assert_int_equal(rank, SEARCH_OTHER);
	/* endbr64; bnd jmp *0x1000(next) through a pointer to the function. */
	put_call(scene, pc, stub);
	put_code(scene, stub + 11, "\xf3\x0f\x1e\xfa\xf2\xff\x25\xf5\x0c\x00\x00", 11);
	fake_put64(&scene->fake, stub + 11 + 0xcf5, FUNCTION);
	assert_true(search_is_return(&scene->place, pc, &known, &rank));
	assert_int_equal(rank, SEARCH_EXACT);
}

static void along_the_stack(void **state)
{
	struct scene *scene = *state;
	const struct search_function function = {.pc = FUNCTION + 8, .start = FUNCTION};
	struct search_call calls[4];
	uint64_t other = CODE + 0x100;
	uint64_t exact = CODE + 0x140;
	uint64_t handler_end = CODE + 0x180;

	put_call(scene, other, CODE + 0x900);
	put_call(scene, exact, FUNCTION);
	put_code(scene, handler_end + 9, "\x48\xc7\xc0\x0f\x00\x00\x00\x0f\x05", 9);
	fake_put64(&scene->fake, STACK + 0x100, other);
	fake_put64(&scene->fake, STACK + 0x200, handler_end);
	fake_put64(&scene->fake, STACK + 0x1000, STACK + 0x1800);
	fake_put64(&scene->fake, STACK + 0x1008, exact);
	fake_put64(&scene->fake, STACK + 0x1100, other);
	assert_int_equal(search_calls(&scene->place, STACK + 0x80, &function, calls, 4), 3);
	assert_int_equal(calls[0].pc, other);
	assert_int_equal(calls[0].sp, STACK + 0x108);
	assert_int_equal(calls[0].rank, SEARCH_OTHER);
	assert_false(calls[0].bp_ok);
	assert_true(calls[1].signal);
	assert_int_equal(calls[2].rank, SEARCH_EXACT);
	assert_true(calls[2].bp_ok);
	assert_int_equal(calls[2].bp, STACK + 0x1800);
	/* With one place only the certain one has it. */
	assert_int_equal(search_calls(&scene->place, STACK + 0x80, &function, calls, 1), 1);
	assert_int_equal(calls[0].rank, SEARCH_EXACT);
	assert_true(search_frame_pointer(&scene->place, STACK + 0x80, STACK + 0x1000, &function,
					 calls));
	assert_int_equal(calls[0].sp, STACK + 0x1010);
	assert_false(
		search_frame_pointer(&scene->place, STACK + 0x80, STACK + 0x40, &function, calls));
	assert_false(search_frame_pointer(&scene->place, STACK + 0x80, UINT64_MAX - 7, &function,
					  calls));
	/* No stack, and one that is not aligned. */
	assert_int_equal(search_calls(&scene->place, 0x50000, &function, calls, 4), 0);
	assert_int_equal(search_calls(&scene->place, STACK + 0x81, &function, calls, 4), 0);
}

static void for_i386(void **state)
{
	struct scene *scene = *state;
	const struct search_place place = {&scene->maps, &scene->fake.memory, true};
	const struct search_function function = {.pc = FUNCTION + 8, .start = FUNCTION};
	struct search_call calls[4];
	uint64_t exact = CODE + 0x140;
	uint64_t pointer = CODE + 0x180;
	uint64_t stub = CODE + 0x300;
	uint64_t handler_end = CODE + 0x1c0;
	enum search_rank rank;

	put_call(scene, exact, FUNCTION);
	fake_put32(&scene->fake, STACK + 0x200, STACK + 0x800);
	fake_put32(&scene->fake, STACK + 0x204, (uint32_t)exact);
	assert_int_equal(search_calls(&place, STACK + 0x1fc, &function, calls, 4), 1);
	assert_int_equal(calls[0].pc, exact);
	assert_int_equal(calls[0].sp, STACK + 0x208);
	assert_int_equal(calls[0].rank, SEARCH_EXACT);
	assert_true(calls[0].bp_ok);
	assert_int_equal(calls[0].bp, STACK + 0x800);
	assert_true(search_frame_pointer(&place, STACK + 0x100, STACK + 0x200, &function, calls));
	assert_int_equal(calls[0].sp, STACK + 0x208);
	/* Two words of 32 bits are none of 64. */
	assert_int_equal(search_calls(&scene->place, STACK + 0x1f8, &function, calls, 4), 0);
	/* call *address */
	put_code(scene, pointer, "\xff\x15\x00\x10\x01\x00", 6);
	fake_put32(&scene->fake, CODE + 0x1000, FUNCTION);
	fake_put32(&scene->fake, CODE + 0x1004, 1);
	assert_true(search_is_return(&place, pointer, &function, &rank));
	assert_int_equal(rank, SEARCH_EXACT);
	/* endbr32; jmp *address, and jmp *offset(%ebx). */
	put_call(scene, exact, stub);
	put_code(scene, stub + 10, "\xf3\x0f\x1e\xfb\xff\x25\x00\x10\x01\x00", 10);
	assert_true(search_is_return(&place, exact, &function, &rank));
	assert_int_equal(rank, SEARCH_EXACT);
	put_code(scene, stub + 10, "\xf3\x0f\x1e\xfb\xff\xa3\x00\x10\x00\x00", 10);
	assert_true(search_is_return(&place, exact, &function, &rank));
	assert_int_equal(rank, SEARCH_POSSIBLE);
	/* pop %eax; mov $119, %eax; int $0x80 */
	put_code(scene, handler_end + 8, "\x58\xb8\x77\x00\x00\x00\xcd\x80", 8);
	fake_put32(&scene->fake, STACK + 0x400, (uint32_t)handler_end);
	assert_int_equal(search_calls(&place, STACK + 0x300, &function, calls, 4), 1);
	assert_true(calls[0].signal);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
#if defined(__x86_64__)
		cmocka_unit_test_setup_teardown(kinds_of_calls, open_scene, close_scene),
		cmocka_unit_test_setup_teardown(who_is_called, open_scene, close_scene),
		cmocka_unit_test_setup_teardown(along_the_stack, open_scene, close_scene),
		cmocka_unit_test_setup_teardown(for_i386, open_scene, close_scene),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
