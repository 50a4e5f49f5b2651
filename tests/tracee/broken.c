/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A robust list made by hand, right or wrong in one way. The first thread registers it with the
 * bare system call, sleeps in read(), and gives the libc's own list back before it ends.
 *
 * usage: broken MODE [N]     (no MODE: lists them)
 * ready: pid, tid, other (a second thread that lives), head, offset, good (how many entries are
 *        sound before the fault), entries=ADDRESS,... (the first 8 of them), bad (the address
 *        at fault, 0 where there is none)
 */
#include "tracee.h"

#define PAGE 4096
#define OFFSET (-8) /* from entry to futex word in struct node */

#ifdef __i386__
#define KERNEL_HALF 0xfffff000 /* above the last page that a program can have */
#define FAR ((intptr_t)1 << 30)
#else
#define KERNEL_HALF 0xffff800000001000
#define FAR ((intptr_t)1 << 46)
#endif

/* Words as long as a pointer: a program for i386 makes a 32-bit list. */
struct head {
	uintptr_t next;
	intptr_t futex_offset;
	uintptr_t pending;
};

/* An entry is the address of its `next`. */
struct node {
	uint32_t word, unused;
	uintptr_t next;
};

struct list {
	struct head *head;  /* what is registered */
	struct node *nodes; /* sound ones */
	size_t good;
	uintptr_t bad;
	size_t n; /* from argv, for the modes that want it */
	pid_t tid, other;
};

static uintptr_t entry_of(const struct node *node)
{
	return (uintptr_t)&node->next;
}

/* @n sound entries, back to the head. */
static void chain(struct list *l, size_t n)
{
	l->nodes = tracee_map(n * sizeof(*l->nodes) + PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	l->good = n;
	l->head->futex_offset = OFFSET;
	l->head->next = n ? entry_of(&l->nodes[0]) : (uintptr_t)l->head;
	for (size_t i = 0; i < n; i++) {
		l->nodes[i].word = (uint32_t)l->tid;
		l->nodes[i].next = i + 1 < n ? entry_of(&l->nodes[i + 1]) : (uintptr_t)l->head;
	}
}

static void last_to(struct list *l, uintptr_t to)
{
	l->nodes[l->good - 1].next = to;
}

/* Three sound entries, then @bad. */
static void cut_at(struct list *l, uintptr_t bad)
{
	chain(l, 3);
	last_to(l, bad);
	l->bad = bad;
}

/* One page with an unmapped one behind it. */
static char *page_before_hole(void)
{
	char *p = tracee_map((size_t)2 * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	munmap(p + PAGE, PAGE);
	return p;
}

static uintptr_t hole(void)
{
	return (uintptr_t)page_before_hole() + PAGE + 64;
}

static void self_loop(struct list *l)
{
	chain(l, 1);
	last_to(l, entry_of(&l->nodes[0]));
	l->bad = entry_of(&l->nodes[0]);
}

static void loop3(struct list *l)
{
	chain(l, 3);
	last_to(l, entry_of(&l->nodes[0]));
	l->bad = entry_of(&l->nodes[0]);
}

/* The second entry is the one that comes again: the head's first is not part of the loop. */
static void loop_tail(struct list *l)
{
	chain(l, 3);
	last_to(l, entry_of(&l->nodes[1]));
	l->bad = entry_of(&l->nodes[1]);
}

static void loop_big(struct list *l)
{
	chain(l, l->n);
	last_to(l, entry_of(&l->nodes[0]));
}

static void chain_null(struct list *l)
{
	chain(l, l->n);
	last_to(l, 0);
}

static void count(struct list *l)
{
	chain(l, l->n);
}

static void unmapped(struct list *l)
{
	cut_at(l, hole());
}

static void kernel_half(struct list *l)
{
	cut_at(l, KERNEL_HALF);
}

static void null_next(struct list *l)
{
	cut_at(l, 0);
}

static void head_null(struct list *l)
{
	chain(l, 0);
	l->head->next = 0;
}

static void head_unmapped(struct list *l)
{
	l->head = (struct head *)(uintptr_t)hole();
	l->bad = (uintptr_t)l->head;
}

/* Every futex word is N bytes off its place. */
static void misaligned(struct list *l)
{
	chain(l, 3);
	l->head->futex_offset = OFFSET + (intptr_t)l->n;
	l->good = 0;
	l->bad = entry_of(&l->nodes[0]);
}

/* Three sound entries, then one that is 2 bytes off; its `next` is sound again. */
static void misaligned_entry(struct list *l)
{
	char *page = page_before_hole();
	uintptr_t head = (uintptr_t)l->head;

	memcpy(page + 8 + 2, &head, sizeof(head));
	cut_at(l, (uintptr_t)page + 8 + 2);
}

/* The word of the fourth entry is mapped, the second half of its `next` is not. */
static void cross_page(struct list *l)
{
	char *page = page_before_hole();
	uint32_t word = (uint32_t)l->tid;

	memcpy(page + PAGE - 4 + OFFSET, &word, sizeof(word));
	cut_at(l, (uintptr_t)page + PAGE - 4);
}

/* The fourth entry lies in a page that cannot be written to; a fifth is sound. */
static void in_read_only(struct list *l, uint32_t word)
{
	struct node *node = (struct node *)(void *)page_before_hole();

	chain(l, 4);
	node->word = word;
	node->next = entry_of(&l->nodes[3]);
	l->nodes[2].next = entry_of(node);
	l->good = 3;
	l->bad = entry_of(node);
	if (mprotect(node, PAGE, PROT_READ))
		tracee_die("mprotect: %s", strerror(errno));
}

static void read_only(struct list *l)
{
	in_read_only(l, (uint32_t)l->tid);
}

/* The kernel would not write there: no harm. */
static void read_only_free(struct list *l)
{
	in_read_only(l, 0);
}

static void foreign(struct list *l)
{
	chain(l, 3);
	l->nodes[1].word = (uint32_t)l->other;
}

static void free_word(struct list *l)
{
	chain(l, 3);
	l->nodes[1].word = 0;
}

static void dead_word(struct list *l)
{
	chain(l, 3);
	l->nodes[1].word = WORD_OWNER_DIED;
}

/* Futex words far off any mapping, in both directions, and beyond what an address can be. */
static void offset(struct list *l, intptr_t to)
{
	chain(l, 3);
	l->head->futex_offset = to;
	l->good = 0;
	l->bad = entry_of(&l->nodes[0]);
}

static void offset_neg(struct list *l)
{
	offset(l, -FAR / 2);
}

static void offset_pos(struct list *l)
{
	offset(l, FAR);
}

static void offset_min(struct list *l)
{
	offset(l, INTPTR_MIN);
}

static void offset_max(struct list *l)
{
	offset(l, INTPTR_MAX - 3);
}

static void pending_only(struct list *l)
{
	chain(l, 1);
	l->head->next = (uintptr_t)l->head;
	l->head->pending = entry_of(&l->nodes[0]);
}

static void pending_pi(struct list *l)
{
	pending_only(l);
	l->head->pending |= 1;
}

static void pending_unmapped(struct list *l)
{
	chain(l, 3);
	l->bad = hole();
	l->head->pending = l->bad;
}

static void pi(struct list *l)
{
	chain(l, 3);
	l->head->next |= 1;
	l->nodes[0].next |= 1;
	l->nodes[1].next |= 1;
}

static const struct mode {
	const char *name;
	void (*make)(struct list *l);
	size_t n; /* default for N; 0: takes none */
} modes[] = {
	{"self_loop", self_loop, 0},
	{"loop3", loop3, 0},
	{"loop_tail", loop_tail, 0},
	{"loop_big", loop_big, 1000000},
	{"chain_null", chain_null, 1000000},
	{"count", count, 2048},
	{"unmapped", unmapped, 0},
	{"kernel_half", kernel_half, 0},
	{"null_next", null_next, 0},
	{"head_null", head_null, 0},
	{"head_unmapped", head_unmapped, 0},
	{"misaligned", misaligned, 1},
	{"misaligned_entry", misaligned_entry, 0},
	{"cross_page", cross_page, 0},
	{"read_only", read_only, 0},
	{"read_only_free", read_only_free, 0},
	{"foreign", foreign, 0},
	{"free_word", free_word, 0},
	{"dead_word", dead_word, 0},
	{"offset_neg", offset_neg, 0},
	{"offset_pos", offset_pos, 0},
	{"offset_min", offset_min, 0},
	{"offset_max", offset_max, 0},
	{"pending_only", pending_only, 0},
	{"pending_pi", pending_pi, 0},
	{"pending_unmapped", pending_unmapped, 0},
	{"pi", pi, 0},
};

#define N_MODES (sizeof(modes) / sizeof(modes[0]))

static const struct mode *mode_named(const char *name)
{
	for (size_t i = 0; i < N_MODES; i++)
		if (!strcmp(name, modes[i].name))
			return &modes[i];
	tracee_die("no such mode: %s", name);
}

static void *other_run(void *arg)
{
	pid_t *tid = arg;

	__atomic_store_n(tid, gettid(), __ATOMIC_RELEASE);
	tracee_sleep();
}

static void say(const struct list *l, intptr_t futex_offset)
{
	char entries[8 * 20 + 2] = "-", *at = entries;

	for (size_t i = 0; i < l->good && i < 8; i++)
		at += sprintf(at, "%s0x%llx", i ? "," : "",
			      (unsigned long long)entry_of(&l->nodes[i]));
	tracee_ready(
		"pid=%d tid=%d other=%d head=0x%llx offset=%lld good=%zu entries=%s bad=0x%llx",
		getpid(), l->tid, l->other, (unsigned long long)(uintptr_t)l->head,
		(long long)futex_offset, l->good, entries, (unsigned long long)l->bad);
}

int main(int argc, char **argv)
{
	static struct head head;
	const struct mode *mode;
	struct list l = {.head = &head};
	void *libc_head = NULL;
	size_t libc_len = 0;

	tracee_begin();
	if (argc < 2) {
		for (size_t i = 0; i < N_MODES; i++)
			puts(modes[i].name);
		return 0;
	}
	mode = mode_named(argv[1]);
	l.n = argc > 2 ? tracee_number(argv[2]) : mode->n;
	l.tid = gettid();
	pthread_detach(tracee_thread(other_run, &l.other));
	while (!__atomic_load_n(&l.other, __ATOMIC_ACQUIRE))
		tracee_tick();
	mode->make(&l);
	if (syscall(SYS_get_robust_list, 0, &libc_head, &libc_len) ||
	    syscall(SYS_set_robust_list, l.head, sizeof(head)))
		tracee_die("robust list calls: %s", strerror(errno));
	say(&l, head.futex_offset);
	tracee_wait();
	syscall(SYS_set_robust_list, libc_head, libc_len);
	_exit(0);
}
