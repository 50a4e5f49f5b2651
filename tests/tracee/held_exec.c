/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process whose execve(2) does not end: a tracer, its parent, holds one of its threads.
 *
 * usage: held_exec
 * ready: pid of that process
 */
#include <sys/mman.h>
#include <sys/ptrace.h>

#include "tracee.h"

static void *sleeper(void *arg)
{
	__atomic_store_n((pid_t *)arg, gettid(), __ATOMIC_SEQ_CST);
	tracee_sleep();
}

static void execs_when_told(pid_t *tid)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	tracee_thread(sleeper, tid);
	while (__atomic_load_n(tid, __ATOMIC_SEQ_CST) >= 0)
		tracee_tick();
	execl("/bin/sleep", "sleep", "60", (char *)NULL);
	_exit(1);
}

int main(void)
{
	pid_t *tid = mmap(NULL, sizeof(*tid), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			  -1, 0);
	pid_t child;

	tracee_begin();
	if (tid == MAP_FAILED)
		tracee_die("mmap: %s", strerror(errno));
	child = fork();
	if (child == 0)
		execs_when_told(tid);
	while (!__atomic_load_n(tid, __ATOMIC_SEQ_CST))
		tracee_tick();
	if (ptrace(PTRACE_SEIZE, *tid, NULL, (void *)PTRACE_O_TRACEEXIT) < 0)
		tracee_die("ptrace: %s", strerror(errno));
	__atomic_store_n(tid, -1, __ATOMIC_SEQ_CST);
	tracee_ready("pid=%d", child);
	tracee_sleep();
}
