/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

#if defined(__aarch64__)
#define AUDIT_32 AUDIT_ARCH_ARM
#else
#define AUDIT_32 AUDIT_ARCH_I386
#endif

#define CALLS_MAX 48

/* Room for the 32-bit part: two instructions around each number and three before. */
#define PREFIX_MAX (2 * CALLS_MAX + 4)

/*
 * libseccomp numbers calls as 64-bit programs do and knows no number that its table has not: it
 * cannot be told of a call of 32-bit programs that is new. So it makes the 64-bit part, and this
 * the part for 32-bit callers, which goes in front: load arch; not ours: behind; load number;
 * one comparison a call; allow.
 */
static size_t make_prefix(const struct filter_call *calls, size_t count, struct sock_filter *out)
{
	size_t used = 0;
	size_t jump;

	out[used++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						   offsetof(struct seccomp_data, arch));
	jump = used++;
	out[used++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						   offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < count; i++) {
		if (calls[i].number_32 < 0)
			continue;
		out[used++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
							   (uint32_t)calls[i].number_32, 0, 1);
		out[used++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
							   SECCOMP_RET_TRACE | FILTER_MARK);
	}
	out[used++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	out[jump] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_32, 0,
						 (uint8_t)(used - jump - 1));
	return used;
}

/* The 64-bit part, as libseccomp writes it into a file of memory. */
static int export_native(const struct filter_call *calls, size_t count, int fd)
{
	scmp_filter_ctx context = seccomp_init(SCMP_ACT_ALLOW);
	int error;

	if (!context)
		return -ENOMEM;
	/* Its default for other ABIs (x32 too) is to kill. */
	error = seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW);
	/* A binary search; older versions have it not. */
	seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	for (size_t i = 0; i < count && !error; i++)
		if (calls[i].number_64 >= 0)
			error = seccomp_rule_add(context, SCMP_ACT_TRACE(FILTER_MARK),
						 (int)calls[i].number_64, 0);
	if (!error)
		error = seccomp_export_bpf(context, fd);
	seccomp_release(context);
	return error;
}

int filter_build(const struct filter_call *calls, size_t count, struct sock_fprog *ret)
{
	struct sock_filter prefix[PREFIX_MAX];
	cleanup_fd int fd = memfd_create("robtrace-filter", MFD_CLOEXEC);
	struct stat status;
	size_t n_prefix;
	size_t size;
	int error;

	if (fd < 0)
		return -errno;
	if (count > CALLS_MAX)
		return -E2BIG;
	error = export_native(calls, count, fd);
	if (error)
		return error;
	if (fstat(fd, &status) < 0)
		return -errno;
	n_prefix = make_prefix(calls, count, prefix);
	size = n_prefix * sizeof(prefix[0]) + (size_t)status.st_size;
	if (size / sizeof(prefix[0]) > BPF_MAXINSNS)
		return -E2BIG;
	ret->filter = malloc(size);
	if (!ret->filter)
		return -ENOMEM;
	memcpy(ret->filter, prefix, n_prefix * sizeof(prefix[0]));
	if (pread(fd, ret->filter + n_prefix, (size_t)status.st_size, 0) != status.st_size) {
		filter_release(ret);
		return -EIO;
	}
	ret->len = (unsigned short)(size / sizeof(prefix[0]));
	return 0;
}

void filter_release(struct sock_fprog *program)
{
	free(program->filter);
	*program = (struct sock_fprog){0};
}

int filter_load(const struct sock_fprog *program)
{
	/* Without this flag some kernels slow the program down against speculation attacks. */
	unsigned flags = SECCOMP_FILTER_FLAG_SPEC_ALLOW;

	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, program) == 0)
		return 0;
	if (errno == EACCES) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
			return -errno;
		if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, program) == 0)
			return 0;
	}
	return -errno;
}
