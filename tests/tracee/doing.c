/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A robust mutex in a mapped file whose owner, the first thread, sleeps in a system call of choice;
 * another process waits for it.
 *
 * usage: doing HOW FILE
 *   accept   accept4 on a socket that nobody connects to
 *   read     from a pipe that nobody writes to
 *   poll     of nothing
 *   sleep    clock_nanosleep
 *   spawn    clone with CLONE_VFORK: in uninterruptible sleep until its child ends
 *   int80    pause by the 32-bit entry of the kernel
 * ready: pid, waiter (a PID, asleep); said before the owner sleeps
 */
#include "tracee.h"

#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/un.h>

#define STACK_SIZE 65536

static int child_main(void *arg)
{
	const pid_t *parent = arg;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != *parent)
		_exit(1); /* it died before that */
	tracee_sleep();
}

static void accept_nobody(void)
{
	/* Bound by the kernel to a name of its own. */
	struct sockaddr_un any = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any.sun_family)) || listen(fd, 1))
		tracee_die("cannot listen");
	accept4(fd, NULL, NULL, SOCK_CLOEXEC);
}

static void read_nothing(void)
{
	int ends[2];
	char byte;

	if (pipe(ends))
		tracee_die("no pipe");
	if (read(ends[0], &byte, 1) < 0)
		tracee_die("cannot read");
}

static void do_it(const char *how)
{
	const struct timespec long_time = {.tv_sec = TRACEE_SECONDS};

	if (strcmp(how, "accept") == 0) {
		accept_nobody();
	} else if (strcmp(how, "read") == 0) {
		read_nothing();
	} else if (strcmp(how, "poll") == 0) {
		poll(NULL, 0, -1);
	} else if (strcmp(how, "sleep") == 0) {
		clock_nanosleep(CLOCK_MONOTONIC, 0, &long_time, NULL);
	} else if (strcmp(how, "spawn") == 0) {
		char *stack = tracee_alloc(1, STACK_SIZE);
		pid_t self = getpid();

		clone(child_main, stack + STACK_SIZE, CLONE_VFORK | CLONE_VM | SIGCHLD, &self);
	} else if (strcmp(how, "int80") == 0) {
		long result;

		/* 29 is pause there. */
		__asm__ volatile("int $0x80"
				 : "=a"(result)
				 : "a"(29L)
				 : "memory", "r8", "r9", "r10", "r11");
		(void)result;
	} else {
		tracee_die("no such thing to do: %s", how);
	}
	tracee_die("%s did not sleep", how);
}

/* The owner cannot look after stdin. */
static void *reaper_run(void *arg)
{
	(void)arg;
	tracee_wait();
	_exit(0);
}

int main(int argc, char **argv)
{
	pthread_mutex_t *mutex;
	pid_t waiter;

	tracee_begin();
	if (argc != 3)
		tracee_die("usage: doing HOW FILE");
	mutex = tracee_map_file(argv[2], sizeof(*mutex));
	if (mutex_make(mutex, MUTEX_SHARED))
		tracee_die("cannot make the mutex");
	mutex_lock(mutex);
	waiter = tracee_fork();
	if (waiter == 0) {
		/* The end of the owner is no failure. */
		pthread_mutex_lock(mutex);
		tracee_sleep();
	}
	tracee_await_blocked(waiter, waiter, NR_FUTEX, mutex_word(mutex));
	pthread_detach(tracee_thread(reaper_run, NULL));
	tracee_ready("pid=%d waiter=%d", getpid(), waiter);
	do_it(argv[1]);
}
