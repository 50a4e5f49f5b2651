/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The JSON document of a snapshot. Its schema is docs/json-schema.json, version 1. */
#ifndef ROBTRACE_REPORT_JSON_H
#define ROBTRACE_REPORT_JSON_H

#include <stdio.h>

#include "model.h"

#define JSON_SCHEMA_VERSION 1

/* 0 or -ENOMEM. Errors of the stream are the caller's to look for (ferror). */
int json_print(const struct snapshot *snapshot, FILE *out);

/* The same as one line of a trace: {"kind": "snapshot", "snapshot": DOCUMENT}. */
int json_print_line(const struct snapshot *snapshot, FILE *out);

#endif
