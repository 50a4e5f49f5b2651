/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/procfs.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/vec.h"

/* PF_KTHREAD of the kernel's include/linux/sched.h, as the flags field of stat shows it. */
#define FLAG_KERNEL_THREAD 0x00200000UL

/* Bigger than any of the small files read here; a status file has some 1,500 bytes. */
#define SMALL_FILE 4096

/*
 * Reads a small file of /proc with a final 0: these come whole in one read when it has the room.
 * Bytes read, or a negative errno.
 */
static ssize_t read_small_at(int directory, const char *path, char *buffer, size_t size)
{
	ssize_t got;
	int fd = openat(directory, path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	got = read(fd, buffer, size - 1);
	if (got < 0)
		got = -errno;
	close(fd);
	if (got >= 0)
		buffer[got] = '\0';
	return got;
}

static ssize_t read_small(char *buffer, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static ssize_t read_small(char *buffer, size_t size, const char *format, ...)
{
	char path[96];
	va_list args;

	va_start(args, format);
	vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	return read_small_at(AT_FDCWD, path, buffer, size);
}

static int compare_ids(const void *left, const void *right)
{
	const pid_t *a = left;
	const pid_t *b = right;

	return (*a > *b) - (*a < *b);
}

static ssize_t read_ids(const char *path, pid_t **ret_ids)
{
	cleanup_dir DIR *dir = opendir(path);
	cleanup_free pid_t *ids = NULL;
	size_t count = 0;
	size_t capacity = 0;
	const struct dirent *entry;

	if (!dir)
		return errno == ENOENT ? -ESRCH : -errno;
	while ((entry = readdir(dir))) {
		char *end;
		long id = strtol(entry->d_name, &end, 10);

		if (*end || id <= 0)
			continue;
		if (vec_reserve(&ids, count, &capacity, 1, sizeof(*ids)))
			return -ENOMEM;
		ids[count++] = (pid_t)id;
	}
	if (!ids)
		return -ESRCH;
	qsort(ids, count, sizeof(*ids), compare_ids);
	*ret_ids = ids;
	ids = NULL;
	return (ssize_t)count;
}

ssize_t procfs_pids(pid_t **ret_ids)
{
	return read_ids("/proc", ret_ids);
}

ssize_t procfs_tids(pid_t pid, pid_t **ret_ids)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	return read_ids(path, ret_ids);
}

pid_t procfs_living_thread(pid_t pid)
{
	cleanup_free pid_t *tids = NULL;
	ssize_t count = procfs_tids(pid, &tids);

	for (ssize_t i = 0; tids && i < count; i++) {
		struct proc_stat stat;

		if (procfs_stat(pid, tids[i], &stat) == 0 && stat.state != 'Z' && stat.state != 'X')
			return tids[i];
	}
	return -ESRCH;
}

int procfs_parse_stat(const char *text, struct proc_stat *ret)
{
	/* The name may hold anything, ')' and newlines too: it ends at the last ')'. */
	const char *open = strchr(text, '(');
	const char *close = strrchr(text, ')');
	unsigned long flags;
	unsigned long long start;
	unsigned long long code;
	unsigned long long stack;
	unsigned cpu;
	size_t length;
	int ppid;
	char state;

	if (!open || !close || close < open)
		return -EPROTO;
	if (sscanf(close + 1, " %c %d %*d %*d %*d %*d %lu", &state, &ppid, &flags) != 3)
		return -EPROTO;
	if (sscanf(close + 1,
		   " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d "
		   "%llu %*u %*d %*u %llu %*u %llu %*u %*u %*u %*u %*u %*u %*u %*u %*u %*d %u",
		   &start, &code, &stack, &cpu) != 4)
		return -EPROTO;
	length = (size_t)(close - open - 1);
	if (length >= sizeof(ret->comm))
		length = sizeof(ret->comm) - 1;
	memcpy(ret->comm, open + 1, length);
	ret->comm[length] = '\0';
	ret->state = state;
	ret->ppid = ppid;
	ret->kernel_thread = flags & FLAG_KERNEL_THREAD;
	ret->start_time = start;
	ret->start_code = code;
	ret->start_stack = stack;
	ret->cpu = cpu;
	return 0;
}

int procfs_stat(pid_t pid, pid_t tid, struct proc_stat *ret)
{
	char text[SMALL_FILE];
	ssize_t size = read_small(text, sizeof(text), "/proc/%d/task/%d/stat", pid, tid);

	return size < 0 ? (int)size : procfs_parse_stat(text, ret);
}

/* Behind the label at the start of a line, or NULL. */
static const char *status_field(const char *text, const char *label)
{
	size_t length = strlen(label);

	while (text) {
		if (strncmp(text, label, length) == 0)
			return text + length;
		text = strchr(text, '\n');
		if (text)
			text++;
	}
	return NULL;
}

static void parse_ns_pids(const char *field, struct proc_status *ret)
{
	const char *end = field + strcspn(field, "\n");

	ret->ns_depth = 0;
	while (field < end) {
		char *behind;
		long id = strtol(field, &behind, 10);

		if (behind == field)
			break;
		ret->ns_tid = (pid_t)id;
		ret->ns_depth++;
		field = behind;
	}
}

int procfs_parse_status(const char *text, struct proc_status *ret)
{
	const char *tgid = status_field(text, "Tgid:");
	const char *pid = status_field(text, "Pid:");
	const char *tracer = status_field(text, "TracerPid:");
	const char *uid = status_field(text, "Uid:");
	const char *gid = status_field(text, "Gid:");
	const char *ns_pid = status_field(text, "NSpid:");

	if (!tgid || !pid || !tracer || !uid || !gid)
		return -EPROTO;
	ret->tgid = (pid_t)strtol(tgid, NULL, 10);
	ret->tracer = (pid_t)strtol(tracer, NULL, 10);
	if (sscanf(uid, "%u %u %u", &ret->uid[0], &ret->uid[1], &ret->uid[2]) != 3 ||
	    sscanf(gid, "%u %u %u", &ret->gid[0], &ret->gid[1], &ret->gid[2]) != 3)
		return -EPROTO;
	/* A kernel without CONFIG_PID_NS has no NSpid line. */
	ret->ns_tid = (pid_t)strtol(pid, NULL, 10);
	ret->ns_depth = 1;
	if (ns_pid)
		parse_ns_pids(ns_pid, ret);
	return 0;
}

int procfs_status(pid_t pid, pid_t tid, struct proc_status *ret)
{
	char text[SMALL_FILE];
	ssize_t size = read_small(text, sizeof(text), "/proc/%d/task/%d/status", pid, tid);

	return size < 0 ? (int)size : procfs_parse_status(text, ret);
}

pid_t procfs_ns_tid(pid_t pid, pid_t tid)
{
	struct proc_status status;

	return procfs_status(pid, tid, &status) == 0 ? status.ns_tid : tid;
}

int procfs_open_tasks(pid_t pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	return fd;
}

int procfs_comm(int tasks_fd, pid_t tid, char ret[PROC_COMM_MAX])
{
	char path[32];
	ssize_t size;

	snprintf(path, sizeof(path), "%d/comm", tid);
	size = read_small_at(tasks_fd, path, ret, PROC_COMM_MAX);
	if (size < 0)
		return (int)size;
	if (size > 0 && ret[size - 1] == '\n')
		ret[size - 1] = '\0';
	return 0;
}

int procfs_parse_syscall(const char *text, struct proc_syscall *ret)
{
	unsigned long long value[8];
	char *rest;

	*ret = (struct proc_syscall){0};
	if (strncmp(text, "running", 7) == 0) {
		ret->running = true;
		return 0;
	}
	ret->number = strtol(text, &rest, 10);
	if (rest == text)
		return -EPROTO;
	if (ret->number < 0) {
		if (sscanf(rest, " %llx %llx", &value[6], &value[7]) != 2)
			return -EPROTO;
	} else {
		if (sscanf(rest, " %llx %llx %llx %llx %llx %llx %llx %llx", &value[0], &value[1],
			   &value[2], &value[3], &value[4], &value[5], &value[6], &value[7]) != 8)
			return -EPROTO;
		for (int i = 0; i < 6; i++)
			ret->args[i] = value[i];
	}
	ret->sp = value[6];
	ret->pc = value[7];
	return 0;
}

int procfs_syscall(int tasks_fd, pid_t tid, struct proc_syscall *ret)
{
	char path[32];
	char text[256];
	ssize_t size;

	snprintf(path, sizeof(path), "%d/syscall", tid);
	size = read_small_at(tasks_fd, path, text, sizeof(text));
	return size < 0 ? (int)size : procfs_parse_syscall(text, ret);
}

int procfs_parse_schedstat(const char *text, struct proc_schedstat *ret)
{
	unsigned long long run;
	unsigned long long wait;
	unsigned long long slices;

	if (sscanf(text, "%llu %llu %llu", &run, &wait, &slices) != 3)
		return -EPROTO;
	*ret = (struct proc_schedstat){.run_ns = run, .wait_ns = wait, .slices = slices};
	return 0;
}

int procfs_schedstat(pid_t pid, pid_t tid, struct proc_schedstat *ret)
{
	char text[128];
	ssize_t size = read_small(text, sizeof(text), "/proc/%d/task/%d/schedstat", pid, tid);

	return size < 0 ? (int)size : procfs_parse_schedstat(text, ret);
}

int procfs_parse_last_ran(const char *text, uint64_t *ret_ns)
{
	static const char label[] = "se.exec_start";
	const char *at = strstr(text, label);
	unsigned long long milliseconds;
	unsigned long micro_part;

	at = at ? strchr(at, ':') : NULL;
	if (!at || sscanf(at + 1, " %llu.%6lu", &milliseconds, &micro_part) != 2)
		return -EPROTO;
	*ret_ns = milliseconds * 1000000 + micro_part;
	return 0;
}

int procfs_last_ran(pid_t pid, pid_t tid, uint64_t *ret_ns)
{
	char text[SMALL_FILE];
	ssize_t size = read_small(text, sizeof(text), "/proc/%d/task/%d/sched", pid, tid);

	return size < 0 ? (int)size : procfs_parse_last_ran(text, ret_ns);
}

int procfs_elf_bits(pid_t pid)
{
	char ident[EI_NIDENT + 1];
	ssize_t size = read_small(ident, sizeof(ident), "/proc/%d/exe", pid);

	if (size < 0)
		return (int)size;
	if (size < EI_NIDENT || memcmp(ident, ELFMAG, SELFMAG) != 0)
		return -EPROTO;
	return ident[EI_CLASS] == ELFCLASS32 ? 32 : 64;
}

uint64_t procfs_pid_namespace(pid_t pid)
{
	char path[64];
	struct stat info;

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", pid);
	return stat(path, &info) == 0 ? info.st_ino : 0;
}

int procfs_yama_scope(void)
{
	char text[16];
	ssize_t size = read_small(text, sizeof(text), "/proc/sys/kernel/yama/ptrace_scope");

	return size > 0 ? (int)strtol(text, NULL, 10) : -1;
}

int procfs_parse_signals(const char *status, struct proc_signals *ret)
{
	const char *at = strstr(status, "\nSigBlk:");
	unsigned long long blocked;
	unsigned long long ignored;
	unsigned long long caught;

	if (!at || sscanf(at, "\nSigBlk: %llx\nSigIgn: %llx\nSigCgt: %llx", &blocked, &ignored,
			  &caught) != 3)
		return -EPROTO;
	*ret = (struct proc_signals){blocked, ignored, caught};
	return 0;
}

int procfs_signals(pid_t pid, pid_t tid, struct proc_signals *ret)
{
	char text[SMALL_FILE];
	ssize_t got = read_small(text, sizeof(text), "/proc/%d/task/%d/status", pid, tid);

	return got < 0 ? (int)got : procfs_parse_signals(text, ret);
}
