/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/live.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

#include "target/procfs.h"

/* UIO_MAXIOV of linux/uio.h: the kernel takes no more stretches in one call. */
#define BATCH ((size_t)1024)

static struct live_memory *live_of(struct memory *memory)
{
	return (struct live_memory *)memory;
}

static void read_through_mem(int fd, struct memory_range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct memory_range *range = &ranges[i];

		/* pread's off_t is signed: the upper half of the address space is the kernel's. */
		if (range->address > INT64_MAX)
			continue;
		range->ok = pread(fd, range->buffer, range->size, (off_t)range->address) ==
			    (ssize_t)range->size;
	}
}

/* Goes on with another thread when the one we read through has ended. 0 or -ESRCH. */
static int switch_thread(struct live_memory *live)
{
	pid_t tid = procfs_living_thread(live->pid);

	if (tid <= 0 || tid == live->tid)
		return -ESRCH;
	live->tid = tid;
	return 0;
}

static int switch_to_mem(struct live_memory *live, int error)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/mem", live->pid, live->tid);
	live->mem_fd = open(path, O_RDONLY | O_CLOEXEC);
	return live->mem_fd >= 0 ? 0 : -error;
}

/* How many of the leading ranges are covered by `done` bytes. */
static size_t mark_read(struct memory_range *ranges, size_t count, size_t done)
{
	size_t i = 0;

	while (i < count && ranges[i].size <= done) {
		ranges[i].ok = true;
		done -= ranges[i].size;
		i++;
	}
	return i;
}

static int read_batch(struct live_memory *live, struct memory_range *ranges, size_t count)
{
	struct iovec ours[BATCH];
	struct iovec theirs[BATCH];

	for (size_t i = 0; i < count; i++) {
		ours[i] = (struct iovec){ranges[i].buffer, ranges[i].size};
		theirs[i] = (struct iovec){(void *)(uintptr_t)ranges[i]
						   .address, /* NOLINT(performance-no-int-to-ptr) */
					   ranges[i].size};
	}
	for (size_t first = 0; first < count;) {
		ssize_t got = process_vm_readv(live->tid, ours + first, count - first,
					       theirs + first, count - first, 0);
		int error = got < 0 ? errno : 0;

		/* A stretch that faults ends the call before it: skip it and go on behind. */
		if (got >= 0)
			first += mark_read(ranges + first, count - first, (size_t)got);
		if (!error && first < count)
			error = EFAULT;
		if (error == EFAULT || error == EINVAL || error == ENOMEM)
			first++;
		else if (error == ESRCH && switch_thread(live) == 0)
			continue;
		else if (error == EPERM || error == ENOSYS)
			return switch_to_mem(live, EPERM) ? -EPERM : 1;
		else if (error)
			return -error;
	}
	return 0;
}

static int read_all(struct live_memory *live, struct memory_range *ranges, size_t count)
{
	for (size_t first = 0; first < count && live->mem_fd < 0; first += BATCH) {
		size_t batch = count - first < BATCH ? count - first : BATCH;
		int result = read_batch(live, ranges + first, batch);

		if (result < 0)
			return result;
	}
	if (live->mem_fd >= 0)
		read_through_mem(live->mem_fd, ranges, count);
	return 0;
}

static int live_read(struct memory *memory, struct memory_range *ranges, size_t count)
{
	struct live_memory *live = live_of(memory);
	int error;

	if (!live->watch)
		return read_all(live, ranges, count);
	atomic_fetch_add(&live->watch->reads, 1);
	atomic_store(&live->watch->pid, live->pid);
	error = read_all(live, ranges, count);
	atomic_store(&live->watch->pid, 0);
	return error;
}

void live_memory_open(struct live_memory *live, pid_t pid, pid_t tid)
{
	*live = (struct live_memory){
		.memory = {.read = live_read}, .pid = pid, .tid = tid, .mem_fd = -1};
}

void live_memory_close(struct live_memory *live)
{
	if (live->mem_fd >= 0)
		close(live->mem_fd);
	live->mem_fd = -1;
}

int live_memory_write(pid_t tid, uint64_t address, const void *data, size_t size)
{
	struct iovec local = {(void *)data, size};
	struct iovec remote = {(void *)address, size};
	ssize_t written = process_vm_writev(tid, &local, 1, &remote, 1, 0);

	if (written < 0)
		return -errno;
	return (size_t)written == size ? 0 : -EFAULT;
}
