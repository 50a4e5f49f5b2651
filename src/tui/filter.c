/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/filter.h"

#include <stdlib.h>
#include <string.h>

#include "names.h"

enum word_kind {
	WORD_ANY,
	WORD_PID,
	WORD_FILE,
	WORD_STATE,
};

struct word {
	enum word_kind kind;
	const char *text;
};

static struct word parse_word(const char *text)
{
	static const struct {
		const char *name;
		enum word_kind kind;
	} kinds[] = {
		{"pid", WORD_PID}, {"tid", WORD_PID}, {"file", WORD_FILE}, {"state", WORD_STATE}};
	size_t length = strcspn(text, ":=");

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && text[length]; i++)
		if (strlen(kinds[i].name) == length &&
		    strncasecmp(text, kinds[i].name, length) == 0)
			return (struct word){kinds[i].kind, text + length + 1};
	return (struct word){WORD_ANY, text};
}

static bool has_text(const char *text, const char *part)
{
	return text && strcasestr(text, part);
}

static bool begins(const char *text, const char *part)
{
	return strncasecmp(text, part, strlen(part)) == 0;
}

static bool task_is(const struct task *task, const struct word *word)
{
	char label[LABEL_MAX];
	long number;

	if (word->kind == WORD_PID) {
		number = strtol(word->text, NULL, 10);
		return task->pid == number || task->tid == number;
	}
	name_task(task, label);
	return has_text(label, word->text);
}

static bool lock_has_task(const struct snapshot *snapshot, const struct lock *lock,
			  const struct word *word)
{
	if (lock->owner != SIZE_MAX && task_is(&snapshot->tasks[lock->owner], word))
		return true;
	for (size_t i = 0; i < lock->n_waiters; i++)
		if (task_is(&snapshot->tasks[lock->waiters[i].task], word))
			return true;
	return word->kind == WORD_PID && lock->owner_tid == strtol(word->text, NULL, 10);
}

static bool lock_is(const struct snapshot *snapshot, const struct lock *lock,
		    const struct word *word)
{
	char label[LABEL_MAX];

	switch (word->kind) {
	case WORD_PID:
		if (!lock->place.shared && lock->pid == strtol(word->text, NULL, 10))
			return true;
		break;
	case WORD_FILE:
		return has_text(lock->place.path, word->text);
	case WORD_STATE:
		return begins(name_of_state(lock->state), word->text);
	case WORD_ANY:
		name_lock(lock, label);
		if (has_text(label, word->text) || has_text(name_of_state(lock->state), word->text))
			return true;
		break;
	}
	return lock_has_task(snapshot, lock, word);
}

static bool futex_is(const struct snapshot *snapshot, const struct futex *futex,
		     const struct word *word)
{
	return futex->lock != LOCK_NONE && word->kind != WORD_PID &&
	       lock_is(snapshot, &snapshot->locks[futex->lock], word);
}

static bool thread_is(const struct snapshot *snapshot, const struct task *task,
		      const struct word *word)
{
	if ((word->kind == WORD_PID || word->kind == WORD_ANY) && task_is(task, word))
		return true;
	for (size_t i = 0; i < task->n_lists; i++) {
		const struct list *list = &task->lists[i];

		for (size_t j = 0; j < list->n_entries; j++)
			if (futex_is(snapshot, &list->entries[j], word))
				return true;
		if (list->has_pending && futex_is(snapshot, &list->pending, word))
			return true;
	}
	for (size_t i = 0; i < task->n_waits; i++)
		if (task->waits[i].lock != LOCK_NONE && word->kind != WORD_PID &&
		    lock_is(snapshot, &snapshot->locks[task->waits[i].lock], word))
			return true;
	return false;
}

static bool problem_is(const struct snapshot *snapshot, const struct problem *problem,
		       const struct word *word)
{
	long number = strtol(word->text, NULL, 10);

	if (word->kind == WORD_ANY && (has_text(problem->text, word->text) ||
				       has_text(name_of_problem(problem->kind), word->text)))
		return true;
	for (size_t i = 0; i < problem->n_tids && word->kind == WORD_PID; i++)
		if (problem->tids[i] == number)
			return true;
	return problem->lock != LOCK_NONE &&
	       lock_is(snapshot, &snapshot->locks[problem->lock], word);
}

/* Cuts the next word off *text and takes it apart; false when there is none. */
static bool next_word(char **text, struct word *ret)
{
	char *word;

	do {
		word = strsep(text, " ");
	} while (word && !*word);
	if (!word)
		return false;
	*ret = parse_word(word);
	return true;
}

bool filter_lock(const struct filter *filter, const struct snapshot *snapshot,
		 const struct lock *lock)
{
	char text[FILTER_MAX];
	char *left = text;
	struct word word;

	memcpy(text, filter->text, sizeof(text));
	while (next_word(&left, &word))
		if (!lock_is(snapshot, lock, &word))
			return false;
	return true;
}

bool filter_task(const struct filter *filter, const struct snapshot *snapshot,
		 const struct task *task)
{
	char text[FILTER_MAX];
	char *left = text;
	struct word word;

	memcpy(text, filter->text, sizeof(text));
	while (next_word(&left, &word))
		if (!thread_is(snapshot, task, &word))
			return false;
	return true;
}

bool filter_problem(const struct filter *filter, const struct snapshot *snapshot,
		    const struct problem *problem)
{
	char text[FILTER_MAX];
	char *left = text;
	struct word word;

	memcpy(text, filter->text, sizeof(text));
	while (next_word(&left, &word))
		if (!problem_is(snapshot, problem, &word))
			return false;
	return true;
}
