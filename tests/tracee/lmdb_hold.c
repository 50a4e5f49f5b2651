/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Holds the writer lock of an LMDB environment by a write transaction, and may want another one.
 *
 * usage: lmdb_hold [-r] DIR [OTHER]
 *   -r  only keeps DIR open
 * ready: pid, tid
 * With OTHER, on a line of stdin it begins a write transaction there too, and says `ready` again.
 */
#include <lmdb.h>

#include "tracee.h"

static void must(int err, const char *what)
{
	if (err)
		tracee_die("%s: %s", what, mdb_strerror(err));
}

static MDB_env *open_env(const char *dir)
{
	MDB_env *env;

	must(mdb_env_create(&env), "mdb_env_create");
	must(mdb_env_open(env, dir, 0, 0664), "mdb_env_open");
	return env;
}

static void hold(MDB_env *env)
{
	MDB_txn *txn;

	must(mdb_txn_begin(env, NULL, 0, &txn), "mdb_txn_begin");
}

int main(int argc, char **argv)
{
	MDB_env *env, *other = NULL;
	bool only_open = false;
	int c;

	tracee_begin();
	while ((c = getopt(argc, argv, "r")) != -1) {
		if (c != 'r')
			tracee_die("wrong option");
		only_open = true;
	}
	if (argc - optind != 1 && argc - optind != 2)
		tracee_die("usage: lmdb_hold [-r] DIR [OTHER]");
	env = open_env(argv[optind]);
	if (argc - optind == 2)
		other = open_env(argv[optind + 1]);
	if (!only_open)
		hold(env);
	tracee_ready("pid=%d tid=%d", getpid(), gettid());
	tracee_wait();
	if (other) {
		hold(other);
		tracee_ready("pid=%d tid=%d", getpid(), gettid());
		tracee_wait();
	}
	_exit(0);
}
