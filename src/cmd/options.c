/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/complain.h"
#include "cmd/option_scan.h"
#include "cmd/option_table.h"
#include "cmd/option_values.h"

#define DEFAULT_INTERVAL_NS UINT64_C(1000000000)
#define DELAY_MIN_NS UINT64_C(100000000)
#define DELAY_MAX_NS UINT64_C(3600000000000)
#define DEFAULT_STACK_DEPTH 64
#define STACK_DEPTH_MAX 4096

static void print_columns(void)
{
	for (size_t i = 0; i < n_columns; i++)
		printf("%-12s %-8s %s\n", columns[i].name, column_type_name(columns[i].type),
		       columns[i].help);
}

static int add_column(struct options *options, const struct column *column)
{
	const struct column **grown = reallocarray(options->columns, options->n_columns + 1,
						   sizeof(const struct column *));

	if (!grown)
		return complain_memory();
	options->columns = grown;
	options->columns[options->n_columns++] = column;
	return -1;
}

static int add_default_columns(struct options *options)
{
	int result = -1;

	options->n_columns = 0;
	for (size_t i = 0; i < n_columns && result < 0; i++)
		if (columns[i].is_default)
			result = add_column(options, &columns[i]);
	return result;
}

static int parse_columns(const char *text, struct options *options)
{
	int result = -1;

	if (*text == '+') {
		text++;
		if (!options->n_columns)
			result = add_default_columns(options);
	} else {
		options->n_columns = 0;
	}
	while (result < 0) {
		size_t length = strcspn(text, ",");
		const struct column *column = column_find(text, length);

		if (!column) {
			complain("'%.*s' is not a column; see robtrace show --list-columns",
				 (int)length, text);
			return EXIT_USAGE;
		}
		result = add_column(options, column);
		if (!text[length])
			break;
		text += length + 1;
	}
	return result;
}

static int parse_delay(const char *text, struct options *options)
{
	int result = option_seconds("--delay", text, &options->delay_ns);

	if (result < 0 && (options->delay_ns < DELAY_MIN_NS || options->delay_ns > DELAY_MAX_NS)) {
		complain("'%s' is no time for --delay; give 0.1 to 3600 seconds", text);
		return EXIT_USAGE;
	}
	return result;
}

static int parse_size(const char *text, struct options *options)
{
	int used = 0;

	if (sscanf(text, "%4dx%4d%n", &options->width, &options->height, &used) != 2 ||
	    text[used] || options->width < 1 || options->height < 1 || options->width > 1000 ||
	    options->height > 1000) {
		complain("'%s' is no size for --size; give COLUMNSxROWS, such as 80x24", text);
		return EXIT_USAGE;
	}
	return -1;
}

static int add_picture(char *path, struct options *options)
{
	char **grown = reallocarray(options->pictures, options->n_pictures + 1, sizeof(char *));

	if (!grown)
		return complain_memory();
	options->pictures = grown;
	options->pictures[options->n_pictures++] = path;
	return -1;
}

static int apply(int id, char *argument, void *context)
{
	struct options *options = context;

	switch (id) {
	case 'p':
		return option_pids(argument, &options->pids, &options->n_pids);
	case 'a':
		options->all = true;
		return -1;
	case 'l':
		options->lists = true;
		return -1;
	case 'J':
		options->json = true;
		return -1;
	case 'o':
		options->columns_given = true;
		return parse_columns(argument, options);
	case 'n':
		options->no_headings = true;
		return -1;
	case 'r':
		options->raw = true;
		return -1;
	case 'u':
		options->no_truncate = true;
		return -1;
	case 'k':
		options->stacks++;
		return -1;
	case OPT_STACK_DEPTH:
		return option_number("--stack-depth", argument, STACK_DEPTH_MAX,
				     &options->stack_depth);
	case OPT_DOT:
		options->dot = true;
		return -1;
	case OPT_STOP:
		options->stop = true;
		return -1;
	case OPT_WAIT:
		return option_seconds("--wait", argument, &options->wait_ns);
	case OPT_INTERVAL:
		return option_seconds("--interval", argument, &options->interval_ns);
	case OPT_HOLD:
		return option_seconds("--hold", argument, &options->hold_ns);
	case 'd':
		return parse_delay(argument, options);
	case OPT_BELL:
		options->bell = true;
		return -1;
	case OPT_SCRIPT:
		options->script = argument;
		return -1;
	case OPT_SIZE:
		return parse_size(argument, options);
	case OPT_PICTURE:
		return add_picture(argument, options);
	case OPT_COLOR:
		return option_color(argument, &options->color);
	case OPT_LIST_COLUMNS:
		print_columns();
		return EXIT_DONE;
	default: /* the rows of the table are all above */
		return -1;
	}
}

static int check_exclusions(const struct options *options)
{
	const struct option_rule rules[] = {
		{options->command != COMMAND_TOP && options->command != COMMAND_PROBE &&
			 !options->all && !options->n_pids && !options->n_files,
		 "say what to look at: -p PID, -a for all processes, or a FILE that they map"},
		{options->all && options->n_pids, "-a and -p exclude each other"},
		{options->all && options->n_files,
		 "-a and FILE exclude each other; FILE alone looks at every process that maps it"},
		{options->json && options->columns_given,
		 "-J and -o exclude each other: the JSON document has all fields"},
		{options->json && options->lists,
		 "-J and -l exclude each other: the JSON document has the lists"},
		{options->json && options->raw, "-J and -r exclude each other"},
		{options->dot && (options->json || options->lists || options->raw ||
				  options->columns_given),
		 "--dot excludes -J, -l, -r and -o: it prints a graph and nothing else"},
		{options->lists && options->raw,
		 "-l and -r exclude each other: a tree is nothing to split into fields"},
		{options->n_pictures && !options->script,
		 "--picture needs --script: without it, top shows live processes"},
		{options->script && !options->n_pictures,
		 "--script needs a --picture, a document of robtrace show -J"},
		{options->lists && options->columns_given, "-l and -o exclude each other"},
	};

	return option_check_rules(rules, sizeof(rules) / sizeof(rules[0]));
}

int options_parse(enum command_id command, int argc, char **argv, struct options *ret)
{
	int result;
	int rest;

	*ret = (struct options){.command = command,
				.color = option_default_color(STDOUT_FILENO),
				.interval_ns = DEFAULT_INTERVAL_NS,
				.delay_ns = DEFAULT_INTERVAL_NS,
				.width = 80,
				.height = 24,
				.stack_depth = DEFAULT_STACK_DEPTH};
	result = option_scan(command, argc, argv, apply, ret, &rest);
	ret->done = result == EXIT_DONE;
	if (result >= 0)
		return result;
	ret->files = argv + rest;
	ret->n_files = (size_t)(argc - rest);
	result = check_exclusions(ret);
	if (result < 0 && !ret->n_columns)
		result = add_default_columns(ret);
	return result;
}

void options_release(struct options *options)
{
	free(options->pids);
	free(options->columns);
	free(options->pictures);
}
