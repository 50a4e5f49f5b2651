/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/summary.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static struct summary_call *find_call(struct summary *summary, const char *name)
{
	for (size_t i = 0; i < summary->n_calls; i++)
		if (strcmp(summary->calls[i].name, name) == 0)
			return &summary->calls[i];
	if (summary->n_calls == SUMMARY_CALLS_MAX)
		return NULL;
	summary->calls[summary->n_calls] = (struct summary_call){.name = name};
	return &summary->calls[summary->n_calls++];
}

static void add_call(struct summary *summary, const struct call *call)
{
	struct summary_call *row = find_call(summary, call->name);

	if (!row)
		return;
	row->calls++;
	row->errors += call->result < 0 && !call->interrupted;
	row->ns += call->took_ns;
	/* set_robust_list and set_robust_list2, which may also ask for the limit: that has no head. */
	if (strncmp(call->name, "set_", 4) == 0 && call->result >= 0)
		for (size_t i = 0; i < call->n_args; i++)
			summary->lists += call->args[i].kind == ARG_HEAD && call->args[i].value;
}

static void add_death(struct summary *summary, const struct death *death)
{
	for (size_t i = 0; i < death->n_locks; i++) {
		enum death_fate fate = death->locks[i].fate;

		summary->held += fate == FATE_OWNER_DIED || fate == FATE_STAYS_LOCKED;
		summary->owner_died += fate == FATE_OWNER_DIED;
		summary->stay_locked += fate == FATE_STAYS_LOCKED;
	}
}

void summary_add(struct summary *summary, const struct event *event)
{
	if (event->kind == EVENT_CALL_EXIT)
		add_call(summary, event->call);
	else if (event->kind == EVENT_DEATH)
		add_death(summary, event->death);
	else if (event->kind == EVENT_EXITED || event->kind == EVENT_KILLED)
		summary->threads++;
	summary->unmarked += event->unmarked;
	summary->unread += event->unread;
}

static uint64_t count_stuck(const struct summary *summary)
{
	return summary->stay_locked + summary->unmarked;
}

/* Of the locks that were told to be marked: those that were. */
static uint64_t count_marked(const struct summary *summary)
{
	return summary->owner_died > summary->unmarked ? summary->owner_died - summary->unmarked
						       : 0;
}

static json_t *emulation_json(const struct summary *summary)
{
	if (!summary->emulated)
		return json_null();
	return json_pack("{s:s, s:I, s:I}", "revision", summary->emulated, "unmarked",
			 (json_int_t)summary->unmarked, "unread_ends", (json_int_t)summary->unread);
}

static void print_emulation(const struct summary *summary, FILE *out)
{
	if (!summary->emulated)
		return;
	fprintf(out, "set_robust_list2 and get_robust_list2 were emulated: %s", summary->emulated);
	if (summary->unmarked)
		fprintf(out, "; locks that nobody could mark: %" PRIu64, summary->unmarked);
	if (summary->unread)
		fprintf(out, "; ends at which lists could not be read: %" PRIu64, summary->unread);
	fputc('\n', out);
}

static int by_time(const void *left, const void *right)
{
	const struct summary_call *a = *(const struct summary_call *const *)left;
	const struct summary_call *b = *(const struct summary_call *const *)right;

	if (a->ns != b->ns)
		return a->ns < b->ns ? 1 : -1;
	return strcmp(a->name, b->name);
}

static int print_json(const struct summary *summary, FILE *out)
{
	json_t *calls = json_array();
	json_t *root;
	int error = calls ? 0 : -ENOMEM;

	for (size_t i = 0; i < summary->n_calls && !error; i++) {
		const struct summary_call *call = &summary->calls[i];

		if (json_array_append_new(calls,
					  json_pack("{s:s, s:I, s:I, s:f}", "name", call->name,
						    "calls", (json_int_t)call->calls, "errors",
						    (json_int_t)call->errors, "seconds",
						    (double)call->ns / 1e9)) < 0)
			error = -ENOMEM;
	}
	root = json_pack("{s:s, s:o, s:I, s:I, s:I, s:I, s:I, s:o}", "kind", "summary", "calls",
			 calls, "lists_registered", (json_int_t)summary->lists, "threads_ended",
			 (json_int_t)summary->threads, "locks_held_at_death",
			 (json_int_t)summary->held, "owner_died", (json_int_t)count_marked(summary),
			 "stay_locked", (json_int_t)count_stuck(summary), "emulation",
			 emulation_json(summary));
	if (!root || error || json_dumpf(root, out, JSON_COMPACT) < 0)
		error = -ENOMEM;
	fputc('\n', out);
	json_decref(root);
	return error;
}

static void print_row(double percent, const struct summary_call *call, FILE *out)
{
	char errors[24] = "";

	if (call->errors)
		snprintf(errors, sizeof(errors), "%" PRIu64, call->errors);
	fprintf(out, "%6.2f %11.6f %11" PRIu64 " %9" PRIu64 " %9s %s\n", percent,
		(double)call->ns / 1e9, call->ns / 1000 / (call->calls ? call->calls : 1),
		call->calls, errors, call->name);
}

int summary_print(const struct summary *summary, bool json, FILE *out)
{
	static const char rule[] = "------ ----------- ----------- --------- --------- ";
	const struct summary_call *sorted[SUMMARY_CALLS_MAX];
	struct summary_call all = {.name = "total"};

	if (json)
		return print_json(summary, out);
	for (size_t i = 0; i < summary->n_calls; i++) {
		sorted[i] = &summary->calls[i];
		all.calls += sorted[i]->calls;
		all.errors += sorted[i]->errors;
		all.ns += sorted[i]->ns;
	}
	qsort(sorted, summary->n_calls, sizeof(const struct summary_call *), by_time);
	fprintf(out, "%% time     seconds  usecs/call     calls    errors syscall\n%s%s\n", rule,
		"----------------");
	for (size_t i = 0; i < summary->n_calls; i++)
		print_row(all.ns ? 100.0 * (double)sorted[i]->ns / (double)all.ns : 0.0, sorted[i],
			  out);
	fprintf(out, "%s%s\n", rule, "----------------");
	print_row(100.0, &all, out);
	fprintf(out, "lists registered: %" PRIu64 "; threads ended: %" PRIu64 "\n", summary->lists,
		summary->threads);
	fprintf(out,
		"locks held at death: %" PRIu64 "; owner deaths: %" PRIu64
		"; stay locked for ever: %" PRIu64 "\n",
		summary->held, count_marked(summary), count_stuck(summary));
	print_emulation(summary, out);
	return 0;
}
