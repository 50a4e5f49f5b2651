/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/kcmp.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "target/facts.h"
#include "target/maps.h"
#include "target/procfs.h"
#include "target/stop.h"

/* linux/ptrace.h since 6.16 */
#define GET_SYSCALL_INFO 0x420e
#define SET_SYSCALL_INFO 0x4212

static int try_vm_readv(pid_t child, const uint64_t *mark)
{
	uint64_t got = 0;
	const struct iovec here = {&got, sizeof(got)};
	const struct iovec there = {(void *)(uintptr_t)mark, sizeof(got)};

	if (process_vm_readv(child, &here, 1, &there, 1, 0) < 0)
		return -errno;
	return got == FACTS_MARK ? 0 : -EIO;
}

static int try_proc_mem(pid_t child, const uint64_t *mark)
{
	char path[64];
	uint64_t got = 0;
	int error = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", child);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (pread(fd, &got, sizeof(got), (off_t)(uintptr_t)mark) < 0)
		error = -errno;
	else if (got != FACTS_MARK)
		error = -EIO;
	close(fd);
	return error;
}

static int try_syscall_file(pid_t child)
{
	struct proc_syscall call;
	cleanup_fd int tasks = procfs_open_tasks(child);

	return tasks < 0 ? tasks : procfs_syscall(tasks, child, &call);
}

/* Whether a shared mapping of another process could be had through its name there. */
static int try_map_files(pid_t child, const struct maps *maps)
{
	char path[MAPS_LINK_MAX];
	cleanup_fd int fd = -1;

	for (size_t i = 0; i < maps->count; i++) {
		const struct map *map = &maps->items[i];

		if (!map->inode)
			continue;
		maps_link(child, map, path);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		return fd < 0 ? -errno : 0;
	}
	return -ENOENT;
}

static int try_kcmp(pid_t child)
{
	return syscall(SYS_kcmp, getpid(), child, KCMP_VM, 0, 0) < 0 ? -errno : 0;
}

/*
 * Both on the child while it stands still. A size of 0 asks for nothing: the first call then says
 * how much there would be, the second EINVAL; a kernel that does not know them says EIO.
 */
static void try_ptrace(struct facts *facts, pid_t child)
{
	struct thread_stop stop;

	facts->ptrace = thread_stop_begin(child, &stop);
	facts->get_syscall_info = facts->ptrace;
	facts->set_syscall_info = facts->ptrace;
	if (facts->ptrace)
		return;
	if (ptrace((enum __ptrace_request)GET_SYSCALL_INFO, child, NULL, NULL) < 0)
		facts->get_syscall_info = -errno;
	if (ptrace((enum __ptrace_request)SET_SYSCALL_INFO, child, NULL, NULL) < 0 &&
	    errno != EINVAL)
		facts->set_syscall_info = -errno;
	thread_stop_end(&stop);
}

/* Without a filter nothing can be set: EFAULT says that one would be taken (seccomp(2)). */
static int try_seccomp(void)
{
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL, 0, 0) < 0 && errno != EFAULT)
		return -errno;
	return 0;
}

void facts_of_child(struct facts *facts, pid_t child, const uint64_t *mark)
{
	struct proc_schedstat stat;
	struct maps maps = {0};
	uint64_t last_ran;

	facts->vm_readv = try_vm_readv(child, mark);
	facts->proc_mem = try_proc_mem(child, mark);
	facts->proc_maps = maps_read(child, child, &maps);
	facts->proc_syscall = try_syscall_file(child);
	facts->proc_schedstat = procfs_schedstat(child, child, &stat);
	facts->proc_sched = procfs_last_ran(child, child, &last_ran);
	facts->kcmp = try_kcmp(child);
	facts->map_files = try_map_files(child, &maps);
	facts->seccomp_filter = try_seccomp();
	facts->seccomp_mode = prctl(PR_GET_SECCOMP);
	try_ptrace(facts, child);
	maps_free(&maps);
}
