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

#define DEFAULT_INTERVAL_NS UINT64_C(1000000000)

/* Options without a letter. */
enum long_only {
	OPT_LIST_COLUMNS = 256,
	OPT_STOP,
	OPT_COLOR,
	OPT_WAIT,
	OPT_INTERVAL,
	OPT_HOLD,
};

struct option_row {
	unsigned commands; /* which have it: bits of enum command_bit */
	int id;            /* its letter, or one of enum long_only */
	const char *name;
	const char *argument; /* NULL: none; in brackets: may be left out */
	const char *help;
};

enum command_bit {
	IN_SHOW = 1u << COMMAND_SHOW,
	IN_CHECK = 1u << COMMAND_CHECK,
	IN_BOTH = IN_SHOW | IN_CHECK,
};

static const struct option_row rows[] = {
	{IN_BOTH, 'p', "pid", "PID[,PID...]", "these processes"},
	{IN_BOTH, 'a', "all", NULL, "every process that we may look at"},
	{IN_SHOW, 'l', "lists", NULL,
	 "a tree of threads, their robust lists and the entries on them"},
	{IN_BOTH, 'J', "json", NULL, "one JSON document (schema: json-schema.json)"},
	{IN_SHOW, 'o', "output", "COLUMNS",
	 "columns of the table, separated by commas; +COLUMNS adds some"},
	{IN_SHOW, 'n', "noheadings", NULL, "rows only: no headings, problems or closing line"},
	{IN_SHOW, 'r', "raw", NULL,
	 "rows for scripts: one blank between cells, blanks in cells\nas \\x20, empty cells as -"},
	{IN_SHOW, 'u', "notruncate", NULL, "let lines be wider than the terminal"},
	{IN_SHOW, OPT_LIST_COLUMNS, "list-columns", NULL, "list the columns for -o and leave"},
	{IN_CHECK, OPT_WAIT, "wait", "SECONDS",
	 "look again and again until there is a problem, or for so long"},
	{IN_CHECK, OPT_INTERVAL, "interval", "SECONDS", "time between two looks (default 1)"},
	{IN_CHECK, OPT_HOLD, "hold", "SECONDS",
	 "call it a problem when a lock that others wait for is held\nlonger than that"},
	{IN_BOTH, OPT_STOP, "stop", NULL,
	 "stop a thread for a moment when its list never stands\nstill (default: never stop)"},
	{IN_BOTH, OPT_COLOR, "color", "[WHEN]", "auto (default), always or never"},
	{IN_BOTH, 'h', "help", NULL, "this text"},
	{IN_BOTH, 'V', "version", NULL, "the version"},
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

/* What --help says around the options. */
static const struct {
	const char *name;
	const char *usage;
	const char *about;
	const char *statuses;
	bool has_columns;
} commands[] = {
	[COMMAND_SHOW] =
		{
			.name = "show",
			.usage = "[-p PID[,PID...]]... [-a | FILE...] [options]",
			.about =
				"Shows who holds which robust futex and who waits for it, without "
				"stopping anybody.\n"
				"With FILE: in every process that maps it, and only the locks in it.\n",
			.statuses = "Exit status: 0 done, 1 nothing could be looked at, 2 usage,\n"
				    "3 the output could not be written.\n",
			.has_columns = true,
		},
	[COMMAND_CHECK] =
		{
			.name = "check",
			.usage = "[-p PID[,PID...]]... [-a | FILE...] [options]",
			.about =
				"Tells what is wrong with robust futexes: deadlocks, dead and stopped "
				"owners, broken lists.\n"
				"Says nothing when nothing is wrong. With FILE: in every process that "
				"maps it,\nand only the locks in it.\n",
			.statuses = "Exit status: 0 no problem, 1 problems found, 2 could not look "
				    "(usage or error).\n",
		},
};

/* The help text of a row may have a second line. */
static void print_row(const struct option_row *row)
{
	const char *newline = strchr(row->help, '\n');
	bool optional = row->argument && row->argument[0] == '[';
	char left[48];
	char letter[8] = "    ";

	if (row->id < OPT_LIST_COLUMNS)
		snprintf(letter, sizeof(letter), "-%c, ", row->id);
	/* An argument that may be left out hangs on the name: --color[=WHEN]. */
	if (optional)
		snprintf(left, sizeof(left), "%s--%s[=%s", letter, row->name, row->argument + 1);
	else
		snprintf(left, sizeof(left), "%s--%s%s%s", letter, row->name,
			 row->argument ? " " : "", row->argument ? row->argument : "");
	if (newline)
		printf("  %-24s %.*s\n  %24s %s\n", left, (int)(newline - row->help), row->help, "",
		       newline + 1);
	else
		printf("  %-24s %s\n", left, row->help);
}

static void print_help(enum command_id command)
{
	printf("Usage: robtrace %s %s\n\n%s\nOptions:\n", commands[command].name,
	       commands[command].usage, commands[command].about);
	for (size_t i = 0; i < N_ROWS; i++)
		if (rows[i].commands & 1u << command)
			print_row(&rows[i]);
	if (commands[command].has_columns)
		printf("\nColumns of the table (-o), * by default:\n");
	for (size_t i = 0; i < n_columns && commands[command].has_columns; i++)
		printf(" %c%-12s %s\n", columns[i].is_default ? '*' : ' ', columns[i].name,
		       columns[i].help);
	printf("\n%s", commands[command].statuses);
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

static bool has_pid(const struct options *options, pid_t pid)
{
	for (size_t i = 0; i < options->n_pids; i++)
		if (options->pids[i] == pid)
			return true;
	return false;
}

static int parse_pids(const char *text, struct options *options)
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

static int parse_color(const char *when, struct options *options)
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

/* At most a year, so that the sum of two fits easily. */
static int parse_seconds(const char *option, const char *text, uint64_t *ret_ns)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end || !(seconds > 0) || seconds > 31536000) {
		complain("'%s' is no time for %s; give seconds, such as 5 or 0.5", text, option);
		return EXIT_USAGE;
	}
	*ret_ns = (uint64_t)(seconds * 1e9);
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
static int complain_option(int id, const char *given, const struct options *options)
{
	const char *command = commands[options->command].name;

	if (id == ':')
		complain("%s needs an argument; see robtrace %s --help", given, command);
	else
		complain("%s is no option, or takes no argument; see robtrace %s --help", given,
			 command);
	return EXIT_USAGE;
}

static int apply(int id, const char *argument, const char *given, struct options *options)
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
	case OPT_WAIT:
		return parse_seconds("--wait", argument, &options->wait_ns);
	case OPT_INTERVAL:
		return parse_seconds("--interval", argument, &options->interval_ns);
	case OPT_HOLD:
		return parse_seconds("--hold", argument, &options->hold_ns);
	case OPT_COLOR:
		return parse_color(argument, options);
	case OPT_LIST_COLUMNS:
		print_columns();
		break;
	case 'h':
		print_help(options->command);
		break;
	case 'V':
		printf("robtrace %s\n", ROBTRACE_VERSION);
		break;
	default:
		return complain_option(id, given, options);
	}
	options->done = true;
	return EXIT_DONE;
}

/* Which options do not go together, as sentences. */
static int check_exclusions(const struct options *options, bool output_given)
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
static void build_getopt(enum command_id command, char letters[2 * N_ROWS + 2],
			 struct option longs[N_ROWS + 1])
{
	char *at = letters;
	size_t count = 0;

	/* The first ':' lets us tell an argument that is missing from an unknown option. */
	*at++ = ':';
	for (size_t i = 0; i < N_ROWS; i++) {
		const struct option_row *row = &rows[i];
		int wants = no_argument;

		if (!(row->commands & 1u << command))
			continue;
		if (row->argument)
			wants = row->argument[0] == '[' ? optional_argument : required_argument;
		longs[count++] = (struct option){row->name, wants, NULL, row->id};
		if (row->id >= OPT_LIST_COLUMNS)
			continue;
		*at++ = (char)row->id;
		if (wants == required_argument)
			*at++ = ':';
	}
	*at = '\0';
	longs[count] = (struct option){0};
}

int options_parse(enum command_id command, int argc, char **argv, struct options *ret)
{
	char letters[2 * N_ROWS + 2];
	struct option longs[N_ROWS + 1];
	bool output_given = false;
	int result = -1;
	int id;

	*ret = (struct options){
		.command = command, .color = default_color(), .interval_ns = DEFAULT_INTERVAL_NS};
	build_getopt(command, letters, longs);
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

void options_release(struct options *options)
{
	free(options->pids);
	free(options->columns);
}
