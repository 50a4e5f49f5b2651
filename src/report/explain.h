/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each problem of a snapshot as a paragraph: what, who, where they stand, what happens next. */
#ifndef ROBTRACE_REPORT_EXPLAIN_H
#define ROBTRACE_REPORT_EXPLAIN_H

#include <stdbool.h>
#include <stdio.h>

#include "model.h"

/* Nothing for a snapshot without problems. 0 or -ENOMEM; the stream's errors are the caller's. */
int explain_print(const struct snapshot *snapshot, bool color, FILE *out);

/* One of them, in lines of `width` columns (0: of any), without colour. As above. */
int explain_problem(const struct snapshot *snapshot, size_t index, size_t width, FILE *out);

#endif
