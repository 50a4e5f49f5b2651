/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One thread holds a robust mutex of every kind, private and process-shared.
 *
 * usage: kinds
 * ready: libc, pid, tid, and NAME=WORD for each kind; `absent` where the libc has not that kind.
 */
#include "tracee.h"

struct kind {
	const char *name;
	unsigned flags;
	unsigned locks; /* how often it is locked */
};

static const struct kind kinds[] = {
	{"normal", 0, 1},
	{"recursive", MUTEX_RECURSIVE, 3},
	{"errorcheck", MUTEX_ERRORCHECK, 1},
	{"pi", MUTEX_PI, 1},
	{"pi_recursive", MUTEX_PI | MUTEX_RECURSIVE, 3},
	{"pi_errorcheck", MUTEX_PI | MUTEX_ERRORCHECK, 1},
};

#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

static pthread_mutex_t private_mutexes[N_KINDS];

static char *add(char *at, const struct kind *kind, unsigned flags, pthread_mutex_t *m)
{
	const char *suffix = flags & MUTEX_SHARED ? "_shared" : "";
	int err = mutex_make(m, kind->flags | flags);

	if (err)
		return at + sprintf(at, " %s%s=absent", kind->name, suffix);
	for (unsigned i = 0; i < kind->locks; i++)
		mutex_lock(m);
	return at + sprintf(at, " %s%s=%p", kind->name, suffix, (void *)mutex_word(m));
}

int main(void)
{
	pthread_mutex_t *shared;
	char line[1024], *at = line;
#ifdef __GLIBC__
	const char *libc = "glibc";
#else
	const char *libc = "musl";
#endif

	tracee_begin();
	shared = tracee_map_shared(N_KINDS * sizeof(*shared));
	for (size_t i = 0; i < N_KINDS; i++) {
		at = add(at, &kinds[i], 0, &private_mutexes[i]);
		at = add(at, &kinds[i], MUTEX_SHARED, &shared[i]);
	}
	tracee_ready("libc=%s pid=%d tid=%d%s", libc, getpid(), gettid(), line);
	tracee_wait();
	return 0;
}
