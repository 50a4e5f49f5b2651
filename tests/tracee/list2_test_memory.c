/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory that only some tasks have: threads, processes that share it, and execve, which drops it. */
#include "list2_test.h"

#include <sched.h>

#define WAITERS 3
#define STACK_SIZE (64 << 10)

/* Of this process alone. */
struct own {
	struct list2_lock locks[8];
	struct list2_head head;
	uint32_t go;
	char stack[STACK_SIZE];
};

static struct own *own;
static int own_bits;

static void *map_own(void)
{
	void *memory = mmap(NULL, sizeof(*own), PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | LIST2_LOW, -1, 0);

	if (memory == MAP_FAILED)
		fail("mmap: %s", strerror(errno));
	return memory;
}

/* The calling task holds the first `count` locks, all on one list. */
static void hold_own(size_t count)
{
	list2_link(&own->head, own_bits, own->locks, count);
	for (size_t i = 0; i < count; i++)
		__atomic_fetch_or(&own->locks[i].word, (uint32_t)list2_tid(), __ATOMIC_SEQ_CST);
	if (list2_create(&calls, &own->head, own_bits, first_index()) < 0)
		fail("CREATE");
}

/* FUTEX_WAIT, as a mutex would do it. */
static long wait_for(struct list2_lock *lock)
{
	uint32_t value = __atomic_or_fetch(&lock->word, WORD_WAITERS, __ATOMIC_SEQ_CST);

	return list2_raw(NR_FUTEX, (long)&lock->word, 0 /* FUTEX_WAIT */, (long)value, 0);
}

struct sleeper {
	struct list2_lock *lock;
	pid_t tid;
	uint32_t back;
	long result;
};

static void *sleeps(void *arg)
{
	struct sleeper *sleeper = arg;

	__atomic_store_n(&sleeper->tid, list2_tid(), __ATOMIC_SEQ_CST);
	sleeper->result = wait_for(sleeper->lock);
	__atomic_store_n(&sleeper->back, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void start_sleeper(struct sleeper *sleeper, struct list2_lock *lock)
{
	*sleeper = (struct sleeper){.lock = lock};
	tracee_thread(sleeps, sleeper);
	await((const uint32_t *)&sleeper->tid);
	tracee_await_blocked(getpid(), sleeper->tid, NR_FUTEX, &lock->word);
}

static void *holds_until_go(void *arg)
{
	const size_t *count = arg;

	hold_own(*count);
	__atomic_store_n(&arena->started, 1, __ATOMIC_SEQ_CST);
	await(&own->go);
	return NULL;
}

/* A thread that holds `count` locks until own->go. */
static pthread_t start_holder(const size_t *count)
{
	pthread_t thread;

	arena->started = 0;
	own = map_own();
	thread = tracee_thread(holds_until_go, (void *)(uintptr_t)count);
	await(&arena->started);
	return thread;
}

static void go(void)
{
	__atomic_store_n(&own->go, 1, __ATOMIC_SEQ_CST);
}

static int count_back(const struct sleeper *sleepers)
{
	int back = 0;

	for (int i = 0; i < WAITERS; i++)
		back += __atomic_load_n(&sleepers[i].back, __ATOMIC_SEQ_CST) != 0;
	return back;
}

/* Of the threads that wait one is woken, and the others sleep on. */
static void threads_wait(void)
{
	static const size_t count = 5;
	struct sleeper sleepers[WAITERS];
	pthread_t holder = start_holder(&count);

	for (int i = 0; i < WAITERS; i++)
		start_sleeper(&sleepers[i], &own->locks[2]);
	go();
	pthread_join(holder, NULL);
	for (size_t i = 0; i < count; i++)
		same((long)own->locks[i].word,
		     (long)(i == 2 ? WORD_OWNER_DIED | WORD_WAITERS : WORD_OWNER_DIED), "word");
	for (int tries = 0; !count_back(sleepers) && tries < TRACEE_TRIES; tries++)
		tracee_tick();
	same(count_back(sleepers), 1, "woken");
	for (int i = 0; i < WAITERS; i++) {
		if (sleepers[i].back)
			same(sleepers[i].result, 0, "FUTEX_WAIT");
		else
			tracee_await_blocked(getpid(), sleepers[i].tid, NR_FUTEX,
					     &own->locks[2].word);
	}
	same(count_back(sleepers), 1, "woken in the end");
}

/* An entry with the PI bit: marked, but nobody is woken as for a plain futex. */
static void thread_waits_for_pi(void)
{
	static const size_t count = 2;
	struct sleeper sleeper;
	pthread_t holder = start_holder(&count);

	list2_put(&own->locks[0].entry, own_bits, (uintptr_t)&own->locks[1] | 1);
	start_sleeper(&sleeper, &own->locks[1]);
	go();
	pthread_join(holder, NULL);
	same((long)own->locks[1].word, (long)(WORD_OWNER_DIED | WORD_WAITERS), "word");
	tracee_await_blocked(getpid(), sleeper.tid, NR_FUTEX, &own->locks[1].word);
	same((long)sleeper.back, 0, "woken");
}

struct lone {
	struct list2_lock *lock;
	pid_t waiter;
};

static void *ends_when_it_sleeps(void *arg)
{
	const struct lone *lone = arg;

	hold_own(1);
	__atomic_store_n(&arena->started, 1, __ATOMIC_SEQ_CST);
	tracee_await_blocked(getpid(), lone->waiter, NR_FUTEX, &lone->lock->word);
	return NULL;
}

/* The one that is woken is the only task that is left of this memory. */
static void waits_alone(void)
{
	struct lone lone = {.waiter = list2_tid()};

	own = map_own();
	lone.lock = &own->locks[0];
	arena->started = 0;
	tracee_thread(ends_when_it_sleeps, &lone);
	await(&arena->started);
	same(wait_for(lone.lock), 0, "FUTEX_WAIT");
	same((long)lone.lock->word, (long)(WORD_OWNER_DIED | WORD_WAITERS), "word");
}

/* Shares its parent's memory, also that of its libc: calls of the kernel, and nothing else. */
static int is_a_sharer(void *arg)
{
	const bool *stays = arg;

	hold_own(2);
	__atomic_store_n(&arena->started, 1, __ATOMIC_SEQ_CST);
	while (*stays)
		list2_raw(NR_FUTEX, (long)&own->go, 0 /* FUTEX_WAIT */, 0, 0);
	syscall(SYS_exit, 0);
	return 0;
}

static void a_sharer_is_killed(void)
{
	static const bool stays = true;
	struct sleeper sleeper;
	pid_t pid;

	own = map_own();
	arena->started = 0;
	pid = clone(is_a_sharer, own->stack + STACK_SIZE, CLONE_VM | SIGCHLD, (void *)&stays);
	if (pid < 0)
		fail("clone: %s", strerror(errno));
	await(&arena->started);
	start_sleeper(&sleeper, &own->locks[1]);
	end(pid);
	await(&sleeper.back);
	same(sleeper.result, 0, "FUTEX_WAIT");
	same((long)own->locks[0].word, (long)WORD_OWNER_DIED, "word");
	same((long)own->locks[1].word, (long)(WORD_OWNER_DIED | WORD_WAITERS), "its word");
}

static void a_vfork_ends(void)
{
	static const bool stays = false;
	pid_t pid;

	own = map_own();
	pid = clone(is_a_sharer, own->stack + STACK_SIZE, CLONE_VM | CLONE_VFORK | SIGCHLD,
		    (void *)&stays);
	if (pid < 0)
		fail("clone: %s", strerror(errno));
	same((long)own->locks[0].word, (long)WORD_OWNER_DIED, "word 0");
	same((long)own->locks[1].word, (long)WORD_OWNER_DIED, "word 1");
	waitpid(pid, NULL, 0);
}

/* Its memory has another task, which ends while this one is stopped. */
static void has_a_sharer(void)
{
	static const bool stays = true;
	pid_t pid;

	own = map_own();
	pid = clone(is_a_sharer, own->stack + STACK_SIZE, CLONE_VM | SIGCHLD, (void *)&stays);
	await(&arena->started);
	arena->locks[0].word = (uint32_t)pid;
	await(&arena->locks[1].word);
	_exit(own->locks[0].word == WORD_OWNER_DIED && own->locks[1].word == WORD_OWNER_DIED ? 0
											     : 1);
}

static void a_stopped_one_shares(void)
{
	pid_t pid;
	int status;

	memset(arena->locks, 0, sizeof(arena->locks));
	arena->started = 0;
	pid = child_that(has_a_sharer);
	await(&arena->locks[0].word);
	kill(pid, SIGSTOP);
	same(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status), 1, "stopped");
	kill((pid_t)arena->locks[0].word, SIGKILL);
	for (int tries = 0; tries < TRACEE_TRIES; tries++) {
		if (tracee_state((pid_t)arena->locks[0].word, (pid_t)arena->locks[0].word) == 'Z')
			break;
		tracee_tick();
	}
	arena->locks[1].word = 1;
	kill(pid, SIGCONT);
	waitpid(pid, &status, 0);
	same(status, 0, "what it sees when it goes on");
}

static char *const true_argv[] = {(char *)"true", NULL};
static char *const no_environment[] = {NULL};

static int is_a_sharer_that_execs(void *arg)
{
	(void)arg;
	hold_own(2);
	execve("/bin/true", true_argv, no_environment);
	_exit(1);
}

static void a_sharer_execs(void)
{
	pid_t pid;

	own = map_own();
	pid = clone(is_a_sharer_that_execs, own->stack + STACK_SIZE, CLONE_VM | SIGCHLD, NULL);
	if (pid < 0)
		fail("clone: %s", strerror(errno));
	waitpid(pid, NULL, 0);
	for (int tries = 0; own->locks[1].word != WORD_OWNER_DIED && tries < TRACEE_TRIES; tries++)
		tracee_tick();
	same((long)own->locks[0].word, (long)WORD_OWNER_DIED, "word 0");
	same((long)own->locks[1].word, (long)WORD_OWNER_DIED, "word 1");
}

#define BUSY_CALLS 100000

/* ---- execve by one of several threads; the locks are in memory that outlives it ---- */

/* Lock `index` of the arena, on a list of its own. */
static void hold_shared(int index)
{
	list2_link(&arena->heads[index], 32, &arena->locks[index], 1);
	arena->locks[index].word = (uint32_t)list2_tid();
	list2_create(&calls, &arena->heads[index], 32, first_index());
}

static void *holds_shared(void *arg)
{
	hold_shared(1);
	__atomic_store_n(&arena->started, 1, __ATOMIC_SEQ_CST);
	tracee_sleep();
	return arg;
}

static void *holds_shared_and_execs(void *arg)
{
	hold_shared(1);
	execve("/bin/true", true_argv, no_environment);
	return arg;
}

static void first_thread_execs(void)
{
	tracee_thread(holds_shared, NULL);
	await(&arena->started);
	hold_shared(0);
	execve("/bin/true", true_argv, no_environment);
}

static void another_thread_execs(void)
{
	hold_shared(0);
	tracee_thread(holds_shared_and_execs, NULL);
	tracee_sleep();
}

/* The first one is in and out of calls all the time, where a tracer stops it. */
static void another_thread_execs_meanwhile(void)
{
	hold_shared(0);
	tracee_thread(holds_shared_and_execs, NULL);
	for (int i = 0; i < BUSY_CALLS; i++)
		getppid();
	tracee_sleep();
}

static void test_exec_beside_a_busy_thread(void)
{
	waitpid(child_that(another_thread_execs_meanwhile), NULL, 0);
	same((long)arena->locks[0].word, (long)WORD_OWNER_DIED, "of the first thread");
}

static void test_exec_of_threads(void)
{
	pid_t pid = child_that(first_thread_execs);

	waitpid(pid, NULL, 0);
	same((long)arena->locks[0].word, (long)WORD_OWNER_DIED, "of the caller");
	same((long)arena->locks[1].word, (long)WORD_OWNER_DIED, "of its other thread");
	arena->started = 0;
	pid = child_that(another_thread_execs);
	waitpid(pid, NULL, 0);
	same((long)arena->locks[0].word, (long)WORD_OWNER_DIED, "of the first thread");
	/* The caller has the first one's TID by then: it does not know its own word any more. */
	same(arena->locks[1].word && (pid_t)arena->locks[1].word != pid &&
		     !(arena->locks[1].word & WORD_OWNER_DIED),
	     1, "of the caller that is not the first thread");
}

static void execs_and_asks(void)
{
	char *argv[] = {(char *)"list2_test", (char *)calls.name, (char *)LIST2_TEST_HAS_NONE,
			NULL};

	for (int i = 0; i < calls.lists; i++)
		list2_create(&calls, &arena->heads[i], 32, i);
	execve("/proc/self/exe", argv, environ);
	_exit(1);
}

static void test_exec_drops_all(void)
{
	int status;

	if (!calls.get)
		skip("there is no get_robust_list2");
	waitpid(child_that(execs_and_asks), &status, 0);
	same(status, 0, "what the new program sees");
}

/* ---- */

static void for_each_size(void (*run)(void))
{
	for (own_bits = 32; own_bits <= 64; own_bits += 32)
		if (may_have(own_bits))
			run();
}

static void test_threads_wait(void)
{
	for_each_size(threads_wait);
}

static void test_thread_waits_for_pi(void)
{
	for_each_size(thread_waits_for_pi);
}

static void test_waits_alone(void)
{
	for_each_size(waits_alone);
}

static void test_processes_share_memory(void)
{
	for_each_size(a_sharer_is_killed);
}

static void test_vfork(void)
{
	for_each_size(a_vfork_ends);
}

static void test_stopped(void)
{
	for_each_size(a_stopped_one_shares);
}

static void test_exec_of_a_sharer(void)
{
	for_each_size(a_sharer_execs);
}

const struct part parts_memory[] = {
	{"threads wait", test_threads_wait},
	{"a thread waits for a PI futex", test_thread_waits_for_pi},
	{"one waits alone", test_waits_alone},
	{"processes that share their memory", test_processes_share_memory},
	{"vfork", test_vfork},
	{"a stopped process shares its memory", test_stopped},
	{"exec of a process that shares its memory", test_exec_of_a_sharer},
	{"exec of one of several threads", test_exec_of_threads},
	{"exec beside a busy thread", test_exec_beside_a_busy_thread},
	{"exec drops all lists", test_exec_drops_all},
	{NULL, NULL},
};
