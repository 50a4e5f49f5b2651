/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What becomes of the locks when a task ends, in each way. */
#include "list2_test.h"

/* As many lists as there can be, of both sizes, with three held locks each. */
static void hold_everything(void)
{
	for (int i = first_index(); i < calls.lists; i++) {
		struct list2_lock *locks = &arena->locks[3 * i];
		int bits = may_have(64) && i % 2 ? 64 : 32;

		list2_link(&arena->heads[i], bits, locks, 3);
		for (int j = 0; j < 3; j++)
			locks[j].word = (uint32_t)list2_tid();
		if (list2_create(&calls, &arena->heads[i], bits, i) != i)
			fail("list %d", i);
	}
}

static void check_all_released(const char *how)
{
	for (int i = 3 * first_index(); i < 3 * calls.lists; i++)
		if (arena->locks[i].word != WORD_OWNER_DIED)
			fail("%s: lock %d is %#x", how, i, arena->locks[i].word);
}

static void *hold_and_return(void *arg)
{
	hold_everything();
	return arg;
}

static void *hold_and_pthread_exit(void *arg)
{
	hold_everything();
	pthread_exit(arg);
}

static void *hold_and_sleep(void *arg)
{
	(void)arg;
	hold_everything();
	__atomic_store_n(&arena->started, 1, __ATOMIC_SEQ_CST);
	tracee_sleep();
}

static void dies_by_exit_group(void)
{
	hold_everything();
	_exit(0);
}

static void dies_by_exit(void)
{
	hold_everything();
	syscall(SYS_exit, 0);
}

static void dies_by_fault(void)
{
	hold_everything();
	signal(SIGSEGV, SIG_DFL);
	raise(SIGSEGV);
}

static void dies_by_another_threads_exit(void)
{
	tracee_thread(hold_and_sleep, NULL);
	await(&arena->started);
	_exit(0);
}

static void dies_by_kill(void)
{
	hold_everything();
	raise(SIGKILL);
}

static void calls_exec(void)
{
	static char *const argv[] = {"true", NULL};
	static char *const none[] = {NULL};

	hold_everything();
	execve("/bin/true", argv, none);
	_exit(1);
}

static void test_death_of_a_thread(void)
{
	pthread_join(tracee_thread(hold_and_return, NULL), NULL);
	check_all_released("return");
	pthread_join(tracee_thread(hold_and_pthread_exit, NULL), NULL);
	check_all_released("pthread_exit");
}

static void test_death_of_a_process(void)
{
	static const struct {
		const char *how;
		void (*run)(void);
	} ways[] = {
		{"exit_group", dies_by_exit_group},
		{"exit of the only thread", dies_by_exit},
		{"SIGSEGV", dies_by_fault},
		{"exit_group by another thread", dies_by_another_threads_exit},
		{"SIGKILL", dies_by_kill},
		{"execve", calls_exec},
	};

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		memset(arena->locks, 0, sizeof(arena->locks));
		arena->started = 0;
		waitpid(child_that(ways[i].run), NULL, 0);
		check_all_released(ways[i].how);
	}
}

/* The first thread ends and leaves another: only its own locks are released. */
static void *outlive(void *arg)
{
	const pthread_t *first = arg;

	pthread_join(*first, NULL);
	check_all_released("exit of the first thread");
	_exit(0);
}

static void leaves_a_thread(void)
{
	static pthread_t self;

	self = pthread_self();
	hold_everything();
	tracee_thread(outlive, &self);
	pthread_exit(NULL);
}

static void test_death_of_the_first_thread(void)
{
	int status;

	waitpid(child_that(leaves_a_thread), &status, 0);
	same(WEXITSTATUS(status), 0, "the thread that is left");
}

static void holds_until_told(void)
{
	hold_everything();
	__atomic_store_n(&arena->started, 1, __ATOMIC_SEQ_CST);
	tracee_sleep();
}

/* One waiter of each lock is woken, on every list; the others sleep on. */
static void test_waiters(void)
{
	int lists = calls.lists - first_index();
	pid_t pids[2 * 16] = {0};
	pid_t owner = child_that(holds_until_told);

	await(&arena->started);
	for (int i = 0; i < lists; i++)
		for (int j = 0; j < 2; j++)
			pids[2 * i + j] = start_waiter(&arena->locks[3 * (first_index() + i) + 1]);
	end(owner);
	same(count_woken(pids, 2 * lists, lists), lists, "woken");
	for (int i = 0; i < lists; i++) {
		uint32_t word = arena->locks[3 * (first_index() + i) + 1].word;

		same(word == (WORD_OWNER_DIED | WORD_WAITERS), 1, "FUTEX_WAITERS is kept");
		same((pids[2 * i] != 0) + (pids[2 * i + 1] != 0), 1, "one sleeps on");
	}
	for (int i = 0; i < 2 * lists; i++)
		if (pids[i])
			end(pids[i]);
}

const struct part parts_deaths[] = {
	{"death of a thread", test_death_of_a_thread},
	{"death of a process", test_death_of_a_process},
	{"death of the first thread", test_death_of_the_first_thread},
	{"waiters", test_waiters},
	{NULL, NULL},
};
