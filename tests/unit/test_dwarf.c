/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Debug information of a library that this process has loaded, a copy of the stack tracee's. */
#include "symbol/dwarf.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "target/live.h"
#include "target/maps.h"
#include "unit.h"

#define LIBRARY TRACEES "/libstack_library.so"

/* How the child ends. */
enum {
	TOLD_LINE = 10,
	TOLD_NONE,
	FAILED,
};

static void copy(const char *from, const char *to)
{
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	struct stat info;
	off_t at = 0;

	assert_true(in >= 0 && out >= 0 && fstat(in, &info) == 0);
	while (at < info.st_size)
		assert_true(sendfile(out, in, &at, (size_t)(info.st_size - at)) > 0);
	close(in);
	close(out);
}

/* In a child: it may well be killed by SIGBUS, were the file mapped. */
__attribute__((noreturn)) static void look_up_a_line(const char *library, bool truncated)
{
	/* Words for a caller that is not there. */
	uint64_t words[64] = {0};
	void *loaded = dlopen(library, RTLD_NOW);
	uint64_t address = loaded ? (uint64_t)(uintptr_t)dlsym(loaded, "library_call") : 0;
	struct symbols *symbols;
	struct maps maps;
	struct live_memory live;
	struct symbols_process process = {.pid = getpid(),
					  .tid = getpid(),
					  .bits = 64,
					  .maps = &maps,
					  .memory = &live.memory};
	struct dwarf *dwarf;
	struct dwarf_call calls[4];
	struct dwarf_call from;
	bool lost;
	struct arena arena = {0};
	const char *source;
	unsigned line;

	/* cmocka's handler would go on with the tests, here. */
	signal(SIGBUS, SIG_DFL);
	if (!address || maps_read(getpid(), getpid(), &maps) ||
	    symbols_open("/nonexistent", &symbols))
		_exit(FAILED);
	live_memory_open(&live, getpid(), getpid());
	symbols_enter(symbols, &process);
	if (dwarf_open(symbols, &process, DWARF_LINES, &dwarf))
		_exit(FAILED);
	/* Its file is open from here on, and not yet read. */
	from = (struct dwarf_call){.pc = address, .sp = (uint64_t)(uintptr_t)words};
	dwarf_unwind(dwarf, getpid(), &from, calls, 4, &lost);
	if (truncated && truncate(library, 4096))
		_exit(FAILED);
	if (dwarf_line(dwarf, address, false, &arena, &source, &line))
		_exit(FAILED);
	_exit(source && line && strstr(source, "stack_library.c") ? TOLD_LINE : TOLD_NONE);
}

static int look_in_a_child(bool truncated)
{
	char folder[] = "/tmp/robtrace-test-XXXXXX";
	char library[64];
	int status;
	pid_t pid;

	assert_non_null(mkdtemp(folder));
	snprintf(library, sizeof(library), "%s/library.so", folder);
	copy(LIBRARY, library);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		look_up_a_line(library, truncated);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	unlink(library);
	rmdir(folder);
	if (!WIFEXITED(status))
		fail_msg("killed by signal %d", WTERMSIG(status));
	return WEXITSTATUS(status);
}

static void a_line(void **state)
{
	(void)state;
	assert_int_equal(look_in_a_child(false), TOLD_LINE);
}

static void a_file_that_is_cut_while_it_is_read(void **state)
{
	(void)state;
	assert_int_equal(look_in_a_child(true), TOLD_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line),
		cmocka_unit_test(a_file_that_is_cut_while_it_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
