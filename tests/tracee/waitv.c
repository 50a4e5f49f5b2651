/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every system call that can wait for a futex, each on a held robust mutex in a shared file.
 *
 * usage: waitv FILE
 * ready: pid, tid (the holder), words=WORD,WORD,WORD,WORD,WORD, and the TIDs of the threads:
 *        waitv (on words 0 and 1), wait (futex_wait, word 2; `absent` on kernels without it),
 *        bitset (FUTEX_WAIT_BITSET, word 3), lock_pi (FUTEX_LOCK_PI, word 4)
 */
#include "tracee.h"

#define N_WORDS 5
#define STRIDE 64

#define OP_LOCK_PI 6
#define OP_WAIT_BITSET 9
#define SIZE_U32 2 /* FUTEX2_SIZE_U32 */

/* struct futex_waitv of <linux/futex.h> */
struct wait_for {
	uint64_t value, address;
	uint32_t flags, reserved;
};

static uint32_t *words[N_WORDS];
static uint32_t value; /* of every word */

struct caller {
	void (*call)(void);
	pid_t tid;
};

static void call_waitv(void)
{
	struct wait_for both[2] = {0};

	for (size_t i = 0; i < 2; i++) {
		both[i].value = value;
		both[i].address = (uint64_t)(uintptr_t)words[i];
		both[i].flags = SIZE_U32;
	}
	syscall(NR_FUTEX_WAITV, both, 2, 0, NULL, 0);
}

static void call_wait(void)
{
	syscall(NR_FUTEX_WAIT, words[2], (unsigned long)value, 0xffffffffUL, SIZE_U32, NULL, 0);
}

static void call_bitset(void)
{
	syscall(NR_FUTEX, words[3], OP_WAIT_BITSET, value, NULL, NULL, 1u);
}

static void call_lock_pi(void)
{
	syscall(NR_FUTEX, words[4], OP_LOCK_PI, 0, NULL, NULL, 0);
}

static void *caller_run(void *arg)
{
	struct caller *c = arg;

	__atomic_store_n(&c->tid, gettid(), __ATOMIC_RELEASE);
	for (;;)
		c->call();
	return NULL;
}

static pid_t start(void (*call)(void), long nr)
{
	struct caller *c = tracee_alloc(1, sizeof(*c));
	pid_t tid;

	c->call = call;
	pthread_detach(tracee_thread(caller_run, c));
	while (!(tid = __atomic_load_n(&c->tid, __ATOMIC_ACQUIRE)))
		tracee_tick();
	tracee_await_blocked(getpid(), tid, nr, NULL);
	return tid;
}

int main(int argc, char **argv)
{
	pid_t waitv, bitset, lock_pi;
	char wait[16] = "absent";
	char *base;

	tracee_begin();
	if (argc != 2)
		tracee_die("usage: waitv FILE");
	base = tracee_map_file(argv[1], (size_t)N_WORDS * STRIDE);
	for (size_t i = 0; i < N_WORDS; i++) {
		pthread_mutex_t *m = (pthread_mutex_t *)(void *)(base + i * STRIDE);

		mutex_hold(m, MUTEX_SHARED | (i == 4 ? MUTEX_PI : 0));
		words[i] = mutex_word(m);
		if (i != 4) /* the kernel sets it itself in a PI word */
			*words[i] |= WORD_WAITERS;
	}
	value = *words[0];
	waitv = start(call_waitv, NR_FUTEX_WAITV);
	if (syscall(NR_FUTEX_WAIT, NULL, 0UL, 0UL, 0, NULL, 0) && errno != ENOSYS)
		snprintf(wait, sizeof(wait), "%d", start(call_wait, NR_FUTEX_WAIT));
	bitset = start(call_bitset, NR_FUTEX);
	lock_pi = start(call_lock_pi, NR_FUTEX);
	tracee_ready("pid=%d tid=%d words=%p,%p,%p,%p,%p waitv=%d wait=%s bitset=%d lock_pi=%d",
		     getpid(), gettid(), (void *)words[0], (void *)words[1], (void *)words[2],
		     (void *)words[3], (void *)words[4], waitv, wait, bitset, lock_pi);
	tracee_wait();
	_exit(0);
}
