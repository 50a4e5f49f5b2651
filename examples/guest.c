/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plays an emulator such as FEX: a 64-bit program with a robust list of its own, that runs a 32-bit
 * guest with another. The guest's list has 32-bit pointers, as the guest made it; the emulator only
 * hands its head on to the kernel. When the thread ends, the kernel releases the locks of both.
 *
 * usage: guest FILE
 * FILE gets four locks of 16 bytes: the emulator holds 0 and 1, its guest 2 and 3; the futex word of
 * each is at byte 8. Says `ready` and waits for a line, or the end, of its input.
 */
#include "robust_list2.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

/* As the emulator lays out its locks. */
struct host_lock {
	uint64_t next;
	uint32_t word;
	uint32_t unused;
};

/* As the guest's libc does, with its own pointers. */
struct guest_lock {
	uint32_t next;
	uint32_t unused;
	uint32_t word;
	uint32_t rest;
};

/* What the guest sees of its memory: addresses below 4 GiB. */
struct guest_memory {
	struct robust_list2_head_32 head;
};

static void die(const char *what)
{
	fprintf(stderr, "guest: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void *map_low(size_t size, int flags, int fd)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, flags | MAP_32BIT, fd, 0);

	if (memory == MAP_FAILED)
		die("mmap");
	return memory;
}

/* The emulator's own list, and what it holds. */
static int host_begin(struct robust_list2_head_64 *head, struct host_lock *locks, uint32_t tid)
{
	robust_list2_init_64(head, offsetof(struct host_lock, word));
	locks[0] = (struct host_lock){.next = (uintptr_t)&locks[1], .word = tid};
	locks[1] = (struct host_lock){.next = (uintptr_t)head, .word = tid};
	head->next = (uintptr_t)&locks[0];
	return robust_list2_create_64(head);
}

/* The guest fills its list, and calls set_robust_list: the emulator hands that on. */
static int guest_begin(struct guest_memory *memory, struct guest_lock *locks, uint32_t tid)
{
	struct robust_list2_head_32 *head = &memory->head;

	robust_list2_init_32(head, offsetof(struct guest_lock, word));
	locks[0] = (struct guest_lock){.next = (uint32_t)(uintptr_t)&locks[1], .word = tid};
	locks[1] = (struct guest_lock){.next = (uint32_t)(uintptr_t)head, .word = tid};
	head->next = (uint32_t)(uintptr_t)&locks[0];
	return robust_list2_create_32(head);
}

int main(int argc, char **argv)
{
	static struct robust_list2_head_64 host_head;
	uint32_t tid = (uint32_t)syscall(SYS_gettid);
	struct host_lock *locks;
	int host, guest, fd;
	char line[16];

	if (argc != 2) {
		fprintf(stderr, "usage: guest FILE\n");
		return 2;
	}
	fd = open(argv[1], O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0 || ftruncate(fd, 4096) < 0)
		die(argv[1]);
	locks = map_low(4096, MAP_SHARED, fd);
	host = host_begin(&host_head, locks, tid);
	if (host < 0)
		die("CREATE_LIST_64");
	guest = guest_begin(map_low(4096, MAP_PRIVATE | MAP_ANONYMOUS, -1), (void *)&locks[2], tid);
	if (guest < 0)
		die("CREATE_LIST_32");
	printf("ready pid=%d host=%d guest=%d base=%p\n", getpid(), host, guest, (void *)locks);
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		clearerr(stdin);
	return 0;
}
