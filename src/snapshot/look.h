/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A snapshot in the making: what the parts of src/snapshot/ share. */
#ifndef ROBTRACE_SNAPSHOT_LOOK_H
#define ROBTRACE_SNAPSHOT_LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "model.h"
#include "place.h"
#include "snapshot.h"
#include "snapshot/idle.h"
#include "target/kernel.h"
#include "target/live.h"
#include "target/maps.h"

/* One process that is looked at. */
struct look_process {
	pid_t pid;
	pid_t tid;    /* a living thread, through which memory and maps are read */
	pid_t mm;     /* the first process with the same memory: itself, nearly always */
	int tasks_fd; /* /proc/PID/task, or -1 */
	bool selected;
	bool foreign_ns; /* its TIDs are not ours */
	uint64_t pid_namespace;
	unsigned bits; /* of its program */
	struct live_memory live;
	struct maps maps;
	struct idle_process *idle; /* while it is looked at first; NULL: it is asked everything */
	struct task *tasks;        /* in the arena; until look_join_tasks */
	size_t n_tasks;
	size_t first_task; /* into look.tasks */
	/* Of its program: equal for forks and for processes that share their memory. */
	uint64_t start_code;
	uint64_t start_stack;
};

/* One sight of a futex. */
struct occurrence {
	struct futex_key key;
	size_t process;
	size_t task;             /* into look.tasks; SIZE_MAX: seen on no list */
	const struct list *list; /* NULL: seen on no list */
	unsigned bits;
	enum lock_sort sort;
	struct futex *futex; /* in a list, or of a home; of a hint: the word that it amounts to */
	const char *name;    /* of a known home */
};

/* Which sights belong to out->locks[i]. */
struct lock_sights {
	size_t first; /* into look.occurrences: the best sight of the lock */
	size_t count;
};

struct look {
	const struct snapshot_request *request;
	struct kernel kernel;
	struct idle *idle; /* NULL: every look begins anew */
	struct snapshot *out;
	struct look_process *processes; /* ascending by pid, after look_join_tasks */
	size_t n_processes;
	size_t processes_capacity;
	struct occurrence *occurrences; /* ascending by key; of equal ones the best first */
	size_t n_occurrences;
	size_t occurrences_capacity;
	struct lock_sights *sights; /* beside out->locks */
	size_t n_skipped_capacity;
};

/* look.c: what all parts need. */

/* The process whose task this is. */
struct look_process *look_process_of(struct look *look, size_t task);
int look_add_occurrence(struct look *look, const struct occurrence *occurrence);
/* Whether the task (into out->tasks) waits for the lock. */
bool look_waits_for(const struct look *look, size_t task, size_t lock);

/* select.c: which processes. */

/* Adds the processes that were asked for. 0 or a negative errno. */
int look_select(struct look *look);
/* Adds processes that were not asked for but map a file in which `wanted` has a futex. */
int look_add_neighbours(struct look *look, const struct file_id *wanted, size_t count);
/* Whether one of the files is mapped. */
bool look_maps_file(const struct maps *maps, const struct file_id *files, size_t count);
/* Notes what is not looked at. */
int look_skip(struct look *look, pid_t pid, enum skip_reason reason, int error);

/* process.c: one process. */

/* Fills maps, tasks, lists and waits. 1: looked at; 0: skipped and noted; negative errno. */
int look_at_process(struct look *look, struct look_process *process);
/* Reads the lists of one task again. 0, -ESRCH, or another negative errno. */
int look_again_at_lists(struct look *look, struct look_process *process, struct task *task);
/* Reads again what the task waits for. As above. */
int look_again_at_waits(struct look *look, struct look_process *process, struct task *task);
/* Sets the call that out->tasks[index] sleeps in. 0 or -ENOMEM. */
int look_at_call(struct look *look, size_t index);
void look_process_release(struct look_process *process);

/* locks.c: from sights to locks. */

/* Sorts processes and makes out->tasks of their tasks. */
int look_join_tasks(struct look *look);
/* Makes out->locks anew, with owners, waiters and states. */
int look_build_locks(struct look *look);
/* The lock under this key, or LOCK_NONE. */
size_t look_find_lock(const struct look *look, const struct futex_key *key);

/* homes.c: locks in known files, also those on no list. */
int look_scan_homes(struct look *look);

/* waited.c: locks that only their waiters show. */
int look_scan_waits(struct look *look);
/* Whom the lock at that address names now; 0: nobody, or it is no lock that has an owner. */
uint32_t look_named_by(struct look_process *process, const struct wait *wait,
		       const struct lock *lock);

/* owners.c: who has it. */

/* Sets owner, owner_tid and dead_tid of every lock; *ret_orphan[i]: the word names nobody. */
void look_find_owners(struct look *look, bool *ret_orphan);
/* Files in which a process that we did not look at may own or wait. Malloced. */
int look_open_questions(struct look *look, struct file_id **ret_files, size_t *ret_count);

/* recheck.c: looks again at what contradicts itself. *ret_changed: build the locks anew. */
int look_recheck(struct look *look, bool *ret_changed);

/* pending.c: whether what a list_op_pending in the window or a stale one shows is there to stay. */
int look_at_pending(struct look *look);

/* symbolise.c: names of locks that are variables, and the stacks that were asked for. */
int look_symbolise(struct look *look);

/* confirm.c: keeps those of out->cycles that are there at one moment. */
int look_confirm_cycles(struct look *look);

#endif
