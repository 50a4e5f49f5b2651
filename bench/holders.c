/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the benchmarks look at: THREADS threads hold LOCKS robust mutexes each and sleep.
 *
 * usage: holders THREADS LOCKS STRIDE SECONDS [HEART]
 *   STRIDE   bytes from one mutex to the next; 4096 puts each on a page of its own
 *   SECONDS  it ends itself after that time; also with its parent and when stdin ends
 *   HEART    a file: one more thread beats and keeps a `struct heart` there
 * ready: pid, head_offset (from the thread pointer to the head of the robust list),
 *        heart (TID of that thread, or 0), heart_policy (fifo, other or none)
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define STACK_SIZE ((size_t)64 * 1024)
#define BEAT_NS 100000
#define HEART_PRIORITY 50
/* PR_SET_PTRACER: where Yama is strict, a tool that is not our parent may look all the same. */
#define ALLOW_PTRACER 0x59616d61

/* Written by the thread that beats, read and set back to 0 by bench/run. */
struct heart {
	_Atomic uint64_t beats;
	_Atomic uint64_t longest_gap_ns;
};

struct holder {
	char *mutexes;
	size_t stride;
	size_t count;
	atomic_bool holds;
};

static struct heart *heart;
static _Atomic pid_t heart_tid;

static void die(const char *what)
{
	fprintf(stderr, "holders: %s: %s\n", what, strerror(errno));
	_exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static void *hold(void *arg)
{
	struct holder *holder = arg;

	for (size_t i = 0; i < holder->count; i++) {
		pthread_mutex_t *mutex = (void *)(holder->mutexes + i * holder->stride);
		pthread_mutexattr_t attr;

		pthread_mutexattr_init(&attr);
		pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
		errno = pthread_mutex_init(mutex, &attr);
		errno = errno ? errno : pthread_mutex_lock(mutex);
		if (errno)
			die("cannot take a robust mutex");
	}
	holder->holds = true;
	for (;;)
		pause();
	return NULL;
}

static void *beat(void *arg)
{
	const struct timespec pause = {.tv_nsec = BEAT_NS};
	uint64_t last = now_ns();

	(void)arg;
	prctl(PR_SET_TIMERSLACK, 1);
	heart_tid = gettid();
	for (;;) {
		uint64_t now;

		nanosleep(&pause, NULL);
		now = now_ns();
		if (now - last > heart->longest_gap_ns)
			heart->longest_gap_ns = now - last;
		last = now;
		heart->beats++;
	}
	return NULL;
}

static pthread_t start(void *(*run)(void *), void *arg)
{
	pthread_t thread;
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	errno = pthread_create(&thread, &attr, run, arg);
	if (errno)
		die("pthread_create");
	pthread_attr_destroy(&attr);
	return thread;
}

/* Ahead of all others where that is allowed, so that a gap is a stop and no busy processor. */
static const char *start_heart(const char *path)
{
	const struct sched_param param = {.sched_priority = HEART_PRIORITY};
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	pthread_t thread;

	if (fd < 0 || ftruncate(fd, sizeof(*heart)))
		die(path);
	heart = mmap(NULL, sizeof(*heart), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (heart == MAP_FAILED)
		die("mmap");
	close(fd);
	thread = start(beat, NULL);
	while (!heart_tid)
		usleep(1000);
	return pthread_setschedparam(thread, SCHED_FIFO, &param) ? "other" : "fifo";
}

static size_t number(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (end == text || *end || !value) {
		errno = EINVAL;
		die(text);
	}
	return value;
}

static long head_offset(void)
{
	struct robust_list_head *head = NULL;
	size_t size = 0;

	if (syscall(SYS_get_robust_list, 0, &head, &size))
		die("get_robust_list");
	/* pthread_self() is the thread pointer: with glibc on x86-64, fs_base. */
	return (long)((uintptr_t)head - (uintptr_t)pthread_self());
}

int main(int argc, char **argv)
{
	const char *policy = "none";
	struct holder *holders;
	size_t threads;
	size_t locks;
	size_t stride;
	char *mutexes;
	char byte;

	if (argc != 5 && argc != 6) {
		fputs("usage: holders THREADS LOCKS STRIDE SECONDS [HEART]\n", stderr);
		return 2;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(ALLOW_PTRACER, -1L);
	alarm((unsigned)number(argv[4]));
	threads = number(argv[1]);
	locks = number(argv[2]);
	stride = number(argv[3]);
	if (stride < sizeof(pthread_mutex_t) || stride % _Alignof(pthread_mutex_t)) {
		errno = EINVAL;
		die("STRIDE");
	}
	holders = calloc(threads, sizeof(*holders));
	mutexes = mmap(NULL, threads * locks * stride, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (!holders || mutexes == MAP_FAILED)
		die("no memory");
	for (size_t i = 0; i < threads; i++) {
		holders[i].mutexes = mutexes + i * locks * stride;
		holders[i].stride = stride;
		holders[i].count = locks;
		start(hold, &holders[i]);
	}
	for (size_t i = 0; i < threads; i++)
		while (!holders[i].holds)
			usleep(1000);
	if (argc == 6)
		policy = start_heart(argv[5]);
	printf("ready pid=%d head_offset=%ld heart=%d heart_policy=%s\n", getpid(), head_offset(),
	       heart_tid, policy);
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	_exit(0);
}
