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

/* How narrow a column should at least be while others can be dropped. */
static int wanted(const struct table_column *column, int width)
{
	int want = column->want ? column->want : column->min;

	return column->min && want < width ? want : width;
}

/* The column that can give most, down to what it wants or to its least; `count`: none can. */
static size_t widest(const struct table_column *columns, size_t count, const int *widths,
		     bool to_least)
{
	size_t best = count;
	int most = 0;

	for (size_t i = 0; i < count; i++) {
		int bound = to_least ? columns[i].min : wanted(&columns[i], widths[i]);
		int spare = columns[i].min ? widths[i] - bound : 0;

		if (spare > most) {
			most = spare;
			best = i;
		}
	}
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
		size_t column = widest(columns, count, widths, false);

		if (column == count)
			column = widest(columns, count, widths, true);
		if (column == count)
			break;
		widths[column]--;
	}
}
