/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What bench/stacks looks at: THREADS threads wait for one mutex, each DEPTH calls deep.
 *
 * usage: blocked THREADS DEPTH SECONDS
 *   SECONDS  it ends itself after that time; also with its parent and when stdin ends
 * ready: pid
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#define STACK_SIZE ((size_t)64 * 1024)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_ulong waiting;
static unsigned long depth;

__attribute__((noinline)) static int blocked_descend(unsigned long left)
{
	int result;

	if (left)
		result = blocked_descend(left - 1);
	else
		result = pthread_mutex_lock(&lock);
	/* What comes behind a call keeps it from becoming a jump. */
	__asm__ volatile("" : : "r"(result) : "memory");
	return result + 1;
}

static void *run(void *argument)
{
	waiting++;
	return blocked_descend(depth) ? argument : NULL;
}

static void start(void)
{
	pthread_t thread;
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	if (pthread_create(&thread, &attr, run, NULL)) {
		fputs("blocked: cannot start a thread\n", stderr);
		_exit(1);
	}
	pthread_attr_destroy(&attr);
}

int main(int argc, char **argv)
{
	unsigned long threads;
	char byte;

	if (argc != 4) {
		fputs("usage: blocked THREADS DEPTH SECONDS\n", stderr);
		return 2;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm((unsigned)strtoul(argv[3], NULL, 10));
	threads = strtoul(argv[1], NULL, 10);
	depth = strtoul(argv[2], NULL, 10);
	pthread_mutex_lock(&lock);
	for (unsigned long i = 0; i < threads; i++)
		start();
	while (waiting < threads)
		usleep(1000);
	/* They are about to block; the reader waits until they all do. */
	printf("ready pid=%d\n", getpid());
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	_exit(0);
}
