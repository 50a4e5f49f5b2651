/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a command once and prints what it cost: wall time from before vfork(2) to the end of
 * wait4(2), and the rest as wait4 tells it.
 *
 * usage: measure SECONDS OUTPUT COMMAND [ARGUMENT...]
 *   SECONDS  the command is killed after that time
 *   OUTPUT   file for its standard output; its standard error is ours
 * Prints: wall_ns=N cpu_ns=N max_rss_kib=N
 * Status: that of the command; 128 + the signal that ended it.
 *
 * A small program of its own, because ru_maxrss counts what a process was before its exec too:
 * a child of an interpreter would seem to be as big as the interpreter.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static long micro_seconds(const struct timeval *time)
{
	return time->tv_sec * 1000000 + time->tv_usec;
}

/* In the child, which has our memory until it is another program. */
static void run(unsigned seconds, int output, char **command)
{
	/* Both outlive the exec: a command that hangs does not outlive us. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(seconds);
	dup2(output, STDOUT_FILENO);
	execvp(command[0], command);
	dprintf(STDERR_FILENO, "measure: %s: %s\n", command[0], strerror(errno));
	_exit(127);
}

int main(int argc, char **argv)
{
	struct rusage usage;
	uint64_t begin;
	uint64_t end;
	unsigned seconds;
	pid_t child;
	int output;
	int status;

	if (argc < 4) {
		fputs("usage: measure SECONDS OUTPUT COMMAND [ARGUMENT...]\n", stderr);
		return 2;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	output = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (output < 0) {
		fprintf(stderr, "measure: %s: %s\n", argv[2], strerror(errno));
		return 2;
	}
	seconds = (unsigned)strtoul(argv[1], NULL, 10);
	begin = now_ns();
	/* Not fork: to copy us would be a good part of what a short command costs. */
	child = vfork(); /* NOLINT(clang-analyzer-security.insecureAPI.vfork) */
	if (child == 0)
		/* NOLINTNEXTLINE(clang-analyzer-unix.Vfork): only system calls, and no return. */
		run(seconds, output, argv + 3);
	if (child < 0) {
		perror("measure: vfork");
		return 2;
	}
	while (wait4(child, &status, 0, &usage) < 0) {
		if (errno != EINTR) {
			perror("measure: wait4");
			return 2;
		}
	}
	end = now_ns();
	printf("wall_ns=%" PRIu64 " cpu_ns=%ld max_rss_kib=%ld\n", end - begin,
	       1000 * (micro_seconds(&usage.ru_utime) + micro_seconds(&usage.ru_stime)),
	       usage.ru_maxrss);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
