/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process whose name is made of terminal escapes holds a lock in a shared file; a thread with
 * another such name waits for it.
 *
 * usage: hostile FILE
 * ready: pid, tid, word, waiters=TID
 */
#include "tracee.h"

int main(int argc, char **argv)
{
	static struct waiter waiter;
	pthread_mutex_t *m;
	pid_t tid;

	tracee_begin();
	if (argc != 2)
		tracee_die("usage: hostile FILE");
	m = tracee_map_file(argv[1], sizeof(*m));
	mutex_hold(m, MUTEX_SHARED);
	prctl(PR_SET_NAME, "\x9b"
			   "2J\x07\r\xff\xfe\x7f\xc2\x9b"
			   "1m\t)"); /* the thread's */
	tid = waiter_start(&waiter, m);
	prctl(PR_SET_NAME, "\x1b]0;x\x07\n\x1b[31m\\\"");
	tracee_ready("pid=%d tid=%d word=%p waiters=%d", getpid(), gettid(), (void *)mutex_word(m),
		     tid);
	tracee_wait();
	_exit(0);
}
