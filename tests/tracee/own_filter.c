/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program that uses seccomp itself.
 *
 * usage: own_filter refuse           set_robust_list ends with EPERM by a filter; says its result
 *        own_filter trace            the same with a filter that asks a tracer; nobody means it
 *        own_filter strict           SECCOMP_MODE_STRICT, then writes and exits
 *        own_filter without ERROR COMMAND...
 *                                    seccomp(2) and prctl(PR_SET_SECCOMP) end with that errno in
 *                                    COMMAND and what it starts
 *        own_filter blind COMMAND... PTRACE_GET_SYSCALL_INFO is not to be had, as before Linux 5.3
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>

#include "tracee.h"

#define GET_SYSCALL_INFO 0x420e
#define NR_SECCOMP 317
#define NR_PRCTL 157
#define NR_SET_ROBUST_LIST 273

static void load(struct sock_filter *code, size_t count)
{
	const struct sock_fprog program = {(unsigned short)count, code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		tracee_die("cannot install a filter: %s", strerror(errno));
}

/* One more instruction to judge a call, and what comes of it. */
static void install(unsigned nr, uint32_t verdict)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, verdict),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	load(code, sizeof(code) / sizeof(code[0]));
}

/* prctl(PR_SET_SECCOMP) only: the rest of it must go on. */
static void install_without(uint32_t verdict)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NR_SECCOMP, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NR_PRCTL, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PR_SET_SECCOMP, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, verdict),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	load(code, sizeof(code) / sizeof(code[0]));
}

static void install_blind(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ptrace, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, GET_SYSCALL_INFO, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EIO),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	load(code, sizeof(code) / sizeof(code[0]));
}

static void become(char **argv)
{
	alarm(0);
	execvp(argv[0], argv);
	tracee_die("%s: %s", argv[0], strerror(errno));
}

static void register_and_say(void)
{
	static uint64_t head[3];
	long result;

	head[0] = (uint64_t)(uintptr_t)head;
	result = syscall(SYS_set_robust_list, head, sizeof(head));
	printf("set_robust_list %ld %s\n", result, result ? strerrorname_np(errno) : "ok");
}

static void be_strict(void)
{
	static const char done[] = "strict\n";

	fflush(stdout);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT))
		tracee_die("strict: %s", strerrorname_np(errno));
	if (write(STDOUT_FILENO, done, sizeof(done) - 1) < 0)
		syscall(SYS_exit, 1);
	syscall(SYS_exit, 0);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	tracee_begin();
	if (strcmp(mode, "refuse") == 0) {
		install(NR_SET_ROBUST_LIST, SECCOMP_RET_ERRNO | EPERM);
		register_and_say();
	} else if (strcmp(mode, "trace") == 0) {
		install(NR_SET_ROBUST_LIST, SECCOMP_RET_TRACE | 7);
		register_and_say();
	} else if (strcmp(mode, "strict") == 0) {
		be_strict();
	} else if (strcmp(mode, "without") == 0 && argc > 3) {
		install_without(SECCOMP_RET_ERRNO | (uint32_t)tracee_number(argv[2]));
		become(argv + 3);
	} else if (strcmp(mode, "blind") == 0 && argc > 2) {
		install_blind();
		become(argv + 2);
	} else {
		tracee_die(
			"usage: own_filter refuse|trace|strict|without ERROR COMMAND...|blind COMMAND...");
	}
	return 0;
}
