/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/table.h"

static int total(size_t count, const int *widths)
{
	int sum = -TABLE_GAP;

	for (size_t i = 0; i < count; i++)
		if (widths[i])
			sum += widths[i] + TABLE_GAP;
	return sum;
}

/* The column that can give most; `count` when none can give anything. */
static size_t widest(const struct table_column *columns, size_t count, const int *widths)
{
	size_t best = count;

	for (size_t i = 0; i < count; i++)
		if (columns[i].min && widths[i] > columns[i].min &&
		    (best == count ||
		     widths[i] - columns[i].min > widths[best] - columns[best].min))
			best = i;
	return best;
}

/* The next column to leave out; `count` when all that are left must stay. */
static size_t least(const struct table_column *columns, size_t count, const int *widths)
{
	size_t best = count;

	for (size_t i = 0; i < count; i++)
		if (widths[i] && columns[i].drop &&
		    (best == count || columns[i].drop > columns[best].drop))
			best = i;
	return best;
}

/* How narrow a column should at least be while others can be dropped. */
static int wanted(const struct table_column *column, int width)
{
	int want = column->want ? column->want : column->min;

	return column->min && want < width ? want : width;
}

static int total_wanted(const struct table_column *columns, size_t count, const int *widths)
{
	int sum = -TABLE_GAP;

	for (size_t i = 0; i < count; i++) {
		if (!widths[i])
			continue;
		sum += TABLE_GAP;
		sum += wanted(&columns[i], widths[i]);
	}
	return sum;
}

void table_fit(const struct table_column *columns, size_t count, int width, int widths[LINE_PIECES])
{
	while (total_wanted(columns, count, widths) > width) {
		size_t column = least(columns, count, widths);

		if (column == count)
			break;
		widths[column] = 0;
	}
	while (total(count, widths) > width) {
		size_t column = widest(columns, count, widths);

		if (column == count)
			break;
		widths[column]--;
	}
}
