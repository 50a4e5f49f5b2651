/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Takes the memory under a lock away, in the way that is asked for, while the thread has it or
 * has it in list_op_pending; then ends.
 *
 * usage: touch FILE HOW [pending]
 *   HOW: munmap mmap_fixed mremap shrink ftruncate truncate truncate_relative truncate_other_process
 *        old_mmap (i386)
 *        and, which leave the lock alone: munmap_behind mmap_hint grow truncate_behind truncate_other
 *        truncate_twin: a file of the same inode number on another device, ../twin/FILE
 * The lock lies at the start of the second of four pages of FILE. It says nothing.
 */
#include "tracee.h"

#define PAGE 4096

struct head {
	uintptr_t next;
	intptr_t futex_offset;
	uintptr_t pending;
};

static const char *path;
static int fd;
static char *map;

static char *map_file(void)
{
	char *pages;

	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || ftruncate(fd, 4 * PAGE))
		tracee_die("%s: %s", path, strerror(errno));
	pages = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (pages == MAP_FAILED)
		tracee_die("mmap: %s", strerror(errno));
	return pages;
}

static void set_pending(void)
{
	struct head *head = NULL;
	size_t size;

	if (syscall(SYS_get_robust_list, 0, &head, &size) || !head)
		tracee_die("get_robust_list");
	head->pending = head->next;
	head->next = (uintptr_t)head;
}

static bool is(const char *how, const char *name)
{
	return strcmp(how, name) == 0;
}

static void truncate_relative(off_t size)
{
	char *slash = strrchr(path, '/');

	if (!slash)
		tracee_die("FILE must have a folder");
	*slash = '\0';
	if (chdir(path) || truncate(slash + 1, size))
		tracee_die("truncate: %s", strerror(errno));
}

/* To have the same number there, its device must be as fresh as that of FILE. */
static void truncate_twin(void)
{
	char name[512];
	struct stat mine, twin;
	char *slash = strrchr(path, '/');
	int other;

	if (!slash)
		tracee_die("FILE must have a folder");
	snprintf(name, sizeof(name), "%.*s/../twin%s", (int)(slash - path), path, slash);
	other = open(name, O_RDWR | O_CREAT, 0600);
	if (other < 0 || fstat(fd, &mine) || fstat(other, &twin))
		tracee_die("%s: %s", name, strerror(errno));
	if (mine.st_ino != twin.st_ino || mine.st_dev == twin.st_dev)
		tracee_die("%s is no twin", name);
	if (truncate(name, 0))
		tracee_die("truncate: %s", strerror(errno));
}

static void old_mmap(void)
{
#if defined(__i386__)
	const uint32_t args[] = {(uint32_t)(uintptr_t)(map + PAGE),       PAGE,       PROT_READ,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, UINT32_MAX, 0};

	if (syscall(SYS_mmap, args) == -1)
		tracee_die("mmap: %s", strerror(errno));
#else
	tracee_die("i386 only");
#endif
}

static void by_file(const char *how)
{
	if (is(how, "ftruncate"))
		ftruncate(fd, PAGE);
	else if (is(how, "truncate"))
		truncate(path, 0);
	else if (is(how, "truncate_relative"))
		truncate_relative(PAGE);
	else if (is(how, "truncate_behind"))
		truncate(path, 2 * PAGE);
	else if (is(how, "truncate_twin"))
		truncate_twin();
	else if (is(how, "truncate_other"))
		truncate("/dev/null/nothing", 0);
	else if (is(how, "truncate_other_process") && tracee_fork() == 0) {
		truncate(path, 0);
		_exit(0);
	} else if (!is(how, "truncate_other_process"))
		tracee_die("unknown: %s", how);
}

int main(int argc, char **argv)
{
	const int prot = PROT_READ | PROT_WRITE;
	const int anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
	const char *how = argc > 2 ? argv[2] : "";

	if (argc < 3)
		tracee_die("usage: touch FILE HOW [pending]");
	tracee_begin();
	path = argv[1];
	map = map_file();
	mutex_hold((pthread_mutex_t *)(void *)(map + PAGE), MUTEX_SHARED);
	if (argc > 3)
		set_pending();
	if (is(how, "munmap"))
		munmap(map, 4 * PAGE);
	else if (is(how, "munmap_behind"))
		munmap(map + 2 * PAGE, 2 * PAGE);
	else if (is(how, "mmap_fixed"))
		mmap(map + PAGE, PAGE, prot, anonymous | MAP_FIXED, -1, 0);
	else if (is(how, "old_mmap"))
		old_mmap();
	else if (is(how, "mmap_hint"))
		mmap(map + PAGE, PAGE, prot, anonymous, -1, 0);
	else if (is(how, "mremap"))
		mremap(map, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE);
	else if (is(how, "shrink"))
		mremap(map, 4 * PAGE, PAGE, 0);
	else if (is(how, "grow"))
		mremap(map, 4 * PAGE, 5 * PAGE, 0);
	else
		by_file(how);
	if (is(how, "truncate_other_process"))
		wait(NULL);
	_exit(0);
}
