/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/option_table.h"

#include <stdio.h>
#include <string.h>

#include "report/columns.h"

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
	IN_TOP = 1u << COMMAND_TOP,
	IN_TRACE = 1u << COMMAND_TRACE,
	IN_PROBE = 1u << COMMAND_PROBE,
	IN_RACE = 1u << COMMAND_RACE,
	IN_BOTH = IN_SHOW | IN_CHECK,
	IN_LOOKS = IN_BOTH | IN_TOP,
	IN_ACTS = IN_LOOKS | IN_TRACE,
	IN_ALL = IN_ACTS | IN_PROBE | IN_RACE,
};

static const struct option_row rows[] = {
	{IN_ACTS, 'p', "pid", "PID[,PID...]", "these processes"},
	{IN_RACE, 'p', "pid", "PID", "look for the window in this process"},
	{IN_RACE, 'n', "count", "COUNT", "so many rounds (default 1)"},
	{IN_RACE, OPT_LIBC, "libc", "HOW",
	 "how the victim unlocks: glibc (default), musl or\nrobust-unlock (kernels from 7.2 on)"},
	{IN_RACE, OPT_WAITER, "waiter", NULL,
	 "somebody waits for the lock: stop the unlocker at its\nFUTEX_WAKE, not by single steps"},
	{IN_RACE, OPT_RAW, "raw", NULL, "unmap by bare system calls, not by the libc's functions"},
	{IN_RACE, OPT_GUARD, "guard", NULL, "prevent it, as trace --guard does"},
	{IN_RACE, OPT_LIMIT, "limit", NULL, "show what becomes of locks beyond the kernel's limit"},
	{IN_RACE, OPT_CIRCULAR, "circular", NULL, "show what becomes of a list in a circle"},
	{IN_RACE, OPT_LOCK, "lock", "LOCK",
	 "of this lock only: ADDRESS, or FILE+OFFSET of its word"},
	{IN_RACE, OPT_WAIT, "wait", "SECONDS", "look for the window for so long (default 10)"},
	{IN_RACE, OPT_KILL, "kill", NULL, "kill the process in the window; asks first"},
	{IN_RACE, 'y', "yes", NULL, "do not ask"},
	{IN_RACE, 'J', "json", NULL, "JSON, one object a line (schema: json-schema-race.json)"},
	{IN_LOOKS, 'a', "all", NULL, "every process that we may look at"},
	{IN_SHOW, 'l', "lists", NULL,
	 "a tree of threads, their robust lists and the entries on them"},
	{IN_BOTH, 'J', "json", NULL, "one JSON document (schema: json-schema.json)"},
	{IN_TRACE, 'f', "follow-forks", NULL, "children too; threads are followed always"},
	{IN_TRACE, 'o', "output", "FILE", "write the log to FILE, not to standard error"},
	{IN_TRACE, 'e', "events", "EVENTS",
	 "lists, futex, life, mmap or all, separated by commas\n(default lists,life)"},
	{IN_TRACE, OPT_API, "api", "REVISION",
	 "revision of set_robust_list2: lpc2025 (default), steamos,\nv6 or v5"},
	{IN_TRACE, OPT_API_NR, "api-nr", "SET[,GET]",
	 "numbers of set_robust_list2 and get_robust_list2"},
	{IN_TRACE, OPT_EMULATE, "emulate", "[REVISION]",
	 "answer the calls of the new API in place of the kernel;\nimplies -f"},
	{IN_TRACE, OPT_GUARD, "guard", "[strict]",
	 "clear a stale list_op_pending before the kernel writes to\nwhat is no lock any more; strict: a doubtful one too"},
	{IN_TRACE, 't', "time", NULL,
	 "time of day before each line; -tt with microseconds,\n"
	 "-ttt as seconds since 1970"},
	{IN_TRACE, 'r', "relative", NULL, "seconds since the line before"},
	{IN_TRACE, 'T', "took", NULL, "time that each call took, behind it"},
	{IN_TRACE, 'i', "instruction-pointer", NULL, "program counter at each call"},
	{IN_TRACE, 's', "entries", "N", "entries shown of a list (default 16)"},
	{IN_TRACE, 'y', "paths", NULL, "what each futex is: its file, or its memory"},
	{IN_TRACE, 'Y', "comms", NULL, "name of the thread beside its number"},
	{IN_TRACE, 'q', "quiet", NULL, "no lines of attaching and new tasks; -qq: nor of ends"},
	{IN_TRACE, 'c', "summary-only", NULL,
	 "count calls, errors, lists and locks, in place of a log"},
	{IN_TRACE, 'C', "summary", NULL, "as -c, behind the log"},
	{IN_TRACE, 'J', "json", NULL, "one JSON object a line (schema: json-schema-trace.json)"},
	{IN_TRACE, OPT_SNAPSHOT_INTERVAL, "snapshot-interval", "SECONDS",
	 "print what show prints, again and again; on SIGUSR1\nin any case"},
	{IN_TRACE, 'D', "daemonize", NULL,
	 "the command is our caller's child, the tracer is in the\nbackground"},
	{IN_TRACE, OPT_NO_SECCOMP, "no-seccomp", NULL,
	 "stop at every system call: slow, but the command is under\nno filter"},
	{IN_TRACE, OPT_INJECT_FILTER, "inject-filter", NULL,
	 "with -p: put the processes under a filter: fast, but for\never: see the manual"},
	{IN_PROBE, 'J', "json", NULL, "one JSON document (schema: json-schema-probe.json)"},
	{IN_SHOW, OPT_DOT, "dot", NULL, "threads and locks as a graph for Graphviz (dot -Tsvg)"},
	{IN_SHOW, 'o', "output", "COLUMNS",
	 "columns of the table, separated by commas; +COLUMNS adds some"},
	{IN_SHOW, 'n', "noheadings", NULL, "rows only: no headings, problems or closing line"},
	{IN_SHOW, 'r', "raw", NULL,
	 "rows for scripts: one blank between cells, blanks in cells\nas \\x20, empty cells as -"},
	{IN_SHOW, 'u', "notruncate", NULL, "let lines be wider than the terminal"},
	{IN_SHOW, OPT_LIST_COLUMNS, "list-columns", NULL, "list the columns for -o and leave"},
	{IN_BOTH, 'k', "stacks", NULL,
	 "the stack of each owner and waiter; -kk: with source lines"},
	{IN_TRACE, 'k', "stacks", NULL, "the stack at each call; -kk: with source lines"},
	{IN_BOTH | IN_TRACE, OPT_STACK_DEPTH, "stack-depth", "N",
	 "calls shown of a stack (default 64)"},
	{IN_CHECK, OPT_WAIT, "wait", "SECONDS",
	 "look again and again until there is a problem, or for so long"},
	{IN_CHECK, OPT_INTERVAL, "interval", "SECONDS", "time between two looks (default 1)"},
	{IN_CHECK, OPT_HOLD, "hold", "SECONDS",
	 "call it a problem when a lock that others wait for is held\nlonger than that"},
	{IN_TOP, 'd', "delay", "SECONDS", "time between two looks (default 1)"},
	{IN_TOP, OPT_BELL, "bell", NULL, "ring once when there is a new problem"},
	{IN_LOOKS, OPT_STOP, "stop", NULL,
	 "stop a thread for a moment when its list never stands\nstill (default: never stop)"},
	{IN_ACTS | IN_RACE, OPT_COLOR, "color", "[WHEN]", "auto (default), always or never"},
	{IN_TOP, OPT_SCRIPT, "script", "FILE",
	 "take keys from a file and print screens: for tests, without\na terminal"},
	{IN_TOP, OPT_SIZE, "size", "COLUMNSxROWS", "size of these screens (default 80x24)"},
	{IN_TOP, OPT_PICTURE, "picture", "FILE",
	 "show this document of show -J instead of processes; several\nare one look each (needs --script)"},
	{IN_ALL, 'h', "help", NULL, "this text"},
	{IN_ALL, 'V', "version", NULL, "the version"},
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

/* Also room for the row that ends getopt_long's table, and for its leading "+:". */
_Static_assert(N_ROWS < OPTION_ROWS_MAX - 1, "OPTION_ROWS_MAX is too small");

/* What --help says around the options. */
static const struct {
	const char *name;
	const char *usage;
	const char *about;
	const char *statuses;
	bool has_columns;
	bool runs_command; /* options end where the command begins */
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
	[COMMAND_TOP] =
		{
			.name = "top",
			.usage = "[-p PID[,PID...]]... [-a | FILE...] [options]",
			.about =
				"Shows robust futexes live, in a terminal: who holds which, for how "
				"long, who waits, what is wrong.\n"
				"Without a choice: every process that we may look at. The key ? tells "
				"all keys.\n",
			.statuses =
				"Exit status: 0 the user left, 1 nothing could be looked at, or no "
				"terminal\nthat can be used, 2 usage.\n",
		},
	[COMMAND_TRACE] =
		{
			.name = "trace",
			.usage = "[options] COMMAND [ARG...]\n"
				 "       robtrace trace [options] -p PID[,PID...]",
			.about =
				"Logs the calls that register robust lists, in the form of strace, "
				"and what\nbecomes of the locks of each thread that ends.\n",
			.statuses =
				"Exit status: the command's, or death by its signal; 126 or 127 when "
				"it cannot be run;\n0 done, 1 could not trace, "
				"2 usage, 3 the log could not be written.\n",
			.runs_command = true,
		},
	[COMMAND_PROBE] =
		{
			.name = "probe",
			.usage = "[options]",
			.about = "Tells what this kernel has of robust lists, and what it and our "
				 "rights let robtrace do.\n"
				 "Looks at no process but children of its own.\n",
			.statuses = "Exit status: 0 done, 1 could not probe, 2 usage,\n"
				    "3 the output could not be written.\n",
		},
	[COMMAND_RACE] =
		{
			.name = "race",
			.usage = "[options]\n"
				 "       robtrace race [options] -p PID\n"
				 "       robtrace race [options] [--] COMMAND [ARG...]",
			.about =
				"Reproduces the unlock race: a thread dies after it has released a "
				"robust futex and\nbefore list_op_pending is cleared, and the kernel "
				"writes to a file.\n"
				"With -p or COMMAND: finds a thread of that program in the window, "
				"shows it and lets it go.\n",
			.statuses = "Exit status: 0 reproduced as asked (or found), 1 not, "
				    "2 usage or error.\n",
			.runs_command = true,
		},
};

/* Of --help: names of options, behind two blanks. */
#define LEFT_WIDTH 24

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
	/* What is wider than its column has the line to itself. */
	if (strlen(left) > LEFT_WIDTH)
		printf("  %s\n  %*s ", left, LEFT_WIDTH, "");
	else
		printf("  %-*s ", LEFT_WIDTH, left);
	if (newline)
		printf("%.*s\n  %*s %s\n", (int)(newline - row->help), row->help, LEFT_WIDTH, "",
		       newline + 1);
	else
		printf("%s\n", row->help);
}

const char *option_table_command(enum command_id command)
{
	return commands[command].name;
}

void option_table_print_help(enum command_id command)
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

void option_table_getopt(enum command_id command, char letters[2 * OPTION_ROWS_MAX],
			 struct option longs[OPTION_ROWS_MAX])
{
	char *at = letters;
	size_t count = 0;

	if (commands[command].runs_command)
		*at++ = '+';
	/* This ':' lets us tell an argument that is missing from an unknown option. */
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
