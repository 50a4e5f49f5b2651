/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/show.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "cmd/complain.h"
#include "cmd/options.h"
#include "cmd/picture.h"
#include "report/dot.h"
#include "report/json.h"
#include "report/text.h"
#include "snapshot.h"

static int print(const struct snapshot *snapshot, const struct options *options)
{
	struct text_options text = {
		.columns = options->columns,
		.n_columns = options->n_columns,
		.no_headings = options->no_headings,
		.raw = options->raw,
		.terminal = isatty(STDOUT_FILENO),
		.no_truncate = options->no_truncate,
		.color = options->color,
	};
	int error;

	if (options->json)
		error = json_print(snapshot, stdout);
	else if (options->dot)
		error = dot_print(snapshot, stdout);
	else if (options->lists)
		error = text_print_tree(snapshot, &text, stdout);
	else
		error = text_print_table(snapshot, &text, stdout);
	return error == -ENOMEM ? complain_memory() : complain_output(EXIT_DONE);
}

static int show(const struct options *options)
{
	struct patience patience = {0};
	struct snapshot snapshot;
	int status = EXIT_NOTHING;

	if (take_picture(options, &patience, true, &snapshot))
		return EXIT_NOTHING;
	if (snapshot.census.processes)
		status = print(&snapshot, options);
	snapshot_free(&snapshot);
	return status;
}

int cmd_show(int argc, char **argv)
{
	struct options options;
	int status = options_parse(COMMAND_SHOW, argc, argv, &options);

	if (status < 0)
		status = show(&options);
	else if (options.done)
		status = complain_output(status);
	options_release(&options);
	return status;
}
