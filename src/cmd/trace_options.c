/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/trace_options.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi/traced_calls.h"
#include "cmd/complain.h"
#include "cmd/option_scan.h"
#include "cmd/option_table.h"
#include "cmd/option_values.h"
#include "symbol/stack.h"

#define DEFAULT_ENTRIES 16
#define ENTRIES_MAX 4096
#define NR_MAX 0xffff

static const struct {
	const char *name;
	unsigned groups;
} event_names[] = {
	{"lists", CALL_LISTS},
	{"futex", CALL_FUTEX},
	{"life", CALL_LIFE},
	{"mmap", CALL_MMAP},
	{"all", CALL_LISTS | CALL_FUTEX | CALL_LIFE | CALL_MMAP},
};

static int parse_events(const char *text, struct trace_options *options)
{
	options->groups = 0;
	for (;;) {
		size_t length = strcspn(text, ",");
		unsigned groups = 0;

		for (size_t i = 0; i < sizeof(event_names) / sizeof(event_names[0]); i++)
			if (strlen(event_names[i].name) == length &&
			    strncmp(event_names[i].name, text, length) == 0)
				groups = event_names[i].groups;
		if (!groups) {
			complain("'%.*s' is no event for -e; give lists, futex, life, mmap or all",
				 (int)length, text);
			return TRACE_EXIT_USAGE;
		}
		options->groups |= groups;
		if (!text[length])
			return -1;
		text += length + 1;
	}
}

static int parse_api(const char *option, const char *text, struct trace_options *options)
{
	options->revision = revision_find(text);
	if (options->revision)
		return -1;
	complain("'%s' is no revision for %s; give lpc2025, steamos, v6 or v5", text, option);
	return TRACE_EXIT_USAGE;
}

static int parse_api_nr(const char *text, struct trace_options *options)
{
	char *end;
	bool digit = *text >= '0' && *text <= '9';
	long set = strtol(text, &end, 0);
	long get = options->get_nr;

	if (digit && *end == ',') {
		digit = end[1] >= '0' && end[1] <= '9';
		get = strtol(end + 1, &end, 0);
	}
	if (!digit || *end || set > NR_MAX || get > NR_MAX || set == get) {
		complain("'%s' are no system call numbers for --api-nr; give SET or SET,GET", text);
		return TRACE_EXIT_USAGE;
	}
	options->set_nr = set;
	options->get_nr = get;
	return -1;
}

static int parse_guard(const char *text, struct trace_options *options)
{
	options->guard = true;
	if (!text)
		return -1;
	if (strcmp(text, "strict") == 0) {
		options->guard_strict = true;
		return -1;
	}
	complain("'%s' is nothing for --guard; give --guard or --guard=strict", text);
	return TRACE_EXIT_USAGE;
}

/* Options without an argument. False: not one of these. */
static bool apply_flag(int id, struct trace_options *options)
{
	switch (id) {
	case 'f':
		options->follow = true;
		return true;
	case 't':
		if (options->clock < LOG_EPOCH_US)
			options->clock++;
		return true;
	case 'r':
		options->relative = true;
		return true;
	case 'T':
		options->took = true;
		return true;
	case 'i':
		options->pc = true;
		return true;
	case 'k':
		options->stacks++;
		return true;
	case 'y':
		options->paths = true;
		return true;
	case 'Y':
		options->comms = true;
		return true;
	case 'q':
		options->quiet++;
		return true;
	case 'c':
		options->summary_only = true;
		options->summary = true;
		return true;
	case 'C':
		options->summary = true;
		return true;
	case 'J':
		options->json = true;
		return true;
	case 'D':
		options->detached = true;
		return true;
	case OPT_NO_SECCOMP:
		options->no_seccomp = true;
		return true;
	case OPT_INJECT_FILTER:
		options->inject_filter = true;
		return true;
	default:
		return false;
	}
}

static int apply(int id, char *argument, void *context)
{
	struct trace_options *options = context;

	if (apply_flag(id, options))
		return -1;
	switch (id) {
	case 'p':
		return option_pids(argument, &options->pids, &options->n_pids);
	case 'o':
		options->output = argument;
		return -1;
	case 'e':
		return parse_events(argument, options);
	case 's':
		return option_number("-s", argument, ENTRIES_MAX, &options->entries_max);
	case OPT_API:
		return parse_api("--api", argument, options);
	case OPT_EMULATE:
		options->emulate = true;
		/* A child has no tracer of its own to answer its calls. */
		options->follow = true;
		return argument ? parse_api("--emulate", argument, options) : -1;
	case OPT_GUARD:
		return parse_guard(argument, options);
	case OPT_API_NR:
		return parse_api_nr(argument, options);
	case OPT_STACK_DEPTH:
		return option_number("--stack-depth", argument, STACK_DEPTH_MAX,
				     &options->stack_depth);
	case OPT_SNAPSHOT_INTERVAL:
		return option_seconds("--snapshot-interval", argument, &options->snapshot_ns);
	case OPT_COLOR:
		return option_color(argument, &options->color);
	default: /* the rows of the table are all above */
		return -1;
	}
}

static int check_exclusions(const struct trace_options *options)
{
	const struct option_rule rules[] = {
		{!options->argv && !options->n_pids,
		 "say what to trace: a COMMAND, or -p PID for a process that runs"},
		{options->argv && options->n_pids, "-p and a COMMAND exclude each other"},
		{options->inject_filter && !options->n_pids,
		 "--inject-filter goes with -p: a COMMAND runs under a filter anyway"},
		{options->inject_filter && options->no_seccomp,
		 "--inject-filter and --no-seccomp exclude each other"},
		{options->emulate && options->n_pids,
		 "--emulate goes with a COMMAND: what a process registered before is not known"},
		{options->detached && options->n_pids,
		 "-D goes with a COMMAND: with -p nobody is anybody's child"},
	};

	return option_check_rules(rules, sizeof(rules) / sizeof(rules[0]));
}

int trace_options_parse(int argc, char **argv, struct trace_options *ret)
{
	int result;
	int rest;

	*ret = (struct trace_options){
		.groups = CALL_LISTS | CALL_LIFE,
		.stack_depth = STACK_DEPTH_DEFAULT,
		.entries_max = DEFAULT_ENTRIES,
		.revision = revision_at(0),
		.set_nr = REVISION_NONE,
		.get_nr = REVISION_NONE,
		.color = option_default_color(STDERR_FILENO),
	};
	result = option_scan(COMMAND_TRACE, argc, argv, apply, ret, &rest);
	ret->done = result == TRACE_EXIT_DONE;
	if (result >= 0)
		return result;
	if (rest < argc)
		ret->argv = argv + rest;
	/* Wherever --emulate stands: what is not stopped at cannot be answered. */
	if (ret->emulate)
		ret->groups |= CALL_LISTS;
	if (ret->output)
		ret->color = false;
	return check_exclusions(ret);
}

void trace_options_release(struct trace_options *options)
{
	free(options->pids);
}
