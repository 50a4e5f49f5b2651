/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The word of a shared robust mutex names a TID that does not exist, without FUTEX_OWNER_DIED;
 * another process waits for it. It stays so for ever: that is what a cut list leaves behind.
 *
 * usage: orphan FILE
 * ready: pid, owner (the TID that is not there), word, waiters=PID
 */
#include "tracee.h"

/* The TID of a process that was there a moment ago. */
static pid_t gone_tid(void)
{
	pid_t pid = tracee_fork();

	if (pid == 0)
		_exit(0);
	if (waitpid(pid, NULL, 0) != pid)
		tracee_die("waitpid: %s", strerror(errno));
	return pid;
}

int main(int argc, char **argv)
{
	pthread_mutex_t *m;
	pid_t gone, waiter;

	tracee_begin();
	if (argc != 2)
		tracee_die("usage: orphan FILE");
	m = tracee_map_file(argv[1], sizeof(*m));
	if (mutex_make(m, MUTEX_SHARED))
		tracee_die("cannot make the mutex");
	gone = gone_tid();
	*mutex_word(m) = (uint32_t)gone;
#ifdef __GLIBC__
	m->__data.__owner = gone;
#endif
	waiter = waiter_fork(m);
	tracee_ready("pid=%d owner=%d word=%p waiters=%d", getpid(), gone, (void *)mutex_word(m),
		     waiter);
	tracee_wait();
	_exit(0);
}
