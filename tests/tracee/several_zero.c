/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Held locks in every kind of memory; three of them in shared anonymous mappings, at the same
 * offset, under the same name in /proc/PID/maps. A forked child waits for the second of those.
 *
 * usage: several_zero
 * ready: pid, tid, NAME=WORD for zero0 zero1 zero2 sysv memfd heap stack data bss anon;
 *        thread_stack=WORD, held by thread; child: the PID of the waiter of zero1
 */
#include <sys/ipc.h>
#include <sys/shm.h>

#include "tracee.h"

#define PAGE 4096

static pthread_mutex_t in_bss;

/* Not all zero, so in .data. */
static struct data {
	int first;
	pthread_mutex_t mutex;
} data_block = {.first = 1};

struct on_stack {
	void *word;
	pid_t tid;
};

static void *thread_run(void *arg)
{
	struct on_stack *s = arg;
	pthread_mutex_t m;

	mutex_hold(&m, 0);
	s->word = mutex_word(&m);
	__atomic_store_n(&s->tid, gettid(), __ATOMIC_RELEASE);
	tracee_sleep();
}

static void *map_sysv(void)
{
	int id = shmget(IPC_PRIVATE, PAGE, IPC_CREAT | 0600);
	void *p;

	if (id < 0)
		tracee_die("shmget: %s", strerror(errno));
	p = shmat(id, NULL, 0);
	shmctl(id, IPC_RMID, NULL); /* it goes away with its last user */
	if (p == (void *)-1)
		tracee_die("shmat: %s", strerror(errno));
	return p;
}

static void *map_memfd(void)
{
	int fd = memfd_create("jobs", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, PAGE))
		tracee_die("memfd: %s", strerror(errno));
	return tracee_map(PAGE, MAP_SHARED, fd);
}

int main(void)
{
	pthread_mutex_t *zero[3], *sysv, *memfd, *heap, *anon, stack;
	struct on_stack thread = {0};
	pid_t child;

	tracee_begin();
	for (size_t i = 0; i < 3; i++) {
		zero[i] = tracee_map_shared(PAGE);
		mutex_hold(zero[i], MUTEX_SHARED);
	}
	sysv = map_sysv();
	memfd = map_memfd();
	heap = tracee_alloc(1, sizeof(*heap));
	anon = tracee_map(PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	mutex_hold(sysv, MUTEX_SHARED);
	mutex_hold(memfd, MUTEX_SHARED);
	mutex_hold(heap, 0);
	mutex_hold(&stack, 0);
	mutex_hold(&data_block.mutex, 0);
	mutex_hold(&in_bss, 0);
	mutex_hold(anon, 0);
	child = waiter_fork(zero[1]);
	pthread_detach(tracee_thread(thread_run, &thread));
	while (!__atomic_load_n(&thread.tid, __ATOMIC_ACQUIRE))
		tracee_tick();
	tracee_ready("pid=%d tid=%d zero0=%p zero1=%p zero2=%p sysv=%p memfd=%p heap=%p stack=%p "
		     "data=%p bss=%p anon=%p thread_stack=%p thread=%d child=%d",
		     getpid(), gettid(), (void *)mutex_word(zero[0]), (void *)mutex_word(zero[1]),
		     (void *)mutex_word(zero[2]), (void *)mutex_word(sysv),
		     (void *)mutex_word(memfd), (void *)mutex_word(heap),
		     (void *)mutex_word(&stack), (void *)mutex_word(&data_block.mutex),
		     (void *)mutex_word(&in_bss), (void *)mutex_word(anon), thread.word, thread.tid,
		     child);
	tracee_wait();
	_exit(0);
}
