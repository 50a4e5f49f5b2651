/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/option_values.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/vec.h"
#include "cmd/complain.h"
#include "cmd/options.h"

static int parse_pid(const char *text, size_t length, pid_t *ret)
{
	long value = 0;

	if (!length)
		return -EINVAL;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		value = value * 10 + (text[i] - '0');
		if (value > INT_MAX)
			return -EINVAL;
	}
	*ret = (pid_t)value;
	return value > 0 ? 0 : -EINVAL;
}

static bool has_pid(const pid_t *pids, size_t count, pid_t pid)
{
	for (size_t i = 0; i < count; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

int option_pids(const char *text, pid_t **pids, size_t *count)
{
	size_t capacity = *count;

	for (;;) {
		size_t length = strcspn(text, ",");
		pid_t pid;

		if (parse_pid(text, length, &pid)) {
			complain("'%.*s' is not a process number; give -p PID or -p PID,PID",
				 (int)length, text);
			return EXIT_USAGE;
		}
		if (!has_pid(*pids, *count, pid)) {
			if (vec_reserve(pids, *count, &capacity, 1, sizeof(**pids)))
				return complain_memory();
			(*pids)[(*count)++] = pid;
		}
		if (!text[length])
			return -1;
		text += length + 1;
	}
}

int option_seconds(const char *option, const char *text, uint64_t *ret_ns)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end || !(seconds > 0) || seconds > 31536000) {
		complain("'%s' is no time for %s; give seconds, such as 5 or 0.5", text, option);
		return EXIT_USAGE;
	}
	*ret_ns = (uint64_t)(seconds * 1e9);
	return -1;
}

int option_number(const char *option, const char *text, size_t most, size_t *ret)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || value < 1 || value > most) {
		complain("'%s' is no number for %s; give 1 to %zu", text, option, most);
		return EXIT_USAGE;
	}
	*ret = value;
	return -1;
}

int option_color(const char *when, bool *color)
{
	if (!when || strcmp(when, "always") == 0)
		*color = true;
	else if (strcmp(when, "never") == 0)
		*color = false;
	else if (strcmp(when, "auto") != 0) {
		complain("'%s' is not a time for --color; give auto, always or never", when);
		return EXIT_USAGE;
	}
	return -1;
}

bool option_default_color(int fd)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	return isatty(fd) && !(no_color && *no_color) && !(term && strcmp(term, "dumb") == 0);
}
