/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Holds chains of a tdb that locks by robust mutexes. The key is the number of the chain.
 *
 * usage: tdb_hold [-a] [-j] [-w] [-c FIRST] [-n COUNT] FILE
 *   -a  takes the allrecord lock, of the whole database
 *   -j  libtdb's own hash function, as other programs use it: chains are any
 *   -w  somebody else holds that lock: is ready when it sleeps
 *   -c  first chain (7 unless told)
 *   -n  how many chains (1 unless told)
 * ready: pid, tid
 */
#include "tracee.h"

#include <tdb.h> /* wants mode_t and more from those before it */

#define HASH_SIZE 4096

struct options {
	bool all, jenkins, wait;
	size_t first, count;
	const char *file;
};

static void parse(struct options *o, int argc, char **argv)
{
	int c;

	*o = (struct options){.first = 7, .count = 1};
	while ((c = getopt(argc, argv, "ajwc:n:")) != -1) {
		switch (c) {
		case 'a':
			o->all = true;
			break;
		case 'j':
			o->jenkins = true;
			break;
		case 'w':
			o->wait = true;
			break;
		case 'c':
			o->first = tracee_number(optarg);
			break;
		case 'n':
			o->count = tracee_number(optarg);
			break;
		default:
			tracee_die("wrong option");
		}
	}
	if (argc - optind != 1)
		tracee_die("usage: tdb_hold [-a] [-j] [-w] [-c FIRST] [-n COUNT] FILE");
	o->file = argv[optind];
}

static unsigned int number_of(TDB_DATA *key)
{
	unsigned int number;

	memcpy(&number, key->dptr, sizeof(number));
	return number;
}

static void take(struct tdb_context *tdb, const struct options *o)
{
	if (o->all) {
		if (tdb_lockall(tdb))
			tracee_die("tdb_lockall: %s", tdb_errorstr(tdb));
		return;
	}
	for (size_t i = 0; i < o->count; i++) {
		unsigned int number = (unsigned int)(o->first + i);
		TDB_DATA key = {.dptr = (unsigned char *)&number, .dsize = sizeof(number)};

		if (tdb_chainlock(tdb, key))
			tracee_die("tdb_chainlock: %s", tdb_errorstr(tdb));
	}
}

static void say(void)
{
	tracee_ready("pid=%d tid=%d", getpid(), getpid());
	tracee_wait();
	_exit(0);
}

/* The first thread sleeps inside libtdb. */
static void *keeper_run(void *arg)
{
	(void)arg;
	tracee_await_blocked(getpid(), getpid(), NR_FUTEX, NULL);
	say();
	return NULL;
}

int main(int argc, char **argv)
{
	struct tdb_context *tdb;
	struct options o;

	tracee_begin();
	parse(&o, argc, argv);
	if (!tdb_runtime_check_for_robust_mutexes())
		tracee_die("libtdb has no robust mutexes here");
	tdb = tdb_open_ex(o.file, HASH_SIZE,
			  TDB_MUTEX_LOCKING | TDB_INCOMPATIBLE_HASH | TDB_CLEAR_IF_FIRST,
			  O_RDWR | O_CREAT, 0600, NULL, o.jenkins ? NULL : number_of);
	if (!tdb)
		tracee_die("tdb_open_ex: %s", strerror(errno));
	if (o.wait)
		pthread_detach(tracee_thread(keeper_run, NULL));
	take(tdb, &o);
	if (o.wait) /* it was free after all, or its holder is gone */
		tracee_sleep();
	say();
}
