/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "started.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "target/procfs.h"
#include "unit.h"

static void run(const int said[2], const int ask[2], const char *program, const char *argument,
		started_prepare prepare, void *context)
{
	/* The parent waits for us in a way that stops us with it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (prepare && prepare(context))
		_exit(126);
	dup2(said[1], STDOUT_FILENO);
	dup2(ask[0], STDIN_FILENO);
	execl(program, program, argument, NULL);
	_exit(127);
}

/* All that comes up to the end of the line. */
static bool read_line(int fd, char line[STARTED_LINE])
{
	size_t used = 0;

	while (used < STARTED_LINE - 1 && read(fd, line + used, 1) == 1)
		if (line[used++] == '\n')
			break;
	line[used] = '\0';
	return used > 0;
}

bool started_open(struct started *started, const char *program, const char *argument,
		  started_prepare prepare, void *context)
{
	int said[2];
	int ask[2];

	*started = (struct started){.said = -1, .ask = -1};
	assert_int_equal(pipe2(said, O_CLOEXEC), 0);
	assert_int_equal(pipe2(ask, O_CLOEXEC), 0);
	started->pid = fork();
	assert_true(started->pid >= 0);
	if (started->pid == 0)
		run(said, ask, program, argument, prepare, context);
	close(said[1]);
	close(ask[0]);
	started->said = said[0];
	started->ask = ask[1];
	if (!read_line(started->said, started->line)) {
		started_close(started);
		return false;
	}
	assert_int_equal(strncmp(started->line, "ready ", 6), 0);
	return true;
}

void started_close(struct started *started)
{
	if (started->pid > 0) {
		kill(started->pid, SIGKILL);
		waitpid(started->pid, NULL, 0);
	}
	if (started->said >= 0)
		close(started->said);
	if (started->ask >= 0)
		close(started->ask);
	live_memory_close(&started->live);
	maps_free(&started->maps);
	*started = (struct started){.said = -1, .ask = -1};
}

uint64_t started_number(const struct started *started, const char *key)
{
	size_t length = strlen(key);

	for (const char *at = started->line; (at = strstr(at, key)); at++)
		if (at[-1] == ' ' && at[length] == '=')
			return strtoull(at + length + 1, NULL, 0);
	fail_msg("the tracee did not say '%s'", key);
	return 0;
}

struct symbols_process started_process(struct started *started)
{
	pid_t pid = started->pid;

	maps_free(&started->maps);
	assert_int_equal(maps_read(pid, pid, &started->maps), 0);
	live_memory_close(&started->live);
	live_memory_open(&started->live, pid, pid);
	return (struct symbols_process){.pid = pid,
					.tid = pid,
					.bits = procfs_elf_bits(pid) == 32 ? 32 : 64,
					.maps = &started->maps,
					.memory = &started->live.memory};
}
