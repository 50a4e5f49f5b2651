/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Takes pictures in a thread, one at a time, so that no key waits for a slow one. All functions
 * are for the one thread that has the interface.
 */
#ifndef ROBTRACE_TUI_TAKER_H
#define ROBTRACE_TUI_TAKER_H

#include "tui.h"
#include "tui/state.h"

struct taker;

/* The thread blocks the signals that the caller blocks. 0 or a negative errno. */
int taker_start(const struct tui_options *options, struct taker **ret);

/* Is readable when there is something to collect. */
int taker_fd(const struct taker *taker);

/* Whether a picture is being taken, or waits to be collected. */
bool taker_is_busy(struct taker *taker);

/* Takes one, or one more when it is busy. The TIDs of the wish are copied. */
void taker_ask(struct taker *taker, const struct tui_wish *wish);

/*
 * 1: *ret is the caller's now. 0: there is nothing. A negative errno: the look failed, *ret_why
 * says why.
 */
int taker_collect(struct taker *taker, struct tui_look *ret, const char **ret_why);

/* Waits for the picture that is being taken, for a while; then leaves it to its fate. */
void taker_stop(struct taker *taker);

#endif
