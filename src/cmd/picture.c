/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/picture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cmd/complain.h"
#include "cmd/patience.h"
#include "snapshot.h"
#include "target/emulator.h"
#include "target/maps.h"

static const char *file_trouble(int error)
{
	switch (error) {
	case -EISDIR:
		return "is a directory; name the file that holds the locks";
	case -EINVAL:
		return "is nothing that can be mapped";
	default:
		return strerror(-error);
	}
}

/* Whoever gives a number and no such file is there meant a process. */
static bool is_number(const char *text)
{
	return *text && text[strspn(text, "0123456789")] == '\0';
}

static void complain_file(const char *file, int error)
{
	if (error == -ENOENT && is_number(file))
		complain("%s: no such file; a process is chosen by -p %s", file, file);
	else
		complain("%s: %s", file, file_trouble(error));
}

/* The files that could be identified; each other one is told where `tell`. */
static int identify_files(const struct options *options, bool tell, struct file_id **ret_files,
			  size_t *ret_count)
{
	struct file_id *files = calloc(options->n_files + 1, sizeof(*files));
	size_t count = 0;

	if (!files)
		return -ENOMEM;
	for (size_t i = 0; i < options->n_files; i++) {
		struct map map;
		int error = maps_identify_file(options->files[i], &map);

		if (error && tell)
			complain_file(options->files[i], error);
		if (!error)
			files[count++] = (struct file_id){.dev_major = map.dev_major,
							  .dev_minor = map.dev_minor,
							  .inode = map.inode};
	}
	*ret_files = files;
	*ret_count = count;
	return 0;
}

/* What stands on a list that only its tracer knows looks like a lock on no list. */
static void tell_emulated(const struct options *options)
{
	for (size_t i = 0; i < options->n_pids; i++) {
		pid_t emulator = emulator_of(options->pids[i]);

		if (emulator)
			complain("%d: robtrace %d emulates set_robust_list2 for it, and knows "
				 "these lists alone: kill -USR1 %d shows them in its log",
				 options->pids[i], emulator, emulator);
	}
}

/* Tells what was refused. With -a only the closing line counts it: that is no surprise. */
static void tell_skipped(const struct snapshot *snapshot, const struct options *options)
{
	for (size_t i = 0; i < snapshot->n_skipped && options->n_pids; i++)
		complain("%d: %s", snapshot->skipped[i].pid, snapshot->skipped[i].why);
	if (snapshot->census.unseen_lists)
		complain("this kernel has set_robust_list2, but no call to ask for the lists of "
			 "others: they are not seen (see robtrace probe)");
	if (options->n_pids && snapshot->n_skipped && snapshot->census.processes)
		complain("%zu of %zu processes could not be looked at", snapshot->n_skipped,
			 options->n_pids);
	tell_emulated(options);
}

static void tell_nothing(const struct snapshot *snapshot, const struct options *options)
{
	const char *which = options->n_files == 1 ? "it" : "this or the other files";

	if (options->n_files && !snapshot->n_skipped)
		complain("%s: no process that we may look at maps %s", options->files[0], which);
	else if (options->n_files)
		complain(
			"%s: no process that we may look at maps %s; not looked at: %zu, the first "
			"of them %d: %s",
			options->files[0], which, snapshot->n_skipped, snapshot->skipped[0].pid,
			snapshot->skipped[0].why);
	else if (options->all && !snapshot->n_skipped)
		complain("there is no other process here; those outside of this PID namespace "
			 "cannot be seen");
	else if (options->all)
		complain("no process could be looked at; not permitted: %zu, the first of them %d: "
			 "%s",
			 snapshot->n_skipped, snapshot->skipped[0].pid, snapshot->skipped[0].why);
}

static bool was_asked_for(const struct options *options, pid_t pid)
{
	for (size_t i = 0; i < options->n_pids; i++)
		if (options->pids[i] == pid)
			return true;
	return false;
}

/* Leaves out what does not answer, and says so; who was asked for is named with all that was refused. */
static int take_patiently(struct patience *patience, const struct options *options,
			  const struct snapshot_request *request, struct snapshot *ret)
{
	int error;

	while ((error = patience_take(patience, request, ret)) == -ETIMEDOUT) {
		pid_t pid = patience->pids[patience->n - 1];

		if (!was_asked_for(options, pid))
			complain("%d: its memory does not answer: a file system that hangs, or "
				 "userfaultfd(2); it is left out",
				 pid);
	}
	return error;
}

int take_picture(const struct options *options, struct patience *patience, bool tell,
		 struct snapshot *ret)
{
	cleanup_free struct file_id *files = NULL;
	struct snapshot_request request = {.pids = options->pids,
					   .n_pids = options->n_pids,
					   .may_stop = options->stop,
					   .stack_depth = options->stacks ? options->stack_depth
									  : 0,
					   .source_lines = options->stacks > 1};
	int error = identify_files(options, true, &files, &request.n_files);

	if (!error && options->n_files && !request.n_files)
		return -1;
	request.files = files;
	if (!error)
		error = take_patiently(patience, options, &request, ret);
	if (error == -ENOMEM)
		complain_memory();
	else if (error == -EBUSY)
		complain("the memory of more than %d processes does not answer", PATIENCE_MAX);
	else if (error)
		complain("cannot look at processes: /proc: %s", strerror(-error));
	if (error)
		return -1;
	if (tell)
		tell_skipped(ret, options);
	if (tell && !ret->census.processes)
		tell_nothing(ret, options);
	return 0;
}

int take_picture_quietly(const struct options *options, struct patience *patience,
			 const struct snapshot_base *base, const struct tui_wish *wish,
			 struct snapshot *ret, const char **ret_why)
{
	cleanup_free struct file_id *files = NULL;
	struct snapshot_request request = {.base = base,
					   .pids = options->pids,
					   .n_pids = options->n_pids,
					   .may_stop = options->stop,
					   .stack_depth = wish->n_stack_tids ? options->stack_depth
									     : 0,
					   .stack_tids = wish->stack_tids,
					   .n_stack_tids = wish->n_stack_tids};
	int error = identify_files(options, false, &files, &request.n_files);

	if (!error && options->n_files && !request.n_files) {
		*ret_why = "none of the files is there";
		return -ENOENT;
	}
	request.files = files;
	if (!error)
		error = patience_take(patience, &request, ret);
	if (error == -ETIMEDOUT || error == -EBUSY)
		*ret_why = "the memory of a process does not answer";
	else if (error)
		*ret_why = error == -ENOMEM ? "out of memory" : "/proc cannot be read";
	return error;
}
