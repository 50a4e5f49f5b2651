/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The arguments and the result of a call, in the form that strace gives them. */
#include <inttypes.h>
#include <string.h>

#include "abi/futex_word.h"
#include "names.h"
#include "report/log_line.h"

static void add_address(struct log_line *line, uint64_t address)
{
	if (address)
		log_line_add(line, "0x%" PRIx64, address);
	else
		log_line_add(line, "NULL");
}

static void add_label(struct log_line *line, const struct log_options *options, const char *label)
{
	if (!options->paths || !label)
		return;
	log_line_add(line, "<");
	log_line_escaped(line, label);
	log_line_add(line, ">");
}

static void add_word(struct log_line *line, uint64_t value)
{
	char text[LABEL_MAX];

	name_futex_value(value, text);
	log_line_add(line, "%s", text);
}

/* "... (3000 entries, the kernel stops after 2048)": how many there are when some are left out. */
static void add_count(struct log_line *line, const struct list *list)
{
	bool more = list->end == LIST_TOO_LONG && list->end_at;

	log_line_add(line, " (%s%zu entries", more ? "more than " : "", list->n_seen);
	if (list->end == LIST_TOO_LONG)
		log_line_add(line, ", the kernel stops after %d", ROBUST_LIST_LIMIT);
	log_line_add(line, ")");
}

/* Where the walk could not go on: behind the last entry when it is that one. */
static void add_fault(struct log_line *line, const struct list *list, bool cut)
{
	const char *what = list->read_only ? "not writable" : "unreadable";

	if (!cut && list->n_entries && list->entries[list->n_entries - 1].entry == list->end_at)
		log_line_add(line, " %s", what);
	else
		log_line_add(line, "%s0x%" PRIx64 " %s", list->n_seen ? ", " : "", list->end_at,
			     what);
}

/* What stands behind the entries that are written out: how many more, and how the list ends. */
static void add_list_end(struct log_line *line, const struct list *list, bool cut)
{
	bool dots = cut || list->end == LIST_LOOP || list->end == LIST_MISALIGNED ||
		    list->end == LIST_CHANGED;

	if (dots)
		log_line_add(line, "%s...", line->text[line->length - 1] == '{' ? "" : ", ");
	if (cut || list->end == LIST_TOO_LONG)
		add_count(line, list);
	switch (list->end) {
	case LIST_LOOP:
		log_line_add(line, " loops back to 0x%" PRIx64, list->end_at);
		break;
	case LIST_FAULT:
		add_fault(line, list, cut);
		break;
	case LIST_MISALIGNED:
		log_line_add(line, " futex word 0x%" PRIx64 " is misaligned", list->end_at);
		break;
	case LIST_CHANGED:
		log_line_add(line, " changed while it was read");
		break;
	case LIST_COMPLETE:
	case LIST_TOO_LONG:
		break;
	}
}

static void add_entry(struct log_line *line, const struct futex *futex)
{
	log_line_add(line, "0x%" PRIx64 "%s", futex->entry, futex->pi ? "|PI" : "");
}

static void add_list(struct log_line *line, const struct log_options *options,
		     const struct arg *arg)
{
	const struct list *list = arg->list;
	size_t shown = list->n_entries < options->entries_max ? list->n_entries
							      : options->entries_max;

	log_line_add(line, " {list={");
	for (size_t i = 0; i < shown; i++) {
		log_line_add(line, "%s", i ? ", " : "");
		add_entry(line, &list->entries[i]);
		if (i < arg->n_entry_labels)
			add_label(line, options, arg->entry_labels[i]);
	}
	if (!line->failed)
		add_list_end(line, list, shown < list->n_seen);
	log_line_add(line, "}, futex_offset=%" PRId64 ", list_op_pending=", list->futex_offset);
	if (list->has_pending)
		add_entry(line, &list->pending);
	else
		log_line_add(line, "NULL");
	log_line_add(line, "}");
}

static void add_head(struct log_line *line, const struct log_options *options,
		     const struct arg *arg, uint64_t address)
{
	add_address(line, address);
	if (arg->list)
		add_list(line, options, arg);
}

static void add_timeout(struct log_line *line, const struct arg *arg)
{
	if (arg->ok)
		log_line_add(line, "{tv_sec=%" PRId64 ", tv_nsec=%" PRId64 "}", arg->seconds,
			     arg->nanoseconds);
	else
		add_address(line, arg->value);
}

static void add_waitv(struct log_line *line, const struct log_options *options,
		      const struct arg *arg)
{
	if (!arg->ok) {
		add_address(line, arg->value);
		return;
	}
	log_line_add(line, "[");
	for (size_t i = 0; i < arg->n_waitvs; i++) {
		const struct arg_waitv *waitv = &arg->waitvs[i];

		log_line_add(line, "%s{val=", i ? ", " : "");
		add_word(line, waitv->value);
		log_line_add(line, ", uaddr=");
		add_address(line, waitv->address);
		add_label(line, options, waitv->label);
		log_line_add(line, ", flags=%s}", waitv->flags);
	}
	log_line_add(line, "]");
}

static void add_path(struct log_line *line, const struct arg *arg)
{
	if (!arg->ok) {
		add_address(line, arg->value);
		return;
	}
	log_line_add(line, "\"");
	log_line_escaped(line, arg->text);
	log_line_add(line, "\"");
}

/* What the kernel wrote, in brackets; where it wrote nothing, the address that it was given. */
static void add_head_at(struct log_line *line, const struct log_options *options,
			const struct arg *arg)
{
	log_line_add(line, arg->ok ? "[" : "");
	add_head(line, options, arg, arg->ok ? arg->pointee : arg->value);
	log_line_add(line, arg->ok ? "]" : "");
}

static void add_size_at(struct log_line *line, const struct arg *arg)
{
	if (arg->ok)
		log_line_add(line, "[%" PRIu64 "]", arg->pointee);
	else
		add_address(line, arg->value);
}

static void add_futex(struct log_line *line, const struct log_options *options,
		      const struct arg *arg)
{
	add_address(line, arg->value);
	add_label(line, options, arg->label);
	if (!arg->ok)
		return;
	log_line_add(line, " [");
	add_word(line, arg->pointee);
	log_line_add(line, "]");
}

static void add_argument(struct log_line *line, const struct log_options *options,
			 const struct arg *arg)
{
	switch (arg->kind) {
	case ARG_NUMBER:
		log_line_add(line, "%" PRId64, (int64_t)arg->value);
		break;
	case ARG_SIZE:
		log_line_add(line, "%" PRIu64, arg->value);
		break;
	case ARG_HEX:
		log_line_add(line, arg->value ? "0x%" PRIx64 : "%" PRIu64, arg->value);
		break;
	case ARG_ADDRESS:
		add_address(line, arg->value);
		break;
	case ARG_FLAGS:
		log_line_add(line, "%s", arg->text);
		break;
	case ARG_HEAD:
		add_head(line, options, arg, arg->value);
		break;
	case ARG_HEAD_AT:
		add_head_at(line, options, arg);
		break;
	case ARG_SIZE_AT:
		add_size_at(line, arg);
		break;
	case ARG_FUTEX:
		add_futex(line, options, arg);
		break;
	case ARG_WORD:
		add_word(line, arg->value);
		break;
	case ARG_TIMEOUT:
		add_timeout(line, arg);
		break;
	case ARG_WAITV:
		add_waitv(line, options, arg);
		break;
	case ARG_PATH:
		add_path(line, arg);
		break;
	}
}

size_t log_first_output(const struct call *call)
{
	size_t first = 0;

	while (first < call->n_args && call->args[first].kind != ARG_HEAD_AT &&
	       call->args[first].kind != ARG_SIZE_AT)
		first++;
	return first;
}

void log_arguments(struct log_line *line, const struct log_options *options,
		   const struct call *call, size_t first, size_t end)
{
	for (size_t i = first; i < end; i++) {
		add_argument(line, options, &call->args[i]);
		if (i + 1 < call->n_args)
			log_line_add(line, ", ");
	}
	if (end != call->n_args || !call->remark)
		return;
	log_line_add(line, " /* ");
	log_line_escaped(line, call->remark);
	log_line_add(line, " */");
}

/* In strace's words, which people's greps look for. NULL: no restart. */
static const char *restart_text(int64_t result)
{
	switch (result) {
	case -512:
		return "ERESTARTSYS (To be restarted if SA_RESTART is set)";
	case -513:
		return "ERESTARTNOINTR (To be restarted)";
	case -514:
		return "ERESTARTNOHAND (To be restarted if no handler)";
	case -516:
		return "ERESTART_RESTARTBLOCK (Interrupted by signal)";
	default:
		return NULL;
	}
}

static void add_error(struct log_line *line, int64_t result)
{
	const char *name = strerrorname_np((int)-result);

	log_line_color(line, LOG_ERROR);
	if (name)
		log_line_add(line, "-1 %s (%s)", name, strerrordesc_np((int)-result));
	else
		log_line_add(line, "-1 (errno %" PRId64 ")", -result);
	log_line_color(line, LOG_PLAIN);
}

void log_result(struct log_line *line, const struct call *call)
{
	const char *restart = restart_text(call->result);

	log_line_add(line, "= ");
	if (call->interrupted && restart)
		log_line_add(line, "? %s", restart);
	else if (call->result < 0 && call->result >= -4095)
		add_error(line, call->result);
	else if (call->result_is_address)
		log_line_add(line, "0x%" PRIx64, (uint64_t)call->result);
	else
		log_line_add(line, "%" PRId64, call->result);
	if (!call->result_note)
		return;
	log_line_add(line, " (");
	log_line_escaped(line, call->result_note);
	log_line_add(line, ")");
}
