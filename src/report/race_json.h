/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `robtrace race` tells, for programs (docs/json-schema-race.json). Each returns 0 or
 * -ENOMEM.
 */
#ifndef ROBTRACE_REPORT_RACE_JSON_H
#define ROBTRACE_REPORT_RACE_JSON_H

#include <stdio.h>

#include "race_model.h"

/* One line; as each round ends. */
int race_json_round(const struct race_result *result, const struct race_round *round, FILE *out);
/* The last line. */
int race_json_result(const struct race_result *result, FILE *out);
int race_json_lists(const struct race_lists *lists, FILE *out);
int race_json_window(const struct race_window *window, FILE *out);

#endif
