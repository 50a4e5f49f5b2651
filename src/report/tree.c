/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The picture for people who work on the lists themselves: thread > list > entry. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "abi/futex_word.h"
#include "names.h"
#include "report/cells.h"

enum tree_column {
	TREE_WHAT,
	TREE_STATE,
	TREE_WHERE,
	N_TREE_COLUMNS,
};

struct tree {
	struct libscols_table *table;
	const struct snapshot *snapshot;
};

static struct libscols_line *add_line(const struct tree *tree, struct libscols_line *parent,
				      const char *what, const char *state, const char *where)
{
	struct libscols_line *line = scols_table_new_line(tree->table, parent);

	if (!line || cells_set(line, TREE_WHAT, what) || cells_set(line, TREE_STATE, state) ||
	    cells_set(line, TREE_WHERE, where))
		return NULL;
	return line;
}

static int add_futex(const struct tree *tree, struct libscols_line *parent,
		     const struct futex *futex, pid_t ns_tid, bool pending)
{
	char what[64];
	char state[LABEL_MAX + 32];
	char where[LABEL_MAX] = "";
	char word[LABEL_MAX] = "";
	struct libscols_line *line;

	if (futex->lock == LOCK_NONE || !tree->snapshot->locks[futex->lock].selected)
		return 0;
	snprintf(what, sizeof(what), "%s0x%" PRIx64 "%s", pending ? "list_op_pending " : "",
		 futex->entry, futex->pi ? " PI" : "");
	if (futex->word_ok)
		name_word(futex->word, word);
	snprintf(state, sizeof(state), "%s%s%s%s%s", name_of_state(futex->state),
		 word[0] ? " " : "", word, pending ? ": " : "",
		 pending ? name_pending(futex, ns_tid) : "");
	name_lock(&tree->snapshot->locks[futex->lock], where);
	line = add_line(tree, parent, what, state, where);
	if (!line)
		return -ENOMEM;
	cells_color_state(line, TREE_STATE, futex->state);
	return 0;
}

/* "3000 entries, over the limit: 952 stay locked" */
static void describe_end(const struct list *list, char *text, size_t size)
{
	int used = snprintf(text, size, "%zu %s, %s", list->n_seen,
			    list->n_seen == 1 ? "entry" : "entries", name_of_list_end(list->end));

	if (used < 0 || (size_t)used >= size)
		return;
	text += used;
	size -= (size_t)used;
	switch (list->end) {
	case LIST_TOO_LONG:
		if (list->no_limit)
			break;
		snprintf(text, size, ": %zu would stay locked", list->n_seen - ROBUST_LIST_LIMIT);
		break;
	case LIST_LOOP:
	case LIST_FAULT:
	case LIST_MISALIGNED:
		snprintf(text, size, " at 0x%" PRIx64 "%s", list->end_at,
			 list->read_only ? " (read-only)" : "");
		break;
	case LIST_COMPLETE:
	case LIST_CHANGED:
		break;
	}
}

/* By which call we know of the list, and of its word size where the call leaves that open. */
static const char *how_known(const struct list *list)
{
	switch (list->kind) {
	case LIST_ROBUST:
		return "get_robust_list";
	case LIST_COMPAT:
		return "32-bit get_robust_list";
	case LIST_LIST2:
		break;
	}
	if (list->emulated)
		return "set_robust_list2, answered by robtrace";
	if (list->bits_from == BITS_BY_SHAPE)
		return "get_robust_list2; word size guessed by the look of the head";
	return "get_robust_list2";
}

static int add_list(const struct tree *tree, struct libscols_line *parent, pid_t ns_tid,
		    const struct list *list)
{
	char what[LABEL_MAX];
	char state[128];
	char where[160];
	struct libscols_line *line;
	int error = 0;

	name_list_size(list, what);
	describe_end(list, state, sizeof(state));
	snprintf(where, sizeof(where), "head 0x%" PRIx64 " futex_offset %" PRId64 " (%s)",
		 list->head, list->futex_offset, how_known(list));
	line = add_line(tree, parent, what, state, where);
	if (!line)
		return -ENOMEM;
	for (size_t i = 0; i < list->n_entries && !error; i++)
		error = add_futex(tree, line, &list->entries[i], ns_tid, false);
	if (!error && list->has_pending)
		error = add_futex(tree, line, &list->pending, ns_tid, true);
	return error;
}

static int add_wait(const struct tree *tree, struct libscols_line *parent, const struct task *task,
		    const struct wait *wait)
{
	char what[64];
	char where[LABEL_MAX];

	snprintf(what, sizeof(what), "waits in %s", wait->call);
	if (wait->lock != LOCK_NONE)
		name_lock(&tree->snapshot->locks[wait->lock], where);
	else
		name_place(&wait->place, task->pid, wait->address, where);
	return add_line(tree, parent, what, wait->lock == LOCK_NONE ? "no robust lock" : "", where)
		       ? 0
		       : -ENOMEM;
}

static int add_task(const struct tree *tree, const struct task *task)
{
	char label[LABEL_MAX];
	struct libscols_line *line;
	int error = 0;

	name_task(task, label);
	line = add_line(tree, NULL, label, task->n_lists ? "" : "no robust list", "");
	if (!line)
		return -ENOMEM;
	for (size_t i = 0; i < task->n_lists && !error; i++)
		error = add_list(tree, line, task->ns_tid, &task->lists[i]);
	for (size_t i = 0; i < task->n_waits && !error; i++)
		error = add_wait(tree, line, task, &task->waits[i]);
	return error;
}

static int add_tree_columns(struct libscols_table *table, const struct text_options *options)
{
	static const char *const names[N_TREE_COLUMNS] = {
		[TREE_WHAT] = "THREAD/LIST/ENTRY", [TREE_STATE] = "STATE", [TREE_WHERE] = "WHERE"};

	for (size_t i = 0; i < N_TREE_COLUMNS; i++) {
		int flags = i == TREE_WHAT ? SCOLS_FL_TREE : 0;

		if (i == TREE_WHERE && options->terminal && !options->no_truncate)
			flags |= SCOLS_FL_WRAP;
		if (!scols_table_new_column(table, names[i], 0, flags))
			return -ENOMEM;
	}
	return 0;
}

int text_print_tree(const struct snapshot *snapshot, const struct text_options *options, FILE *out)
{
	struct tree tree = {.table = cells_table(options, out), .snapshot = snapshot};
	int error = tree.table ? add_tree_columns(tree.table, options) : -ENOMEM;

	for (size_t i = 0; i < snapshot->n_tasks && !error; i++)
		if (snapshot->tasks[i].selected)
			error = add_task(&tree, &snapshot->tasks[i]);
	if (!error && snapshot->n_tasks)
		error = scols_print_table(tree.table);
	if (!error)
		error = cells_print_verdict(snapshot, options, out);
	scols_unref_table(tree.table);
	return error;
}
