/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/options.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/vec.h"
#include "cmd/complain.h"

/* Options without a letter. */
enum long_only {
	OPT_LIST_COLUMNS = 256,
	OPT_STOP,
	OPT_COLOR,
};

struct option_row {
	int id; /* its letter, or one of enum long_only */
	const char *name;
	const char *argument; /* NULL: none; in brackets: may be left out */
	const char *help;
};

static const struct option_row show_rows[] = {
	{'p', "pid", "PID[,PID...]", "these processes"},
	{'a', "all", NULL, "every process that we may look at"},
	{'l', "lists", NULL, "a tree of threads, their robust lists and the entries on them"},
	{'J', "json", NULL, "one JSON document (schema: docs/json-schema.json)"},
	{'o', "output", "COLUMNS", "columns of the table, separated by commas; +COLUMNS adds some"},
	{'n', "noheadings", NULL, "rows only: no headings, problems or closing line"},
	{'r', "raw", NULL, "rows for scripts: one blank between cells, blanks in cells as \\x20"},
	{'u', "notruncate", NULL, "let lines be wider than the terminal"},
	{OPT_LIST_COLUMNS, "list-columns", NULL, "list the columns for -o and leave"},
	{OPT_STOP, "stop", NULL,
	 "stop a thread for a moment when its list never stands still (default: never stop)"},
	{OPT_COLOR, "color", "[WHEN]", "auto (default), always or never"},
	{'h', "help", NULL, "this text"},
	{'V', "version", NULL, "the version"},
};

#define N_ROWS (sizeof(show_rows) / sizeof(show_rows[0]))

static void print_help(void)
{
	printf("Usage: robtrace show [-p PID[,PID...]]... [-a | FILE...] [options]\n\n"
	       "Shows who holds which robust futex and who waits for it, without stopping anybody.\n"
	       "With FILE: in every process that maps it, and only the locks in it.\n\n"
	       "Options:\n");
	for (size_t i = 0; i < N_ROWS; i++) {
		const struct option_row *row = &show_rows[i];
		char left[48];
		char letter[8] = "    ";
		bool optional = row->argument && row->argument[0] == '[';

		if (row->id < OPT_LIST_COLUMNS)
			snprintf(letter, sizeof(letter), "-%c, ", row->id);
		/* An argument that may be left out hangs on the name: --color[=WHEN]. */
		if (optional)
			snprintf(left, sizeof(left), "%s--%s[=%s", letter, row->name,
				 row->argument + 1);
		else
			snprintf(left, sizeof(left), "%s--%s%s%s", letter, row->name,
				 row->argument ? " " : "", row->argument ? row->argument : "");
		printf("  %-26s %s\n", left, row->help);
	}
	printf("\nColumns of the table (-o), * by default:\n");
	for (size_t i = 0; i < n_columns; i++)
		printf(" %c%-12s %s\n", columns[i].is_default ? '*' : ' ', columns[i].name,
		       columns[i].help);
	printf("\nExit status: 0 done, 1 nothing could be looked at, 2 usage,\n"
	       "3 the output could not be written.\n");
}

static void print_columns(void)
{
	for (size_t i = 0; i < n_columns; i++)
		printf("%-12s %-8s %s\n", columns[i].name, column_type_name(columns[i].type),
		       columns[i].help);
}

static int parse_pid(const char *text, size_t length, pid_t *ret)
{
	long value = 0;

	if (!length)
		return -EINVAL;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		value = value * 10 + (text[i] - '0');
		if (value > INT_MAX)
			return -EINVAL;
	}
	*ret = (pid_t)value;
	return value > 0 ? 0 : -EINVAL;
}

static bool has_pid(const struct show_options *options, pid_t pid)
{
	for (size_t i = 0; i < options->n_pids; i++)
		if (options->pids[i] == pid)
			return true;
	return false;
}

static int parse_pids(const char *text, struct show_options *options)
{
	size_t capacity = options->n_pids;

	for (;;) {
		size_t length = strcspn(text, ",");
		pid_t pid;

		if (parse_pid(text, length, &pid)) {
			complain("'%.*s' is not a process number; give -p PID or -p PID,PID",
				 (int)length, text);
			return EXIT_USAGE;
		}
		if (!has_pid(options, pid)) {
			if (vec_reserve(&options->pids, options->n_pids, &capacity, 1,
					sizeof(*options->pids)))
				return complain_memory();
			options->pids[options->n_pids++] = pid;
		}
		if (!text[length])
			return -1;
		text += length + 1;
	}
}

static int add_column(struct show_options *options, const struct column *column)
{
	const struct column **grown = reallocarray(options->columns, options->n_columns + 1,
						   sizeof(const struct column *));

	if (!grown)
		return complain_memory();
	options->columns = grown;
	options->columns[options->n_columns++] = column;
	return -1;
}

static int add_default_columns(struct show_options *options)
{
	int result = -1;

	options->n_columns = 0;
	for (size_t i = 0; i < n_columns && result < 0; i++)
		if (columns[i].is_default)
			result = add_column(options, &columns[i]);
	return result;
}

static int parse_columns(const char *text, struct show_options *options)
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

static int parse_color(const char *when, struct show_options *options)
{
	if (!when || strcmp(when, "always") == 0)
		options->color = true;
	else if (strcmp(when, "never") == 0)
		options->color = false;
	else if (strcmp(when, "auto") != 0) {
		complain("'%s' is not a time for --color; give auto, always or never", when);
		return EXIT_USAGE;
	}
	return -1;
}

/* Colours by default: on a terminal, unless NO_COLOR is set to anything (no-color.org). */
static bool default_color(void)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no_color && *no_color) &&
	       !(term && strcmp(term, "dumb") == 0);
}

/* An option that getopt_long did not take, as it stands in argv. */
static int complain_option(int id, const char *given)
{
	if (id == ':')
		complain("%s needs an argument; see robtrace show --help", given);
	else
		complain("%s is no option, or takes no argument; see robtrace show --help", given);
	return EXIT_USAGE;
}

static int apply(int id, const char *argument, const char *given, struct show_options *options)
{
	switch (id) {
	case 'p':
		return parse_pids(argument, options);
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
	case OPT_STOP:
		options->stop = true;
		return -1;
	case OPT_COLOR:
		return parse_color(argument, options);
	case OPT_LIST_COLUMNS:
		print_columns();
		break;
	case 'h':
		print_help();
		break;
	case 'V':
		printf("robtrace %s\n", ROBTRACE_VERSION);
		break;
	default:
		return complain_option(id, given);
	}
	options->done = true;
	return EXIT_DONE;
}

/* Which options do not go together, as sentences. */
static int check_exclusions(const struct show_options *options, bool output_given)
{
	const struct {
		bool wrong;
		const char *text;
	} rules[] = {
		{!options->all && !options->n_pids && !options->n_files,
		 "say what to look at: -p PID, -a for all processes, or a FILE that they map"},
		{options->all && options->n_pids, "-a and -p exclude each other"},
		{options->all && options->n_files,
		 "-a and FILE exclude each other; FILE alone looks at every process that maps it"},
		{options->json && output_given,
		 "-J and -o exclude each other: the JSON document has all fields"},
		{options->json && options->lists,
		 "-J and -l exclude each other: the JSON document has the lists"},
		{options->json && options->raw, "-J and -r exclude each other"},
		{options->lists && options->raw,
		 "-l and -r exclude each other: a tree is nothing to split into fields"},
		{options->lists && output_given, "-l and -o exclude each other"},
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (!rules[i].wrong)
			continue;
		complain("%s", rules[i].text);
		return EXIT_USAGE;
	}
	return -1;
}

/* getopt_long's own form of the table. */
static void build_getopt(char letters[2 * N_ROWS + 2], struct option longs[N_ROWS + 1])
{
	char *at = letters;

	/* The first ':' lets us tell an argument that is missing from an unknown option. */
	*at++ = ':';
	for (size_t i = 0; i < N_ROWS; i++) {
		const struct option_row *row = &show_rows[i];
		int wants = no_argument;

		if (row->argument)
			wants = row->argument[0] == '[' ? optional_argument : required_argument;
		longs[i] = (struct option){row->name, wants, NULL, row->id};
		if (row->id >= OPT_LIST_COLUMNS)
			continue;
		*at++ = (char)row->id;
		if (wants == required_argument)
			*at++ = ':';
	}
	*at = '\0';
	longs[N_ROWS] = (struct option){0};
}

int options_parse_show(int argc, char **argv, struct show_options *ret)
{
	char letters[2 * N_ROWS + 2];
	struct option longs[N_ROWS + 1];
	bool output_given = false;
	int result = -1;
	int id;

	*ret = (struct show_options){.color = default_color()};
	build_getopt(letters, longs);
	optind = 1;
	opterr = 0;
	while (result < 0 && (id = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		char letter[] = {'-', (char)optopt, '\0'};
		bool is_letter = optopt > 0 && optopt < OPT_LIST_COLUMNS;

		result = apply(id, optarg, is_letter ? letter : argv[optind - 1], ret);
		output_given = output_given || id == 'o';
	}
	if (result >= 0)
		return result;
	ret->files = argv + optind;
	ret->n_files = (size_t)(argc - optind);
	result = check_exclusions(ret, output_given);
	if (result < 0 && !ret->n_columns)
		result = add_default_columns(ret);
	return result;
}

void options_release(struct show_options *options)
{
	free(options->pids);
	free(options->columns);
}
