/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/race.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/complain.h"
#include "cmd/race_options.h"
#include "report/race_json.h"
#include "report/race_text.h"
#include "target/maps.h"
#include "unlock_race.h"

static int complain_failure(const struct race_failure *failure)
{
	if (failure->error && failure->error != EOPNOTSUPP && failure->error != EPROTO &&
	    failure->error != ETIME && failure->error != EINTR)
		complain("%s: %s", failure->text, strerror(failure->error));
	else
		complain("%s", failure->text);
	return RACE_EXIT_FAILED;
}

/* ---- Our own victim ---- */

static int tell_round(const struct race_options *options, const struct race_result *result,
		      const struct race_round *round)
{
	if (options->json)
		return race_json_round(result, round, stdout);
	/* The others are alike; what differs is told in the end. */
	if (result->n_rounds == 1)
		race_text_round(result, round, options->color, stdout);
	return 0;
}

static int tell_result(const struct race_options *options, const struct race_result *result,
		       const struct race_round *last)
{
	if (options->json)
		return race_json_result(result, stdout);
	race_text_result(result, last, options->color, stdout);
	return 0;
}

static int run_rounds(const struct race_options *options, struct race_result *result)
{
	const char *folder = getenv("TMPDIR");
	const struct race_request request = {
		.libc = options->libc,
		.waiter = options->waiter,
		.raw = options->raw,
		.guard = options->guard,
		.folder = folder && *folder ? folder : "/tmp",
	};
	struct race_failure failure;
	struct race_round round = {0};

	while (result->n_rounds < result->n_asked) {
		if (race_round(&request, &round, &failure))
			return complain_failure(&failure);
		result->n_rounds++;
		result->n_verdict[round.verdict]++;
		result->total_ns += round.took_ns;
		if (tell_round(options, result, &round))
			return complain_memory(), RACE_EXIT_FAILED;
		fflush(stdout);
	}
	if (tell_result(options, result, &round))
		return complain_memory(), RACE_EXIT_FAILED;
	return -1;
}

static int own_victim(const struct race_options *options)
{
	struct utsname name = {0};
	struct race_result result = {
		.libc = options->libc,
		.waiter = options->waiter,
		.raw = options->raw,
		.guard = options->guard,
		.n_asked = options->count,
	};
	enum race_verdict wanted = options->guard ? RACE_PREVENTED : RACE_CORRUPTED;
	int status;

	uname(&name);
	result.release = name.release;
	status = run_rounds(options, &result);
	if (status >= 0)
		return status;
	return result.n_verdict[wanted] == result.n_rounds ? RACE_EXIT_AS_ASKED : RACE_EXIT_NOT;
}

static int own_lists(const struct race_options *options)
{
	struct race_failure failure;
	struct race_lists lists;

	if (race_lists(options->circular, &lists, &failure))
		return complain_failure(&failure);
	if (options->json && race_json_lists(&lists, stdout))
		return complain_memory(), RACE_EXIT_FAILED;
	if (!options->json)
		race_text_lists(&lists, stdout);
	return lists.n_stuck && lists.n_marked == lists.n_would_mark ? RACE_EXIT_AS_ASKED
								     : RACE_EXIT_NOT;
}

/* ---- A real program ---- */

/* --lock: "0x7f00c000", "/srv/db/lock.mdb+0x40". -1: good; otherwise the exit status. */
static int parse_lock(const char *text, struct race_hunt_request *request)
{
	const char *plus = strrchr(text, '+');
	const char *digits = plus ? plus + 1 : text;
	char path[PATH_MAX];
	struct map map;
	char *end;
	uint64_t value;
	int error;

	errno = 0;
	value = strtoull(digits, &end, 0);
	if (*digits < '0' || *digits > '9' || *end || errno ||
	    (plus && (size_t)(plus - text) >= sizeof(path))) {
		complain(
			"'%s' is no lock for --lock; give its word's address, or FILE+OFFSET, as show "
			"prints it",
			text);
		return RACE_EXIT_FAILED;
	}
	if (!plus) {
		request->by_address = true;
		request->address = value;
		return -1;
	}
	memcpy(path, text, (size_t)(plus - text));
	path[plus - text] = '\0';
	error = maps_identify_file(path, &map);
	if (error) {
		complain("%s: %s", path, strerror(-error));
		return RACE_EXIT_FAILED;
	}
	request->by_file = true;
	request->dev_major = map.dev_major;
	request->dev_minor = map.dev_minor;
	request->inode = map.inode;
	request->offset = value;
	return -1;
}

/* -1: yes, or nothing to ask; otherwise the exit status. */
static int ask(const struct race_options *options)
{
	char answer[16] = "";

	if (!options->kill || options->yes)
		return -1;
	if (!isatty(STDIN_FILENO)) {
		complain("--kill kills the process, and there is no terminal to ask at: give --yes "
			 "too");
		return RACE_EXIT_FAILED;
	}
	if (options->argv)
		fprintf(stderr, "Kill the command in the middle of an unlock? [y/N] ");
	else
		fprintf(stderr, "Kill process %d in the middle of an unlock? [y/N] ",
			options->pids[0]);
	if (fgets(answer, sizeof(answer), stdin) && (*answer == 'y' || *answer == 'Y'))
		return -1;
	complain("nothing was done");
	return RACE_EXIT_NOT;
}

static int complain_hunt(const struct race_options *options, const struct race_failure *failure,
			 int error)
{
	if (error == -ETIME || error == -ECHILD) {
		complain("%s", failure->text);
		return RACE_EXIT_NOT;
	}
	if (error == -EINTR)
		complain("%s", failure->text);
	else if (options->argv)
		complain("%s: %s: %s", options->argv[0], failure->text,
			 error == -ENOENT ? "command not found" : strerror(-error));
	else
		complain_attach(options->pids[0], error);
	return RACE_EXIT_FAILED;
}

static int tell_window(const struct race_options *options, const struct race_window *window)
{
	if (options->json ? race_json_window(window, stdout) : race_text_window(window, stdout))
		return complain_memory(), RACE_EXIT_FAILED;
	fflush(stdout);
	return RACE_EXIT_AS_ASKED;
}

static int real_program(const struct race_options *options)
{
	struct race_hunt_request request = {
		.argv = options->argv,
		.pid = options->n_pids ? options->pids[0] : 0,
		.wait_ns = options->wait_ns,
		.kill = options->kill,
	};
	struct race_failure failure;
	struct race_window window;
	pid_t command;
	int status = options->lock ? parse_lock(options->lock, &request) : -1;
	int error;

	if (status < 0)
		status = ask(options);
	if (status >= 0)
		return status;
	error = race_hunt(&request, &window, &command, &failure);
	status = error ? complain_hunt(options, &failure, error) : tell_window(options, &window);
	if (!error)
		race_window_release(&window);
	/* The command goes on, and it is ours to wait for. */
	while (command && waitpid(command, NULL, 0) < 0 && errno == EINTR)
		;
	return status;
}

int cmd_race(int argc, char **argv)
{
	struct race_options options;
	int status = race_options_parse(argc, argv, &options);

	if (status < 0 && (options.argv || options.n_pids))
		status = real_program(&options);
	else if (status < 0)
		status = options.limit || options.circular ? own_lists(&options)
							   : own_victim(&options);
	if (complain_output(status) != status)
		status = RACE_EXIT_FAILED;
	race_options_release(&options);
	return status;
}
