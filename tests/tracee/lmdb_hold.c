/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Holds the writer lock of an LMDB environment by a write transaction.
 *
 * usage: lmdb_hold [-r] DIR
 *   -r  only keeps the environment open
 * ready: pid, tid
 */
#include <lmdb.h>

#include "tracee.h"

static void must(int err, const char *what)
{
	if (err)
		tracee_die("%s: %s", what, mdb_strerror(err));
}

int main(int argc, char **argv)
{
	bool only_open = false;
	MDB_env *env;
	MDB_txn *txn;
	int c;

	tracee_begin();
	while ((c = getopt(argc, argv, "r")) != -1) {
		if (c != 'r')
			tracee_die("wrong option");
		only_open = true;
	}
	if (argc - optind != 1)
		tracee_die("usage: lmdb_hold [-r] DIR");
	must(mdb_env_create(&env), "mdb_env_create");
	must(mdb_env_open(env, argv[optind], 0, 0664), "mdb_env_open");
	if (!only_open)
		must(mdb_txn_begin(env, NULL, 0, &txn), "mdb_txn_begin");
	tracee_ready("pid=%d tid=%d", getpid(), gettid());
	tracee_wait();
	_exit(0);
}
