/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/plain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/cleanup.h"

/* Columns that the text takes on a screen. */
static size_t text_width(const char *text)
{
	size_t width = 0;
	mbstate_t state = {0};
	size_t left = strlen(text);

	for (size_t i = 0; i < left; i++)
		width += (unsigned char)text[i] < 0x80;
	if (width == left)
		return width;
	width = 0;
	while (left) {
		wchar_t wide;
		size_t length = mbrtowc(&wide, text, left, &state);
		int cells;

		/* Escaped text has no broken characters; the C locale knows no others. */
		if (length == 0 || length > left)
			return width + left;
		cells = wcwidth(wide);
		width += cells > 0 ? (size_t)cells : 0;
		text += length;
		left -= length;
	}
	return width;
}

static void print_padding(size_t count, FILE *out)
{
	while (count-- > 0)
		putc_unlocked(' ', out);
}

static void print_cell(const struct plain_table *table, size_t column, const char *text,
		       size_t width, FILE *out)
{
	bool last = column + 1 == table->n_columns;
	bool right = table->columns[column]->right;
	size_t own = text_width(text);
	size_t padding = width > own ? width - own : 0;

	if (right)
		print_padding(padding, out);
	fputs_unlocked(text, out);
	if (!right && !last)
		print_padding(padding, out);
	putc_unlocked(last ? '\n' : ' ', out);
}

int plain_print(const struct plain_table *table, FILE *out)
{
	cleanup_free size_t *widths = calloc(table->n_columns + 1, sizeof(*widths));

	if (!widths)
		return -ENOMEM;
	for (size_t i = 0; i < table->n_columns && !table->no_headings; i++)
		widths[i] = text_width(table->columns[i]->name);
	for (size_t i = 0; i < table->n_rows * table->n_columns; i++) {
		size_t width = text_width(table->cells[i]);

		if (width > widths[i % table->n_columns])
			widths[i % table->n_columns] = width;
	}
	for (size_t i = 0; i < table->n_columns && !table->no_headings; i++)
		print_cell(table, i, table->columns[i]->name, widths[i], out);
	for (size_t i = 0; i < table->n_rows * table->n_columns; i++)
		print_cell(table, i % table->n_columns, table->cells[i],
			   widths[i % table->n_columns], out);
	return 0;
}
