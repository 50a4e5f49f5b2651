/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One consistent picture of robust futexes: the use case behind every command that looks.
 *
 * Nothing is stopped (unless may_stop), attached or changed. What cannot be looked at is in
 * `skipped` and the census; it never ends the look.
 */
#ifndef ROBTRACE_SNAPSHOT_H
#define ROBTRACE_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model.h"

/* A file as /proc/PID/maps names it (target/maps.h: maps_identify_file). */
struct file_id {
	uint32_t dev_major;
	uint32_t dev_minor;
	uint64_t inode;
};

/* find_heads.h */
struct emulated_heads;
struct live_watch;

/* What is the same in all looks; found out once, it saves each of many looks a child process. */
struct snapshot_base;

/* 0 or a negative errno. For one look at a time. */
int snapshot_base_new(struct snapshot_base **ret);
void snapshot_base_free(struct snapshot_base *base);

struct snapshot_request {
	const struct snapshot_base *base; /* NULL: found out for this look alone */
	/* Processes by number; n_pids 0: all of them, or those that map one of the files. */
	const pid_t *pids;
	size_t n_pids;
	/* n_files > 0: only processes that map one of these, and only locks in them. */
	const struct file_id *files;
	size_t n_files;
	/* Lists that are emulated are looked at like those of the kernel; NULL: there are none. */
	const struct emulated_heads *emulated;
	bool may_stop;
	/* Stacks of owners and waiters, and source lines; frames of each at most, 0: no stacks. */
	size_t stack_depth;
	/* n_stack_tids > 0: of these threads only. */
	const pid_t *stack_tids;
	size_t n_stack_tids;
	bool source_lines;
	/*
	 * We trace some of them: such a thread stands still for a moment and counts as running, but
	 * for these, which job control has stopped.
	 */
	bool tracing;
	const pid_t *stopped_tids;
	size_t n_stopped_tids;
	/* These are not looked at, whoever asks for them: their memory does not answer. */
	const pid_t *left_out;
	size_t n_left_out;
	struct live_watch *watch; /* which read is under way (target/live.h); may be NULL */
};

/* 0, or -ENOMEM or what /proc says when nothing at all works. Free with snapshot_free. */
int snapshot_take(const struct snapshot_request *request, struct snapshot *ret);
void snapshot_free(struct snapshot *snapshot);

#endif
