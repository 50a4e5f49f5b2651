/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pieces that all JSON documents have in common.
 *
 * jansson's _new functions take over what they are given and accept NULL, so what is only built
 * needs one check at the end: that `*failed` is still false. New values belong to the caller; NULL
 * where there is no memory.
 */
#ifndef ROBTRACE_REPORT_JSON_PART_H
#define ROBTRACE_REPORT_JSON_PART_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "model.h"

void json_part_put(json_t *object, const char *key, json_t *value, bool *failed);
void json_part_push(json_t *array, json_t *value, bool *failed);

/* Any bytes; what is no UTF-8 or could steer a terminal is escaped. NULL gives null. */
json_t *json_part_text(const char *bytes);
/* "0x1f" */
json_t *json_part_hex(uint64_t value);
/* null for memory that has no file. */
json_t *json_part_place(const struct place *place, bool *failed);
json_t *json_part_frame(const struct frame *frame, bool *failed);

#endif
