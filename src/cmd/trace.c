/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "abi/revision.h"
#include "base/cleanup.h"
#include "cmd/complain.h"
#include "cmd/front.h"
#include "cmd/trace_options.h"
#include "follow.h"
#include "report/json.h"
#include "report/log.h"
#include "report/summary.h"
#include "report/text.h"
#include "snapshot.h"

/* Where the events go. */
struct sink {
	const struct trace_options *options;
	FILE *out;
	struct log *log;
	struct summary summary;
	pid_t first;     /* thread of the first event; 0: there was none */
	bool traced;     /* something was: there is a sum of it */
	int write_error; /* errno of the first write that failed */
};

/* ---- Output ---- */

/* Each line is written when it is whole, so that a log that was cut short is good to its end. */
static int open_output(struct sink *sink)
{
	const char *path = sink->options->output;
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)
		      : fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);

	sink->out = fd < 0 ? NULL : fdopen(fd, "w");
	if (!sink->out) {
		complain("%s: cannot write the log: %s", path ? path : "standard error",
			 strerror(errno));
		if (fd >= 0)
			close(fd);
		return TRACE_EXIT_OUTPUT;
	}
	setvbuf(sink->out, NULL, _IOLBF, BUFSIZ);
	return -1;
}

static bool is_silenced(const struct trace_options *options, enum event_kind kind)
{
	switch (kind) {
	case EVENT_ATTACHED:
	case EVENT_DETACHED:
	case EVENT_NEW_TASK:
		return options->quiet > 0;
	case EVENT_EXITED:
	case EVENT_KILLED:
		return options->quiet > 1;
	default:
		return false;
	}
}

static int emit(void *context, const struct event *event)
{
	struct sink *sink = context;
	int error;

	if (sink->options->summary)
		summary_add(&sink->summary, event);
	if (!sink->first)
		sink->first = event->tid;
	if (event->kind == EVENT_NEW_TASK || event->tid != sink->first)
		log_many_tasks(sink->log);
	if (sink->options->summary_only || is_silenced(sink->options, event->kind))
		return 0;
	error = log_event(sink->log, event);
	/* What hangs in a call can be seen. */
	if (event->kind == EVENT_CALL_ENTRY)
		fflush(sink->out);
	if (error || !ferror(sink->out))
		return error;
	sink->write_error = errno;
	return -EIO;
}

static int print_picture(const struct sink *sink, const struct snapshot *picture)
{
	cleanup_free const struct column **chosen = calloc(n_columns,
							   sizeof(const struct column *));
	struct text_options text = {.columns = chosen, .color = sink->options->color};

	if (!chosen)
		return -ENOMEM;
	for (size_t i = 0; i < n_columns; i++)
		if (columns[i].is_default ||
		    (sink->options->emulate && strcmp(columns[i].name, "LIST") == 0))
			chosen[text.n_columns++] = &columns[i];
	return text_print_table(picture, &text, sink->out);
}

static int take_picture_now(void *context, const struct follow_picture *wanted)
{
	struct sink *sink = context;
	struct snapshot_request request = {
		.pids = wanted->pids,
		.n_pids = wanted->n_pids,
		.emulated = wanted->emulated,
		.tracing = true,
		.stopped_tids = wanted->stopped_tids,
		.n_stopped_tids = wanted->n_stopped_tids,
		.stack_depth = sink->options->stacks ? sink->options->stack_depth : 0,
		.source_lines = sink->options->stacks > 1,
	};
	struct snapshot picture;
	int error = snapshot_take(&request, &picture);

	if (error)
		return error == -ENOMEM ? error : 0;
	log_break(sink->log);
	if (sink->options->json)
		error = json_print_line(&picture, sink->out);
	else
		error = print_picture(sink, &picture);
	snapshot_free(&picture);
	return error;
}

/* ---- What went wrong ---- */

/* The exit status for it. */
/* In the process that was to become the command. */
static void complain_refused(void *context, int error)
{
	const struct sink *sink = context;

	complain("%s: %s", sink->options->argv[0],
		 error == -ENOENT ? "command not found" : strerror(-error));
}

static int complain_failure(const struct trace_options *options, const struct follow_result *result,
			    int error)
{
	switch (result->failure) {
	case FOLLOW_NO_ATTACH:
		complain_attach(result->pid, error);
		return TRACE_EXIT_FAILED;
	case FOLLOW_NO_COMMAND: /* complain_refused has told it */
		return error == -ENOENT ? TRACE_EXIT_NO_COMMAND : TRACE_EXIT_NO_EXEC;
	case FOLLOW_NO_PTRACE:
		complain_no_ptrace(error);
		return TRACE_EXIT_FAILED;
	case FOLLOW_NO_CALLS:
		complain(
			"nothing can be emulated: this kernel does not tell tracers of system calls "
			"(PTRACE_GET_SYSCALL_INFO, Linux 5.3)");
		return TRACE_EXIT_FAILED;
	case FOLLOW_NO_FORK:
		complain("cannot start %s: %s", options->argv[0], strerror(-error));
		return TRACE_EXIT_FAILED;
	default:
		if (error == -EIO)
			return TRACE_EXIT_OUTPUT;
		complain("the trace broke off: %s", strerror(-error));
		return TRACE_EXIT_FAILED;
	}
}

/* ---- The run ---- */

/* --api-nr says that this call is the one at its number, whatever others have there. */
static bool is_told(const struct trace_options *options, enum call_form form)
{
	switch (form) {
	case CALL_FORM_SET_ROBUST_LIST2:
		return options->set_nr >= 0;
	case CALL_FORM_GET_ROBUST_LIST2:
		return options->get_nr >= 0 || (options->emulate && options->set_nr >= 0);
	default:
		return true;
	}
}

/*
 * A number of the new API that is another call on this kernel is shown as that, and is not
 * emulated unless the person insists. An exit status, or -1.
 */
static int set_up_calls(const struct trace_options *options, struct traced_calls *calls)
{
	struct utsname name;
	unsigned major;
	unsigned minor;

	traced_calls_init(calls, options->revision, options->set_nr, options->get_nr);
	if (uname(&name) < 0 || sscanf(name.release, "%u.%u", &major, &minor) != 2)
		return -1;
	for (size_t i = 0; i < calls->n_rows; i++) {
		long number = calls->rows[i].numbers[0];
		const char *taken = number < 0 ? NULL : revision_number_taken(number, major, minor);

		if (!taken || is_told(options, calls->rows[i].form))
			continue;
		if (options->emulate) {
			complain("%s cannot be emulated at its number %ld: that is %s on this "
				 "kernel (%s); give other numbers with --api-nr",
				 calls->rows[i].name, number, taken, name.release);
			return TRACE_EXIT_USAGE;
		}
		traced_calls_taken(calls, number, taken);
	}
	return -1;
}

/* Those under a filter of ours could not live without us: only others may lose their tracer. */
static bool may_give_up(const struct trace_options *options)
{
	return options->n_pids && !options->inject_filter;
}

static void give_up(int signal)
{
	const struct front_report report = {.signal = signal};

	complain("the trace stands still, as when memory of a process does not answer; ended by "
		 "the second signal: the kernel lets all go");
	front_end(&report);
}

static struct follow_request make_request(const struct trace_options *options,
					  const struct traced_calls *calls, struct sink *sink)
{
	return (struct follow_request){
		.argv = options->argv,
		.filter = options->argv && !options->no_seccomp,
		.detached = options->detached,
		.refused = complain_refused,
		.pids = options->pids,
		.n_pids = options->n_pids,
		.follow = options->follow,
		.inject = options->inject_filter,
		.emulate = options->emulate,
		.guard = options->guard,
		.guard_strict = options->guard_strict,
		.groups = options->groups,
		.calls = calls,
		.label_all = options->paths,
		.comms = options->comms || options->json,
		.stack_depth = options->stacks ? options->stack_depth : 0,
		.source_lines = options->stacks > 1,
		.snapshot_ns = options->snapshot_ns,
		.emit = emit,
		.picture = take_picture_now,
		.give_up = may_give_up(options) ? give_up : NULL,
		.context = sink,
	};
}

/* The output's end: what a full disk swallowed must not end with 0. */
static int close_output(struct sink *sink, int status)
{
	bool failed = false;

	if (sink->log)
		log_break(sink->log);
	if (sink->options->summary && sink->out && sink->traced) {
		failed = summary_print(&sink->summary, sink->options->json, sink->out) != 0;
		if (ferror(sink->out) && !sink->write_error)
			sink->write_error = errno;
	}
	log_free(sink->log);
	if (sink->out) {
		failed = ferror(sink->out) || failed;
		errno = 0;
		failed = fclose(sink->out) != 0 || failed;
	}
	if (!failed)
		return status;
	if (sink->write_error)
		errno = sink->write_error;
	complain("%s: cannot write the log: %s",
		 sink->options->output ? sink->options->output : "standard error",
		 errno ? strerror(errno) : "write error");
	return TRACE_EXIT_OUTPUT;
}

/* All is told, and what comes now comes too late to mean anything: it must not change our status. */
static void ignore_control(void)
{
	static const int signals[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i], SIG_IGN);
}

/* Traces to the end. Never returns where it had to stay behind. */
static struct front_report run(const struct trace_options *options, struct sink *sink, int front_fd)
{
	struct traced_calls calls;
	struct follow_request request;
	struct follow_result result;
	struct front_report report = {0};
	struct follow *follow = NULL;
	int error;

	report.status = set_up_calls(options, &calls);
	if (report.status >= 0) {
		close_output(sink, report.status);
		return report;
	}
	report.status = 0;
	request = make_request(options, &calls, sink);
	error = follow_open(&request, &follow, &result);
	if (error && result.failure == FOLLOW_NO_FILTER) {
		complain("seccomp is not to be had here (%s): every system call stops, which is "
			 "slow",
			 strerror(-error));
		request.filter = false;
		error = follow_open(&request, &follow, &result);
	}
	sink->traced = !error;
	if (!error)
		error = follow_run(follow, &result);
	if (error)
		report.status = complain_failure(options, &result, error);
	else if (result.ended)
		report = (struct front_report){.status = result.status, .signal = result.signal};
	if (close_output(sink, -1) == TRACE_EXIT_OUTPUT)
		report = (struct front_report){.status = TRACE_EXIT_OUTPUT};
	if (follow && result.kept) {
		front_tell(front_fd, &report);
		front_stay_behind();
		follow_keep(follow);
	}
	ignore_control();
	follow_close(follow);
	return report;
}

/* Whether several threads are attached to, so that the first line needs a number. */
static bool attaches_to_several(const struct trace_options *options)
{
	struct stat status;
	char path[32];

	if (options->n_pids != 1)
		return options->n_pids > 1;
	snprintf(path, sizeof(path), "/proc/%d/task", options->pids[0]);
	/* proc(5): a folder has a link for each folder in it, besides its own two. */
	return stat(path, &status) == 0 && status.st_nlink > 3;
}

static struct front_report trace_to_end(const struct trace_options *options)
{
	struct sink sink = {
		.options = options,
		.summary = {.emulated = options->emulate ? options->revision->name : NULL},
	};
	struct front_report report = {.status = open_output(&sink)};
	struct log_options log_options = {
		.json = options->json,
		.color = options->color,
		.clock = options->clock,
		.relative = options->relative,
		.took = options->took,
		.pc = options->pc,
		.comm = options->comms,
		.paths = options->paths,
		.bare_pid = options->output && options->follow,
		.entries_max = options->entries_max,
	};
	int front_fd = -1;

	if (report.status >= 0)
		return report;
	/* Only what runs under a filter cannot be left alone. */
	if ((options->argv ? !options->no_seccomp && !options->detached : options->inject_filter) &&
	    !front_split(&front_fd, &report)) {
		fclose(sink.out);
		return report;
	}
	log_options.out = sink.out;
	if (log_new(&log_options, &sink.log)) {
		report.status = complain_memory();
		return report;
	}
	if (attaches_to_several(options))
		log_many_tasks(sink.log);
	report = run(options, &sink, front_fd);
	front_tell(front_fd, &report);
	return report;
}

int cmd_trace(int argc, char **argv)
{
	struct trace_options options;
	struct front_report report = {.status = trace_options_parse(argc, argv, &options)};

	if (report.status >= 0 && options.done)
		report.status = complain_output(report.status);
	else if (report.status < 0)
		report = trace_to_end(&options);
	trace_options_release(&options);
	front_end(&report);
}
