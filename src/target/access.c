/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/access.h"

#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static uint64_t effective_capabilities(pid_t pid)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3,
						  .pid = pid};
	struct __user_cap_data_struct data[2] = {0};

	if (syscall(SYS_capget, &header, data) < 0)
		return 0;
	return (uint64_t)data[1].effective << 32 | data[0].effective;
}

void access_facts_get(pid_t pid, struct access_facts *ret)
{
	uint64_t capabilities = effective_capabilities(0);

	*ret = (struct access_facts){
		.our_uid = getuid(),
		.our_gid = getgid(),
		.cap_sys_ptrace = capabilities & UINT64_C(1) << CAP_SYS_PTRACE,
		.cap_dac_read_search = capabilities & (UINT64_C(1) << CAP_DAC_READ_SEARCH |
						       UINT64_C(1) << CAP_DAC_OVERRIDE),
		.cap_checkpoint_restore = capabilities & (UINT64_C(1) << CAP_CHECKPOINT_RESTORE |
							  UINT64_C(1) << CAP_SYS_ADMIN),
		.yama_scope = procfs_yama_scope(),
	};
	ret->target_known = procfs_status(pid, pid, &ret->target) == 0;
}

static bool same_ids(const struct access_facts *facts)
{
	for (int i = 0; i < 3; i++)
		if (facts->target.uid[i] != facts->our_uid ||
		    facts->target.gid[i] != facts->our_gid)
			return false;
	return true;
}

void access_explain(const struct access_facts *facts, char *ret, size_t size)
{
	if (facts->cap_sys_ptrace)
		snprintf(ret, size,
			 "not permitted although we have CAP_SYS_PTRACE: it lives in another user "
			 "namespace, or a security module (SELinux, AppArmor, Yama) forbids it");
	else if (facts->target_known && !same_ids(facts))
		snprintf(
			ret, size,
			"not permitted: it runs as uid %u gid %u, we as uid %u gid %u; run as that "
			"user and group, or with CAP_SYS_PTRACE (sudo)",
			facts->target.uid[0], facts->target.gid[0], facts->our_uid, facts->our_gid);
	else if (facts->yama_scope > 0)
		snprintf(ret, size,
			 "not permitted: kernel.yama.ptrace_scope is %d; run with CAP_SYS_PTRACE "
			 "(sudo)%s",
			 facts->yama_scope, facts->yama_scope == 1 ? ", or set it to 0" : "");
	else
		snprintf(
			ret, size,
			"not permitted though uid and gid are the same: it is not dumpable, or has "
			"capabilities that we lack; run with CAP_SYS_PTRACE (sudo)");
}

/* The files of a process that is not dumpable belong to root. */
static bool is_dumpable(pid_t pid, const struct proc_status *status)
{
	char path[32];
	struct stat file;

	snprintf(path, sizeof(path), "/proc/%d", pid);
	return status->uid[1] == 0 || stat(path, &file) < 0 || file.st_uid != 0;
}

bool access_between(pid_t caller, pid_t target)
{
	struct proc_status from;
	struct proc_status to;
	bool same = true;

	if (effective_capabilities(caller) & UINT64_C(1) << CAP_SYS_PTRACE)
		return true;
	if (procfs_status(caller, caller, &from) || procfs_status(target, target, &to))
		return false;
	for (int i = 0; i < 3; i++)
		same = same && to.uid[i] == from.uid[0] && to.gid[i] == from.gid[0];
	return same && is_dumpable(target, &to);
}

bool access_sees_waits(const struct access_facts *facts)
{
	return facts->cap_dac_read_search || (facts->target_known && same_ids(facts));
}
