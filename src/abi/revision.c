/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "abi/revision.h"

#include <errno.h>
#include <string.h>

#define COMMAND(name) "FUTEX_ROBUST_LIST_CMD_" name

#define IGNORED REVISION_INDEX_IGNORED
#define ZERO REVISION_INDEX_ZERO
#define IN_RANGE REVISION_INDEX_IN_RANGE

/* ROBUST_LIST_LIMIT of linux/futex.h */
#define ELEMENT_LIMIT 2048

static const struct revision revisions[] = {
	{
		.name = "lpc2025",
		.set_number = 470,
		.get_number = 471,
		.head_argument = 0,
		.index_argument = 1,
		.command_argument = 2,
		.flags_argument = 3,
		.arguments = 4,
		.lists = 11,
		.commands = {{0, COMMAND("CREATE_LIST_64"), REVISION_CREATE, 64, IN_RANGE, false},
			     {1, COMMAND("CREATE_LIST_32"), REVISION_CREATE, 32, IN_RANGE, false},
			     {2, COMMAND("SET_LIST_64"), REVISION_SET, 64, IN_RANGE, true},
			     {3, COMMAND("SET_LIST_32"), REVISION_SET, 32, IN_RANGE, true},
			     {4, COMMAND("LIST_LIMIT"), REVISION_LIST_LIMIT, 0, IGNORED, false}},
		.n_commands = 5,
		.legacy_apart = true,
		.alignment_64 = 8,
		.alignment_32 = 4,
		.full_error = ENOSPC,
		.element_limit = ELEMENT_LIMIT,
	},
	{
		.name = "steamos",
		.set_number = 473,
		.get_number = 474,
		.head_argument = 0,
		.index_argument = 2,
		.command_argument = 1,
		.flags_argument = 3,
		.arguments = 4,
		.lists = 8,
		.commands = {{0, COMMAND("CREATE_64"), REVISION_CREATE, 64, ZERO, false},
			     {1, COMMAND("CREATE_32"), REVISION_CREATE, 32, ZERO, false},
			     {2, COMMAND("MODIFY_64"), REVISION_SET, 64, IN_RANGE, true},
			     {3, COMMAND("MODIFY_32"), REVISION_SET, 32, IN_RANGE, false},
			     {4, COMMAND("LIST_LIMIT"), REVISION_LIST_LIMIT, 0, IGNORED, false}},
		.n_commands = 5,
		.legacy_apart = true,
		.set_wants_created = true,
		.refuses_64_from_32 = true,
		.alignment_64 = 8,
		.alignment_32 = 4,
		.full_error = ENOSPC,
		.create_error_shift = -2,
		.element_limit = ELEMENT_LIMIT,
	},
	{
		.name = "v6",
		.set_number = 470,
		.get_number = 471,
		.head_argument = 0,
		.index_argument = 1,
		.command_argument = 2,
		.flags_argument = 3,
		.arguments = 4,
		.lists = 8,
		.commands = {{0, COMMAND("SET_64"), REVISION_SET, 64, IN_RANGE, false},
			     {1, COMMAND("SET_32"), REVISION_SET, 32, IN_RANGE, false},
			     {2, COMMAND("LIST_LIMIT"), REVISION_LIST_LIMIT, 0, IN_RANGE, false}},
		.n_commands = 3,
		.legacy_apart = true,
		.refuses_64_from_32 = true,
		.alignment_64 = 8,
		.alignment_32 = 4,
		.element_limit = ELEMENT_LIMIT,
	},
	{
		.name = "v5",
		.set_number = 468,
		.get_number = REVISION_NONE,
		.set_number_older = {467, 463},
		.head_argument = 0,
		.index_argument = 1,
		.command_argument = REVISION_NONE,
		.flags_argument = 2,
		.arguments = 3,
		.lists = 10,
		.commands = {{0, "ROBUST_LIST_32BIT", REVISION_SET, 32, IN_RANGE, false},
			     {1, "ROBUST_LIST_64BIT", REVISION_SET, 64, IN_RANGE, false}},
		.n_commands = 2,
		.set_wants_created = true,
		.alignment_64 = 4,
		.alignment_32 = 4,
		.full_error = EINVAL,
		.walk_destroys = true,
	},
};

#define N_REVISIONS (sizeof(revisions) / sizeof(revisions[0]))

/*
 * Sources: syscall_64.tbl and scripts/syscall.tbl of the releases. The release that brought fchroot
 * is not known here, so all from 7.0 on are taken to have it.
 */
static const struct taken_number {
	long number;
	const char *name;
	unsigned since_major;
	unsigned since_minor;
} taken_numbers[] = {
	{463, "setxattrat", 6, 13},   {467, "open_tree_attr", 6, 15},
	{468, "file_getattr", 6, 17}, {469, "file_setattr", 6, 17},
	{470, "listns", 6, 19},       {471, "rseq_slice_yield", 7, 0},
	{472, "fchroot", 7, 0},
};

const struct revision *revision_at(size_t index)
{
	return index < N_REVISIONS ? &revisions[index] : NULL;
}

const struct revision *revision_find(const char *name)
{
	for (size_t i = 0; i < N_REVISIONS; i++)
		if (strcmp(revisions[i].name, name) == 0)
			return &revisions[i];
	return NULL;
}

/* An argument as an unsigned int, which is what all but the head and v5's index are. */
static uint32_t narrow(const uint64_t *arguments, int position)
{
	return position == REVISION_NONE ? 0 : (uint32_t)arguments[position];
}

static const struct revision_command *command_of(const struct revision *revision, uint32_t value)
{
	for (size_t i = 0; i < revision->n_commands; i++)
		if (revision->commands[i].value == value)
			return &revision->commands[i];
	return NULL;
}

struct revision_request revision_read(const struct revision *revision, const uint64_t *arguments,
				      unsigned caller_bits)
{
	bool by_index = revision->command_argument == REVISION_NONE;
	uint32_t index = narrow(arguments, revision->index_argument);
	uint64_t head = arguments[revision->head_argument];
	struct revision_request request = {
		.head = caller_bits == 32 ? (uint32_t)head : head,
		.index = by_index ? (int64_t)(int32_t)index : (int64_t)index,
		.flags = narrow(arguments, revision->flags_argument),
	};

	request.command = command_of(
		revision, by_index ? request.flags : narrow(arguments, revision->command_argument));
	if (!request.command)
		return request;
	request.bits = request.command->bits;
	request.action = request.command->action;
	if (by_index && request.index == REVISION_INDEX_CREATES)
		request.action = REVISION_CREATE;
	return request;
}

static bool index_fits(const struct revision *revision, const struct revision_request *request)
{
	bool by_index = revision->command_argument == REVISION_NONE;

	switch (request->command->index) {
	case REVISION_INDEX_IGNORED:
		return true;
	case REVISION_INDEX_ZERO:
		return request->index == 0;
	case REVISION_INDEX_IN_RANGE:
		break;
	}
	if (by_index && request->action == REVISION_CREATE)
		return true;
	return request->index >= 0 && request->index < revision->lists;
}

int revision_check(const struct revision *revision, const struct revision_request *request,
		   unsigned caller_bits)
{
	bool has_command = revision->command_argument != REVISION_NONE;
	unsigned alignment = request->bits == 64 ? revision->alignment_64 : revision->alignment_32;

	if (has_command && request->flags)
		return -EINVAL;
	if (!request->command || !index_fits(revision, request))
		return -EINVAL;
	if (request->action == REVISION_LIST_LIMIT)
		return 0;
	if (request->bits == 64 && caller_bits == 32 && revision->refuses_64_from_32)
		return -EOPNOTSUPP;
	return request->head % alignment == 0 ? 0 : -EINVAL;
}

const char *revision_number_taken(long number, unsigned release_major, unsigned release_minor)
{
	for (size_t i = 0; i < sizeof(taken_numbers) / sizeof(taken_numbers[0]); i++) {
		const struct taken_number *row = &taken_numbers[i];

		if (row->number == number &&
		    (release_major > row->since_major ||
		     (release_major == row->since_major && release_minor >= row->since_minor)))
			return row->name;
	}
	return NULL;
}
