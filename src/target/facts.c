/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/facts.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "target/access.h"
#include "target/procfs.h"

static const long candidates[FACTS_NUMBERS] = {463, 467, 468, 470, 471, 472, 473, 474};

static void wait_for(pid_t child)
{
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
}

/* A process to look at: it only waits, and ends with us. */
static pid_t start_child(void)
{
	pid_t parent = getpid();
	pid_t child = fork();

	if (child)
		return child < 0 ? -errno : child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (getppid() == parent)
		pause();
	_exit(0);
}

static void leave(int signal_number)
{
	(void)signal_number;
	_exit(1);
}

/* In a child, as all that calls numbers whose meaning is not sure. */
static int gather_numbers(struct facts *facts)
{
	enum list2_number *found = mmap(NULL, sizeof(*found) * FACTS_NUMBERS,
					PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const char *taken_by;
	pid_t child;

	if (found == MAP_FAILED)
		return -errno;
	for (size_t i = 0; i < FACTS_NUMBERS; i++)
		found[i] = LIST2_OTHER;
	child = fork();
	if (child == 0) {
		signal(SIGSYS, leave);
		for (size_t i = 0; i < FACTS_NUMBERS; i++)
			found[i] = list2_try_number(candidates[i], &taken_by);
		_exit(0);
	}
	if (child > 0)
		wait_for(child);
	for (size_t i = 0; i < FACTS_NUMBERS; i++) {
		struct facts_number *row = &facts->numbers[i];

		*row = (struct facts_number){.number = candidates[i], .what = found[i]};
		if (row->what == LIST2_TAKEN)
			list2_try_number(row->number, &row->taken_by);
	}
	munmap(found, sizeof(*found) * FACTS_NUMBERS);
	return child < 0 ? -EAGAIN : 0;
}

static void gather_rights(struct facts *facts)
{
	struct access_facts access;

	access_facts_get(getpid(), &access);
	facts->uid = access.our_uid;
	facts->cap_sys_ptrace = access.cap_sys_ptrace;
	facts->cap_dac_read_search = access.cap_dac_read_search;
	facts->cap_checkpoint_restore = access.cap_checkpoint_restore;
	facts->yama_scope = access.yama_scope;
}

int facts_gather(struct facts *ret)
{
	/* The child's copy of it is what we read there. */
	static const uint64_t mark = FACTS_MARK;
	struct kernel kernel;
	uint64_t head;
	pid_t child;
	int error;

	*ret = (struct facts){0};
	if (uname(&ret->names) < 0)
		return -errno;
	error = kernel_open(&kernel);
	if (error)
		return error;
	ret->list2 = kernel.list2;
	ret->compat_entry = kernel.compat_entry;
	error = gather_numbers(ret);
	child = error ? error : start_child();
	if (child < 0) {
		kernel_close(&kernel);
		return child;
	}
	ret->robust_list = kernel_robust_head(&kernel, child, &head);
	gather_rights(ret);
	facts_of_child(ret, child, &mark);
	facts_of_unlock(ret);
	kill(child, SIGKILL);
	wait_for(child);
	kernel_close(&kernel);
	return 0;
}
