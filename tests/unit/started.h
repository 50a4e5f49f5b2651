/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A tracee that a unit test starts and looks at. It ends with the test, whatever happens. */
#ifndef ROBTRACE_TESTS_STARTED_H
#define ROBTRACE_TESTS_STARTED_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "symbol/symbols.h"
#include "target/live.h"
#include "target/maps.h"

#define STARTED_LINE 512

struct started {
	pid_t pid;
	int said; /* a pipe from its standard output */
	int ask;  /* a pipe to its standard input: it ends when this is closed */
	char line[STARTED_LINE];
	struct maps maps;
	struct live_memory live;
};

/* Runs in the child before the program; 0, or the child ends. */
typedef int (*started_prepare)(void *argument);

/*
 * Starts the program with one argument (or NULL) and waits for its `ready` line. False when there
 * is no such program or prepare failed. Fails the test when it does not get ready.
 */
bool started_open(struct started *started, const char *program, const char *argument,
		  started_prepare prepare, void *context);
void started_close(struct started *started);

/* A number of the `ready` line. */
uint64_t started_number(const struct started *started, const char *key);

/* Reads its maps. */
struct symbols_process started_process(struct started *started);

#endif
