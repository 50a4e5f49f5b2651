/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A daemon: forks twice with a session of its own in between. Whoever started it is told nothing
 * and gets the status 5 at once.
 *
 * usage: forsaken FILE
 * The daemon writes its PID to FILE. For each SIGUSR1 it registers a robust list and appends the
 * result to FILE, as a line. It ends with SIGTERM, or after TRACEE_SECONDS.
 */
#include "tracee.h"

static void append(const char *path, long value)
{
	char line[32];
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	int n = snprintf(line, sizeof(line), "%ld\n", value);

	if (fd < 0 || write(fd, line, (size_t)n) != n)
		_exit(1);
	close(fd);
}

int main(int argc, char **argv)
{
	static uint64_t head[3];
	sigset_t set;
	int number;

	if (argc != 2)
		tracee_die("usage: forsaken FILE");
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (fork())
		_exit(5);
	setsid();
	if (fork())
		_exit(0);
	alarm(TRACEE_SECONDS);
	for (int fd = 0; fd < 3; fd++)
		close(fd);
	append(argv[1], getpid());
	head[0] = (uint64_t)(uintptr_t)head;
	while (sigwait(&set, &number) == 0)
		append(argv[1], syscall(SYS_set_robust_list, head, sizeof(head)) ? -errno : 0);
	return 1;
}
