/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A private mutex is held when the process forks; the child waits for its own copy, at the same
 * address. Nobody waits for the parent's.
 *
 * usage: forked
 * ready: pid, tid, word, child
 */
#include "tracee.h"

int main(void)
{
	static pthread_mutex_t m;
	pid_t child;

	tracee_begin();
	mutex_hold(&m, 0);
	child = waiter_fork(&m);
	tracee_ready("pid=%d tid=%d word=%p child=%d", getpid(), gettid(), (void *)mutex_word(&m),
		     child);
	tracee_wait();
	_exit(0);
}
