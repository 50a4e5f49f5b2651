/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/top.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cmd/complain.h"
#include "cmd/options.h"
#include "cmd/picture.h"
#include "snapshot.h"
#include "tui.h"

/* What the thread that takes pictures has. */
struct looker {
	const struct options *options;
	struct snapshot_base *base;
	struct patience patience;
};

static int take(void *context, const struct tui_wish *wish, struct snapshot *ret,
		const char **ret_why)
{
	struct looker *looker = context;
	int error;

	do {
		error = take_picture_quietly(looker->options, &looker->patience, looker->base, wish,
					     ret, ret_why);
		/* The old base stays with the look that hangs. */
		if (error == -ETIMEDOUT && snapshot_base_new(&looker->base)) {
			looker->base = NULL;
			*ret_why = "out of memory";
			return -ENOMEM;
		}
	} while (error == -ETIMEDOUT);
	return error;
}

/* "-p 4242,4247"; malloced, NULL without memory. */
static char *describe_selection(const struct options *options)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	for (size_t i = 0; i < options->n_pids; i++)
		fprintf(out, "%s%d", i ? "," : "-p ", options->pids[i]);
	for (size_t i = 0; i < options->n_files; i++)
		fprintf(out, "%s%s", i ? " " : "", options->files[i]);
	if (!options->n_pids && !options->n_files)
		fputs("-a", out);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

/* Of named processes and files there must be something to look at when we begin. */
static bool is_something_there(const struct options *options, struct patience *patience)
{
	struct snapshot snapshot;
	bool there;

	if (!options->n_pids && !options->n_files)
		return true;
	if (take_picture(options, patience, true, &snapshot))
		return false;
	there = snapshot.census.processes;
	snapshot_free(&snapshot);
	return there;
}

static bool is_terminal(void)
{
	static const struct {
		int fd;
		const char *name;
	} ends[] = {{STDIN_FILENO, "input"}, {STDOUT_FILENO, "output"}};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		if (isatty(ends[i].fd))
			continue;
		complain("standard %s is no terminal; for programs there is robtrace show -J",
			 ends[i].name);
		return false;
	}
	return true;
}

/* Dies of the signal, as if it had not been waited for. */
static void die_of(int number)
{
	sigset_t set;

	signal(number, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, number);
	kill(getpid(), number);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static int live(const struct tui_options *tui, const struct options *options,
		struct patience *patience)
{
	char why[TUI_WHY_MAX];
	int result;

	if (!is_terminal() || !is_something_there(options, patience))
		return EXIT_NOTHING;
	result = tui_run(tui, why);
	if (result > 0)
		die_of(result);
	if (result < 0)
		complain("%s", why);
	return result < 0 ? EXIT_NOTHING : EXIT_DONE;
}

static int play(const struct tui_options *tui, const struct options *options)
{
	const struct tui_script script = {
		.path = options->script,
		.width = options->width,
		.height = options->height,
		.pictures = options->pictures,
		.n_pictures = options->n_pictures,
		.out = stdout,
	};
	char why[TUI_WHY_MAX];

	if (tui_play(tui, &script, why)) {
		complain("%s", why);
		return EXIT_NOTHING;
	}
	return complain_output(EXIT_DONE) ? EXIT_NOTHING : EXIT_DONE;
}

static int top(struct options *options)
{
	/* A saved picture does not say what was asked for. */
	cleanup_free char *selection = options->script ? NULL : describe_selection(options);
	struct looker looker = {.options = options};
	const struct tui_options tui = {
		.selection = selection,
		.delay_ns = options->delay_ns,
		.bell = options->bell,
		.color = options->color,
		.take = take,
		.context = &looker,
	};

	int status;

	/* A saved picture needs nothing of this machine. */
	if (options->script)
		return play(&tui, options);
	if (snapshot_base_new(&looker.base))
		return complain_memory();
	status = live(&tui, options, &looker.patience);
	snapshot_base_free(looker.base);
	return status;
}

int cmd_top(int argc, char **argv)
{
	struct options options;
	int status = options_parse(COMMAND_TOP, argc, argv, &options);

	if (status < 0)
		status = top(&options);
	else if (options.done)
		status = complain_output(status) ? EXIT_NOTHING : EXIT_DONE;
	options_release(&options);
	return status;
}
