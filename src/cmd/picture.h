/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From what a person chose to a picture of it; what was refused is told on stderr. */
#ifndef ROBTRACE_CMD_PICTURE_H
#define ROBTRACE_CMD_PICTURE_H

#include "cmd/options.h"
#include "cmd/patience.h"
#include "model.h"
#include "snapshot.h"
#include "tui.h"

/*
 * 0: there is a picture, to be freed with snapshot_free; when nothing could be looked at, its
 * census.processes is 0. Otherwise -1, and that was told. What was refused is told only when
 * `tell` is set: of many looks at the same targets, once is enough. Whose memory does not answer is
 * told, and left out from then on, in whatever look has the same `patience`.
 */
int take_picture(const struct options *options, struct patience *patience, bool tell,
		 struct snapshot *ret);

/*
 * One of many looks of an interface that has the terminal for itself: nothing is told. 0, or a
 * negative errno and *ret_why, a literal; -ETIMEDOUT: as patience_take.
 */
int take_picture_quietly(const struct options *options, struct patience *patience,
			 const struct snapshot_base *base, const struct tui_wish *wish,
			 struct snapshot *ret, const char **ret_why);

#endif
