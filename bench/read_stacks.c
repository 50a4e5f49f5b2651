/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stacks of all blocked threads of a process with names, or the symbols of one file, and
 * nothing else.
 *
 * usage: read_stacks stacks PID | load FILE
 * stacks prints `thread TID` and a line `FUNCTION` for each call, the innermost first; then, as load
 * does, a last line: wall_ns=N cpu_ns=N max_rss_kib=N and, for load, symbols=N
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "symbol/stack.h"
#include "symbol/symbols_elf.h"
#include "target/live.h"
#include "target/procfs.h"

static void die(const char *what, int error)
{
	fprintf(stderr, "read_stacks: %s: %s\n", what, strerror(error));
	exit(1);
}

static uint64_t cpu_ns(void)
{
	struct timespec used;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return (uint64_t)used.tv_sec * UINT64_C(1000000000) + (uint64_t)used.tv_nsec;
}

/* Not of getrusage: that begins with the memory of whoever started us. */
static long max_rss_kib(void)
{
	FILE *file = fopen("/proc/self/status", "re");
	char line[256];
	long result = 0;

	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, "VmHWM:", 6) == 0)
			result = strtol(line + 6, NULL, 10);
	if (file)
		fclose(file);
	return result;
}

static void print_frames(pid_t tid, const struct frame *frames, ssize_t count)
{
	printf("thread %d\n", tid);
	for (ssize_t i = 0; i < count; i++)
		puts(frames[i].function ? frames[i].function : "?");
}

static void read_stacks(pid_t pid)
{
	struct symbols *symbols;
	struct stacks *stacks;
	struct arena arena = {0};
	struct maps maps;
	struct live_memory live;
	struct symbols_process process = {
		.pid = pid, .tid = pid, .bits = 64, .maps = &maps, .memory = &live.memory};
	pid_t *tids = NULL;
	ssize_t count = procfs_tids(pid, &tids);
	int tasks = procfs_open_tasks(pid);
	int error = maps_read(pid, pid, &maps);

	if (count < 0 || tasks < 0 || error)
		die("/proc", ESRCH);
	live_memory_open(&live, pid, pid);
	if (symbols_open(SYMBOLS_DEBUG_ROOT, &symbols) || stack_open(symbols, false, &stacks))
		die("open", ENOMEM);
	stack_enter(stacks, &process);
	for (ssize_t i = 0; i < count; i++) {
		struct proc_syscall call;
		struct stack_start start;
		struct frame *frames;
		ssize_t n;

		if (procfs_syscall(tasks, tids[i], &call) || call.running)
			continue;
		start = (struct stack_start){.sp = call.sp, .pc = call.pc};
		n = stack_unwind(stacks, tids[i], &start, STACK_DEPTH_DEFAULT, &arena, &frames);
		if (n < 0)
			die("stack_unwind", (int)-n);
		print_frames(tids[i], frames, n);
	}
	stack_close(stacks);
	symbols_close(symbols);
	live_memory_close(&live);
	maps_free(&maps);
	arena_free(&arena);
	close(tasks);
	free(tids);
}

static size_t load(const char *path)
{
	const size_t most = (size_t)1 << 24;
	struct symbols_budget budget = {.kept = most, .scanned = most};
	struct symbols_elf *elf;
	struct symbols_hit hit;
	int error = symbols_elf_open(open(path, O_RDONLY | O_CLOEXEC), &elf);

	if (error)
		die(path, -error);
	symbols_elf_find(elf, SYMBOLS_FUNCTION, 0, &budget, &hit);
	symbols_elf_find(elf, SYMBOLS_OBJECT, 0, &budget, &hit);
	/* Not closed: what it holds is to be seen in the memory used. */
	return most - budget.kept;
}

int main(int argc, char **argv)
{
	uint64_t begin = clock_now_ns();
	size_t symbols = 0;

	if (argc == 3 && strcmp(argv[1], "stacks") == 0) {
		read_stacks((pid_t)strtol(argv[2], NULL, 10));
	} else if (argc == 3 && strcmp(argv[1], "load") == 0) {
		symbols = load(argv[2]);
	} else {
		fputs("usage: read_stacks stacks PID | load FILE\n", stderr);
		return 2;
	}
	printf("wall_ns=%" PRIu64 " cpu_ns=%" PRIu64 " max_rss_kib=%ld symbols=%zu\n",
	       clock_now_ns() - begin, cpu_ns(), max_rss_kib(), symbols);
	return 0;
}
