/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/list2.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

/* A kernel that answers LIST_LIMIT with more than that is none of ours. */
#define LISTS_SANE 1024

/* A command of no revision. */
#define COMMAND_UNKNOWN UINT32_C(0x7ffffff0)

/* No user address has these bits: what is left of them the kernel has not written. */
#define UNWRITTEN UINT64_C(0xffffffffffffffff)

/* All six registers are set, so that no call that we do not mean sees a left-over. */
static long call(long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	long result = syscall(number, a, b, c, d, UINT64_C(0), UINT64_C(0));

	return result < 0 ? -errno : result;
}

static long call_set(const struct revision *revision, long number, uint64_t head, uint64_t index,
		     uint32_t command)
{
	uint64_t arguments[REVISION_ARGS_MAX] = {0};

	arguments[revision->head_argument] = head;
	arguments[revision->index_argument] = index;
	if (revision->command_argument == REVISION_NONE)
		arguments[revision->flags_argument] = command;
	else
		arguments[revision->command_argument] = command;
	return call(number, arguments[0], arguments[1], arguments[2], arguments[3]);
}

static const char *taken_by(long number)
{
	struct utsname names;
	unsigned major;
	unsigned minor;

	if (uname(&names) < 0 || sscanf(names.release, "%u.%u", &major, &minor) != 2)
		return NULL;
	return revision_number_taken(number, major, minor);
}

/*
 * How a number is tried without harm, whatever call is there:
 *
 * A number that mainline gave to another call is not tried from that release on. What is there on
 * an older kernel, or at a number that mainline has not given away, gets only ones at first: bad
 * pointers, bad descriptors, unknown flags. Each revision answers EINVAL, because it looks at the
 * flags before all else. Should it be a mainline call all the same, in a kernel that took it over
 * early: listns (470) and file_getattr (468) only read, and fail at the pointers; open_tree_attr
 * (467) and setxattrat (463) fail at the path; rseq_slice_yield (471) has no arguments and gives
 * away the processor. 472, fchroot, is no revision's number.
 *
 * And all of this happens in a child that is made for it and holds nothing.
 *
 * The names in /proc/kallsyms would tell as well, but only root, and reading them takes longer than
 * all the rest of a look.
 */
enum list2_number list2_try_number(long number, const char **ret_taken_by)
{
	long result;

	*ret_taken_by = taken_by(number);
	if (*ret_taken_by)
		return LIST2_TAKEN;
	result = call(number, UNWRITTEN, UNWRITTEN, UNWRITTEN, UNWRITTEN);
	if (result == -ENOSYS)
		return LIST2_ABSENT;
	return result == -EINVAL ? LIST2_MAYBE : LIST2_OTHER;
}

static const struct revision_command *command_for(const struct revision *revision,
						  enum revision_action action, unsigned bits)
{
	for (size_t i = 0; i < revision->n_commands; i++) {
		const struct revision_command *command = &revision->commands[i];

		if (command->action == action && command->bits == bits)
			return command;
	}
	return NULL;
}

/*
 * The number of lists, or 0 when the call does not answer as this revision would. Head NULL and
 * index 0 make LIST_LIMIT of one revision at worst an empty list of another.
 */
static unsigned ask_limit(const struct revision *revision, long number)
{
	const struct revision_command *limit = command_for(revision, REVISION_LIST_LIMIT, 0);
	long lists;

	if (limit) {
		if (call_set(revision, number, 0, 0, COMMAND_UNKNOWN) != -EINVAL)
			return 0;
		lists = call_set(revision, number, 0, 0, limit->value);
		return lists > 0 && lists <= LISTS_SANE ? (unsigned)lists : 0;
	}
	/* v5: the last slot was never created, and there is none behind it. */
	if (call_set(revision, number, 0, revision->lists - 1, 0) != -ENOENT ||
	    call_set(revision, number, 0, revision->lists, 0) != -EINVAL)
		return 0;
	return revision->lists;
}

/* Registers a list; its index, or a negative errno. */
static long register_list(const struct list2_api *api, uint64_t head, unsigned bits)
{
	const struct revision *revision = api->revision;
	const struct revision_command *create = command_for(revision, REVISION_CREATE, bits);
	const struct revision_command *set = command_for(revision, REVISION_SET, bits);

	if (create)
		return call_set(revision, api->set_number, head, 0, create->value);
	if (revision->command_argument == REVISION_NONE)
		return call_set(revision, api->set_number, head, (uint64_t)REVISION_INDEX_CREATES,
				set->value);
	return call_set(revision, api->set_number, head, 0, set->value);
}

/*
 * Registers a list and asks for it. False: the call is another one. The slot gets NULL afterwards,
 * because the head does not exist, and the kernel would look for it when this process ends.
 */
static bool round_trip(struct list2_api *api, unsigned bits, unsigned *ret_width)
{
	const struct revision_command *set = command_for(api->revision, REVISION_SET, bits);
	/* Aligned for every revision; fits in both widths. */
	const uint64_t head = 0x12340;
	long index = register_list(api, head, bits);
	uint64_t got = UNWRITTEN;
	bool same = false;

	if (index < 0 || index >= (long)api->lists)
		return false;
	if (api->get_number != REVISION_NONE)
		same = call(api->get_number, 0, (uintptr_t)&got, (uint64_t)index, 0) == 0 &&
		       (uint32_t)got == head;
	call_set(api->revision, api->set_number, 0, (uint64_t)index, set->value);
	if (!same)
		api->get_number = REVISION_NONE;
	*ret_width = got >> 32 == UINT32_MAX ? 4 : 8;
	return true;
}

/* Whether the call at the number is set_robust_list2 of this revision. */
static bool speaks(const struct revision *revision, long number, struct list2_api *ret)
{
	const char *taken;
	unsigned width_64;
	unsigned width_32;

	if (list2_try_number(number, &taken) != LIST2_MAYBE)
		return false;
	*ret = (struct list2_api){.revision = revision,
				  .set_number = number,
				  .get_number = revision->get_number,
				  .lists = ask_limit(revision, number)};
	if (ret->get_number != REVISION_NONE &&
	    list2_try_number(ret->get_number, &taken) != LIST2_MAYBE)
		ret->get_number = REVISION_NONE;
	if (!ret->lists || !round_trip(ret, 64, &width_64) || !round_trip(ret, 32, &width_32))
		return false;
	ret->width_tells = ret->get_number != REVISION_NONE && width_64 == 8 && width_32 == 4;
	return true;
}

void list2_probe(struct list2_api *ret)
{
	for (size_t i = 0; revision_at(i); i++) {
		const struct revision *revision = revision_at(i);
		const long numbers[] = {revision->set_number, revision->set_number_older[0],
					revision->set_number_older[1]};

		for (size_t j = 0; j < sizeof(numbers) / sizeof(numbers[0]); j++)
			if (numbers[j] && speaks(revision, numbers[j], ret))
				return;
	}
	*ret = (struct list2_api){.set_number = REVISION_NONE, .get_number = REVISION_NONE};
}

int list2_head(const struct list2_api *api, pid_t tid, unsigned index, uint64_t *ret_head,
	       unsigned *ret_bits)
{
	/* 4 bytes are written for a 32-bit list: the others must not look like a part of it. */
	uint64_t got = UNWRITTEN;
	long result;
	bool narrow;

	if (!api->revision || api->get_number == REVISION_NONE)
		return -ENOSYS;
	result = call(api->get_number, (uint64_t)tid, (uintptr_t)&got, index, 0);
	if (result < 0)
		return (int)result;
	narrow = got >> 32 == UINT32_MAX;
	*ret_head = narrow ? (uint32_t)got : got;
	*ret_bits = narrow ? 32 : 64;
	if (!api->width_tells)
		*ret_bits = 0;
	return 0;
}
