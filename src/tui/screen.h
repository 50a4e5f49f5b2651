/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The terminal, through ncurses, which nobody else sees: shows a canvas, gives keys. */
#ifndef ROBTRACE_TUI_SCREEN_H
#define ROBTRACE_TUI_SCREEN_H

#include "tui/canvas.h"
#include "tui/keys.h"

#define SCREEN_WHY_MAX 256

struct screen;

/*
 * Takes over the terminal on standard input and output. There is one at most. 0 or a negative
 * errno with a sentence in `why`, and the terminal as it was.
 */
int screen_open(bool color, struct screen **ret, char why[SCREEN_WHY_MAX]);
/* Gives the terminal back as it was. */
void screen_close(struct screen *screen);

void screen_size(const struct screen *screen, int *ret_width, int *ret_height);
/* The window may have another size now. */
void screen_resized(struct screen *screen);

/* y, x: where the terminal's cursor is to be; it is seen where `cursor`. */
void screen_show(struct screen *screen, const struct canvas *canvas, bool cursor, int y, int x);

/* 1: a key; 0: none now; -EIO: the terminal is gone. Never waits for a key. */
int screen_key(struct screen *screen, struct key_event *ret);

/* Gives the terminal back for as long as the program is stopped, and takes it again. */
void screen_suspend(struct screen *screen);
void screen_resume(struct screen *screen);
/* Nothing that the terminal shows is trusted any more. */
void screen_redraw(struct screen *screen);
void screen_ring(struct screen *screen);

#endif
