/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Threads that take some locks, and on a line of stdin each one more: what a knot is tied of.
 *
 * usage: knot FILE HAVE:WANT...
 * One thread for each HAVE:WANT, the first is the process's own; HAVE is a list of locks or empty,
 * WANT a lock, or empty for a thread that just sleeps, or two robust ones with a '+' between, for
 * either of which it waits at once (futex_waitv) and which it does not take. A lock is a letter and a number:
 *   r0  a robust mutex, the 0th in FILE; made by the first who comes
 *   p0  the same with priority inheritance
 *   t0  r0, waited for no longer than TRACEE_SECONDS
 *   m1  an ordinary process-shared mutex
 *   i1  an ordinary one with priority inheritance
 *   w2  a process-shared rwlock, for writing
 *   d2  the same, for reading
 *   R M I W D T  the same in memory of the process's own
 * A number stands for one kind of lock only.
 * ready: pid, tids=TID,TID..., words=WORD,WORD... (of what each wants, 0 for nothing)
 * After that each thread that gets what it wants says `ready tid=TID result=NAME`, NAME being ok or
 * EOWNERDEAD (it is made consistent then) or a number, and keeps it. (`woken` with two.)
 */
#include "tracee.h"

#define N_SLOTS 8
#define LOCKS_MAX 8

enum slot_state {
	SLOT_NEW,
	SLOT_MAKING,
	SLOT_MADE
};

struct slot {
	int state; /* enum slot_state */
	char pad[60];
	union {
		pthread_mutex_t mutex;
		pthread_rwlock_t rwlock;
		char space[64];
	};
};

struct want {
	struct slot *slot;
	char kind;
};

struct thread {
	struct want have[LOCKS_MAX];
	size_t n_have;
	struct want want; /* slot is NULL: nothing */
	struct want also; /* likewise */
	pid_t tid;
};

static struct slot *shared, *own;
static bool go; /* take what you want */
static pthread_barrier_t everybody_has;

static char lower(char kind)
{
	return (char)(kind | 0x20);
}

static void make_lock(struct slot *slot, char kind, bool in_file)
{
	int sharing = in_file ? PTHREAD_PROCESS_SHARED : PTHREAD_PROCESS_PRIVATE;
	pthread_rwlockattr_t rwlock_attr;
	pthread_mutexattr_t attr;
	int err;

	switch (lower(kind)) {
	case 'r':
	case 't':
	case 'p':
		err = mutex_make(&slot->mutex, (in_file ? MUTEX_SHARED : 0) |
						       (lower(kind) == 'p' ? MUTEX_PI : 0));
		break;
	case 'm':
	case 'i':
		pthread_mutexattr_init(&attr);
		err = pthread_mutexattr_setpshared(&attr, sharing);
		if (!err && lower(kind) == 'i')
			err = pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
		if (!err)
			err = pthread_mutex_init(&slot->mutex, &attr);
		break;
	case 'w':
	case 'd':
		pthread_rwlockattr_init(&rwlock_attr);
		pthread_rwlockattr_setpshared(&rwlock_attr, sharing);
		err = pthread_rwlock_init(&slot->rwlock, &rwlock_attr);
		break;
	default:
		tracee_die("no such kind of lock: %c", kind);
	}
	if (err)
		tracee_die("cannot make a lock of kind %c: %s", kind, strerror(err));
}

/* Several processes come at any time; one of them makes the lock. */
static void make_once(struct want *want, bool in_file)
{
	int is = SLOT_NEW;

	if (__atomic_compare_exchange_n(&want->slot->state, &is, SLOT_MAKING, false,
					__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		make_lock(want->slot, want->kind, in_file);
		__atomic_store_n(&want->slot->state, SLOT_MADE, __ATOMIC_RELEASE);
	}
	while (__atomic_load_n(&want->slot->state, __ATOMIC_ACQUIRE) != SLOT_MADE)
		tracee_tick();
}

static int take(struct want *want)
{
	struct timespec until;

	switch (lower(want->kind)) {
	case 't':
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += TRACEE_SECONDS;
		return pthread_mutex_timedlock(&want->slot->mutex, &until);
	case 'w':
		return pthread_rwlock_wrlock(&want->slot->rwlock);
	case 'd':
		return pthread_rwlock_rdlock(&want->slot->rwlock);
	default:
		return pthread_mutex_lock(&want->slot->mutex);
	}
}

/* "r0", up to a ',' or ':' or the end. Returns what is behind it. */
static const char *parse_lock(const char *text, struct want *ret)
{
	bool in_file = *text == lower(*text);
	size_t number = text[0] ? (size_t)(text[1] - '0') : N_SLOTS;

	if (number >= N_SLOTS)
		tracee_die("'%s' is not a lock", text);
	ret->kind = text[0];
	ret->slot = (in_file ? shared : own) + number;
	make_once(ret, in_file);
	return text + 2;
}

/* struct futex_waitv of <linux/futex.h> */
struct wait_for {
	uint64_t value, address;
	uint32_t flags, reserved;
};

#define SIZE_U32 2 /* FUTEX2_SIZE_U32 */

/* Sleeps until one of the two is given back. */
static void wait_for_either(const struct thread *thread)
{
	uint32_t *words[] = {mutex_word(&thread->want.slot->mutex),
			     mutex_word(&thread->also.slot->mutex)};
	struct wait_for both[2] = {0};

	do {
		for (size_t i = 0; i < 2; i++) {
			/* Whoever gives it back has to wake somebody. */
			both[i].value = __atomic_or_fetch(words[i], WORD_WAITERS, __ATOMIC_ACQ_REL);
			both[i].address = (uint64_t)(uintptr_t)words[i];
			both[i].flags = SIZE_U32;
		}
	} while (syscall(NR_FUTEX_WAITV, both, 2, 0, NULL, 0) < 0);
}

static void parse_thread(const char *text, struct thread *ret)
{
	while (*text && *text != ':') {
		if (ret->n_have == LOCKS_MAX)
			tracee_die("too many locks for a thread");
		text = parse_lock(text, &ret->have[ret->n_have++]);
		if (*text == ',')
			text++;
	}
	if (*text != ':')
		tracee_die("a thread wants HAVE:WANT");
	if (!text[1])
		return;
	text = parse_lock(text + 1, &ret->want);
	if (*text == '+')
		text = parse_lock(text + 1, &ret->also);
	if (*text)
		tracee_die("a thread wants two locks at most");
}

static void take_first_ones(struct thread *thread)
{
	thread->tid = gettid();
	for (size_t i = 0; i < thread->n_have; i++) {
		int err = take(&thread->have[i]);

		if (err)
			tracee_die("cannot take the first locks: %s", strerror(err));
	}
	pthread_barrier_wait(&everybody_has);
}

static void take_last_one(struct thread *thread)
{
	char number[16];
	int err;

	if (!thread->want.slot)
		tracee_sleep();
	if (thread->also.slot) {
		wait_for_either(thread);
		tracee_ready("tid=%d result=woken", thread->tid);
		tracee_sleep();
	}
	err = take(&thread->want);
	if (err == EOWNERDEAD)
		pthread_mutex_consistent(&thread->want.slot->mutex);
	snprintf(number, sizeof(number), "%d", err);
	tracee_ready("tid=%d result=%s", thread->tid,
		     err == EOWNERDEAD ? "EOWNERDEAD" : (err ? number : "ok"));
	tracee_sleep();
}

static void *thread_run(void *arg)
{
	struct thread *thread = arg;

	take_first_ones(thread);
	while (!__atomic_load_n(&go, __ATOMIC_ACQUIRE))
		tracee_tick();
	take_last_one(thread);
	return NULL;
}

static void *word_of(const struct want *want)
{
	if (!want->slot)
		return NULL;
	return lower(want->kind) == 'w' || lower(want->kind) == 'd'
		       ? (void *)&want->slot->rwlock
		       : (void *)mutex_word(&want->slot->mutex);
}

static void say(const struct thread *threads, size_t n)
{
	pid_t *tids = tracee_alloc(n, sizeof(*tids));
	char *words = tracee_alloc(n + 1, 24), *at = words;

	for (size_t i = 0; i < n; i++) {
		tids[i] = threads[i].tid;
		at += sprintf(at, "%s0x%lx", i ? "," : "",
			      (unsigned long)(uintptr_t)word_of(&threads[i].want));
	}
	tracee_ready("pid=%d tids=%s words=%s", getpid(), tracee_join(tids, n), words);
}

int main(int argc, char **argv)
{
	size_t n = argc > 2 ? (size_t)argc - 2 : 0;
	struct thread *threads;

	tracee_begin();
	if (!n)
		tracee_die("usage: knot FILE HAVE:WANT...");
	shared = tracee_map_file(argv[1], N_SLOTS * sizeof(*shared));
	own = tracee_alloc(N_SLOTS, sizeof(*own));
	threads = tracee_alloc(n, sizeof(*threads));
	for (size_t i = 0; i < n; i++)
		parse_thread(argv[2 + i], &threads[i]);
	pthread_barrier_init(&everybody_has, NULL, (unsigned)n);
	for (size_t i = 1; i < n; i++)
		pthread_detach(tracee_thread(thread_run, &threads[i]));
	take_first_ones(&threads[0]);
	say(threads, n);
	tracee_wait();
	__atomic_store_n(&go, true, __ATOMIC_RELEASE);
	take_last_one(&threads[0]);
}
