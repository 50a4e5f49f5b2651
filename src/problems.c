/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "problems.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/futex_word.h"
#include "names.h"
#include "problems_build.h"

/* Names of waiters that one sentence spells out. */
#define WAITERS_NAMED 4
/* Room for the numbers of stopped processes. */
#define STOPPED_MAX 256

/* Worst first: ranks of kinds for locks that somebody waits for; others come behind. */
#define RANK_NOBODY_WAITS 10u

/* "4254 mdb_load, 4255 mdb_copy and 3 more" */
static void name_waiters(const struct snapshot *snapshot, const struct lock *lock, char *text)
{
	char label[LABEL_MAX];

	for (size_t i = 0; i < lock->n_waiters && i < WAITERS_NAMED; i++) {
		problems_append(text, i ? ", " : "");
		name_task(&snapshot->tasks[lock->waiters[i].task], label);
		problems_append(text, label);
	}
	if (lock->n_waiters > WAITERS_NAMED) {
		snprintf(label, sizeof(label), " and %zu more", lock->n_waiters - WAITERS_NAMED);
		problems_append(text, label);
	}
}

/* "; 81 worker waits for it" */
static void append_waiters(const struct snapshot *snapshot, const struct lock *lock, char *text,
			   const char *one, const char *many)
{
	if (!lock->n_waiters)
		return;
	problems_append(text, "; ");
	name_waiters(snapshot, lock, text);
	problems_append(text, lock->n_waiters == 1 ? one : many);
}

static bool is_stopped(const struct task *task)
{
	return task->state == 'T';
}

/* " 81 82": the processes of waiters that are stopped, for kill. How many waiters are. */
static size_t name_stopped_waiters(const struct snapshot *snapshot, const struct lock *lock,
				   char ret[STOPPED_MAX])
{
	pid_t last = 0;
	size_t used = 0;
	size_t count = 0;

	ret[0] = '\0';
	for (size_t i = 0; i < lock->n_waiters; i++) {
		const struct task *task = &snapshot->tasks[lock->waiters[i].task];

		if (!is_stopped(task))
			continue;
		count++;
		/* Threads of a process stop and go on together, and stand side by side here. */
		if (task->pid != last && used < STOPPED_MAX - 16)
			used += (size_t)snprintf(ret + used, STOPPED_MAX - used, " %d", task->pid);
		last = task->pid;
	}
	return count;
}

static void tell_dead_owner(struct snapshot *snapshot, const struct lock *lock,
			    struct problem *problem, char *text)
{
	char died[64] = ": its owner";
	char pids[STOPPED_MAX];

	if (lock->dead_tid)
		snprintf(died, sizeof(died), ": thread %d", lock->dead_tid);
	problems_append(text, died);
	problems_append(text, " died holding it and nobody has recovered it yet");
	if (name_stopped_waiters(snapshot, lock, pids) == lock->n_waiters)
		append_waiters(snapshot, lock, text, " waits for it, but is stopped",
			       " wait for it, but are stopped");
	else
		append_waiters(snapshot, lock, text, " still sleeps and was not woken",
			       " still sleep and were not woken");
	problem->next =
		"the next thread that locks it gets EOWNERDEAD and recovers it (LMDB, tdb and "
		"Samba do so by themselves); nothing needs to be killed";
	/* The kernel has woken one of them, who cannot run. */
	if (pids[0])
		problem->next = arena_printf(
			&snapshot->arena,
			"continue who is stopped (kill -CONT%s): the one that was woken "
			"gets EOWNERDEAD, recovers it and passes it on",
			pids);
	else if (lock->n_waiters)
		problem->next = "let any thread or program lock it: it gets EOWNERDEAD, recovers "
				"and passes it on; without that the waiters sleep for ever";
}

static void tell_orphan(struct snapshot *snapshot, const struct lock *lock, struct problem *problem,
			char *text)
{
	char names[128];

	snprintf(names, sizeof(names),
		 ": its word names thread %" PRIu32 ", which no longer has it, without "
		 "FUTEX_OWNER_DIED",
		 lock->word & WORD_TID_MASK);
	problems_append(text, names);
	append_waiters(snapshot, lock, text, " waits for it in vain", " wait for it in vain");
	problem->next =
		lock->place.shared
			? "nobody will release it: stop all programs that use it, then remove "
			  "or initialise the memory it lies in (an owner in a PID namespace "
			  "that we cannot see would look the same)"
			: "nobody will release it: restart the process";
}

static void tell_not_recoverable(struct snapshot *snapshot, const struct lock *lock,
				 struct problem *problem, char *text)
{
	problems_append(text, ": not recoverable: after EOWNERDEAD it was unlocked without "
			      "pthread_mutex_consistent, so every lock fails with ENOTRECOVERABLE");
	append_waiters(snapshot, lock, text, " waits for it", " wait for it");
	problem->next = "stop all programs that use it, then destroy and initialise it anew";
}

static void tell_stopped(struct snapshot *snapshot, const struct lock *lock,
			 struct problem *problem, char *text)
{
	const struct task *owner = &snapshot->tasks[lock->owner];
	char label[LABEL_MAX];

	name_task(owner, label);
	problems_append(text, ": its owner ");
	problems_append(text, label);
	problems_append(text, " ");
	name_doing(owner, label);
	problems_append(text, label);
	append_waiters(snapshot, lock, text, " waits for it", " wait for it");
	if (owner->state == 't')
		problem->next = "let the debugger continue it, or detach";
	else
		problem->next = arena_printf(
			&snapshot->arena,
			"continue it (kill -CONT %d), or end it: the next owner "
			"then gets EOWNERDEAD",
			owner->pid);
}

static bool waits_for_stopped(const struct snapshot *snapshot, const struct lock *lock)
{
	char state;

	if (lock->owner == SIZE_MAX || !lock->n_waiters)
		return false;
	state = snapshot->tasks[lock->owner].state;
	return state == 'T' || state == 't';
}

static int add_lock_problem(struct snapshot *snapshot, size_t index)
{
	static const struct {
		enum futex_state state;
		enum problem_kind kind;
		void (*tell)(struct snapshot *snapshot, const struct lock *lock,
			     struct problem *problem, char *text);
	} kinds[] = {
		{FUTEX_ORPHAN, PROBLEM_ORPHAN, tell_orphan},
		{FUTEX_OWNER_DIED, PROBLEM_OWNER_DEAD, tell_dead_owner},
		{FUTEX_NOT_RECOVERABLE, PROBLEM_NOT_RECOVERABLE, tell_not_recoverable},
		{FUTEX_HELD, PROBLEM_OWNER_STOPPED, tell_stopped},
	};
	const struct lock *lock = &snapshot->locks[index];
	char text[SENTENCE_MAX];

	/* Ordinary locks cannot be broken in these ways. */
	if (lock->sort != LOCK_ROBUST)
		return 0;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct problem *problem;

		if (lock->state != kinds[i].state)
			continue;
		if (kinds[i].kind == PROBLEM_OWNER_STOPPED && !waits_for_stopped(snapshot, lock))
			continue;
		problem = problems_add(snapshot, kinds[i].kind, lock->n_waiters + 2);
		if (!problem)
			return -ENOMEM;
		problem->lock = index;
		if (!lock->n_waiters)
			problem->rank += RANK_NOBODY_WAITS;
		if (lock->owner_tid)
			problem->tids[problem->n_tids++] = lock->owner_tid;
		if (lock->dead_tid)
			problem->tids[problem->n_tids++] = lock->dead_tid;
		for (size_t j = 0; j < lock->n_waiters; j++)
			problem->tids[problem->n_tids++] =
				snapshot->tasks[lock->waiters[j].task].tid;
		name_lock(lock, text);
		kinds[i].tell(snapshot, lock, problem, text);
		problem->text = arena_strdup(&snapshot->arena, text);
		return problem->text && problem->next ? 0 : -ENOMEM;
	}
	return 0;
}

static const char *cut_text(struct arena *arena, const struct list *list, const char *who,
			    const char *kind)
{
	if (!list->head_ok)
		return arena_printf(arena,
				    "%s: the head of its %s list, 0x%" PRIx64
				    ", cannot be read: when "
				    "it ends the kernel releases none of its locks",
				    who, kind, list->head);
	return arena_printf(
		arena,
		"%s: its %s list is cut behind %zu %s, at entry 0x%" PRIx64 " (%s): when "
		"it ends the kernel stops there and the locks behind stay locked for ever",
		who, kind, list->n_reached, list->n_reached == 1 ? "entry" : "entries",
		list->end_at, list->read_only ? "memory that cannot be written" : "not readable");
}

static const char *long_text(struct arena *arena, const struct list *list, const char *who,
			     const char *kind)
{
	/* Counting was given up at a bound, or the list was followed to its end. */
	const char *least = list->end_at ? "at least " : "";

	return arena_printf(arena,
			    "%s: holds %s%zu locks on its %s list; the kernel releases %d when it "
			    "ends: %s%zu would stay locked for ever",
			    who, least, list->n_seen, kind, ROBUST_LIST_LIMIT, least,
			    list->n_seen - ROBUST_LIST_LIMIT);
}

/* Text and next step of a list that ended badly; the kind of problem, or -1. */
static int judge_list(struct snapshot *snapshot, const struct task *task, const struct list *list,
		      const char **ret_text, const char **ret_next)
{
	struct arena *arena = &snapshot->arena;
	char kind[LABEL_MAX];
	char who[LABEL_MAX];

	name_task(task, who);
	name_list(list, kind);
	switch (list->end) {
	case LIST_FAULT:
		*ret_text = cut_text(arena, list, who, kind);
		*ret_next = "have it release those locks before it ends; a mutex was unmapped or "
			    "overwritten while it was locked";
		return PROBLEM_LIST_CUT;
	case LIST_TOO_LONG:
		if (list->no_limit)
			return -1;
		*ret_text = long_text(arena, list, who, kind);
		*ret_next = "have it release locks before it ends; spread them over more threads";
		return PROBLEM_LIST_TOO_LONG;
	case LIST_LOOP:
		*ret_text = arena_printf(
			arena,
			"%s: its %s list runs in a circle at entry 0x%" PRIx64
			" and never comes back "
			"to its head: when it ends the kernel releases what it finds on it (%zu) and no other",
			who, kind, list->end_at, list->n_seen);
		*ret_next =
			"have it release its locks before it ends; two entries lead to the same "
			"next one, as when a held mutex is copied or locked twice";
		return PROBLEM_LIST_LOOP;
	case LIST_MISALIGNED:
		*ret_text = arena_printf(
			arena,
			"%s: futex word 0x%" PRIx64
			" on its %s list is not aligned to 4 bytes: when it "
			"ends the kernel stops there and the locks behind stay locked for ever",
			who, list->end_at, kind);
		*ret_next = "have it release its locks before it ends; the mutex lies at an odd "
			    "address (a packed structure?)";
		return PROBLEM_MISALIGNED;
	default:
		return -1;
	}
}

static int add_list_problem(struct snapshot *snapshot, const struct task *task,
			    const struct list *list)
{
	const char *text = NULL;
	const char *next = NULL;
	struct problem *problem;
	int kind = judge_list(snapshot, task, list, &text, &next);

	if (kind < 0)
		return 0;
	problem = text ? problems_add(snapshot, (enum problem_kind)kind, 1) : NULL;
	if (!problem)
		return -ENOMEM;
	problem->text = text;
	problem->next = next;
	problem->tids[problem->n_tids++] = task->tid;
	return 0;
}

static const char *stale_text(struct arena *arena, const struct task *task,
			      const struct futex *pending, const char *who, const char *where)
{
	if ((pending->word & WORD_TID_MASK) == (uint32_t)task->ns_tid)
		return arena_printf(
			arena,
			"%s: its list_op_pending names %s, where no robust mutex is any "
			"more; the value there reads as its TID: when it ends the kernel "
			"writes FUTEX_OWNER_DIED there",
			who, where);
	return arena_printf(
		arena,
		"%s: its list_op_pending names %s, where no robust mutex is any more; "
		"should the value there ever read as its TID, %d, the kernel writes to it "
		"when it ends",
		who, where, task->ns_tid);
}

/* Only what stays: in passing, every unlock comes by here. */
static int add_pending_problem(struct snapshot *snapshot, const struct task *task,
			       const struct list *list)
{
	const struct futex *pending = &list->pending;
	bool stale = pending->state == FUTEX_STALE;
	struct problem *problem;
	char who[LABEL_MAX];
	char where[LABEL_MAX];

	if (!list->has_pending || !list->pending_stays || pending->lock == LOCK_NONE)
		return 0;
	problem = problems_add(snapshot, stale ? PROBLEM_STALE_PENDING : PROBLEM_IN_WINDOW, 1);
	if (!problem)
		return -ENOMEM;
	name_task(task, who);
	name_lock(&snapshot->locks[pending->lock], where);
	problem->lock = pending->lock;
	problem->tids[problem->n_tids++] = task->tid;
	if (stale) {
		problem->text = stale_text(&snapshot->arena, task, pending, who, where);
		problem->next = arena_printf(
			&snapshot->arena,
			"have robtrace trace --guard -p %d look after its end; it clears the "
			"pointer before the kernel follows it",
			task->pid);
	} else {
		problem->text = arena_printf(
			&snapshot->arena,
			"%s: has given back %s and stands still before it clears list_op_pending: "
			"should it die there, after that memory was put to another use, the kernel "
			"may write to it",
			who, where);
		problem->next = "let it go on (continue it, or have the debugger do so); do not "
				"kill it here";
	}
	return problem->text && problem->next ? 0 : -ENOMEM;
}

static int compare_problems(const void *left, const void *right)
{
	const struct problem *a = left;
	const struct problem *b = right;

	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	return strcmp(a->text, b->text);
}

/* "; its owner sleeps in accept4", "; its owner waits for /srv/b/lock.mdb+0x40" */
static void tell_doing(const struct snapshot *snapshot, const struct task *owner, char *text)
{
	char label[LABEL_MAX];

	if (owner->n_waits && owner->waits[0].lock != LOCK_NONE) {
		problems_append(text, "; its owner waits for ");
		name_lock(&snapshot->locks[owner->waits[0].lock], label);
		problems_append(text, label);
		return;
	}
	name_doing(owner, label);
	if (!label[0])
		return;
	problems_append(text, "; its owner ");
	problems_append(text, label);
	if (owner->slept_ns < UINT64_C(1000000000))
		return;
	name_duration(owner->slept_ns, label);
	problems_append(text, ", for ");
	problems_append(text, label);
}

int problems_add_long_hold(struct snapshot *snapshot, size_t index, uint64_t held_ns)
{
	const struct lock *lock = &snapshot->locks[index];
	struct problem *problem = problems_add(snapshot, PROBLEM_LONG_HOLD, lock->n_waiters + 1);
	char text[SENTENCE_MAX];
	char label[LABEL_MAX];

	if (!problem)
		return -ENOMEM;
	problem->lock = index;
	problem->tids[problem->n_tids++] = lock->owner_tid;
	for (size_t i = 0; i < lock->n_waiters; i++)
		problem->tids[problem->n_tids++] = snapshot->tasks[lock->waiters[i].task].tid;
	name_lock(lock, text);
	problems_append(text, ": held by ");
	if (lock->owner != SIZE_MAX)
		name_task(&snapshot->tasks[lock->owner], label);
	else
		snprintf(label, sizeof(label), "%d", lock->owner_tid);
	problems_append(text, label);
	name_duration(held_ns, label);
	problems_append(text, " for at least ");
	problems_append(text, label);
	append_waiters(snapshot, lock, text, " waits for it", " wait for it");
	if (lock->owner != SIZE_MAX)
		tell_doing(snapshot, &snapshot->tasks[lock->owner], text);
	problem->next = "see what the owner is doing (check -k, or its log); should it end, the "
			"next owner gets EOWNERDEAD";
	if (lock->owner != SIZE_MAX && snapshot->tasks[lock->owner].state == 'D')
		problem->next = "see what the owner waits for: a device or a file system (the "
				"kernel's log), or in clone or vfork its child; until that is over "
				"it may not even be killed";
	problem->text = arena_strdup(&snapshot->arena, text);
	return problem->text ? 0 : -ENOMEM;
}

int problems_find(struct snapshot *snapshot)
{
	/* A lock can be broken, or held for too long. */
	size_t most = 2 * snapshot->n_locks + snapshot->n_cycles;
	int error = 0;

	for (size_t i = 0; i < snapshot->n_tasks; i++)
		most += 2 * snapshot->tasks[i].n_lists;
	snapshot->n_problems = 0;
	snapshot->problems = arena_alloc(&snapshot->arena,
					 (most + 1) * sizeof(*snapshot->problems));
	if (!snapshot->problems)
		return -ENOMEM;
	problems_drop_other_cycles(snapshot);
	for (size_t i = 0; i < snapshot->n_cycles && !error; i++)
		error = problems_add_cycle(snapshot, i);
	for (size_t i = 0; i < snapshot->n_locks && !error; i++)
		if (snapshot->locks[i].selected)
			error = add_lock_problem(snapshot, i);
	for (size_t i = 0; i < snapshot->n_tasks && !error; i++) {
		const struct task *task = &snapshot->tasks[i];

		for (size_t j = 0; j < task->n_lists && !error && task->selected; j++)
			error = add_list_problem(snapshot, task, &task->lists[j]);
		for (size_t j = 0; j < task->n_lists && !error && task->selected; j++)
			error = add_pending_problem(snapshot, task, &task->lists[j]);
	}
	if (snapshot->n_problems)
		qsort(snapshot->problems, snapshot->n_problems, sizeof(*snapshot->problems),
		      compare_problems);
	return error;
}
