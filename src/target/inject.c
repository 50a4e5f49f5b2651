/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/inject.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "target/live.h"
#include "target/maps.h"
#include "target/wait_soon.h"
#include "target/wait_status.h"

#if defined(__x86_64__)

/* Of linux/ptrace.h, which cannot be included beside sys/ptrace.h. */
#define GETSIGMASK 0x420a
#define SETSIGMASK 0x420b

/* Selector of 32-bit user code. */
#define CS_32 0x23

#define RESTART_FIRST (-516)
#define RESTART_LAST (-512)

/* Bytes of [vdso] that are looked through. */
#define VDSO_MAX ((size_t)64 << 10)

static int get_registers(pid_t tid, struct user_regs_struct *ret)
{
	/* Not GETREGSET: this gives the 64-bit layout for every task. */
	return ptrace(PTRACE_GETREGS, tid, NULL, ret) < 0 ? -errno : 0;
}

static int set_registers(pid_t tid, const struct user_regs_struct *registers)
{
	return ptrace(PTRACE_SETREGS, tid, NULL, registers) < 0 ? -errno : 0;
}

/* `syscall`, or for 32-bit code `int $0x80`, in a mapping that may be executed. 0: none. */
static uint64_t find_in(struct memory *memory, const struct map *map, unsigned bits)
{
	static const unsigned char wide[] = {0x0f, 0x05};
	static const unsigned char narrow[] = {0xcd, 0x80};
	size_t size = map->end - map->start < VDSO_MAX ? map->end - map->start : VDSO_MAX;
	cleanup_free unsigned char *bytes = malloc(size);
	const unsigned char *found;

	if (!bytes || memory_read_one(memory, map->start, bytes, size))
		return 0;
	found = memmem(bytes, size, bits == 64 ? wide : narrow, sizeof(wide));
	return found ? map->start + (uint64_t)(found - bytes) : 0;
}

static uint64_t find_code(pid_t pid, pid_t tid, const struct user_regs_struct *registers,
			  unsigned bits)
{
	struct live_memory live;
	struct maps maps;
	uint64_t code = 0;
	unsigned char before[2];

	live_memory_open(&live, pid, tid);
	/* In the middle of a call, the instruction is the one before. */
	if (memory_read_one(&live.memory, registers->rip - 2, before, sizeof(before)) == 0 &&
	    ((bits == 64 && before[0] == 0x0f && before[1] == 0x05) ||
	     (bits == 32 && before[0] == 0xcd && before[1] == 0x80)))
		code = registers->rip - 2;
	if (!code && maps_read(pid, tid, &maps) == 0) {
		for (size_t i = 0; i < maps.count && !code; i++)
			if (maps.items[i].executable && strcmp(maps.items[i].path, "[vdso]") == 0)
				code = find_in(&live.memory, &maps.items[i], bits);
		for (size_t i = 0; i < maps.count && !code; i++)
			if (maps.items[i].executable && maps.items[i].readable)
				code = find_in(&live.memory, &maps.items[i], bits);
		maps_free(&maps);
	}
	live_memory_close(&live);
	return code;
}

int inject_begin(struct inject *inject, pid_t pid, pid_t tid)
{
	const uint64_t all = UINT64_MAX;
	int error;

	*inject = (struct inject){.pid = pid, .tid = tid, .waits_soon = wait_soon_helps()};
	error = get_registers(tid, &inject->registers);
	if (error)
		return error;
	inject->bits = inject->registers.cs == CS_32 ? 32 : 64;
	inject->code = find_code(pid, tid, &inject->registers, inject->bits);
	if (!inject->code)
		return -EOPNOTSUPP;
	/* So that the only thing to happen is the call. */
	if (ptrace(GETSIGMASK, tid, (void *)sizeof(inject->signals), &inject->signals) < 0 ||
	    ptrace(SETSIGMASK, tid, (void *)sizeof(all), &all) < 0)
		return -errno;
	return 0;
}

static void load_call(const struct inject *inject, long number, const uint64_t args[6],
		      struct user_regs_struct *registers)
{
	*registers = inject->registers;
	registers->rip = inject->code;
	registers->rax = (uint64_t)number;
	/* Nothing is under way that could be begun anew. */
	registers->orig_rax = UINT64_MAX;
	if (inject->bits == 64) {
		registers->rdi = args[0];
		registers->rsi = args[1];
		registers->rdx = args[2];
		registers->r10 = args[3];
		registers->r8 = args[4];
		registers->r9 = args[5];
	} else {
		registers->rbx = args[0];
		registers->rcx = args[1];
		registers->rdx = args[2];
		registers->rsi = args[3];
		registers->rdi = args[4];
		registers->rbp = args[5];
	}
}

/*
 * To the end of the call. Not by single steps: their SIGTRAP would reset a handler that the program
 * has for it. Other stops of the task (job control, our own filter) are passed over.
 */
static int run_call(struct inject *inject)
{
	int n_stops = 0;

	while (n_stops < 2) {
		struct wait_event event;
		int status;

		/* Killed in the stop it was in: its last one is there already, and not to be missed. */
		if (waitpid(inject->tid, &status, __WALL | WNOHANG) != inject->tid) {
			if (ptrace(PTRACE_SYSCALL, inject->tid, NULL, NULL) < 0)
				return -errno;
			while (wait_soon(inject->tid, &status, inject->waits_soon) < 0)
				if (errno != EINTR)
					return -errno;
		}
		event = wait_status_decode(status);
		n_stops += event.kind == WAIT_SYSCALL;
		/* The one signal besides SIGKILL that no mask keeps back. */
		inject->stopped = inject->stopped ||
				  (event.kind == WAIT_SIGNAL && event.signal == SIGSTOP);
		if (event.kind == WAIT_EXITING || event.kind == WAIT_EXITED ||
		    event.kind == WAIT_KILLED) {
			inject->ended = true;
			inject->status = status;
			return -ESRCH;
		}
	}
	return 0;
}

int inject_call(struct inject *inject, long number, const uint64_t args[6], int64_t *ret_result)
{
	struct user_regs_struct registers;
	int error;

	load_call(inject, number, args, &registers);
	error = set_registers(inject->tid, &registers);
	if (!error)
		error = run_call(inject);
	if (!error)
		error = get_registers(inject->tid, &registers);
	if (error)
		return error;
	*ret_result = inject->bits == 64 ? (int64_t)registers.rax : (int64_t)(int32_t)registers.rax;
	return 0;
}

int inject_write(const struct inject *inject, uint64_t address, const void *data, size_t size)
{
	struct iovec local = {(void *)data, size};
	struct iovec remote = {(void *)address, size};
	ssize_t written = process_vm_writev(inject->tid, &local, 1, &remote, 1, 0);

	if (written < 0)
		return -errno;
	return (size_t)written == size ? 0 : -EFAULT;
}

bool inject_interrupted(const struct inject *inject)
{
	const struct user_regs_struct *registers = &inject->registers;
	int64_t result = inject->bits == 64 ? (int64_t)registers->rax
					    : (int64_t)(int32_t)registers->rax;

	return (int64_t)registers->orig_rax >= 0 && result >= RESTART_FIRST &&
	       result <= RESTART_LAST;
}

void inject_end(struct inject *inject, bool woken)
{
	struct user_regs_struct registers = inject->registers;
	bool interrupted = inject_interrupted(inject);

	if (inject->ended)
		return;
	if (interrupted && woken) {
		registers.rax = 0;
		registers.orig_rax = UINT64_MAX;
	}
	set_registers(inject->tid, &registers);
	ptrace(SETSIGMASK, inject->tid, (void *)sizeof(inject->signals), &inject->signals);
	if (inject->stopped)
		syscall(SYS_tgkill, inject->pid, inject->tid, SIGSTOP);
	/*
	 * Whether the call begins anew or ends with EINTR is decided where signals are delivered,
	 * and by what is delivered. Another interruption leads the task there.
	 */
	if (interrupted && !woken)
		ptrace(PTRACE_INTERRUPT, inject->tid, NULL, NULL);
}

#else

int inject_begin(struct inject *inject, pid_t pid, pid_t tid)
{
	(void)inject;
	(void)pid;
	(void)tid;
	return -EOPNOTSUPP;
}

bool inject_interrupted(const struct inject *inject)
{
	(void)inject;
	return false;
}

int inject_call(struct inject *inject, long number, const uint64_t args[6], int64_t *ret_result)
{
	(void)inject;
	(void)number;
	(void)args;
	(void)ret_result;
	return -EOPNOTSUPP;
}

int inject_write(const struct inject *inject, uint64_t address, const void *data, size_t size)
{
	(void)inject;
	(void)address;
	(void)data;
	(void)size;
	return -EOPNOTSUPP;
}

void inject_end(struct inject *inject, bool woken)
{
	(void)inject;
	(void)woken;
}

#endif
