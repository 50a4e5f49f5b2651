/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a piece of text means to a person; screen.c turns it into colours or, without, into bold. */
#ifndef ROBTRACE_TUI_STYLE_H
#define ROBTRACE_TUI_STYLE_H

#include <stdint.h>

enum style {
	STYLE_NORMAL,
	STYLE_DIM,      /* there, but not what one looks for */
	STYLE_STRONG,   /* names of what the view is about */
	STYLE_BAR,      /* title and status line */
	STYLE_TAB,      /* the view that is shown, in the title */
	STYLE_HEAD,     /* headings of columns */
	STYLE_SORTED,   /* the heading of the column that sorts */
	STYLE_KEY,      /* a key to press */
	STYLE_BROKEN,   /* lost: nobody gives it back */
	STYLE_DOUBTFUL, /* may become so */
	STYLE_WANTED,   /* somebody waits */
	STYLE_PASSING,  /* on its way from one state to the next */
	STYLE_CYCLE,    /* part of a circle of waits */
	STYLE_ALARM,    /* a message that is an error */
	N_STYLES,
};

/* Beside its style a cell can be: */
#define CELL_SELECTED UINT8_C(1) /* in the row of the cursor */
#define CELL_CHANGED UINT8_C(2)  /* other than in the picture before */
#define CELL_FOUND UINT8_C(4)    /* what was searched for */
#define CELL_MARKED UINT8_C(8)   /* in a marked row */
#define CELL_BAR UINT8_C(16)     /* part of a bar across the screen */

#endif
