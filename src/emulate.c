/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emulate.h"

#include <errno.h>

static int64_t create(const struct revision *revision, struct emulated_lists *lists,
		      const struct revision_request *request)
{
	for (unsigned i = 0; i < revision->lists; i++) {
		if (lists->slots[i].used)
			continue;
		lists->slots[i] = (struct emulated_list){true, request->head, request->bits, false};
		return i;
	}
	return -revision->full_error + revision->create_error_shift;
}

static int64_t set(const struct revision *revision, struct emulated_lists *lists,
		   const struct revision_request *request)
{
	struct emulated_list *slot = &lists->slots[request->index];

	if (revision->set_wants_created && !slot->used)
		return -ENOENT;
	if (!request->head && request->command->null_frees)
		*slot = (struct emulated_list){0};
	else
		*slot = (struct emulated_list){true, request->head, request->bits, false};
	/* Where no command creates, the index is what a program knows the list by. */
	return revision->command_argument == REVISION_NONE ? request->index : 0;
}

int64_t emulate_set(const struct revision *revision, struct emulated_lists *lists,
		    const uint64_t args[REVISION_ARGS_MAX], unsigned caller_bits)
{
	struct revision_request request = revision_read(revision, args, caller_bits);
	int error = revision_check(revision, &request, caller_bits);

	if (error)
		return error;
	switch (request.action) {
	case REVISION_CREATE:
		return create(revision, lists, &request);
	case REVISION_SET:
		return set(revision, lists, &request);
	case REVISION_LIST_LIMIT:
		break;
	}
	return revision->lists;
}

void emulate_set_legacy(const struct revision *revision, struct emulated_lists *lists,
			uint64_t head, unsigned caller_bits)
{
	struct emulated_list *slot = NULL;

	if (revision->legacy_apart)
		return;
	for (unsigned i = revision->lists; i--;) {
		struct emulated_list *other = &lists->slots[i];

		/* The one of before, else the first that is free. */
		if (other->legacy && other->bits == caller_bits) {
			slot = other;
			break;
		}
		if (!other->used)
			slot = other;
	}
	if (slot)
		*slot = (struct emulated_list){true, head, caller_bits, true};
}

bool emulate_is_ours(const struct emulated_list *list)
{
	return list->head && !list->legacy;
}

int emulate_get(const struct revision *revision, const struct emulated_lists *lists, uint32_t index,
		uint32_t flags, struct emulated_list *ret)
{
	if (flags || index >= revision->lists)
		return -EINVAL;
	*ret = lists->slots[index];
	return 0;
}
