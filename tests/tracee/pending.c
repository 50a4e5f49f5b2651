/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A thread whose list_op_pending names something, and that sleeps. With a libc's own head, so that
 * its mutexes are known by their looks.
 *
 * usage: pending FILE WHAT [END]
 *   WHAT: stale       FILE lies where a mutex was; its word happens to be the thread's TID
 *         stale_other the same, and the word is another number
 *         unmapped    nothing lies there any more
 *         mine        a mutex that the thread has, on its list
 *         off_list    a mutex that the thread has, not on its list
 *         released    a free mutex, not on the list
 *   END:  kill, exit, exec: instead of waiting for stdin, once ready was said
 * ready: pid, tid, word, entry, offset (of the word in FILE)
 */
#include "tracee.h"

#define PAGE 4096

struct head {
	uintptr_t next;
	intptr_t futex_offset;
	uintptr_t pending;
};

static struct head *own_head(void)
{
	struct head *head = NULL;
	size_t size;

	if (syscall(SYS_get_robust_list, 0, &head, &size) || !head)
		tracee_die("get_robust_list");
	return head;
}

static int open_file(const char *path, size_t offset, uint32_t word)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	char text[PAGE];

	memset(text, 'x', sizeof(text));
	memcpy(text + offset, &word, sizeof(word));
	if (fd < 0 || write(fd, text, sizeof(text)) != sizeof(text))
		tracee_die("%s: cannot be written", path);
	return fd;
}

static void replace(const char *what, const char *path, void *page, size_t offset, uint32_t tid)
{
	int fd = open_file(path, offset, strcmp(what, "stale") == 0 ? tid : tid + 1);

	if (munmap(page, PAGE))
		tracee_die("munmap");
	if (strcmp(what, "unmapped") == 0)
		return;
	if (mmap(page, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) != page)
		tracee_die("mmap");
}

static void end(const char *how)
{
	if (strcmp(how, "kill") == 0)
		kill(getpid(), SIGKILL);
	else if (strcmp(how, "exec") == 0)
		execl("/bin/true", "true", NULL);
	_exit(0);
}

static bool is(const char *what, const char *name)
{
	return strcmp(what, name) == 0;
}

int main(int argc, char **argv)
{
	struct head *head;
	const char *what = argc > 2 ? argv[2] : "";
	pthread_mutex_t *mutex;
	uintptr_t entry;
	uint32_t *word;
	char *page;

	if (argc < 3)
		tracee_die("usage: pending FILE WHAT [END]");
	tracee_begin();
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	mutex = (pthread_mutex_t *)(void *)page;
	mutex_hold(mutex, MUTEX_SHARED);
	word = mutex_word(mutex);
	/* musl registers it with the first robust mutex. */
	head = own_head();
	entry = head->next;
	if (is(what, "released"))
		pthread_mutex_unlock(mutex);
	else if (!is(what, "mine"))
		head->next = (uintptr_t)head;
	if (is(what, "stale") || is(what, "stale_other") || is(what, "unmapped"))
		replace(what, argv[1], page, (size_t)((char *)word - page),
			(uint32_t)syscall(SYS_gettid));
	head->pending = entry;
	tracee_ready("pid=%d tid=%d word=%p entry=0x%lx offset=%zu", getpid(), getpid(),
		     (void *)word, (unsigned long)entry, (size_t)((char *)word - page));
	if (argc > 3)
		end(argv[3]);
	tracee_wait();
	head->pending = 0;
	return 0;
}
