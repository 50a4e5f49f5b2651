/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/stack_text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/escape.h"

/* Where a line of calls is broken at the latest. */
#define LINE_WIDTH ((size_t)100)

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* "mdb_txn_begin", "lmdb.so+0x6f21", "0x7f00c020"; escaped and malloced. */
static char *short_name(const struct frame *frame)
{
	cleanup_free char *text = NULL;
	const char *mark = frame->guess ? "?" : "";
	int length;

	if (frame->function)
		length = asprintf(&text, "%s%s", mark, frame->function);
	else if (frame->module)
		length = asprintf(&text, "%s%s+0x%" PRIx64, mark, last_part(frame->module),
				  frame->module_offset);
	else
		length = asprintf(&text, "%s0x%" PRIx64, mark, frame->pc);
	if (length < 0) {
		text = NULL;
		return NULL;
	}
	return escape_text(text);
}

int stack_print_short(const struct task *task, const char *margin, size_t width, FILE *out)
{
	static const char between[] = "  <  ";
	size_t room = width && width < LINE_WIDTH ? width : LINE_WIDTH;
	size_t used = 0;

	for (size_t i = 0; i < task->n_frames; i++) {
		cleanup_free char *name = short_name(&task->frames[i]);
		size_t length;

		if (!name)
			return -ENOMEM;
		length = strlen(name) + strlen(between);
		if (!used || used + length > room) {
			fprintf(out, "%s%s", used ? "  <\n" : "", margin);
			used = strlen(margin);
		} else {
			fputs(between, out);
		}
		fputs(name, out);
		used += length;
	}
	if (task->n_frames)
		fputc('\n', out);
	return 0;
}

/* "mdb_txn_begin+0x85 (liblmdb.so.0.0.0) at mdb.c:2876" */
static char *long_name(const struct frame *frame)
{
	cleanup_free char *text = NULL;
	cleanup_free char *where = NULL;
	const char *mark = frame->guess ? "?" : "";
	int length;

	if (frame->source && asprintf(&where, " at %s:%u", frame->source, frame->line) < 0) {
		where = NULL;
		return NULL;
	}
	if (frame->function && frame->module)
		length = asprintf(&text, "%s%s+0x%" PRIx64 " (%s)%s", mark, frame->function,
				  frame->offset, last_part(frame->module), where ? where : "");
	else if (frame->function)
		length = asprintf(&text, "%s%s+0x%" PRIx64, mark, frame->function, frame->offset);
	else
		return short_name(frame);
	if (length < 0) {
		text = NULL;
		return NULL;
	}
	return escape_text(text);
}

int stack_print_long(const struct task *task, const char *margin, FILE *out)
{
	for (size_t i = 0; i < task->n_frames; i++) {
		cleanup_free char *name = long_name(&task->frames[i]);

		if (!name)
			return -ENOMEM;
		fprintf(out, "%s%s\n", margin, name);
	}
	return 0;
}
