/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work to be traced. usage: trace_work getppid N | filtered N | threads N | crowd N
 *   getppid  N system calls that no trace of robust lists wants
 *   filtered the same under a seccomp filter that allows everything
 *   threads  N threads, one after the other
 *   crowd    N threads at a time; says `ready` and ends with its stdin
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LIFE 600

static void *end_at_once(void *arg)
{
	return arg;
}

static void *sleep_on(void *arg)
{
	pause();
	return arg;
}

static void crowd(long count)
{
	pthread_attr_t small;
	pthread_t thread;
	char byte;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 16384);
	for (long i = 0; i < count; i++)
		if (pthread_create(&thread, &small, sleep_on, NULL))
			exit(1);
	puts("ready");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
}

/* The least that a filter can cost. */
static void allow_everything(void)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = {.len = 1, .filter = &allow};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) {
		perror("trace_work: seccomp");
		exit(1);
	}
}

static void call_getppid(long count)
{
	while (count--)
		syscall(SYS_getppid);
}

int main(int argc, char **argv)
{
	long count = argc == 3 ? atol(argv[2]) : 0;
	pthread_t thread;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(LIFE);
	if (count && strcmp(argv[1], "getppid") == 0) {
		call_getppid(count);
	} else if (count && strcmp(argv[1], "filtered") == 0) {
		allow_everything();
		call_getppid(count);
	} else if (count && strcmp(argv[1], "threads") == 0) {
		while (count--)
			if (pthread_create(&thread, NULL, end_at_once, NULL) ||
			    pthread_join(thread, NULL))
				return 1;
	} else if (count && strcmp(argv[1], "crowd") == 0) {
		crowd(count);
	} else {
		fputs("usage: trace_work getppid N | filtered N | threads N | crowd N\n", stderr);
		return 2;
	}
	return 0;
}
