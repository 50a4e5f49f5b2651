/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `robtrace race` tells, for people. race_text_window: 0 or -ENOMEM. */
#ifndef ROBTRACE_REPORT_RACE_TEXT_H
#define ROBTRACE_REPORT_RACE_TEXT_H

#include <stdbool.h>
#include <stdio.h>

#include "race_model.h"

/* The four steps of one round, and what came of it. */
void race_text_round(const struct race_result *result, const struct race_round *round, bool color,
		     FILE *out);

/* What came of all rounds, and who closes the window. */
void race_text_result(const struct race_result *result, const struct race_round *last, bool color,
		      FILE *out);

void race_text_lists(const struct race_lists *lists, FILE *out);
int race_text_window(const struct race_window *window, FILE *out);

#endif
