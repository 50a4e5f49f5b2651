/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A picture from a saved JSON document: what json_print wrote becomes a snapshot again.
 *
 * The document does not say all that the model can: what is not in it is 0, false or NULL. It may
 * have been written by anybody: what does not hold together is left out.
 */
#ifndef ROBTRACE_REPORT_JSON_READ_H
#define ROBTRACE_REPORT_JSON_READ_H

#include <stdio.h>

#include "model.h"

#define JSON_WHY_MAX 256

/*
 * 0: there is a snapshot, to be freed as any other. Otherwise -ENOMEM, or -EINVAL for what is no
 * such document, and `why` says what is wrong with it.
 */
int json_read(FILE *in, struct snapshot *ret, char why[JSON_WHY_MAX]);

#endif
