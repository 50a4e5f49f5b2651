/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When the program dies of a fault, the terminal must be usable: a handler for the signals that
 * cannot wait for the loop gives it back, and the signal then does what it would have done.
 */
#ifndef ROBTRACE_TUI_RESCUE_H
#define ROBTRACE_TUI_RESCUE_H

#include <stddef.h>

/* Notes the modes of the terminal on standard input as they are now. */
void rescue_note(void);
/* Notes what to write to standard output to leave the screen; from now on the handlers are there. */
void rescue_arm(const char *farewell, size_t length);
/* The terminal was given back in the orderly way. */
void rescue_disarm(void);

#endif
