/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A thread that dies with a robust list of its own making. It says nothing and waits for nothing.
 *
 * usage: dying FILE HOW LIST
 *   HOW:  return pthread_exit exit_group kill segv: a second thread does it
 *         exec: the first thread executes true(1); exec_other: the second one does
 *         exec_over: the first thread has the list, the second one executes true(1)
 *         exec_fails: the second one tries in vain, then returns
 *   LIST: held pending pending_on pending_free too_long fault misaligned loop foreign empty
 *         lost: nothing on it can be read; read_only: its words can be, but not written
 * FILE gets slots of 16 bytes: an entry, then the futex word at byte 8. Slot 0 keeps the TID of
 * the dying; the others are on the list in their order (see build()).
 */
#include <sys/uio.h>

#include "tracee.h"

#define SLOTS 2100
#define TOO_LONG 2050
#define OFFSET 8
#define UNMAPPED 0x10

struct slot {
	uint64_t next;
	uint32_t word;
	uint32_t unused;
};

struct head {
	uint64_t next;
	int64_t futex_offset;
	uint64_t pending;
};

static struct slot *slots;
static struct head head = {.futex_offset = OFFSET};
static const char *how;
static const char *list;

static uint64_t entry(size_t i)
{
	return (uint64_t)(uintptr_t)&slots[i];
}

static bool is_list(const char *name)
{
	return strcmp(list, name) == 0;
}

/* Slots 1 to n, one behind the other, then the head again. */
static void chain(size_t n, uint32_t tid)
{
	for (size_t i = 1; i <= n; i++) {
		slots[i].word = tid;
		slots[i].next = i < n ? entry(i + 1) : (uint64_t)(uintptr_t)&head;
	}
	head.next = n ? entry(1) : (uint64_t)(uintptr_t)&head;
}

static void build(uint32_t tid)
{
	slots[0].word = tid;
	chain(is_list("empty") ? 0 : is_list("too_long") ? TOO_LONG : 3, tid);
	if (is_list("held"))
		slots[2].word |= WORD_WAITERS;
	else if (is_list("pending_on"))
		head.pending = entry(2);
	else if (is_list("fault"))
		slots[2].next = UNMAPPED;
	else if (is_list("lost"))
		head.next = UNMAPPED;
	else if (is_list("misaligned"))
		slots[2].next = entry(3) + 2;
	else if (is_list("loop"))
		slots[3].next = entry(1);
	else if (is_list("foreign"))
		slots[2].word = 1;
	if (is_list("pending") || is_list("fault") || is_list("misaligned") || is_list("loop") ||
	    is_list("pending_free")) {
		slots[4].word = is_list("pending_free") ? 0 : tid;
		head.pending = entry(4);
	}
	if (is_list("read_only") && mprotect(slots, SLOTS * sizeof(*slots), PROT_READ))
		tracee_die("mprotect: %s", strerror(errno));
	if (syscall(SYS_set_robust_list, &head, sizeof(head)))
		tracee_die("set_robust_list: %s", strerror(errno));
}

static void *die(void *arg)
{
	build((uint32_t)gettid());
	if (strcmp(how, "pthread_exit") == 0)
		pthread_exit(NULL);
	if (strcmp(how, "exit_group") == 0)
		_exit(0);
	if (strcmp(how, "kill") == 0)
		kill(getpid(), SIGKILL);
	if (strcmp(how, "segv") == 0)
		raise(SIGSEGV);
	if (strncmp(how, "exec", 4) == 0) {
		bool fails = strcmp(how, "exec_fails") == 0;

		execl(fails ? "/no/such/program" : "/bin/true", "true", NULL);
		if (!fails)
			tracee_die("exec: %s", strerror(errno));
	}
	return arg;
}

static void *replace(void *arg)
{
	execl("/bin/true", "true", NULL);
	return arg;
}

int main(int argc, char **argv)
{
	tracee_begin();
	if (argc != 4)
		tracee_die("usage: dying FILE HOW LIST");
	slots = tracee_map_file(argv[1], SLOTS * sizeof(*slots));
	how = argv[2];
	list = argv[3];
	if (strcmp(how, "exec") == 0)
		die(NULL);
	if (strcmp(how, "exec_over") == 0) {
		build((uint32_t)gettid());
		pthread_join(tracee_thread(replace, NULL), NULL);
	}
	pthread_join(tracee_thread(die, NULL), NULL);
	return 0;
}
