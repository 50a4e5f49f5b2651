/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A thread stands in a mutex of C++ under bank::transfer, a lambda in it, and
 * bank::account<long>::take.
 *
 * usage: stack_cxx
 * ready: pid, tid, and a variable: data (bank::vault)
 */
#include <csignal>
#include <cstdio>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>

#include <sys/prctl.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))
/* What comes behind a call keeps it from becoming a jump. */
#define KEEP(value) __asm__ volatile("" : : "r"(value) : "memory")

namespace bank
{

template <class Unit> struct account {
	std::mutex mutex;

	NOINLINE Unit take(Unit amount)
	{
		mutex.lock();
		KEEP(amount);
		return amount;
	}
};

account<long> vault;

template <class Action> NOINLINE long each(Action action)
{
	long result = action(3);

	KEEP(result);
	return result;
}

NOINLINE long transfer(long amount)
{
	long result = each([amount](long times) NOINLINE {
		long taken = vault.take(amount * times);

		KEEP(taken);
		return taken;
	});

	KEEP(result);
	return result;
}

} // namespace bank

/* In futex, system call 202. */
static bool is_blocked(pid_t tid)
{
	std::ifstream file("/proc/self/task/" + std::to_string(tid) + "/syscall");
	long number = -1;

	return file >> number && number == 202;
}

int main()
{
	volatile pid_t tid = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(120);
	bank::vault.take(1);
	std::thread thread([&tid] {
		tid = gettid();
		bank::transfer(1);
	});
	while (!tid || !is_blocked(tid))
		usleep(1000);
	printf("ready pid=%d tid=%d data=%p\n", getpid(), static_cast<int>(tid),
	       static_cast<void *>(&bank::vault));
	fflush(stdout);
	getchar();
	_exit(0);
}
