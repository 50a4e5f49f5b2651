/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stacks for people: where a thread stands. */
#ifndef ROBTRACE_REPORT_STACK_TEXT_H
#define ROBTRACE_REPORT_STACK_TEXT_H

#include <stdio.h>

#include "model.h"

/*
 * The calls in one paragraph, innermost first: "pthread_mutex_lock  <  mdb_txn_begin  <  main",
 * each line behind `margin`, a text that is printed as it is, and no wider than `width` (0: any) where
 * a name does not need more. Nothing for a task without a stack. 0 or -ENOMEM.
 */
int stack_print_short(const struct task *task, const char *margin, size_t width, FILE *out);

/* The same, a line a call, with offset, module and source line. */
int stack_print_long(const struct task *task, const char *margin, FILE *out);

#endif
