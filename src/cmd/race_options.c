/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/race_options.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/complain.h"
#include "cmd/option_scan.h"
#include "cmd/option_table.h"
#include "cmd/option_values.h"
#include "names.h"

#define COUNT_MAX 1000000
#define DEFAULT_WAIT_NS UINT64_C(10000000000)

static int parse_libc(const char *text, struct race_options *options)
{
	for (enum race_libc libc = RACE_GLIBC; libc <= RACE_ROBUST_UNLOCK; libc++) {
		if (strcmp(name_of_race_libc(libc), text) != 0)
			continue;
		options->libc = libc;
		options->libc_given = true;
		return -1;
	}
	complain("'%s' is no way to unlock for --libc; give glibc, musl or robust-unlock", text);
	return RACE_EXIT_FAILED;
}

/* Options without an argument. False: not one of these. */
static bool apply_flag(int id, struct race_options *options)
{
	bool *const flag = id == 'J'            ? &options->json
			   : id == 'y'          ? &options->yes
			   : id == OPT_WAITER   ? &options->waiter
			   : id == OPT_RAW      ? &options->raw
			   : id == OPT_GUARD    ? &options->guard
			   : id == OPT_LIMIT    ? &options->limit
			   : id == OPT_CIRCULAR ? &options->circular
			   : id == OPT_KILL     ? &options->kill
						: NULL;

	if (flag)
		*flag = true;
	return flag;
}

static int apply(int id, char *argument, void *context)
{
	struct race_options *options = context;

	if (apply_flag(id, options))
		return -1;
	switch (id) {
	case 'p':
		return option_pids(argument, &options->pids, &options->n_pids);
	case 'n':
		return option_number("-n", argument, COUNT_MAX, &options->count);
	case OPT_LIBC:
		return parse_libc(argument, options);
	case OPT_LOCK:
		options->lock = argument;
		return -1;
	case OPT_WAIT:
		return option_seconds("--wait", argument, &options->wait_ns);
	case OPT_COLOR:
		return option_color(argument, &options->color);
	default: /* the rows of the table are all above */
		return -1;
	}
}

static int check_exclusions(const struct race_options *options)
{
	bool real = options->argv || options->n_pids;
	bool own = options->count || options->libc_given || options->waiter || options->raw ||
		   options->guard;
	bool lists = options->limit || options->circular;
	const struct option_rule rules[] = {
		{options->argv && options->n_pids, "-p and a COMMAND exclude each other"},
		{options->n_pids > 1, "-p takes one process here"},
		{real && (own || lists),
		 "-n, --libc, --waiter, --raw, --guard, --limit and --circular are for the victim "
		 "of our own: not with -p or a COMMAND"},
		{!real && (options->lock || options->kill || options->yes || options->wait_ns),
		 "--lock, --wait, --kill and --yes go with -p or a COMMAND"},
		{options->limit && options->circular, "--limit and --circular exclude each other"},
		{lists && own, "--limit and --circular go with -J and --color only"},
		{options->yes && !options->kill, "--yes answers what --kill asks: give both"},
	};

	return option_check_rules(rules, sizeof(rules) / sizeof(rules[0]));
}

int race_options_parse(int argc, char **argv, struct race_options *ret)
{
	int result;
	int rest;

	*ret = (struct race_options){.color = option_default_color(STDOUT_FILENO)};
	result = option_scan(COMMAND_RACE, argc, argv, apply, ret, &rest);
	ret->done = result == RACE_EXIT_AS_ASKED;
	if (result >= 0)
		return result ? RACE_EXIT_FAILED : result;
	if (rest < argc)
		ret->argv = argv + rest;
	result = check_exclusions(ret);
	if (!ret->count)
		ret->count = 1;
	if (!ret->wait_ns)
		ret->wait_ns = DEFAULT_WAIT_NS;
	return result;
}

void race_options_release(struct race_options *options)
{
	free(options->pids);
}
