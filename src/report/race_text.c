/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/race_text.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "abi/futex_word.h"
#include "base/cleanup.h"
#include "names.h"
#include "report/escape.h"

#define RED "\033[31m"
#define GREEN "\033[32m"
#define PLAIN "\033[0m"

/* ---- The steps ---- */

static const struct race_view *view_of(const struct race_round *round, enum race_step step)
{
	return &round->steps.view[step];
}

/* A step that was done together with the one before it. */
static bool is_same_moment(const struct race_round *round, enum race_step step)
{
	return step && round->steps.seen[step] && round->steps.seen[step - 1] &&
	       round->steps.at[step] == round->steps.at[step - 1];
}

static void print_when(const struct race_round *round, enum race_step step, FILE *out)
{
	if (round->stepped && is_same_moment(round, step))
		fprintf(out, "in the same instruction");
	else if (round->stepped)
		fprintf(out, "instruction %zu", round->steps.at[step]);
	else
		fprintf(out, "seen at its FUTEX_WAKE");
}

static void print_step(const struct race_round *round, enum race_step step, FILE *out)
{
	char word[LABEL_MAX];

	fprintf(out, "%d  ", (int)step + 1);
	if (!round->steps.seen[step]) {
		fprintf(out, "not seen\n");
		return;
	}
	name_word(view_of(round, step)->word, word);
	switch (step) {
	case STEP_PENDING:
		fprintf(out, "list_op_pending = 0x%" PRIx64 "  thread %d unlocks; ", round->entry,
			round->unlocker);
		break;
	case STEP_OFF_LIST:
		fprintf(out, "entry off the list                ");
		break;
	case STEP_RELEASED:
		fprintf(out, "word 0x%" PRIx64 ": %d -> %s  released; ", round->address,
			round->unlocker, word);
		break;
	default:
		fprintf(out, "list_op_pending = 0               ");
		break;
	}
	print_when(round, step, out);
	fputc('\n', out);
}

/* ---- What came of it ---- */

static void print_bytes(const unsigned char bytes[RACE_BYTES], FILE *out)
{
	for (size_t i = 0; i < RACE_BYTES; i++)
		fprintf(out, "%s%02x", i && i % 4 == 0 ? "  " : " ", bytes[i]);
	fprintf(out, "  ");
	for (size_t i = 0; i < RACE_BYTES; i++)
		fputc(bytes[i] >= ' ' && bytes[i] < 127 ? bytes[i] : '.', out);
	fputc('\n', out);
}

static void print_taker(const struct race_result *result, const struct race_round *round, FILE *out)
{
	if (!round->mapped)
		return;
	fprintf(out, "   %d takes it, gives it back, unmaps it and maps victim.dat there\n",
		round->taker);
	fprintf(out,
		"   word 0x%" PRIx64 ": 0x%08" PRIx32
		"  now 4 bytes of victim.dat; by chance they read as thread %" PRIu32 "\n",
		round->address, round->word, round->word & WORD_TID_MASK);
	if (round->killed)
		fprintf(out, "   %d is killed here, before step 4\n", round->unlocker);
	if (round->guarded)
		fprintf(out,
			"   the guard clears list_op_pending before the kernel looks at it (%s: no "
			"mutex is there)\n",
			result->libc == RACE_MUSL ? "musl's _m_type" : "glibc's __kind");
	fprintf(out, "   victim.dat+0x%" PRIx64 " before", round->file_offset);
	print_bytes(round->before, out);
	fprintf(out, "   victim.dat+0x%" PRIx64 " after ", round->file_offset);
	print_bytes(round->after, out);
}

static const char *reason_text(const struct race_round *round)
{
	switch (round->reason) {
	case REASON_NO_WINDOW:
		return "the word is released and list_op_pending cleared in one step: there is no "
		       "window";
	case REASON_BEFORE_WAKE:
		return "list_op_pending is cleared before this libc wakes the waiter; without "
		       "--waiter it can be\nstopped earlier";
	case REASON_LIBC_WAITS:
		return "the window is there, but the one who unmaps waits in the libc until the "
		       "unlock is over";
	case REASON_KERNEL_SPARED:
		return round->has_helper
			       ? "the window was there, and the kernel knew: it was in the vDSO's "
				 "unlock function"
			       : "the window was there, and the kernel wrote nothing";
	default:
		return "";
	}
}

static void print_verdict(const struct race_result *result, const struct race_round *round,
			  bool color, FILE *out)
{
	uint32_t wrote;

	memcpy(&wrote, round->after, sizeof(wrote));
	if (color)
		fputs(round->verdict == RACE_CORRUPTED ? RED : GREEN, out);
	switch (round->verdict) {
	case RACE_CORRUPTED:
		fprintf(out,
			"kernel wrote 0x%08" PRIx32 " to victim.dat+0x%" PRIx64 ": file corrupted",
			wrote, round->file_offset);
		break;
	case RACE_PREVENTED:
		fprintf(out, "prevented by the guard: victim.dat is as it was");
		break;
	case RACE_NOT_REPRODUCED:
		fprintf(out, "not reproduced: %s", reason_text(round));
		break;
	}
	if (result->n_rounds > 1 || result->n_asked > 1)
		fprintf(out, " (%zu of %zu)", result->n_verdict[round->verdict], result->n_rounds);
	if (color)
		fputs(PLAIN, out);
	fputc('\n', out);
}

void race_text_round(const struct race_result *result, const struct race_round *round, bool color,
		     FILE *out)
{
	(void)color;
	for (enum race_step step = STEP_PENDING; step <= STEP_RELEASED; step++)
		print_step(round, step, out);
	print_taker(result, round, out);
	if (round->steps.seen[STEP_CLEARED])
		print_step(round, STEP_CLEARED, out);
}

/* ---- All rounds ---- */

static const char *advice(const struct race_result *result, const struct race_round *round)
{
	if (round->verdict == RACE_CORRUPTED)
		return "This libc unlocks in four steps. Closed by: FUTEX_ROBUST_UNLOCK (kernel 7.2) "
		       "in the libc,\nor robtrace trace --guard.";
	if (round->reason == REASON_LIBC_WAITS)
		return "musl's munmap and mmap wait for unlocks of shared robust mutexes in their own "
		       "process. Bare\nsystem calls (--raw) and other processes do not wait.";
	if (round->verdict == RACE_PREVENTED)
		return "Owner deaths of locks that are held are told to their next owners as ever.";
	(void)result;
	return NULL;
}

void race_text_result(const struct race_result *result, const struct race_round *last, bool color,
		      FILE *out)
{
	const char *text = advice(result, last);

	print_verdict(result, last, color, out);
	for (int other = RACE_CORRUPTED; other <= RACE_NOT_REPRODUCED; other++)
		if (other != (int)last->verdict && result->n_verdict[other])
			fprintf(out, "%s (%zu of %zu)\n", name_of_verdict((enum race_verdict)other),
				result->n_verdict[other], result->n_rounds);
	if (result->n_rounds > 1)
		fprintf(out, "%.1f ms a round\n",
			(double)result->total_ns / 1e6 / (double)result->n_rounds);
	if (text)
		fprintf(out, "%s\n", text);
}

void race_text_lists(const struct race_lists *lists, FILE *out)
{
	fprintf(out, "thread %d holds %zu locks; its list has %zu entries, %s\n", lists->tid,
		lists->n_locks, lists->n_listed, name_of_list_end(lists->end));
	fprintf(out, "foretold: %zu get FUTEX_OWNER_DIED, %zu stay locked\n", lists->n_would_mark,
		lists->n_locks - lists->n_would_mark);
	fprintf(out, "%d is killed here\n", lists->tid);
	fprintf(out, "kernel marked %zu, %zu stay locked for ever\n", lists->n_marked,
		lists->n_stuck);
	if (lists->circular)
		fprintf(out,
			"It went round until its limit of %d and never came to those that the "
			"circle cut off.\n",
			ROBUST_LIST_LIMIT);
	else
		fprintf(out, "It stops after %d entries of a list, and tells nobody.\n",
			ROBUST_LIST_LIMIT);
}

int race_text_window(const struct race_window *window, FILE *out)
{
	cleanup_free char *comm = escape_text(window->comm);
	cleanup_free char *label = escape_text(window->label);
	char word[LABEL_MAX];

	if (!comm || !label)
		return -ENOMEM;
	name_word(window->word, word);
	fprintf(out, "thread %d of %d %s stands in the window, %s\n", window->tid, window->pid,
		comm, window->at_wake ? "at the entry of its FUTEX_WAKE" : "found by single steps");
	fprintf(out, "  list_op_pending = 0x%" PRIx64 "  still names the lock\n", window->entry);
	fprintf(out, "  word 0x%" PRIx64 ": %s  released already; it is %s\n", window->address,
		word, label);
	if (!window->killed) {
		fprintf(out, "  let go, unharmed\n");
		return 0;
	}
	fprintf(out, "  %d is killed here\n", window->pid);
	if (!window->after_ok) {
		fprintf(out,
			"  the word cannot be read any more: its memory went with the process\n");
		return 0;
	}
	name_word(window->after, word);
	fprintf(out, "  word afterwards: %s%s\n", word,
		window->after & WORD_OWNER_DIED && !(window->word & WORD_OWNER_DIED)
			? "  the kernel marked it"
			: "  not that of the dead any more, so the kernel left it: no harm was done");
	return 0;
}
