/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/escape.h"

#include <locale.h>
#include <stdlib.h>

#include "unit.h"

static void expect(char *(*escape)(const char *), const char *text, const char *expected)
{
	char *safe = escape(text);

	assert_non_null(safe);
	assert_string_equal(safe, expected);
	free(safe);
}

static void utf8(void **state)
{
	(void)state;
	expect(escape_utf8, "lock.mdb", "lock.mdb");
	expect(escape_utf8, "", "");
	expect(escape_utf8, "\033[2J\n\r\t\177", "\\x1b[2J\\x0a\\x0d\\x09\\x7f");
	expect(escape_utf8, "gr\303\274n", "gr\303\274n");
	/* C1 controls, right-to-left override, zero width space, byte order mark. */
	expect(escape_utf8, "\302\233m", "\\xc2\\x9bm");
	expect(escape_utf8, "a\342\200\256b", "a\\xe2\\x80\\xaeb");
	expect(escape_utf8, "a\342\200\213b", "a\\xe2\\x80\\x8bb");
	expect(escape_utf8, "\357\273\277", "\\xef\\xbb\\xbf");
	/* Not UTF-8: alone, cut, overlong, surrogate, too large. */
	expect(escape_utf8, "\377\200", "\\xff\\x80");
	expect(escape_utf8, "\303", "\\xc3");
	expect(escape_utf8, "\300\257", "\\xc0\\xaf");
	expect(escape_utf8, "\355\240\200", "\\xed\\xa0\\x80");
	expect(escape_utf8, "\364\220\200\200", "\\xf4\\x90\\x80\\x80");
	expect(escape_utf8, "\360\237\220\233", "\360\237\220\233");
	/* What looks like one of ours is not. */
	expect(escape_utf8, "\\x1b", "\\x5cx1b");
	expect(escape_utf8, "C:\\dir", "C:\\dir");
}

static void by_locale(void **state)
{
	(void)state;
	assert_non_null(setlocale(LC_ALL, "C"));
	expect(escape_text, "gr\303\274n", "gr\\xc3\\xbcn");
	expect(escape_text, "plain", "plain");
	if (!setlocale(LC_ALL, "C.UTF-8"))
		skip();
	expect(escape_text, "gr\303\274n", "gr\303\274n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(utf8),
		cmocka_unit_test(by_locale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
