/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds the command that is meant. */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/check.h"
#include "cmd/complain.h"
#include "cmd/options.h"
#include "cmd/probe.h"
#include "cmd/race.h"
#include "cmd/show.h"
#include "cmd/top.h"
#include "cmd/trace.h"
#include "unlock_race.h"

struct command {
	const char *name;
	const char *help;
	int (*run)(int argc, char **argv);
};

static const struct command commands[] = {
	{"show", "who holds which robust futex, and who waits for it", cmd_show},
	{"check", "what is wrong: deadlocks, dead owners, broken lists", cmd_check},
	{"top", "the locks live, in a terminal", cmd_top},
	{"trace", "the calls that register lists, and what dying threads leave", cmd_trace},
	{"probe", "what this kernel and our rights allow", cmd_probe},
	{"race", "the unlock race, reproduced on demand", cmd_race},
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void print_help(void)
{
	printf("Usage: robtrace COMMAND [options]\n\n"
	       "Inspects robust futexes (PTHREAD_MUTEX_ROBUST) of live processes.\n\n"
	       "Commands:\n");
	for (size_t i = 0; i < N_COMMANDS; i++)
		printf("  %-8s %s\n", commands[i].name, commands[i].help);
	printf("\nOptions:\n"
	       "  -h, --help     this text; robtrace COMMAND --help tells more\n"
	       "  -V, --version  the version\n\n"
	       "Try: robtrace show -a\n");
}

static int run(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	for (size_t i = 0; i < N_COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
		print_help();
		return complain_output(EXIT_DONE);
	}
	if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
		printf("robtrace %s\n", ROBTRACE_VERSION);
		return complain_output(EXIT_DONE);
	}
	if (argc < 2)
		complain("say which command; see robtrace --help");
	else
		complain("'%s' is no command; see robtrace --help", name);
	return EXIT_USAGE;
}

static void on_pipe(int number)
{
	(void)number;
}

int main(int argc, char **argv)
{
	if (race_is_victim(argc, argv))
		return race_victim(argc, argv);
	setlocale(LC_ALL, "");
	/*
	 * A closed pipe is an error of the output like a full disk: of the status, not died of. A handler
	 * does not outlive exec, so that commands that are run do not ignore the signal, unless
	 * that is how it came to us.
	 */
	if (signal(SIGPIPE, on_pipe) == SIG_IGN)
		signal(SIGPIPE, SIG_IGN);
	/* Tables can be long; to a pipe or file they go in big pieces. */
	if (!isatty(STDOUT_FILENO))
		setvbuf(stdout, NULL, _IOFBF, (size_t)1 << 17);
	return run(argc, argv);
}
