/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/demangle.h"

#include <demangle.h>
#include <setjmp.h>
#include <string.h>

static const char cut_mark[] = "...";

struct output {
	char *text;
	size_t used;
	jmp_buf full;
};

/*
 * The demangler goes on until all is said, however long that takes, and asks nobody. It has no
 * memory but its stack here (the callback form of the call), so one may leave it by a jump.
 */
static void take(const char *piece, size_t size, void *opaque)
{
	struct output *output = opaque;
	size_t room = DEMANGLE_MAX - sizeof(cut_mark) - output->used;

	if (size > room) {
		memcpy(output->text + output->used, piece, room);
		memcpy(output->text + output->used + room, cut_mark, sizeof(cut_mark));
		longjmp(output->full, 1);
	}
	memcpy(output->text + output->used, piece, size);
	output->used += size;
}

bool demangle(const char *mangled, char ret[DEMANGLE_MAX])
{
	struct output output = {.text = ret};

	if (strncmp(mangled, "_Z", 2) != 0)
		return false;
	if (setjmp(output.full))
		return true;
	if (!cplus_demangle_v3_callback(mangled, DMGL_NO_OPTS, take, &output))
		return false;
	ret[output.used] = '\0';
	return true;
}
