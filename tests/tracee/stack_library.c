/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stack_library.h"

uint64_t library_table[8] = {2, 7, 1, 8, 2, 8, 1, 8};

uint64_t *library_counter(void)
{
	static uint64_t library_count[2];

	return library_count;
}

int library_call(int (*back)(void *), void *argument)
{
	volatile uint64_t room[4] = {library_table[1]};
	int result = back(argument);

	return result + (int)room[0];
}
