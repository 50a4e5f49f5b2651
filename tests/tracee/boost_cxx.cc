/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two mutexes of Boost.Interprocess in a file: ordinary process-shared ones. It takes one and, on a
 * line of stdin, the other, in bank::teller<long>::move.
 *
 * usage: boost_cxx FILE FIRST    FIRST: 0 or 1; who is 0 makes the mutexes and comes first
 * ready: pid
 */
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <new>

#include <boost/interprocess/file_mapping.hpp>
#include <boost/interprocess/mapped_region.hpp>
#include <boost/interprocess/sync/interprocess_mutex.hpp>
#include <boost/interprocess/sync/scoped_lock.hpp>

#include <sys/prctl.h>
#include <unistd.h>

namespace ipc = boost::interprocess;

#define NOINLINE __attribute__((noinline))
/* What comes behind a call keeps it from becoming a jump. */
#define KEEP(value) __asm__ volatile("" : : "r"(value) : "memory")

namespace bank
{

struct account {
	ipc::interprocess_mutex mutex;
	char apart[64];
};

template <class Unit> struct teller {
	account *accounts;

	NOINLINE Unit move(int to, Unit amount)
	{
		ipc::scoped_lock<ipc::interprocess_mutex> lock(accounts[to].mutex);

		KEEP(&lock);
		return amount;
	}
};

} // namespace bank

int main(int argc, char **argv)
{
	int first;

	if (argc != 3)
		return 2;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(120);
	first = std::atoi(argv[2]) != 0;
	if (first == 0)
		std::ofstream(argv[1], std::ios::binary).seekp(4095).put('\0');
	ipc::file_mapping file(argv[1], ipc::read_write);
	ipc::mapped_region region(file, ipc::read_write);
	bank::teller<long> teller{static_cast<bank::account *>(region.get_address())};

	for (int i = 0; i < 2 && first == 0; i++)
		new (&teller.accounts[i]) bank::account();
	teller.accounts[first].mutex.lock();
	printf("ready pid=%d\n", getpid());
	fflush(stdout);
	getchar();
	teller.move(1 - first, 3);
	_exit(0);
}
