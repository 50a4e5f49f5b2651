/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes threads and processes, and says at the end how many there were.
 *
 * usage: births HOW N
 *   threads:  N threads, a few at a time, each of which takes and gives back a robust mutex
 *   crowd:    N threads that all live at once
 *   children: N processes at once, the i-th of which registers a robust list and exits with
 *             i % 200, or with 255 if it cannot register
 *   vfork:    N times vfork and exec of true(1)
 *   spawn:    N times posix_spawn of true(1)
 *   fork_in_threads: N threads, each of which forks a child that starts a thread
 * Says `made N sum S`, S being the sum of the statuses (of threads: one each).
 */
#include <spawn.h>

#include "tracee.h"

#define AT_ONCE 16

extern char **environ;

static pthread_mutex_t mutex;
static pthread_barrier_t barrier;

static void *work(void *arg)
{
	mutex_lock(&mutex);
	pthread_mutex_unlock(&mutex);
	return arg;
}

static void *meet(void *arg)
{
	pthread_barrier_wait(&barrier);
	return arg;
}

static int reap(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			tracee_die("waitpid: %s", strerror(errno));
	if (!WIFEXITED(status))
		tracee_die("child %d ended with status 0x%x", pid, status);
	return WEXITSTATUS(status);
}

static void *fork_one(void *arg)
{
	pid_t pid = fork();

	if (pid == 0) {
		alarm(TRACEE_SECONDS);
		pthread_join(tracee_thread(work, NULL), NULL);
		_exit(1);
	}
	if (pid < 0)
		tracee_die("fork: %s", strerror(errno));
	*(int *)arg = reap(pid);
	return arg;
}

static size_t few_at_a_time(size_t n, void *(*run)(void *))
{
	pthread_t threads[AT_ONCE];
	int ones[AT_ONCE];
	size_t sum = 0;

	for (size_t done = 0; done < n;) {
		size_t count = n - done < AT_ONCE ? n - done : AT_ONCE;

		for (size_t i = 0; i < count; i++) {
			ones[i] = 1;
			threads[i] = tracee_thread(run, &ones[i]);
		}
		for (size_t i = 0; i < count; i++) {
			void *one;

			pthread_join(threads[i], &one);
			sum += (size_t) * (int *)one;
		}
		done += count;
	}
	return sum;
}

static size_t crowd(size_t n)
{
	pthread_t *threads = tracee_alloc(n, sizeof(*threads));
	pthread_attr_t attr;

	pthread_barrier_init(&barrier, NULL, (unsigned)n);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 32 << 10);
	for (size_t i = 0; i < n; i++) {
		int err = pthread_create(&threads[i], &attr, meet, NULL);

		if (err)
			tracee_die("thread %zu: %s", i, strerror(err));
	}
	for (size_t i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	return n;
}

static size_t children(size_t n)
{
	static uint64_t head[3];
	pid_t *pids = tracee_alloc(n, sizeof(*pids));
	size_t sum = 0;

	head[0] = (uint64_t)(uintptr_t)head;
	for (size_t i = 0; i < n; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(syscall(SYS_set_robust_list, head, sizeof(head)) ? 255
									       : (int)(i % 200));
		if (pids[i] < 0)
			tracee_die("fork: %s", strerror(errno));
	}
	for (size_t i = 0; i < n; i++)
		sum += (size_t)reap(pids[i]);
	return sum;
}

/* A function of its own: what it keeps in registers is lost where vfork returns twice. */
__attribute__((noinline)) static pid_t start_by_vfork(char **args)
{
	pid_t pid = vfork();

	if (pid == 0) {
		execv("/bin/true", args);
		_exit(1);
	}
	return pid;
}

static size_t programs(size_t n, bool spawn)
{
	char *args[] = {"true", NULL};
	size_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		pid_t pid = -1;

		if (!spawn)
			pid = start_by_vfork(args);
		else if (posix_spawn(&pid, "/bin/true", NULL, NULL, args, environ))
			tracee_die("posix_spawn failed");
		if (pid < 0)
			tracee_die("vfork: %s", strerror(errno));
		sum += (size_t)reap(pid);
	}
	return sum;
}

int main(int argc, char **argv)
{
	size_t n;
	size_t sum = 0;

	tracee_begin();
	if (argc != 3)
		tracee_die("usage: births HOW N");
	n = tracee_number(argv[2]);
	if (mutex_make(&mutex, MUTEX_SHARED))
		tracee_die("no robust mutex");
	if (strcmp(argv[1], "threads") == 0)
		sum = few_at_a_time(n, work);
	else if (strcmp(argv[1], "fork_in_threads") == 0)
		sum = few_at_a_time(n, fork_one);
	else if (strcmp(argv[1], "crowd") == 0)
		sum = crowd(n);
	else if (strcmp(argv[1], "children") == 0)
		sum = children(n);
	else
		sum = programs(n, strcmp(argv[1], "spawn") == 0);
	printf("made %zu sum %zu\n", n, sum);
	return 0;
}
