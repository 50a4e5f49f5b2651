/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "find_heads.h"

#include <errno.h>

struct head_source {
	enum list_kind kind;
	unsigned bits;
	int (*ask)(const struct kernel *kernel, pid_t tid, uint64_t *ret_head);
};

static const struct head_source sources[] = {
	{LIST_ROBUST, 8 * sizeof(void *), kernel_robust_head},
	{LIST_COMPAT, 32, kernel_compat_head},
};

_Static_assert(sizeof(sources) / sizeof(sources[0]) == HEADS_MAX, "a head for each source");

ssize_t find_heads(const struct kernel *kernel, pid_t tid, struct list ret_lists[HEADS_MAX])
{
	ssize_t count = 0;

	for (size_t i = 0; i < HEADS_MAX; i++) {
		uint64_t head = 0;
		int error = sources[i].ask(kernel, tid, &head);

		if (error == -ENOSYS)
			continue;
		if (error)
			return error;
		if (head)
			ret_lists[count++] = (struct list){
				.kind = sources[i].kind, .bits = sources[i].bits, .head = head};
	}
	return count;
}
