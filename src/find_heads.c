/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "find_heads.h"

#include <errno.h>

#include "list_shape.h"

/* What a source says of one list. */
struct answer {
	uint64_t head;
	unsigned bits; /* 0: it does not tell */
};

struct head_source {
	enum list_kind kind;
	enum bits_source bits_from;
	unsigned (*count)(const struct kernel *kernel);
	int (*ask)(const struct kernel *kernel, pid_t tid, unsigned index, struct answer *ret);
};

static unsigned one(const struct kernel *kernel)
{
	(void)kernel;
	return 1;
}

static int ask_robust(const struct kernel *kernel, pid_t tid, unsigned index, struct answer *ret)
{
	(void)index;
	ret->bits = 8 * sizeof(void *);
	return kernel_robust_head(kernel, tid, &ret->head);
}

static int ask_compat(const struct kernel *kernel, pid_t tid, unsigned index, struct answer *ret)
{
	(void)index;
	ret->bits = 32;
	return kernel_compat_head(kernel, tid, &ret->head);
}

static unsigned count_list2(const struct kernel *kernel)
{
	const struct list2_api *api = &kernel->list2;

	if (!api->revision || api->get_number == REVISION_NONE)
		return 0;
	return api->lists < HEADS_LIST2_MAX ? api->lists : HEADS_LIST2_MAX;
}

static int ask_list2(const struct kernel *kernel, pid_t tid, unsigned index, struct answer *ret)
{
	return list2_head(&kernel->list2, tid, index, &ret->head, &ret->bits);
}

static const struct head_source sources[] = {
	{LIST_ROBUST, BITS_BY_CALL, one, ask_robust},
	{LIST_COMPAT, BITS_BY_CALL, one, ask_compat},
	{LIST_LIST2, BITS_BY_WIDTH, count_list2, ask_list2},
};

ssize_t find_heads(const struct kernel *kernel, const struct emulated_heads *emulated,
		   struct memory *memory, pid_t tid, struct list ret_lists[HEADS_MAX])
{
	ssize_t count = 0;

	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		const struct head_source *source = &sources[i];
		unsigned lists = source->count(kernel);

		for (unsigned index = 0; index < lists; index++) {
			struct answer answer = {0};
			int error = source->ask(kernel, tid, index, &answer);
			struct list *list = &ret_lists[count];

			if (error == -ENOSYS)
				break;
			if (error)
				return error;
			if (!answer.head)
				continue;
			*list = (struct list){.kind = source->kind,
					      .index = source->kind == LIST_LIST2 ? index : 0,
					      .bits = answer.bits,
					      .bits_from = source->bits_from,
					      .head = answer.head};
			if (!list->bits) {
				list->bits = list_shape_bits(memory, list->head);
				list->bits_from = BITS_BY_SHAPE;
			}
			count++;
		}
	}
	if (emulated)
		count += (ssize_t)emulated->ask(emulated->context, tid, &ret_lists[count]);
	return count;
}
