/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One lock: its word in parts, who waits, where they stand, and who had it while we looked. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/futex_word.h"
#include "base/cleanup.h"
#include "names.h"
#include "report/columns.h"
#include "report/escape.h"
#include "report/stack_text.h"
#include "tui/view.h"

/* Rows in the making; once there was no memory, nothing is added. */
struct detail {
	struct tui *tui;
	struct rows *rows;
	const struct lock *lock; /* NULL: not in this picture */
	const struct lock_past *past;
	size_t index; /* of the lock */
	bool failed;
};

static struct row *say(struct detail *detail, const char *label, enum style style,
		       const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Rows are known by their number: what stays on the screen is the line. */
static struct row *say(struct detail *detail, const char *label, enum style style,
		       const char *format, ...)
{
	cleanup_free char *safe = NULL;
	struct row *row;
	va_list args;

	va_start(args, format);
	safe = escape_vformat(format, args);
	va_end(args);
	row = safe && !detail->failed ? rows_add_text(detail->rows, style, safe) : NULL;
	if (!row) {
		detail->failed = true;
		return NULL;
	}
	row->label = label;
	row->id.a = detail->rows->n;
	row->lock = LOCK_NONE;
	return row;
}

static const struct task *task_at(const struct detail *detail, size_t index)
{
	return &detail->tui->picture.tasks[index];
}

/* What show has in a column; nothing is said where that is empty. */
static void say_column(struct detail *detail, const char *label, const char *column,
		       enum style style)
{
	const struct futex_view view = {
		.snapshot = &detail->tui->picture, .lock = detail->lock, .pid = detail->lock->pid};
	struct value value = column_find(column, strlen(column))->get(&view);
	cleanup_free char *text = value_take_text(&value);

	if (text && *text)
		say(detail, label, style, "%s", text);
}

static void say_word(struct detail *detail)
{
	uint32_t word = detail->lock->word;
	uint32_t tid = word & WORD_TID_MASK;
	bool wanted = word & WORD_WAITERS;
	bool died = word & WORD_OWNER_DIED;

	if (!detail->lock->word_ok) {
		say(detail, "word", STYLE_BROKEN, "not readable");
		return;
	}
	say(detail, "word", STYLE_NORMAL, "0x%08" PRIx32, word);
	say(detail, "", tid ? STYLE_NORMAL : STYLE_DIM, "TID         %" PRIu32 "%s", tid,
	    tid ? "" : "  nobody");
	say(detail, "", wanted ? STYLE_WANTED : STYLE_DIM, "WAITERS     %s",
	    wanted ? "set: giving it back wakes one" : "not set");
	say(detail, "", died ? STYLE_BROKEN : STYLE_DIM, "OWNER_DIED  %s",
	    died ? "set: the next owner gets EOWNERDEAD" : "not set");
}

static void say_place(struct detail *detail)
{
	const struct lock *lock = detail->lock;
	const char *memory = name_of_place(lock->place.kind);
	char text[LABEL_MAX];

	name_place(&lock->place, lock->pid, lock->address, text);
	say(detail, "where", STYLE_NORMAL, "%s%s", text,
	    lock->place.deleted ? "  (the file was deleted)" : "");
	if (lock->place.has_file)
		say(detail, "memory", STYLE_DIM, "%s, device %02x:%02x, inode %" PRIu64,
		    memory ? memory : "not mapped", lock->place.dev_major, lock->place.dev_minor,
		    lock->place.inode);
	else
		say(detail, "memory", STYLE_DIM, "%s", memory ? memory : "not mapped");
	say(detail, "address", STYLE_DIM, "0x%" PRIx64 " in process %d", lock->address, lock->pid);
	if (lock->entry)
		say(detail, "entry", STYLE_DIM, "0x%" PRIx64 " on a %u-bit list%s", lock->entry,
		    lock->bits, lock->on_list ? "" : " (list_op_pending only)");
}

static void say_lock(struct detail *detail)
{
	const struct lock *lock = detail->lock;
	char held[32];

	say(detail, "state", lock->n_waiters ? STYLE_WANTED : state_style(lock->state), "%s",
	    name_of_state(lock->state));
	say_column(detail, "owner", "OWNER",
		   lock->owner_tid ? STYLE_STRONG : state_style(lock->state));
	state_held(detail->tui, detail->index, held, sizeof(held));
	if (held[0])
		say(detail, "held for", held[0] == '~' ? STYLE_DIM : STYLE_NORMAL, "%s%s", held,
		    held[0] == '~' ? "  (the same owner at every look)" : "");
	say_column(detail, "kind", "KIND", STYLE_NORMAL);
	say_word(detail);
	say_place(detail);
}

static void say_waiters(struct detail *detail)
{
	const struct lock *lock = detail->lock;

	say(detail, NULL, STYLE_NORMAL, "%s", "");
	if (!lock->n_waiters)
		say(detail, NULL, STYLE_STRONG, "Nobody waits");
	else
		say(detail, NULL, STYLE_STRONG, "%zu thread%s", lock->n_waiters,
		    lock->n_waiters == 1 ? " waits" : "s wait");
	for (size_t i = 0; i < lock->n_waiters && !detail->failed; i++) {
		const struct task *task = task_at(detail, lock->waiters[i].task);
		char slept[LABEL_MAX] = "";
		char label[LABEL_MAX];

		name_task(task, label);
		if (task->slept_ns)
			name_duration(task->slept_ns, slept);
		say(detail, NULL, STYLE_WANTED, "  %-8s  %s%s%s", slept, label,
		    task->n_waits ? "  in " : "", task->n_waits ? task->waits[0].call : "");
	}
}

/* Each line that a function of report/ prints becomes a row. */
static void say_stack(struct detail *detail, const struct task *task, const char *role)
{
	cleanup_free char *text = NULL;
	char label[LABEL_MAX];
	char *left;
	char *one;
	size_t size;
	FILE *out;

	name_task(task, label);
	say(detail, NULL, STYLE_NORMAL, "  %s %s", role, label);
	if (!task->n_frames) {
		say(detail, NULL, STYLE_DIM, "    %s",
		    detail->tui->stacks_seen == detail->tui->n_looks ? "runs, or may not be read"
								     : "being read");
		return;
	}
	out = open_memstream(&text, &size);
	if (!out || stack_print_long(task, "    ", out))
		detail->failed = true;
	if (out && fclose(out))
		detail->failed = true;
	left = text;
	while (!detail->failed && (one = strsep(&left, "\n")) && left) {
		/* It has been made safe already. */
		struct row *row = rows_add_text(detail->rows, STYLE_NORMAL, one);

		if (row)
			row->id.a = detail->rows->n;
		else
			detail->failed = true;
	}
}

static void say_stacks(struct detail *detail)
{
	const struct lock *lock = detail->lock;

	say(detail, NULL, STYLE_NORMAL, "%s", "");
	if (!detail->tui->stacks) {
		say(detail, NULL, STYLE_DIM, "K: where owner and waiters stand in the code");
		return;
	}
	say(detail, NULL, STYLE_STRONG, "Stacks");
	if (lock->owner != SIZE_MAX)
		say_stack(detail, task_at(detail, lock->owner), "owner ");
	for (size_t i = 0; i < lock->n_waiters && i < STACK_TIDS_MAX - 1 && !detail->failed; i++)
		say_stack(detail, task_at(detail, lock->waiters[i].task), "waiter");
}

static void say_past(struct detail *detail, const struct past_hold *hold)
{
	char ago[LABEL_MAX];
	char held[LABEL_MAX];

	name_duration(hold->until_ns - hold->since_ns, held);
	name_duration(detail->tui->now_ns - hold->until_ns, ago);
	say(detail, NULL, STYLE_NORMAL, "  ~%s  %d%s%s  until %s ago", held, hold->tid,
	    hold->comm[0] ? " " : "", hold->comm, ago);
}

static void say_history(struct detail *detail)
{
	const struct lock_past *past = detail->past;
	uint64_t kept = past->n_holds < HISTORY_HOLDS ? past->n_holds : HISTORY_HOLDS;
	char text[LABEL_MAX];

	name_duration(detail->tui->now_ns - past->first_ns, text);
	say(detail, NULL, STYLE_NORMAL, "%s", "");
	say(detail, NULL, STYLE_STRONG, "Since we look, %s, %" PRIu64 " look%s", text,
	    detail->tui->n_looks, detail->tui->n_looks == 1 ? "" : "s");
	name_duration(past->longest_ns, text);
	say(detail, NULL, STYLE_DIM, "  %" PRIu64 " owner%s seen, longest hold seen %s",
	    past->n_owners, past->n_owners == 1 ? "" : "s", text);
	for (uint64_t i = 0; i < kept && !detail->failed; i++)
		say_past(detail, &past->holds[(past->n_holds - 1 - i) % HISTORY_HOLDS]);
}

static int detail_build(struct tui *tui, struct rows *rows)
{
	struct detail detail = {.tui = tui, .rows = rows, .index = LOCK_NONE};

	detail.past = history_find(tui->history, tui->detail_serial, &detail.index);
	say(&detail, NULL, STYLE_STRONG, "%s", "");
	if (!detail.failed)
		rows->items[0].text = tui->detail_label;
	if (detail.index != LOCK_NONE) {
		detail.lock = &tui->picture.locks[detail.index];
		say_lock(&detail);
		say_waiters(&detail);
		say_stacks(&detail);
	} else {
		say(&detail, "state", STYLE_DIM,
		    "in this picture nobody has it and nobody waits for it");
	}
	if (detail.past)
		say_history(&detail);
	return detail.failed ? -ENOMEM : 0;
}

const struct view_ops detail_view = {
	.name = "lock",
	.build = detail_build,
	.is_pager = true,
	.nothing = "",
	.hint = "?:help  K:stacks  g:graph  /:search  f:freeze  q:back",
};
