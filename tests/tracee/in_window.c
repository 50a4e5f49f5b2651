/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A thread that its debugger has stopped in the window: at the entry of the FUTEX_WAKE of its
 * pthread_mutex_unlock, with list_op_pending still set. Another process waits for the mutex.
 *
 * usage: in_window FILE
 * ready: pid (the debugger), stopped (the one in the window), waiter, word
 */
#include <sys/ptrace.h>
#include <sys/user.h>

#include "tracee.h"

static pthread_mutex_t *map_mutex(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	void *page;

	if (fd < 0 || ftruncate(fd, 4096))
		tracee_die("%s: %s", path, strerror(errno));
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		tracee_die("mmap: %s", strerror(errno));
	return page;
}

/* From the stop that the process makes itself to its FUTEX_WAKE. */
static void drive(pid_t pid, const uint32_t *word)
{
	struct user_regs_struct registers;
	int status;

	for (;;) {
		if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
			tracee_die("the one to be stopped ended");
		if (ptrace(PTRACE_GETREGS, pid, NULL, &registers) == 0 &&
		    registers.orig_rax == SYS_futex &&
		    registers.rdi == (unsigned long long)(uintptr_t)word &&
		    (registers.rsi & 0x7f) == 1)
			return;
		if (ptrace(PTRACE_SYSCALL, pid, NULL, NULL))
			tracee_die("PTRACE_SYSCALL: %s", strerror(errno));
	}
}

int main(int argc, char **argv)
{
	pthread_mutex_t *mutex;
	uint32_t *word;
	pid_t holder;
	pid_t waiter;

	if (argc != 2)
		tracee_die("usage: in_window FILE");
	tracee_begin();
	mutex = map_mutex(argv[1]);
	word = mutex_word(mutex);
	mutex_make(mutex, MUTEX_SHARED);
	holder = tracee_fork();
	if (holder == 0) {
		mutex_lock(mutex);
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
			tracee_die("PTRACE_TRACEME: %s", strerror(errno));
		/* Goes on once somebody waits. */
		while (!(__atomic_load_n(word, __ATOMIC_ACQUIRE) & WORD_WAITERS))
			usleep(1000);
		raise(SIGSTOP);
		pthread_mutex_unlock(mutex);
		pause();
	}
	while (!__atomic_load_n(word, __ATOMIC_ACQUIRE))
		usleep(1000);
	waiter = tracee_fork();
	if (waiter == 0) {
		mutex_lock(mutex);
		pause();
	}
	drive(holder, word);
	tracee_ready("pid=%d stopped=%d waiter=%d word=%p", getpid(), holder, waiter, (void *)word);
	tracee_wait();
	kill(holder, SIGKILL);
	kill(waiter, SIGKILL);
	return 0;
}
