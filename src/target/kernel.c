/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/kernel.h"

#include <errno.h>
#include <linux/kcmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "target/procfs.h"

#if defined(__x86_64__)
/* get_robust_list in the table of 32-bit calls. */
#define COMPAT_GET_ROBUST_LIST 312

/* Pointers of a 32-bit call are 32 bits wide. */
struct compat_answer {
	uint32_t head;
	uint32_t length;
};

static long compat_call(long number, long arg1, uint32_t arg2, uint32_t arg3)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(arg1), "c"((uint64_t)arg2), "d"((uint64_t)arg3)
			 : "memory", "r8", "r9", "r10", "r11");
	/* The kernel answers in 32 bits. */
	return (int32_t)result;
}

static int ask_compat(void *page, pid_t tid, uint64_t *ret_head)
{
	volatile struct compat_answer *answer = page;
	uint32_t low = (uint32_t)(uintptr_t)page;
	long result;

	answer->head = 0;
	answer->length = 0;
	result = compat_call(COMPAT_GET_ROBUST_LIST, tid,
			     low + (uint32_t)offsetof(struct compat_answer, head),
			     low + (uint32_t)offsetof(struct compat_answer, length));
	if (result < 0)
		return (int)result;
	*ret_head = answer->head;
	return 0;
}

static void *compat_page_new(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	if (page == MAP_FAILED)
		return NULL;
	return page;
}

/* Without 32-bit emulation the instruction is a SIGSEGV, not an error. */
static bool compat_entry_works(void *page)
{
	uint64_t head;

	return ask_compat(page, 0, &head) == 0;
}
#else
/* Other kernels give a 64-bit process no way to ask for 32-bit heads. */
static int ask_compat(void *page, pid_t tid, uint64_t *ret_head)
{
	(void)page;
	(void)tid;
	*ret_head = 0;
	return -ENOSYS;
}

static void *compat_page_new(void)
{
	return NULL;
}

static bool compat_entry_works(void *page)
{
	(void)page;
	return false;
}
#endif

/* What the child finds, in memory that it shares with us; it may die of any line. */
struct findings {
	struct list2_api list2;
	bool compat_entry;
};

static void leave(int signal_number)
{
	(void)signal_number;
	_exit(1);
}

/* The least dangerous first: what was found stays found. */
static void probe(volatile struct findings *findings, void *compat_page)
{
	struct list2_api list2;

	/* Else the kernel would log a fault, and dump core where that is allowed. */
	signal(SIGSEGV, leave);
	signal(SIGSYS, leave);
	list2_probe(&list2);
	findings->list2 = list2;
	if (compat_page)
		findings->compat_entry = compat_entry_works(compat_page);
	_exit(0);
}

static int probe_in_child(struct kernel *kernel)
{
	struct findings *findings = mmap(NULL, sizeof(*findings), PROT_READ | PROT_WRITE,
					 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;
	pid_t child;

	if (findings == MAP_FAILED)
		return -errno;
	child = fork();
	if (child == 0)
		probe(findings, kernel->compat_page);
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (child > 0) {
		kernel->list2 = findings->list2;
		kernel->compat_entry = findings->compat_entry;
	}
	munmap(findings, sizeof(*findings));
	return 0;
}

int kernel_open(struct kernel *ret)
{
	int error;

	*ret = (struct kernel){.pid_namespace = procfs_pid_namespace(getpid())};
	ret->compat_page = compat_page_new();
	error = probe_in_child(ret);
	if (error)
		kernel_close(ret);
	return error;
}

void kernel_close(struct kernel *kernel)
{
	if (kernel->compat_page)
		munmap(kernel->compat_page, 4096);
	*kernel = (struct kernel){0};
}

int kernel_robust_head(const struct kernel *kernel, pid_t tid, uint64_t *ret_head)
{
	void *head = NULL;
	size_t length = 0;

	(void)kernel;
	if (syscall(SYS_get_robust_list, tid, &head, &length) < 0)
		return -errno;
	*ret_head = (uintptr_t)head;
	return 0;
}

int kernel_compat_head(const struct kernel *kernel, pid_t tid, uint64_t *ret_head)
{
	*ret_head = 0;
	if (!kernel->compat_entry)
		return 0;
	return ask_compat(kernel->compat_page, tid, ret_head);
}

bool kernel_tid_exists(pid_t tid)
{
	return kill(tid, 0) == 0 || errno != ESRCH;
}

int kernel_compare_memory(pid_t left, pid_t right)
{
	long result = syscall(SYS_kcmp, left, right, KCMP_VM, 0, 0);

	if (result == 0)
		return 0;
	if (result == 1)
		return -1;
	if (result == 2)
		return 1;
	return (left > right) - (left < right);
}
