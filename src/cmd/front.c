/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/front.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/complain.h"

static const int passed_on[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};

static void pass_on(int fd, pid_t tracer)
{
	struct signalfd_siginfo info;

	/* What a terminal's key sends goes to all of us, the tracer included. */
	while (read(fd, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_code <= 0)
			kill(tracer, (int)info.ssi_signo);
}

static bool read_report(int fd, struct front_report *ret)
{
	ssize_t got;

	do
		got = read(fd, ret, sizeof(*ret));
	while (got < 0 && errno == EINTR);
	return got == sizeof(*ret);
}

/* Until the tracer reports or is gone. The set is blocked. */
static void stand_in_front(pid_t tracer, int report, const sigset_t *set, struct front_report *ret)
{
	struct pollfd waits[2] = {{.fd = report, .events = POLLIN}, {.fd = -1, .events = POLLIN}};
	int status;

	waits[1].fd = signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);
	while (poll(waits, 2, -1) >= 0 || errno == EINTR) {
		if (waits[1].revents)
			pass_on(waits[1].fd, tracer);
		if (waits[0].revents)
			break;
	}
	if (read_report(report, ret))
		return;
	*ret = (struct front_report){.status = 1};
	if (waitpid(tracer, &status, 0) == tracer && WIFSIGNALED(status)) {
		complain("the tracer %d was killed by signal %d: programs under its filter can "
			 "execute nothing, end no thread and register no list any more; end them",
			 tracer, WTERMSIG(status));
		ret->signal = WTERMSIG(status);
	} else {
		ret->status = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
	}
}

bool front_split(int *ret_fd, struct front_report *ret_report)
{
	int pipe_fds[2];
	pid_t front = getpid();
	pid_t tracer;
	sigset_t set;
	sigset_t before;

	*ret_fd = -1;
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return true;
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++)
		sigaddset(&set, passed_on[i]);
	/* From here on: the tracer may have a log, and a signal for it, before we run again. */
	sigprocmask(SIG_BLOCK, &set, &before);
	tracer = fork();
	if (tracer <= 0) {
		sigprocmask(SIG_SETMASK, &before, NULL);
		close(pipe_fds[0]);
		*ret_fd = pipe_fds[1];
		/* Without a process of its own the tracer does as well, until it would stay. */
		if (tracer == 0) {
			prctl(PR_SET_PDEATHSIG, SIGUSR2);
			if (getppid() != front)
				_exit(1);
		}
		return true;
	}
	close(pipe_fds[1]);
	stand_in_front(tracer, pipe_fds[0], &set, ret_report);
	close(pipe_fds[0]);
	return false;
}

void front_tell(int fd, const struct front_report *report)
{
	while (fd >= 0 && write(fd, report, sizeof(*report)) < 0 && errno == EINTR)
		;
}

void front_stay_behind(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setsid();
	if (null < 0)
		return;
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		dup2(null, fd);
	if (null > STDERR_FILENO)
		close(null);
}

void front_end(const struct front_report *report)
{
	const struct rlimit none = {0};
	sigset_t all;

	if (report->signal) {
		setrlimit(RLIMIT_CORE, &none);
		signal(report->signal, SIG_DFL);
		sigfillset(&all);
		sigprocmask(SIG_UNBLOCK, &all, NULL);
		kill(getpid(), report->signal);
	}
	exit(report->signal ? 128 + report->signal : report->status);
}
