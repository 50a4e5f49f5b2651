/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From what a person chose to a picture of it; what was refused is told on stderr. */
#ifndef ROBTRACE_CMD_PICTURE_H
#define ROBTRACE_CMD_PICTURE_H

#include "cmd/options.h"
#include "model.h"

/*
 * 0: there is a picture, to be freed with snapshot_free; when nothing could be looked at, its
 * census.processes is 0. Otherwise -1, and that was told. What was refused is told only when
 * `tell` is set: of many looks at the same targets, once is enough.
 */
int take_picture(const struct options *options, bool tell, struct snapshot *ret);

#endif
