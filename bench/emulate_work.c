/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work for `robtrace trace --emulate`; prints how many nanoseconds it took.
 *
 * usage: emulate_work calls N | deaths N LOCKS private|shared | lists private|shared
 *   calls   N calls of set_robust_list2, whatever they return
 *   deaths  N threads, one after the other, that end with so many locks on one list
 *   lists   one thread that ends with 11 lists of 2048 locks
 */
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>

#include "../examples/robust_list2.h"

#define LIFE 600
#define LISTS 11
#define LOCKS 2048

struct lock {
	uint64_t next;
	uint32_t word;
	uint32_t rest;
};

static struct lock *locks;
static struct robust_list2_head_64 heads[LISTS];
static size_t n_lists;
static size_t n_locks;

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void *hold_and_end(void *arg)
{
	uint32_t tid = (uint32_t)syscall(SYS_gettid);

	for (size_t i = 0; i < n_lists; i++) {
		struct lock *first = &locks[i * n_locks];

		robust_list2_init_64(&heads[i], offsetof(struct lock, word));
		for (size_t j = 0; j < n_locks; j++) {
			first[j].word = tid;
			first[j].next = (uintptr_t)(j + 1 < n_locks ? &first[j + 1]
								    : (void *)&heads[i]);
		}
		if (n_locks)
			heads[i].next = (uintptr_t)first;
		if (robust_list2_create_64(&heads[i]) < 0)
			exit(1);
	}
	return arg;
}

static int deaths(long count, const char *memory)
{
	int flags = strcmp(memory, "shared") == 0 ? MAP_SHARED : MAP_PRIVATE;
	uint64_t begin;

	locks = mmap(NULL, LISTS * LOCKS * sizeof(*locks), PROT_READ | PROT_WRITE,
		     flags | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (locks == MAP_FAILED)
		return 1;
	begin = now();
	while (count--) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, hold_and_end, NULL) || pthread_join(thread, NULL))
			return 1;
		for (size_t i = 0; i < n_lists * n_locks; i++)
			if (locks[i].word != 0x40000000)
				return 1;
	}
	printf("%" PRIu64 "\n", now() - begin);
	return 0;
}

static int calls(long count)
{
	uint64_t begin = now();

	for (long i = 0; i < count; i++)
		robust_list2_limit();
	printf("%" PRIu64 "\n", now() - begin);
	return 0;
}

int main(int argc, char **argv)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(LIFE);
	if (argc == 3 && strcmp(argv[1], "calls") == 0)
		return calls(atol(argv[2]));
	if (argc == 3 && strcmp(argv[1], "lists") == 0) {
		n_lists = LISTS;
		n_locks = LOCKS;
		return deaths(1, argv[2]);
	}
	if (argc == 5 && strcmp(argv[1], "deaths") == 0) {
		n_lists = 1;
		n_locks = (size_t)atol(argv[3]);
		if (n_locks <= LOCKS)
			return deaths(atol(argv[2]), argv[4]);
	}
	fputs("usage: emulate_work calls N | deaths N LOCKS private|shared | "
	      "lists private|shared\n",
	      stderr);
	return 2;
}
