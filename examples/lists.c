/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Creates lists, sets one anew, gives one back, and asks for all of them.
 *
 * usage: lists
 * Prints one line a list, and ends. Status 1: the kernel refused something.
 */
#include "robust_list2.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

static int refused(const char *what)
{
	fprintf(stderr, "lists: %s: %s\n", what, strerror(errno));
	return 1;
}

int main(void)
{
	/* Below 4 GiB: one of these heads is for a 32-bit list. */
	struct robust_list2_head_64 *heads = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
						  MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	struct robust_list2_head_32 *narrow = (void *)&heads[3];
	int limit = robust_list2_limit();
	int second;

	if (heads == MAP_FAILED)
		return refused("memory");
	if (limit < 0)
		return refused("LIST_LIMIT");
	printf("%d lists\n", limit);
	for (int i = 0; i < 3; i++)
		robust_list2_init_64(&heads[i], 8);
	robust_list2_init_32(narrow, 8);
	if (robust_list2_create_64(&heads[0]) < 0)
		return refused("CREATE_LIST_64");
	second = robust_list2_create_64(&heads[1]);
	if (second < 0 || robust_list2_create_32(narrow) < 0)
		return refused("CREATE_LIST");
	if (robust_list2_set_64(0, &heads[2]) < 0)
		return refused("SET_LIST_64");
	if (robust_list2_set_64((unsigned int)second, NULL) < 0)
		return refused("SET_LIST_64 with NULL");
	for (int i = 0; i < limit; i++) {
		uint64_t head;
		int bits;

		if (robust_list2_get(0, (unsigned int)i, &head, &bits) < 0)
			return refused("get_robust_list2");
		if (head)
			printf("#%d: %d-bit, head 0x%" PRIx64 "\n", i, bits, head);
	}
	return 0;
}
