/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The live interface: one loop that waits for the terminal, for signals, for the time of the next
 * look and for the picture, which another thread takes. Knows pictures, not where they are from.
 */
#ifndef ROBTRACE_TUI_H
#define ROBTRACE_TUI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "model.h"

#define TUI_WHY_MAX 512

/* What a picture is to have besides. */
struct tui_wish {
	const pid_t *stack_tids; /* threads whose stacks are wanted */
	size_t n_stack_tids;
};

struct tui_options {
	const char *selection; /* what is looked at, for the title */
	uint64_t delay_ns;     /* between two looks */
	bool bell;             /* ring when there is a new problem */
	bool color;
	/*
	 * Takes a picture, in a thread of its own: 0, or a negative errno, and *ret_why says what
	 * that means (a text that is never given back).
	 */
	int (*take)(void *context, const struct tui_wish *wish, struct snapshot *ret,
		    const char **ret_why);
	void *context;
};

/*
 * Until the user leaves: 0. The number of a signal that is to end the program: the terminal is as
 * it was, and the caller lets the signal do so. Or a negative errno, and `why` is a sentence.
 */
int tui_run(const struct tui_options *options, char why[TUI_WHY_MAX]);

/* Without a terminal: keys from a file, pictures from JSON documents (docs in robtrace-top(1)). */
struct tui_script {
	const char *path; /* "-": standard input */
	int width;
	int height;
	char *const *pictures; /* paths, in the order in which they are taken */
	size_t n_pictures;
	FILE *out; /* of the screens that the script wants to see */
};

/* 0, or a negative errno with a sentence in `why`. */
int tui_play(const struct tui_options *options, const struct tui_script *script,
	     char why[TUI_WHY_MAX]);

#endif
