/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What set_robust_list2 and get_robust_list2 must do, in every revision: each command and error, all
 * slots, and what becomes of the locks when a task ends in any way. Runs on a kernel that has the
 * calls, or under something that stands in for them.
 *
 * usage: list2_test REVISION [PART [ROUNDS]]
 * Says `ok NAME` or `not ok NAME: why` for each part, and `skip NAME: why` for what cannot be tried;
 * exit status 0 when nothing failed. Each part runs in a process of its own.
 */
#include "list2_test.h"

struct list2_calls calls;
struct arena *arena;

__attribute__((noreturn, format(printf, 1, 2))) void fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(arena->why, sizeof(arena->why), format, args);
	va_end(args);
	_exit(FAILED);
}

__attribute__((noreturn)) void skip(const char *why)
{
	snprintf(arena->why, sizeof(arena->why), "%s", why);
	_exit(SKIPPED);
}

void same(long got, long wanted, const char *what)
{
	if (got != wanted)
		fail("%s: %ld, wanted %ld", what, got, wanted);
}

int first_index(void)
{
	/* v5 has the libc's own list among the others. */
	return calls.revision == V5 ? 1 : 0;
}

/* Whether this revision lets a program of this word size have such a list. */
bool may_have(int bits)
{
	return bits == 32 || sizeof(long) == 8 || calls.revision == LPC2025 || calls.revision == V5;
}

pid_t child_that(void (*run)(void))
{
	pid_t pid = tracee_fork();

	if (pid)
		return pid;
	run();
	_exit(0);
}

void await(const uint32_t *flag)
{
	for (int i = 0; i < TRACEE_TRIES; i++) {
		if (__atomic_load_n(flag, __ATOMIC_SEQ_CST))
			return;
		tracee_tick();
	}
	fail("waited in vain");
}

void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* A waiter in a process of its own; its exit status is what its wait returned. */
static struct list2_lock *waited;

static void waits(void)
{
	uint32_t value = __atomic_or_fetch(&waited->word, WORD_WAITERS, __ATOMIC_SEQ_CST);
	long result;

	__atomic_add_fetch(&arena->started, 1, __ATOMIC_SEQ_CST);
	result = syscall(NR_FUTEX, &waited->word, 0 /* FUTEX_WAIT */, value, NULL, NULL, 0);
	_exit(result ? errno : 0);
}

pid_t start_waiter(struct list2_lock *lock)
{
	pid_t pid;

	waited = lock;
	arena->started = 0;
	pid = child_that(waits);
	await(&arena->started);
	tracee_await_blocked(pid, pid, NR_FUTEX, NULL);
	return pid;
}

/* How many of them have come back with success. */
int count_woken(pid_t *pids, int count, int wanted)
{
	int woken = 0, status;

	for (int tries = 0; woken < wanted && tries < TRACEE_TRIES; tries++) {
		for (int i = 0; i < count; i++) {
			if (!pids[i] || waitpid(pids[i], &status, WNOHANG) != pids[i])
				continue;
			same(WEXITSTATUS(status), 0, "FUTEX_WAIT");
			pids[i] = 0;
			woken++;
		}
		tracee_tick();
	}
	return woken;
}

/* 0: it did not fail. */
static int run_part(const struct part *part)
{
	int status;
	pid_t pid;

	memset(arena, 0, sizeof(*arena));
	pid = tracee_fork();
	if (pid == 0) {
		part->run();
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid)
		tracee_die("waitpid: %s", strerror(errno));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		printf("ok %s\n", part->name);
	else if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED)
		printf("skip %s: %s\n", part->name, arena->why);
	else if (WIFSIGNALED(status))
		printf("not ok %s: ended by signal %d\n", part->name, WTERMSIG(status));
	else
		printf("not ok %s: %s\n", part->name, arena->why);
	return !WIFEXITED(status) || WEXITSTATUS(status) == FAILED;
}

/* After execve: status 0 when no list is left. */
static int has_none(void)
{
	for (int i = 0; i < calls.lists; i++) {
		uint64_t value = UINT64_MAX;

		if (list2_get(&calls, 0, &value, i) || value)
			return FAILED;
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const struct part *const all[] = {parts_calls, parts_deaths, parts_odd,
						 parts_memory};
	const char *only = argc > 2 ? argv[2] : NULL;
	long rounds = argc > 3 ? strtol(argv[3], NULL, 10) : 1;
	int failed = 0;

	tracee_begin();
	if (argc < 2)
		tracee_die("usage: list2_test REVISION [PART [ROUNDS]]");
	calls = list2_calls_of(argv[1]);
	if (argc == 3 && strcmp(argv[2], LIST2_TEST_HAS_NONE) == 0)
		return has_none();
	arena = mmap(NULL, sizeof(*arena), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS | LIST2_LOW, -1, 0);
	if (arena == MAP_FAILED)
		tracee_die("mmap: %s", strerror(errno));
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		for (const struct part *part = all[i]; part->name; part++)
			for (long n = rounds; n > 0 && (!only || !strcmp(only, part->name)); n--)
				failed += run_part(part);
	return failed ? 1 : 0;
}
