/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One thread holds N robust mutexes (3000 unless told), taken in order of their addresses.
 *
 * usage: many [-f FILE] [N]
 *   -f  they are process-shared and lie in this file
 * ready: pid, tid, base (word of the first), stride, count
 */
#include "tracee.h"

int main(int argc, char **argv)
{
	const char *file = NULL;
	pthread_mutex_t *m;
	size_t n = 3000;
	int c;

	tracee_begin();
	while ((c = getopt(argc, argv, "f:")) != -1) {
		if (c != 'f')
			tracee_die("usage: many [-f FILE] [N]");
		file = optarg;
	}
	if (optind < argc)
		n = tracee_number(argv[optind]);
	m = file ? tracee_map_file(file, n * sizeof(*m)) : tracee_alloc(n, sizeof(*m));
	for (size_t i = 0; i < n; i++)
		mutex_hold(&m[i], file ? MUTEX_SHARED : 0);
	tracee_ready("pid=%d tid=%d base=%p stride=%zu count=%zu", getpid(), gettid(),
		     (void *)mutex_word(m), sizeof(*m), n);
	tracee_wait();
	_exit(0);
}
