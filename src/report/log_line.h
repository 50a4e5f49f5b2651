/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of a trace as it grows: what one event adds, and in which column the line stands. */
#ifndef ROBTRACE_REPORT_LOG_LINE_H
#define ROBTRACE_REPORT_LOG_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "event.h"
#include "report/log.h"

/* Colours have a meaning each; what they look like is in log_line.c. */
enum log_color {
	LOG_PLAIN,
	LOG_ERROR, /* a call that failed */
	LOG_DEATH, /* a thread ends with locks */
	LOG_LOST,  /* and some of them stay locked */
	LOG_QUIET, /* said by us, not by the program */
};

struct log_line {
	char *text; /* malloced; no zero at its end */
	size_t length;
	size_t capacity;
	size_t column; /* characters since the line began; kept over log_line_clear */
	bool color;
	bool failed; /* there was no memory: the text is not whole */
};

void log_line_add(struct log_line *line, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Text from elsewhere: made safe to print. */
void log_line_escaped(struct log_line *line, const char *text);
void log_line_pad(struct log_line *line, size_t column);
void log_line_color(struct log_line *line, enum log_color color);
void log_line_end(struct log_line *line);
/* Forgets the text, not the column. */
void log_line_clear(struct log_line *line);

/* Parts of log_arg.c. */

/* Index of the first argument that the kernel writes at the end of the call; n_args: none. */
size_t log_first_output(const struct call *call);
/* Arguments from `first` to before `end`, with commas between and before those behind the first. */
void log_arguments(struct log_line *line, const struct log_options *options,
		   const struct call *call, size_t first, size_t end);
/* "= 0 (list #1)", "= -1 EINVAL (Invalid argument)", "= ? ERESTARTSYS (...)" */
void log_result(struct log_line *line, const struct call *call);

/* Parts of log_death.c: nothing is added where there is nothing to tell. */
bool log_death_is_empty(const struct death *death);
void log_death(struct log_line *line, const struct log_options *options, const struct death *death);
void log_guard(struct log_line *line, const struct log_options *options,
	       const struct guard_action *guard);
void log_death_after(struct log_line *line, const struct log_options *options,
		     const struct death *death);

/* log_json.c: one object and a newline. 0 or -ENOMEM. */
int log_json(struct log_line *line, const struct event *event);

#endif
