/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/escape.h"

#include <langinfo.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Length of the UTF-8 sequence at `text` and its code point; 0 when it is none. Overlong forms,
 * surrogates and code points beyond Unicode are none.
 */
static size_t decode(const unsigned char *text, uint32_t *ret)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t length;
	uint32_t code;

	if (text[0] < 0x80) {
		*ret = text[0];
		return 1;
	}
	if ((text[0] & 0xe0) == 0xc0)
		length = 2;
	else if ((text[0] & 0xf0) == 0xe0)
		length = 3;
	else if ((text[0] & 0xf8) == 0xf0)
		length = 4;
	else
		return 0;
	code = text[0] & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (text[i] & 0x3fu);
	}
	if (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	*ret = code;
	return length;
}

/* Controls, and characters that reorder, join or hide their neighbours. */
static bool is_dangerous(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0xad || code == 0x61c ||
	       code == 0x180e || (code >= 0x200b && code <= 0x200f) ||
	       (code >= 0x2028 && code <= 0x202e) || (code >= 0x2060 && code <= 0x206f) ||
	       code == 0xfeff || (code >= 0xfff9 && code <= 0xfffb) ||
	       (code >= 0xe0000 && code <= 0xe0fff);
}

/* Nearly every name is plain ASCII without a backslash: nothing to do. */
static bool is_plain(const char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~' || *text == '\\')
			return false;
	return true;
}

static char *escape(const char *text, bool utf8)
{
	const unsigned char *at = (const unsigned char *)text;
	char *safe;
	char *out;

	if (is_plain(text))
		return strdup(text);
	safe = malloc(strlen(text) * 4 + 1);
	if (!safe)
		return NULL;
	out = safe;
	while (*at) {
		uint32_t code = 0;
		size_t length = decode(at, &code);
		bool keep = length == 1 || (length > 1 && utf8);

		/* A backslash that would look like one of ours is escaped too. */
		if (!length || is_dangerous(code) || (at[0] == '\\' && at[1] == 'x'))
			keep = false;
		if (!length)
			length = 1;
		for (size_t i = 0; i < length; i++) {
			if (keep)
				*out++ = (char)at[i];
			else
				out += sprintf(out, "\\x%02x", at[i]);
		}
		at += length;
	}
	*out = '\0';
	return safe;
}

char *escape_text(const char *text)
{
	return escape(text, strcmp(nl_langinfo(CODESET), "UTF-8") == 0);
}

char *escape_take(char *text)
{
	char *safe;

	if (is_plain(text))
		return text;
	safe = escape_text(text);
	free(text);
	return safe;
}

char *escape_vformat(const char *format, va_list args)
{
	char *text;

	if (vasprintf(&text, format, args) < 0)
		return NULL;
	return escape_take(text);
}

char *escape_utf8(const char *text)
{
	return escape(text, true);
}
