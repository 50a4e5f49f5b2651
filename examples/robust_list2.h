/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * set_robust_list2 and get_robust_list2 as told at the Linux Plumbers Conference 2025, for programs
 * that want to use them before a libc or a kernel header has them. One header, nothing to link.
 *
 * No number is assigned to the calls yet. Those below are what a kernel under test has; define
 * others before this header is included, or with -D.
 *
 * A robust list tells the kernel which locks a thread holds: when the thread ends in any way, the
 * word of each lock that names it gets FUTEX_OWNER_DIED, and one waiter is woken. With these calls
 * a thread can have several lists, with pointers of 32 or 64 bits each, whatever its own size is.
 *
 * All functions return what the kernel does, and set errno and return -1 when it refuses: ENOSYS
 * where it has no such call, EINVAL for an index, flag or head that is no good, ENOSPC when all
 * lists are in use, ESRCH and EPERM for other threads.
 */
#ifndef ROBUST_LIST2_H
#define ROBUST_LIST2_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <unistd.h>

#ifndef SYS_set_robust_list2
#define SYS_set_robust_list2 470
#endif
#ifndef SYS_get_robust_list2
#define SYS_get_robust_list2 471
#endif

enum robust_list2_command {
	FUTEX_ROBUST_LIST_CMD_CREATE_LIST_64,
	FUTEX_ROBUST_LIST_CMD_CREATE_LIST_32,
	FUTEX_ROBUST_LIST_CMD_SET_LIST_64,
	FUTEX_ROBUST_LIST_CMD_SET_LIST_32,
	FUTEX_ROBUST_LIST_CMD_LIST_LIMIT,
};

/*
 * Heads. `next` leads to the first entry, and the last entry back to the head. The futex word of an
 * entry is at its address plus futex_offset, modulo the size of a pointer. Bit 0 of a pointer to an
 * entry marks a PI futex. `pending` is the entry that is being locked or unlocked, or 0.
 */
struct robust_list2_head_64 {
	uint64_t next;
	int64_t futex_offset;
	uint64_t pending;
};

struct robust_list2_head_32 {
	uint32_t next;
	int32_t futex_offset;
	uint32_t pending;
};

/* The raw calls. */
static inline long set_robust_list2(const void *head, unsigned int index, unsigned int command,
				    unsigned int flags)
{
	return syscall(SYS_set_robust_list2, head, index, command, flags);
}

static inline long get_robust_list2(pid_t thread, void *head, unsigned int index,
				    unsigned int flags)
{
	return syscall(SYS_get_robust_list2, thread, head, index, flags);
}

/* How many lists a thread can have. */
static inline int robust_list2_limit(void)
{
	return (int)set_robust_list2(NULL, 0, FUTEX_ROBUST_LIST_CMD_LIST_LIMIT, 0);
}

/* A new list of the calling thread; its index. A 32-bit head must lie below 4 GiB. */
static inline int robust_list2_create_64(const struct robust_list2_head_64 *head)
{
	return (int)set_robust_list2(head, 0, FUTEX_ROBUST_LIST_CMD_CREATE_LIST_64, 0);
}

static inline int robust_list2_create_32(const struct robust_list2_head_32 *head)
{
	return (int)set_robust_list2(head, 0, FUTEX_ROBUST_LIST_CMD_CREATE_LIST_32, 0);
}

/* Another head for a list; NULL gives the index back. */
static inline int robust_list2_set_64(unsigned int index, const struct robust_list2_head_64 *head)
{
	return (int)set_robust_list2(head, index, FUTEX_ROBUST_LIST_CMD_SET_LIST_64, 0);
}

static inline int robust_list2_set_32(unsigned int index, const struct robust_list2_head_32 *head)
{
	return (int)set_robust_list2(head, index, FUTEX_ROBUST_LIST_CMD_SET_LIST_32, 0);
}

/*
 * The head of a list of any thread that we may look at (0: the calling one), 0 where there is none
 * at that index. The kernel writes 4 bytes for a 32-bit list and 8 for others: *bits tells which.
 */
static inline int robust_list2_get(pid_t thread, unsigned int index, uint64_t *head, int *bits)
{
	/* No address has these bits above. */
	uint64_t value = UINT64_MAX;

	if (get_robust_list2(thread, &value, index, 0) < 0)
		return -1;
	*bits = value >> 32 == UINT32_MAX ? 32 : 64;
	*head = *bits == 32 ? (uint32_t)value : value;
	return 0;
}

/* An empty list. */
static inline void robust_list2_init_64(struct robust_list2_head_64 *head, int64_t futex_offset)
{
	*head = (struct robust_list2_head_64){(uintptr_t)head, futex_offset, 0};
}

static inline void robust_list2_init_32(struct robust_list2_head_32 *head, int32_t futex_offset)
{
	*head = (struct robust_list2_head_32){(uint32_t)(uintptr_t)head, futex_offset, 0};
}

#endif
