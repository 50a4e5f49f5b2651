/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads this very process, the one that is sure to be there. */
#include "target/live.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "unit.h"

static void bad_ranges_do_not_spoil_good_ones(void **state)
{
	enum {
		COUNT = 2500
	};
	static uint32_t words[COUNT];
	static uint32_t copies[COUNT];
	static struct memory_range ranges[COUNT];
	struct live_memory live;
	void *hole = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	live_memory_open(&live, getpid(), getpid());
	for (uint32_t i = 0; i < COUNT; i++) {
		words[i] = i * 3;
		ranges[i] = (struct memory_range){.address = i % 5 ? (uintptr_t)&words[i]
								   : (uintptr_t)hole,
						  .size = 4,
						  .buffer = &copies[i]};
	}
	assert_int_equal(memory_read(&live.memory, ranges, COUNT), 0);
	for (uint32_t i = 0; i < COUNT; i++) {
		assert_int_equal(ranges[i].ok, i % 5 != 0);
		if (ranges[i].ok)
			assert_int_equal(copies[i], i * 3);
	}
	live_memory_close(&live);
	munmap(hole, 4096);
}

static void kernel_half(void **state)
{
	struct live_memory live;
	uint64_t word;

	(void)state;
	live_memory_open(&live, getpid(), getpid());
	assert_int_equal(memory_read_one(&live.memory, UINT64_C(0xffff800000001000), &word, 8),
			 -EFAULT);
	assert_int_equal(memory_read_one(&live.memory, UINT64_MAX - 3, &word, 8), -EFAULT);
	assert_int_equal(memory_read_one(&live.memory, 0, &word, 8), -EFAULT);
	live_memory_close(&live);
}

static void through_mem_file(void **state)
{
	struct live_memory live;
	uint32_t word = 0x12345678;
	uint32_t copy = 0;

	(void)state;
	live_memory_open(&live, getpid(), getpid());
	/* As after process_vm_readv was refused. */
	live.mem_fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	assert_true(live.mem_fd >= 0);
	assert_int_equal(memory_read_one(&live.memory, (uintptr_t)&word, &copy, 4), 0);
	assert_int_equal(copy, word);
	assert_int_equal(memory_read_one(&live.memory, UINT64_C(0xffff800000001000), &copy, 4),
			 -EFAULT);
	live_memory_close(&live);
	assert_int_equal(live.mem_fd, -1);
}

static void gone(void **state)
{
	struct live_memory live;
	uint32_t word;

	(void)state;
	live_memory_open(&live, 1 << 29, 1 << 29);
	assert_int_equal(memory_read_one(&live.memory, 0x1000, &word, 4), -ESRCH);
	live_memory_close(&live);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_ranges_do_not_spoil_good_ones),
		cmocka_unit_test(kernel_half),
		cmocka_unit_test(through_mem_file),
		cmocka_unit_test(gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
