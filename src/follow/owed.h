/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Words of a dying task's emulated lists that a kernel with the new API would mark, and who marks
 * them in its place.
 *
 * Source: exit_robust_list of kernel/futex/core.c, for each list in the order of the indexes.
 */
#ifndef ROBTRACE_FOLLOW_OWED_H
#define ROBTRACE_FOLLOW_OWED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "follow/session.h"
#include "target/mark.h"

/* A file, or shared memory, in which words lie. */
struct owed_file {
	uint32_t dev_major;
	uint32_t dev_minor;
	uint64_t inode;
	int fd; /* for reading and writing, or -1: we may not */
};

struct owed_word {
	unsigned index; /* of its list */
	target_addr address;
	struct mark mark;
	bool shared;
	size_t file;     /* shared: of owed.files */
	uint64_t offset; /* in it */
	bool done;
};

struct owed {
	struct owed *next;
	pid_t tid;
	pid_t pid; /* whose memory it is; 0: of nobody any more */
	pid_t ns_tid;
	struct owed_word *words;
	size_t count;
	size_t capacity;
	struct owed_file *files;
	size_t n_files;
	size_t files_capacity;
	bool holding;
	struct engine_stop held; /* stop of the dying task */
	uint64_t hold_until_ns;
	pid_t asked; /* who was asked to do it; 0: nobody yet */
};

/*
 * All words of all emulated lists of a task, read through a stopped task of the same memory: as a
 * rule itself. NULL in *ret: there are none. 0 or -ENOMEM.
 */
int owed_gather(struct follow *follow, struct engine_task *task, pid_t reader, struct owed **ret);

/* Marks what we can reach ourselves. The number of words that are left. */
size_t owed_mark_shared(struct owed *owed);

/* Address of a word in a memory that has those maps; 0: it is not in there. */
target_addr owed_address_in(const struct owed *owed, const struct owed_word *word,
			    const struct maps *maps);

/* owed_choose.c: who does it. */

bool owed_same_memory(const struct owed *owed, const struct engine_task *task);

/* Where the task has a word that is still to be marked; 0: it cannot reach it. */
target_addr owed_reach(const struct owed *owed, const struct owed_word *word, bool same,
		       const struct maps *maps);

/*
 * A task's maps, read after begin_ns, in which words that it shares can be found; NULL: there are
 * no such words.
 */
const struct maps *owed_maps_for(struct follow *follow, const struct owed *owed,
				 struct engine_task *task, uint64_t begin_ns);

/*
 * Chooses who is asked to do the job: owed->asked, 0: nobody can. True: it can come while the dying
 * one stands still.
 */
bool owed_choose(struct follow *follow, struct owed *owed);

#endif
