/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Circles of threads, in sentences. */
#include "problems_build.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "names.h"

/* Waits of a cycle that one sentence spells out. */
#define EDGES_NAMED 4

/* "501 python3 waits for /srv/b/lock.mdb+0x40 of 502 python3" */
static void tell_edge(const struct snapshot *snapshot, size_t from, size_t to, char *text)
{
	const struct task *task = &snapshot->tasks[from];
	char label[LABEL_MAX];

	name_task(task, label);
	problems_append(text, label);
	problems_append(text, " waits for ");
	name_lock(&snapshot->locks[task->waits[0].lock], label);
	problems_append(text, label);
	problems_append(text, from == to ? ", which it holds itself" : " of ");
	if (from == to)
		return;
	name_task(&snapshot->tasks[to], label);
	problems_append(text, label);
}

static const char *cycle_text(struct snapshot *snapshot, const struct cycle *cycle)
{
	char text[SENTENCE_MAX] = "";
	char behind[64];

	for (size_t i = 0; i < cycle->n && i < EDGES_NAMED; i++) {
		problems_append(text, i ? ", " : "");
		tell_edge(snapshot, cycle->tasks[i], cycle->tasks[(i + 1) % cycle->n], text);
	}
	if (cycle->n > EDGES_NAMED) {
		snprintf(behind, sizeof(behind), ", and so on: %zu threads in all", cycle->n);
		problems_append(text, behind);
	}
	if (cycle->n_behind) {
		snprintf(behind, sizeof(behind), "; %zu more wait%s behind", cycle->n_behind,
			 cycle->n_behind == 1 ? "s" : "");
		problems_append(text, behind);
	}
	return arena_strdup(&snapshot->arena, text);
}

/* Only a robust lock that outlives its owner is handed over: the end of whoever has one helps. */
static size_t choose_victim(const struct snapshot *snapshot, const struct cycle *cycle)
{
	for (size_t i = 0; i < cycle->n; i++) {
		const struct task *before =
			&snapshot->tasks[cycle->tasks[(i + cycle->n - 1) % cycle->n]];
		const struct lock *lock = &snapshot->locks[before->waits[0].lock];

		if (lock->sort == LOCK_ROBUST && lock->place.shared)
			return cycle->tasks[i];
	}
	return cycle->tasks[0];
}

/* No lock of the circle outlives its owner in a state that the next one can take. */
static bool nothing_is_handed_over(const struct snapshot *snapshot, const struct cycle *cycle)
{
	for (size_t i = 0; i < cycle->n; i++) {
		const struct task *task = &snapshot->tasks[cycle->tasks[i]];

		if (snapshot->locks[task->waits[0].lock].sort == LOCK_ROBUST)
			return false;
	}
	return true;
}

static const char *next_of_processes(struct snapshot *snapshot, const struct cycle *cycle,
				     pid_t victim, bool hint)
{
	if (nothing_is_handed_over(snapshot, cycle))
		return "they will never go on: end all of their processes, then have the memory "
		       "that the locks lie in made anew (they are ordinary locks, which stay "
		       "locked when their owner ends; what is said of ordinary mutexes and "
		       "rwlocks goes by the libc's note)";
	return arena_printf(
		&snapshot->arena,
		"they will never go on: end one of the processes, for instance kill %d; "
		"the kernel marks the robust locks it has and the next owner gets "
		"EOWNERDEAD%s",
		victim,
		hint ? " (one of the locks is an ordinary one: its owner is the libc's "
		       "note, and it is not handed over)"
		     : "");
}

/* What gets the cycle going again without harm to anybody's data. */
static const char *cycle_next(struct snapshot *snapshot, const struct cycle *cycle)
{
	const struct task *first = &snapshot->tasks[cycle->victim];
	bool one_process = true;
	bool hint = false;

	for (size_t i = 0; i < cycle->n; i++) {
		const struct task *task = &snapshot->tasks[cycle->tasks[i]];

		if (task->waits[0].timed)
			return "one of the waits has a timeout and will end by itself; if the program "
			       "then gives up its locks, all go on";
		one_process = one_process && task->pid == first->pid;
		hint = hint || snapshot->locks[task->waits[0].lock].sort != LOCK_ROBUST;
	}
	if (one_process)
		return arena_printf(
			&snapshot->arena,
			"they will never go on: restart process %d (all of them are its "
			"threads)",
			first->pid);
	return next_of_processes(snapshot, cycle, first->pid, hint);
}

static bool concerns_us(const struct snapshot *snapshot, const struct cycle *cycle)
{
	for (size_t i = 0; i < cycle->n; i++) {
		const struct task *task = &snapshot->tasks[cycle->tasks[i]];

		if (task->selected || snapshot->locks[task->waits[0].lock].selected)
			return true;
	}
	for (size_t i = 0; i < cycle->n_behind; i++)
		if (snapshot->tasks[cycle->behind[i]].selected)
			return true;
	return false;
}

void problems_drop_other_cycles(struct snapshot *snapshot)
{
	size_t kept = 0;

	for (size_t i = 0; i < snapshot->n_cycles; i++)
		if (concerns_us(snapshot, &snapshot->cycles[i]))
			snapshot->cycles[kept++] = snapshot->cycles[i];
	snapshot->n_cycles = kept;
}

int problems_add_cycle(struct snapshot *snapshot, size_t index)
{
	struct cycle *cycle = &snapshot->cycles[index];
	struct problem *problem;

	cycle->victim = choose_victim(snapshot, cycle);
	problem = problems_add(snapshot, cycle->n == 1 ? PROBLEM_SELF_DEADLOCK : PROBLEM_DEADLOCK,
			       cycle->n);
	if (!problem)
		return -ENOMEM;
	problem->cycle = index;
	for (size_t i = 0; i < cycle->n; i++)
		problem->tids[problem->n_tids++] = snapshot->tasks[cycle->tasks[i]].tid;
	problem->text = cycle_text(snapshot, cycle);
	problem->next = cycle_next(snapshot, cycle);
	return problem->text && problem->next ? 0 : -ENOMEM;
}
