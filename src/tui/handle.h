/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a key does. */
#ifndef ROBTRACE_TUI_HANDLE_H
#define ROBTRACE_TUI_HANDLE_H

#include "tui/state.h"

/* What the loop has to do besides is in tui->orders. 0 or -ENOMEM. */
int handle_key(struct tui *tui, const struct key_event *event);

#endif
