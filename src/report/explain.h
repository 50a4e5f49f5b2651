/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each problem of a snapshot as a paragraph: what, who, where they stand, what happens next. */
#ifndef ROBTRACE_REPORT_EXPLAIN_H
#define ROBTRACE_REPORT_EXPLAIN_H

#include <stdbool.h>
#include <stdio.h>

#include "model.h"

/* Nothing for a snapshot without problems. 0 or -ENOMEM; the stream's errors are the caller's. */
int explain_print(const struct snapshot *snapshot, bool color, FILE *out);

#endif
