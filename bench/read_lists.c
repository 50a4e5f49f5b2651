/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the robust lists of all threads of a process, once, and nothing else: no maps, names,
 * waiters or owners.
 *
 * usage: read_lists ours|bare PID [FILE]
 *   ours  through find_heads and settle_lists, as every command of robtrace does
 *   bare  get_robust_list, and a process_vm_readv for the head and for each entry
 * Prints: wall_ns=N cpu_ns=N threads_ns=N heads_ns=N lists_ns=N (bare: all of it is in lists_ns)
 * FILE gets a line `TID ADDRESS` for each futex word found.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "find_heads.h"
#include "settle.h"
#include "target/kernel.h"
#include "target/live.h"
#include "target/procfs.h"

/* The most entries of one list that the kernel would follow. */
#define ENTRIES_MAX 2048

struct pair {
	pid_t tid;
	uint64_t address;
};

struct times {
	uint64_t cpu_begin;
	uint64_t cpu_end;
	uint64_t begin;
	uint64_t threads; /* they are known */
	uint64_t heads;   /* these too */
	uint64_t lists;
};

static uint64_t cpu_ns(void)
{
	struct timespec used;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return (uint64_t)used.tv_sec * UINT64_C(1000000000) + (uint64_t)used.tv_nsec;
}

static void die(const char *what, int error)
{
	fprintf(stderr, "read_lists: %s: %s\n", what, strerror(error));
	exit(1);
}

static void *must_alloc(size_t count, size_t size)
{
	void *memory = calloc(count ? count : 1, size);

	if (!memory)
		die("no memory", ENOMEM);
	return memory;
}

static size_t pairs_of_walks(const struct walk *walks, const struct settle_owner *owners,
			     size_t count, struct pair **ret_pairs)
{
	struct pair *pairs;
	size_t n_pairs = 0;

	for (size_t i = 0; i < count; i++) {
		if (walks[i].list.end != LIST_COMPLETE)
			die("a list is not complete", EPROTO);
		n_pairs += walks[i].list.n_entries;
	}
	pairs = must_alloc(n_pairs, sizeof(*pairs));
	n_pairs = 0;
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < walks[i].list.n_entries; j++)
			pairs[n_pairs++] = (struct pair){owners[i].tid,
							 walks[i].list.entries[j].address};
	*ret_pairs = pairs;
	return n_pairs;
}

static size_t read_ours(pid_t pid, struct pair **ret_pairs, struct times *times)
{
	struct kernel kernel;
	struct live_memory live;
	struct settle_stats stats = {0};
	struct settle_owner *owners;
	struct walk *walks;
	pid_t *tids = NULL;
	size_t n_walks = 0;
	size_t n_pairs;
	ssize_t n_tids;
	int error = kernel_open(&kernel);

	if (error)
		die("kernel_open", -error);
	times->cpu_begin = cpu_ns();
	times->begin = clock_now_ns();
	n_tids = procfs_tids(pid, &tids);
	if (n_tids < 0)
		die("threads", (int)-n_tids);
	times->threads = clock_now_ns();
	walks = must_alloc((size_t)n_tids * HEADS_MAX, sizeof(*walks));
	owners = must_alloc((size_t)n_tids * HEADS_MAX, sizeof(*owners));
	for (ssize_t i = 0; i < n_tids; i++) {
		struct list heads[HEADS_MAX];
		ssize_t count = find_heads(&kernel, tids[i], heads);

		if (count < 0)
			die("find_heads", (int)-count);
		for (ssize_t j = 0; j < count; j++) {
			walks[n_walks].list = heads[j];
			owners[n_walks++] = (struct settle_owner){
				.pid = pid, .tid = tids[i], .ns_tid = tids[i]};
		}
	}
	times->heads = clock_now_ns();
	live_memory_open(&live, pid, pid);
	error = settle_lists(&live.memory, walks, owners, n_walks, false, &stats);
	if (error)
		die("settle_lists", -error);
	live_memory_close(&live);
	times->lists = clock_now_ns();
	times->cpu_end = cpu_ns();

	n_pairs = pairs_of_walks(walks, owners, n_walks, ret_pairs);
	for (size_t i = 0; i < n_walks; i++)
		walk_release(&walks[i]);
	free(walks);
	free(owners);
	free(tids);
	kernel_close(&kernel);
	return n_pairs;
}

/* What one would write first: follows one list, a call an entry, without a second look. */
static size_t follow_bare(pid_t tid, struct pair *pairs)
{
	uint64_t head[3];
	void *address = NULL;
	size_t length = 0;
	size_t count = 0;
	struct iovec into_head = {head, sizeof(head)};
	struct iovec from_head;

	if (syscall(SYS_get_robust_list, tid, &address, &length))
		die("get_robust_list", errno);
	from_head = (struct iovec){address, sizeof(head)};
	if (process_vm_readv(tid, &into_head, 1, &from_head, 1, 0) != sizeof(head))
		die("process_vm_readv", errno);
	for (uint64_t next = head[0]; next != (uintptr_t)address && count < ENTRIES_MAX;) {
		uint64_t entry = next & ~UINT64_C(1);
		uint64_t word_address = entry + head[1];
		uint32_t word;
		struct iovec into[2] = {{&next, sizeof(next)}, {&word, sizeof(word)}};
		struct iovec from[2] = {{(void *)(uintptr_t)entry, sizeof(next)},
					{(void *)(uintptr_t)word_address, sizeof(word)}};

		if (process_vm_readv(tid, into, 2, from, 2, 0) != sizeof(next) + sizeof(word))
			die("process_vm_readv", errno);
		pairs[count++] = (struct pair){tid, word_address};
	}
	return count;
}

static size_t read_bare(pid_t pid, struct pair **ret_pairs, struct times *times)
{
	struct pair *pairs = NULL;
	size_t n_pairs = 0;
	size_t capacity = 0;
	const struct dirent *entry;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	times->cpu_begin = cpu_ns();
	times->begin = clock_now_ns();
	times->threads = times->begin;
	times->heads = times->begin;
	dir = opendir(path);
	if (!dir)
		die(path, errno);
	while ((entry = readdir(dir))) {
		pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (tid <= 0)
			continue;
		if (capacity - n_pairs < ENTRIES_MAX) {
			capacity = capacity * 2 + ENTRIES_MAX;
			pairs = reallocarray(pairs, capacity, sizeof(*pairs));
			if (!pairs)
				die("no memory", ENOMEM);
		}
		n_pairs += follow_bare(tid, pairs + n_pairs);
	}
	closedir(dir);
	times->lists = clock_now_ns();
	times->cpu_end = cpu_ns();
	*ret_pairs = pairs;
	return n_pairs;
}

static void write_pairs(const char *path, const struct pair *pairs, size_t count)
{
	FILE *file = fopen(path, "we");

	if (!file)
		die(path, errno);
	for (size_t i = 0; i < count; i++)
		fprintf(file, "%d %" PRIu64 "\n", pairs[i].tid, pairs[i].address);
	if (fclose(file))
		die(path, errno);
}

int main(int argc, char **argv)
{
	struct times times;
	struct pair *pairs = NULL;
	size_t count;
	pid_t pid;

	if (argc < 3 || argc > 4 ||
	    (strcmp(argv[1], "ours") != 0 && strcmp(argv[1], "bare") != 0)) {
		fputs("usage: read_lists ours|bare PID [FILE]\n", stderr);
		return 2;
	}
	pid = (pid_t)strtol(argv[2], NULL, 10);
	count = strcmp(argv[1], "ours") == 0 ? read_ours(pid, &pairs, &times)
					     : read_bare(pid, &pairs, &times);
	printf("wall_ns=%" PRIu64 " cpu_ns=%" PRIu64 " threads_ns=%" PRIu64 " heads_ns=%" PRIu64
	       " lists_ns=%" PRIu64 "\n",
	       times.lists - times.begin, times.cpu_end - times.cpu_begin,
	       times.threads - times.begin, times.heads - times.threads, times.lists - times.heads);
	if (argc == 4)
		write_pairs(argv[3], pairs, count);
	free(pairs);
	return 0;
}
