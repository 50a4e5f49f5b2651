/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/wrap.h"

#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* How narrow a text may get before it is not broken any more. */
#define MIN_TEXT_WIDTH ((size_t)20)

size_t wrap_terminal_width(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size))
		return 0;
	return size.ws_col;
}

/* How many bytes of the text go on a line of `room` columns: whole words, at least one. */
static size_t line_length(const char *text, size_t room)
{
	size_t cut = room;

	if (strlen(text) <= room)
		return strlen(text);
	while (cut > 0 && text[cut] != ' ')
		cut--;
	return cut ? cut : strcspn(text, " ");
}

void wrap_print(const char *text, size_t at, size_t margin, size_t width, FILE *out)
{
	size_t widest = at > margin ? at : margin;

	if (width < widest + MIN_TEXT_WIDTH) {
		fputs(text, out);
		return;
	}
	for (size_t room = width - at;; room = width - margin) {
		size_t length = line_length(text, room);

		fprintf(out, "%.*s", (int)length, text);
		text += length;
		if (!*text)
			return;
		/* The blank at which it is broken. */
		text++;
		fprintf(out, "\n%*s", (int)margin, "");
	}
}
