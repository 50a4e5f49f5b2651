/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/log.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/vec.h"
#include "names.h"
#include "report/log_line.h"

/* Where strace puts the result of a short call. */
#define RESULT_COLUMN 40

/* The longest name of a call, with its zero. */
#define NAME_MAX_SIZE 32

/* A call that was seen to begin and has not ended. */
struct begun {
	pid_t tid;
	char name[NAME_MAX_SIZE];
	bool whole; /* all of its arguments are written: none waits for the end */
};

struct log {
	struct log_options options;
	struct log_line line;
	bool many;
	pid_t open_tid;      /* whose call stands unfinished at the end of the text; 0: nobody's */
	uint64_t last_ns;    /* time of the line before; 0: there was none */
	struct begun *begun; /* sorted by TID */
	size_t n_begun;
	size_t begun_capacity;
};

int log_new(const struct log_options *options, struct log **ret)
{
	struct log *log = calloc(1, sizeof(*log));

	if (!log)
		return -ENOMEM;
	log->options = *options;
	log->line.color = options->color;
	*ret = log;
	return 0;
}

void log_free(struct log *log)
{
	if (!log)
		return;
	free(log->line.text);
	free(log->begun);
	free(log);
}

void log_many_tasks(struct log *log)
{
	log->many = true;
}

/* Index of the thread's call, or where it belongs. */
static size_t begun_index(const struct log *log, pid_t tid)
{
	size_t low = 0;
	size_t high = log->n_begun;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (log->begun[middle].tid < tid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* NULL: no call of the thread was seen to begin. */
static const struct begun *begun_find(const struct log *log, pid_t tid)
{
	size_t index = begun_index(log, tid);

	return index < log->n_begun && log->begun[index].tid == tid ? &log->begun[index] : NULL;
}

static int begun_add(struct log *log, pid_t tid, const struct call *call)
{
	size_t index = begun_index(log, tid);

	if (!begun_find(log, tid)) {
		int error = vec_reserve(&log->begun, log->n_begun, &log->begun_capacity, 1,
					sizeof(*log->begun));

		if (error)
			return error;
		memmove(&log->begun[index + 1], &log->begun[index],
			(log->n_begun - index) * sizeof(*log->begun));
		log->n_begun++;
	}
	log->begun[index] = (struct begun){.tid = tid,
					   .whole = log_first_output(call) == call->n_args};
	snprintf(log->begun[index].name, NAME_MAX_SIZE, "%s", call->name);
	return 0;
}

static void begun_remove(struct log *log, pid_t tid)
{
	size_t index = begun_index(log, tid);

	if (!begun_find(log, tid))
		return;
	log->n_begun--;
	memmove(&log->begun[index], &log->begun[index + 1],
		(log->n_begun - index) * sizeof(*log->begun));
}

/* "12:34:56.123456 (+     0.000253) " */
static void add_time(struct log *log, uint64_t now_ns)
{
	const uint64_t second = UINT64_C(1000000000);
	uint64_t passed_ns = log->last_ns && now_ns > log->last_ns ? now_ns - log->last_ns : 0;
	enum log_clock clock = log->options.clock;
	time_t now = (time_t)(now_ns / second);
	char text[16] = "";
	struct tm tm;

	log->last_ns = now_ns;
	if (clock == LOG_TIME || clock == LOG_TIME_US) {
		if (localtime_r(&now, &tm))
			strftime(text, sizeof(text), "%H:%M:%S", &tm);
		log_line_add(&log->line, "%s", text);
	} else if (clock == LOG_EPOCH_US) {
		log_line_add(&log->line, "%" PRIu64, now_ns / second);
	}
	if (clock == LOG_TIME_US || clock == LOG_EPOCH_US)
		log_line_add(&log->line, ".%06" PRIu64, now_ns % second / 1000);
	if (log->options.relative)
		log_line_add(&log->line, "%s%6" PRIu64 ".%06" PRIu64 "%s",
			     clock == LOG_NO_TIME ? "" : " (+", passed_ns / second,
			     passed_ns % second / 1000, clock == LOG_NO_TIME ? "" : ")");
	if (clock != LOG_NO_TIME || log->options.relative)
		log_line_add(&log->line, " ");
}

static void add_pid(struct log *log, const struct event *event)
{
	bool comm = log->options.comm && event->comm;

	/* What is no thread's. */
	if (log->options.bare_pid && !event->tid)
		log_line_add(&log->line, "%-5s", "");
	else if (log->options.bare_pid)
		log_line_add(&log->line, comm ? "%d" : "%-5d", event->tid);
	else if (log->many || comm) /* a name goes with a number */
		log_line_add(&log->line, "[pid %5d", event->tid);
	else
		return;
	if (comm) {
		log_line_add(&log->line, "<");
		log_line_escaped(&log->line, event->comm);
		log_line_add(&log->line, ">");
	}
	log_line_add(&log->line, log->options.bare_pid ? " " : "] ");
}

static void begin_line(struct log *log, const struct event *event)
{
	add_pid(log, event);
	add_time(log, event->time_ns);
	if (!log->options.pc)
		return;
	if (!event->pc)
		log_line_add(&log->line, "[????????????????] ");
	else if (event->call && event->call->bits == 32)
		log_line_add(&log->line, "[%08" PRIx64 "] ", event->pc);
	else
		log_line_add(&log->line, "[%016" PRIx64 "] ", event->pc);
}

/* The line that stands open becomes an unfinished one. */
static void leave_open_line(struct log *log, const char *mark)
{
	if (!log->open_tid)
		return;
	log_line_add(&log->line, " <%s ...>", mark);
	log_line_end(&log->line);
	log->open_tid = 0;
}

/* " > /usr/lib/libc.so.6(syscall+0x19) [0x101829]" */
static void add_frames(struct log *log, const struct event *event)
{
	for (size_t i = 0; i < event->n_frames; i++) {
		const struct frame *frame = &event->frames[i];

		log_line_add(&log->line, " > ");
		if (frame->module)
			log_line_escaped(&log->line, frame->module);
		if (frame->function) {
			log_line_add(&log->line, "(%s", frame->guess ? "?" : "");
			log_line_escaped(&log->line, frame->function);
			log_line_add(&log->line, "+0x%" PRIx64 ") ", frame->offset);
		} else if (frame->module) {
			log_line_add(&log->line, "(%s) ", frame->guess ? "?" : "");
		}
		log_line_add(&log->line, "[0x%" PRIx64 "]",
			     frame->module ? frame->module_offset : frame->pc);
		log_line_end(&log->line);
	}
}

static int call_entry(struct log *log, const struct event *event)
{
	const struct call *call = event->call;
	int error;

	leave_open_line(log, "unfinished");
	begin_line(log, event);
	log_line_add(&log->line, "%s(", call->name);
	log_arguments(&log->line, &log->options, call, 0, log_first_output(call));
	error = begun_add(log, event->tid, call);
	log->open_tid = event->tid;
	return error;
}

/* Takes up the thread's call where its line was left. Whether it was seen to begin. */
static bool resume(struct log *log, const struct event *event)
{
	const struct begun *begun = begun_find(log, event->tid);

	if (begun && log->open_tid == event->tid) {
		log->open_tid = 0;
		return true;
	}
	leave_open_line(log, "unfinished");
	begin_line(log, event);
	if (begun)
		log_line_add(&log->line, "<... %s resumed>", begun->name);
	return begun;
}

/* Everything from the closing bracket up to the result. */
static void close_call(struct log *log)
{
	log_line_add(&log->line, ") ");
	log_line_pad(&log->line, RESULT_COLUMN);
}

static void call_exit(struct log *log, const struct event *event)
{
	const struct call *call = event->call;
	size_t first = log_first_output(call);

	if (!resume(log, event)) {
		log_line_add(&log->line, "%s(", call->name);
		first = 0;
	}
	/* A remark is written with the last argument: at the entry when that one was. */
	if (first < call->n_args || !begun_find(log, event->tid))
		log_arguments(&log->line, &log->options, call, first, call->n_args);
	begun_remove(log, event->tid);
	close_call(log);
	log_result(&log->line, call);
	if (log->options.took && call->took_ns)
		log_line_add(&log->line, " <%" PRIu64 ".%06" PRIu64 ">",
			     call->took_ns / UINT64_C(1000000000),
			     call->took_ns % UINT64_C(1000000000) / 1000);
	else if (log->options.took)
		log_line_add(&log->line, " <unavailable>");
	log_line_end(&log->line);
	add_frames(log, event);
}

/* The thread ends, or begins anew, in the middle of a call: it never returns. */
static void end_call(struct log *log, const struct event *event)
{
	const struct begun *begun = begun_find(log, event->tid);

	if (!begun)
		return;
	resume(log, event);
	if (!begun->whole)
		log_line_add(&log->line, " <unfinished ...>");
	close_call(log);
	log_line_add(&log->line, "= ?");
	log_line_end(&log->line);
	begun_remove(log, event->tid);
}

static void add_signal(struct log_line *line, int number)
{
	char name[LABEL_MAX];

	name_signal(number, name);
	log_line_add(line, "%s", name);
}

static void add_path(struct log_line *line, const char *path)
{
	if (path)
		log_line_escaped(line, path);
	else
		log_line_add(line, "?");
}

static void add_new_task(struct log_line *line, const struct event *event)
{
	const char *what = event->text ? event->text : "task";

	if (strcmp(what, "vfork") == 0)
		log_line_add(line, "+++ new process %d (vfork) +++", event->other);
	else
		log_line_add(line, "+++ new %s %d +++", what, event->other);
}

static void add_exec(struct log_line *line, const struct event *event)
{
	log_line_add(line, "+++ execs ");
	add_path(line, event->text);
	if (event->other && event->other != event->tid)
		log_line_add(line, " (was thread %d)", event->other);
	log_line_add(line, " +++");
}

/* In the order of strace; a child that was killed or stopped has a signal as its status. */
static void add_siginfo(struct log_line *line, const struct event_siginfo *info)
{
	if (info->code)
		log_line_add(line, ", si_code=%s", info->code);
	else
		log_line_add(line, ", si_code=%d", info->number);
	if (info->layout == SIGNAL_SENT || info->layout == SIGNAL_CHILD)
		log_line_add(line, ", si_pid=%d, si_uid=%u", info->pid, info->uid);
	if (info->layout == SIGNAL_CHILD && info->number == CLD_EXITED) {
		log_line_add(line, ", si_status=%d", info->status);
	} else if (info->layout == SIGNAL_CHILD) {
		log_line_add(line, ", si_status=");
		add_signal(line, info->status);
	}
	if (info->layout == SIGNAL_FAULT && info->address)
		log_line_add(line, ", si_addr=0x%" PRIx64, info->address);
	else if (info->layout == SIGNAL_FAULT)
		log_line_add(line, ", si_addr=NULL");
}

static void add_delivery(struct log_line *line, const struct event *event)
{
	log_line_add(line, "--- ");
	add_signal(line, event->signal);
	log_line_add(line, " {si_signo=");
	add_signal(line, event->signal);
	if (event->siginfo)
		add_siginfo(line, event->siginfo);
	log_line_add(line, "} ---");
}

static void add_killed(struct log_line *line, const struct event *event)
{
	log_line_add(line, "+++ killed by ");
	add_signal(line, event->signal);
	log_line_add(line, "%s +++", event->core ? " (core dumped)" : "");
}

static void add_quiet(struct log_line *line, const char *text)
{
	log_line_color(line, LOG_QUIET);
	log_line_add(line, "--- ");
	log_line_escaped(line, text);
	log_line_add(line, " ---");
	log_line_color(line, LOG_PLAIN);
}

/* Which one, also where its number does not stand in front. */
static void add_presence(struct log_line *line, const struct event *event, const char *what)
{
	char text[80];

	if (event->tid == event->pid)
		snprintf(text, sizeof(text), "process %d %s", event->pid, what);
	else
		snprintf(text, sizeof(text), "thread %d of process %d %s", event->tid, event->pid,
			 what);
	add_quiet(line, text);
}

/* What stands on a line of its own. */
static void add_body(struct log_line *line, const struct log_options *options,
		     const struct event *event)
{
	switch (event->kind) {
	case EVENT_ATTACHED:
		add_presence(line, event, "attached");
		break;
	case EVENT_DETACHED:
		add_presence(line, event, "detached");
		break;
	case EVENT_NEW_TASK:
		add_new_task(line, event);
		break;
	case EVENT_EXEC:
		add_exec(line, event);
		break;
	case EVENT_DEATH:
		log_death(line, options, event->death);
		break;
	case EVENT_DEATH_AFTER:
		log_death_after(line, options, event->death);
		break;
	case EVENT_EXITED:
		log_line_add(line, "+++ exited with %d +++", event->status);
		break;
	case EVENT_KILLED:
		add_killed(line, event);
		break;
	case EVENT_SIGNAL:
		add_delivery(line, event);
		break;
	case EVENT_STOPPED:
		log_line_add(line, "--- stopped by ");
		add_signal(line, event->signal);
		log_line_add(line, " ---");
		break;
	case EVENT_GUARD:
		log_guard(line, options, event->guard);
		break;
	case EVENT_NOTE:
		add_quiet(line, event->text ? event->text : "");
		break;
	case EVENT_CALL_ENTRY:
	case EVENT_CALL_EXIT:
		break;
	}
}

static bool tells_nothing(const struct event *event)
{
	const struct death *death = event->death;

	if (event->kind == EVENT_DEATH)
		return log_death_is_empty(death);
	return event->kind == EVENT_DEATH_AFTER && !death->n_locks;
}

static void own_line(struct log *log, const struct event *event)
{
	if (event->kind == EVENT_DEATH || event->kind == EVENT_EXITED ||
	    event->kind == EVENT_KILLED || event->kind == EVENT_EXEC)
		end_call(log, event);
	if (event->kind == EVENT_EXEC && event->other)
		begun_remove(log, event->other);
	if (event->kind == EVENT_DETACHED) {
		leave_open_line(log, log->open_tid == event->tid ? "detached" : "unfinished");
		begun_remove(log, event->tid);
	}
	if (tells_nothing(event))
		return;
	leave_open_line(log, "unfinished");
	begin_line(log, event);
	add_body(&log->line, &log->options, event);
	log_line_end(&log->line);
	add_frames(log, event);
}

static int flush(struct log *log, int error)
{
	if (log->line.failed)
		error = -ENOMEM;
	if (log->line.length) {
		fwrite(log->line.text, 1, log->line.length, log->options.out);
		fflush(log->options.out);
	}
	log_line_clear(&log->line);
	return error;
}

int log_event(struct log *log, const struct event *event)
{
	int error = 0;

	if (log->options.json)
		error = log_json(&log->line, event);
	else if (event->kind == EVENT_CALL_ENTRY)
		error = call_entry(log, event);
	else if (event->kind == EVENT_CALL_EXIT)
		call_exit(log, event);
	else
		own_line(log, event);
	return flush(log, error);
}

void log_break(struct log *log)
{
	leave_open_line(log, "unfinished");
	flush(log, 0);
}
