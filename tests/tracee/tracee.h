/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every tracee needs: an end that cannot be missed, a `ready` line, a wait on stdin, and
 * robust mutexes.
 *
 * A tracee puts itself into one state, prints `ready key=value key=value...` on one line and
 * then sleeps until stdin ends or says a line. It dies with its parent and after
 * TRACEE_SECONDS at the latest; so do the processes that it forks with tracee_fork().
 * Addresses are printed as hex and are those of futex words, TIDs as the tracee itself sees
 * them. What goes wrong is said on stderr, with exit status 1.
 */
#ifndef TRACEE_H
#define TRACEE_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TRACEE_SECONDS 120            /* life of a tracee */
#define TRACEE_SET_PTRACER 0x59616d61 /* PR_SET_PTRACER */
#define TRACEE_TRIES 30000            /* of one millisecond: until a thread is where it should be */

/* The parts of a futex word (Documentation/locking/robust-futexes.rst). */
#define WORD_WAITERS 0x80000000u
#define WORD_OWNER_DIED 0x40000000u
#define WORD_TID 0x3fffffffu

/* System calls by number: musl's headers lack the newer ones. */
#ifdef __i386__
#define NR_FUTEX 240
#define NR_FUTEX_TIME64 422
#else
#define NR_FUTEX 202
#define NR_FUTEX_TIME64 NR_FUTEX
#endif
#define NR_FUTEX_WAITV 449
#define NR_FUTEX_WAIT 455

/* For mutex_make(). */
#define MUTEX_SHARED 1u
#define MUTEX_RECURSIVE 2u
#define MUTEX_ERRORCHECK 4u
#define MUTEX_PI 8u

__attribute__((noreturn, format(printf, 1, 2))) static inline void tracee_die(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("tracee: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
	_exit(1);
}

static inline void tracee_on_alarm(int signal)
{
	(void)signal;
	_exit(3);
}

/* A handler, not the default action: the first process of a PID namespace ignores that one. */
static inline void tracee_leash(void)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL))
		tracee_die("PR_SET_PDEATHSIG: %s", strerror(errno));
	/* Where Yama is strict, a tool that is not our parent may look all the same. */
	prctl(TRACEE_SET_PTRACER, -1L);
	signal(SIGALRM, tracee_on_alarm);
	alarm(TRACEE_SECONDS);
}

static inline void tracee_begin(void)
{
	tracee_leash();
	setvbuf(stdout, NULL, _IOLBF, 0);
}

/* fork() with a leash on the child: neither the death signal nor the alarm is inherited. */
static inline pid_t tracee_fork(void)
{
	pid_t parent = getpid(), pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		tracee_die("fork: %s", strerror(errno));
	if (pid == 0) {
		tracee_leash();
		if (getppid() != parent)
			_exit(1);
	}
	return pid;
}

__attribute__((format(printf, 1, 2))) static inline void tracee_ready(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("ready ", stdout);
	vprintf(fmt, args);
	putchar('\n');
	fflush(stdout);
	va_end(args);
}

/* Sleeps until stdin ends or a line comes. */
static inline void tracee_wait(void)
{
	for (;;) {
		char c;
		ssize_t n = read(STDIN_FILENO, &c, 1);

		if (n == 0 || (n == 1 && c == '\n') || (n < 0 && errno != EINTR))
			return;
	}
}

/* For threads and children that have nothing more to do. */
__attribute__((noreturn)) static inline void tracee_sleep(void)
{
	for (;;)
		pause();
}

static inline void tracee_tick(void)
{
	struct timespec ms = {.tv_nsec = 1000000};

	nanosleep(&ms, NULL);
}

/* The state letter of /proc/PID/task/TID/stat, 0 where there is none. */
static inline char tracee_state(pid_t pid, pid_t tid)
{
	char path[64], line[512];
	const char *end;
	FILE *file;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, tid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	n = fread(line, 1, sizeof(line) - 1, file);
	fclose(file);
	line[n] = 0;
	end = strrchr(line, ')'); /* the name before it can hold anything */
	return end && end[1] == ' ' ? end[2] : 0;
}

/* glibc for i386 takes one for some waits and the other for others. */
static inline bool tracee_is_call(long is, long nr)
{
	return is == nr || (nr == NR_FUTEX && is == NR_FUTEX_TIME64);
}

/* Is this thread blocked in system call @nr with @arg as first argument? NULL: any argument. */
static inline bool tracee_is_blocked(pid_t pid, pid_t tid, long nr, const void *arg)
{
	char path[64], line[256];
	long is_nr;
	unsigned long is_arg;
	FILE *file;
	bool ok;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/syscall", pid, tid);
	file = fopen(path, "re");
	if (!file)
		return false;
	ok = fgets(line, sizeof(line), file) && sscanf(line, "%ld %lx", &is_nr, &is_arg) == 2 &&
	     tracee_is_call(is_nr, nr) && (!arg || is_arg == (unsigned long)arg);
	fclose(file);
	return ok;
}

/* Returns once the thread is blocked there; ends the tracee if it never is. */
static inline void tracee_await_blocked(pid_t pid, pid_t tid, long nr, const void *arg)
{
	for (int i = 0; i < TRACEE_TRIES; i++) {
		if (tracee_is_blocked(pid, tid, nr, arg))
			return;
		tracee_tick();
	}
	tracee_die("thread %d never blocked in system call %ld", tid, nr);
}

static inline void *tracee_alloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size);

	if (!p)
		tracee_die("out of memory");
	return p;
}

static inline void *tracee_map(size_t size, int flags, int fd)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (p == MAP_FAILED)
		tracee_die("mmap: %s", strerror(errno));
	return p;
}

static inline void *tracee_map_shared(size_t size)
{
	return tracee_map(size, MAP_SHARED | MAP_ANONYMOUS, -1);
}

/* Maps @size bytes of @path, which is made and made longer as needed. */
static inline void *tracee_map_file(const char *path, size_t size)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	struct stat st;
	void *p;

	if (fd < 0 || fstat(fd, &st))
		tracee_die("cannot open the file: %s", strerror(errno));
	if (st.st_size < (off_t)size && ftruncate(fd, (off_t)size))
		tracee_die("ftruncate: %s", strerror(errno));
	p = tracee_map(size, MAP_SHARED, fd);
	close(fd);
	return p;
}

static inline pthread_t tracee_thread(void *(*run)(void *), void *arg)
{
	pthread_attr_t attr;
	pthread_t thread;
	int err;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 128 << 10);
	err = pthread_create(&thread, &attr, run, arg);
	if (err)
		tracee_die("pthread_create: %s", strerror(err));
	pthread_attr_destroy(&attr);
	return thread;
}

/* Where the libc keeps the futex word in its mutex. */
static inline uint32_t *mutex_word(pthread_mutex_t *m)
{
#ifdef __GLIBC__
	return (uint32_t *)(void *)m;
#else
	return (uint32_t *)(void *)m + 1;
#endif
}

/* Makes a robust mutex. Returns 0 or an errno value, such as ENOTSUP for a kind it has not. */
static inline int mutex_make(pthread_mutex_t *m, unsigned flags)
{
	pthread_mutexattr_t attr;
	int err;

	pthread_mutexattr_init(&attr);
	err = pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	if (!err && (flags & MUTEX_SHARED))
		err = pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	if (!err && (flags & MUTEX_RECURSIVE))
		err = pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
	if (!err && (flags & MUTEX_ERRORCHECK))
		err = pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
	if (!err && (flags & MUTEX_PI))
		err = pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
	if (!err)
		err = pthread_mutex_init(m, &attr);
	pthread_mutexattr_destroy(&attr);
	return err;
}

static inline void mutex_lock(pthread_mutex_t *m)
{
	int err = pthread_mutex_lock(m);

	if (err)
		tracee_die("pthread_mutex_lock: %s", strerror(err));
}

/* Makes one and takes it. */
static inline void mutex_hold(pthread_mutex_t *m, unsigned flags)
{
	int err = mutex_make(m, flags);

	if (err)
		tracee_die("no such mutex: %s", strerror(err));
	mutex_lock(m);
}

/* A thread that says its TID before it goes to lock a mutex, and keeps what it gets. */
struct waiter {
	pthread_mutex_t *mutex;
	pid_t tid; /* 0 until it runs */
};

static inline void *waiter_run(void *arg)
{
	struct waiter *w = arg;

	__atomic_store_n(&w->tid, gettid(), __ATOMIC_RELEASE);
	pthread_mutex_lock(w->mutex);
	tracee_sleep();
}

static inline pid_t waiter_tid(struct waiter *w)
{
	pid_t tid;

	while (!(tid = __atomic_load_n(&w->tid, __ATOMIC_ACQUIRE)))
		tracee_tick();
	return tid;
}

/* Starts a thread that waits for a mutex that is held; returns its TID once it sleeps. */
static inline pid_t waiter_start(struct waiter *w, pthread_mutex_t *m)
{
	pid_t tid;

	w->mutex = m;
	w->tid = 0;
	pthread_detach(tracee_thread(waiter_run, w));
	tid = waiter_tid(w);
	tracee_await_blocked(getpid(), tid, NR_FUTEX, mutex_word(m));
	return tid;
}

/* The same as a process of its own. */
static inline pid_t waiter_fork(pthread_mutex_t *m)
{
	pid_t pid = tracee_fork();

	if (pid == 0) {
		pthread_mutex_lock(m);
		tracee_sleep();
	}
	tracee_await_blocked(pid, pid, NR_FUTEX, mutex_word(m));
	return pid;
}

/* "12,13,14", or "-" for none. The caller frees it. */
static inline char *tracee_join(const pid_t *tids, size_t n)
{
	char *text = tracee_alloc(n + 1, 12), *at = text;

	strcpy(text, "-");
	for (size_t i = 0; i < n; i++)
		at += sprintf(at, "%s%d", i ? "," : "", tids[i]);
	return text;
}

static inline size_t tracee_number(const char *text)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 0);
	if (errno || end == text || *end)
		tracee_die("'%s' is not a number", text);
	return n;
}

#endif
