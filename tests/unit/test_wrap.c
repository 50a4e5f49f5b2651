/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/wrap.h"

#include <stdio.h>
#include <stdlib.h>

#include "unit.h"

static void expect(const char *text, size_t at, size_t margin, size_t width, const char *expected)
{
	char *result = NULL;
	size_t size;
	FILE *out = open_memstream(&result, &size);

	wrap_print(text, at, margin, width, out);
	fclose(out);
	assert_string_equal(result, expected);
	free(result);
}

static void wraps(void **state)
{
	(void)state;
	expect("one two three four five six seven", 0, 2, 24,
	       "one two three four five\n  six seven");
	expect("one two three four five six seven", 10, 2, 34,
	       "one two three four five\n  six seven");
	expect("short", 0, 2, 24, "short");
	expect("", 0, 2, 24, "");
	/* A word that is longer than a line stays whole. */
	expect("a /srv/a/very/long/path/that/does/not/fit b", 0, 1, 22,
	       "a\n /srv/a/very/long/path/that/does/not/fit\n b");
	expect("no terminal, no end of line anywhere in this", 0, 2, 0,
	       "no terminal, no end of line anywhere in this");
	expect("too narrow to be broken at all", 4, 4, 20, "too narrow to be broken at all");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wraps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
