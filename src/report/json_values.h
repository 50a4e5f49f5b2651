/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Single values of a JSON document, which anybody may have written: a key that is not there, or
 * that holds something else, gives 0, false or NULL, an unknown name the mildest value.
 */
#ifndef ROBTRACE_REPORT_JSON_VALUES_H
#define ROBTRACE_REPORT_JSON_VALUES_H

#include <jansson.h>

#include "model.h"

/* Lives as long as `from`. */
const char *json_value_text(const json_t *from, const char *key);
/* Of a negative number, its bits. */
uint64_t json_value_number(const json_t *from, const char *key);
/* "0x1f" */
uint64_t json_value_hex(const json_t *from, const char *key);
bool json_value_bool(const json_t *from, const char *key, bool otherwise);

enum futex_state json_value_state(const json_t *from);
enum list_kind json_value_list_kind(const json_t *from);
enum bits_source json_value_bits_source(const json_t *from);
enum list_end json_value_list_end(const json_t *from);
enum problem_kind json_value_problem(const json_t *from);
/* Of a thread's `doing`: the letter of /proc; 0: not known. */
char json_value_task_state(const json_t *from);
/* By the key `hint`. */
enum lock_sort json_value_sort(const json_t *from);

/* kind, count and libc of a futex object. */
void json_value_mutex(const json_t *from, struct mutex_info *ret);
/* All of a place but for path and shared, which are set before. */
void json_value_place(const json_t *from, const json_t *where, struct place *place);
void json_value_census(const json_t *from, struct census *ret);

#endif
