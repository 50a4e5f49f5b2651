/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process of many threads, the last of which executes the same program again, at once.
 *
 * usage: exec_storm FILE THREADS [ROUND]
 * ready: pid; in the first round only. FILE gets the number of the round.
 */
#include "tracee.h"

static char **arguments;

static void *again(void *arg)
{
	(void)arg;
	execv("/proc/self/exe", arguments);
	tracee_die("exec: %s", strerror(errno));
}

static void *sleeper(void *arg)
{
	(void)arg;
	tracee_sleep();
}

int main(int argc, char **argv)
{
	unsigned long round = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;
	char next[32];
	char text[32];
	int fd;

	if (argc < 3)
		tracee_die("usage: exec_storm FILE THREADS [ROUND]");
	if (!round) {
		tracee_begin();
		tracee_ready("pid=%d", getpid());
	}
	fd = open(argv[1], O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	snprintf(text, sizeof(text), "%020lu", round);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		tracee_die("%s: %s", argv[1], strerror(errno));
	snprintf(next, sizeof(next), "%lu", round + 1);
	arguments = (char *[]){argv[0], argv[1], argv[2], next, NULL};
	for (long i = strtol(argv[2], NULL, 10); i > 0; i--)
		tracee_thread(sleeper, NULL);
	tracee_thread(again, NULL);
	tracee_sleep();
}
