/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Robust locks without a libc's mutex: bare words in a file, on lists made by hand. Programs of
 * both word sizes can share the file, as each has pointers of its own in it; a 64-bit one can have a
 * 32-bit list beside its 64-bit one, as an emulator of 32-bit programs has.
 *
 * usage: raw FILE HAVE WANT     each `-` or locks with commas between; WANT has one at most
 * A lock is a letter and a number, its place in FILE in cells of 64 bytes; the word comes first:
 *   n0  on the list of the program's own word size
 *   N0  the same, taken and waited for as a PI futex
 *   c0  on the 32-bit list of a 64-bit program
 *   C0  the same, PI
 * WANT may begin with `t`: waits with a timeout of TRACEE_SECONDS, in a program for i386 by
 * futex_time64; without it by futex. The first thread takes HAVE, says `ready`, takes on a line of
 * stdin what it wants, and says `ready result=ok` or `ready result=died` when it has that.
 * ready: pid, base (of the file's mapping), heads=NATIVE,COMPAT (0: none), offsets=NATIVE,COMPAT
 */
#include <stddef.h>

#include "tracee.h"

#define CELL 64
#define N_CELLS 64
#define LOCK_OPERATION 6 /* FUTEX_LOCK_PI */
#define PI_BIT 1u
#define MAP_LOW 0x40 /* MAP_32BIT of x86-64; unused otherwise */
#define I386_SET_ROBUST_LIST 311

/* As the kernel has them: struct robust_list_head and compat_robust_list_head. */
struct native_head {
	uintptr_t next;
	intptr_t futex_offset;
	uintptr_t pending;
};

struct compat_head {
	uint32_t next;
	int32_t futex_offset;
	uint32_t pending;
};

/* The word, and what each kind of list puts beside it. */
struct cell {
	uint32_t word;
	uint32_t unused;
	uint64_t next_64;
	uint32_t next_32;     /* of programs for i386 */
	uint32_t next_compat; /* of 64-bit programs */
	char pad[CELL - 24];
};

struct want {
	char kind; /* 0: nothing */
	bool timed;
	struct cell *cell;
};

static struct native_head *native;
static struct compat_head *compat;
static struct cell *cells;

#ifdef __i386__
#define NATIVE_ENTRY next_32
#else
#define NATIVE_ENTRY next_64
#endif

static bool on_compat(const struct want *want)
{
#ifdef __i386__
	(void)want;
	return false;
#else
	return want->kind == 'c' || want->kind == 'C';
#endif
}

static bool is_pi(const struct want *want)
{
	return want->kind == 'N' || want->kind == 'C';
}

static void *entry_of(const struct want *want)
{
	return on_compat(want) ? (void *)&want->cell->next_compat
			       : (void *)&want->cell->NATIVE_ENTRY;
}

static uintptr_t link_of(const struct want *want)
{
	return (uintptr_t)entry_of(want) | (is_pi(want) ? PI_BIT : 0);
}

static void set_pending(const struct want *want, uintptr_t link)
{
	if (on_compat(want))
		__atomic_store_n(&compat->pending, (uint32_t)link, __ATOMIC_SEQ_CST);
	else
		__atomic_store_n(&native->pending, link, __ATOMIC_SEQ_CST);
}

static void enlist(const struct want *want)
{
	if (on_compat(want)) {
		want->cell->next_compat = compat->next;
		__atomic_store_n(&compat->next, (uint32_t)link_of(want), __ATOMIC_SEQ_CST);
	} else {
		want->cell->NATIVE_ENTRY = native->next;
		__atomic_store_n(&native->next, link_of(want), __ATOMIC_SEQ_CST);
	}
}

static void sleep_on(const struct want *want, int operation, uint32_t expected)
{
	/* Of PI futexes: a point in time that is far; of the others: how long. */
	int64_t until_64[2] = {
		operation == LOCK_OPERATION ? time(NULL) + TRACEE_SECONDS : TRACEE_SECONDS, 0};
	long number = want->timed ? NR_FUTEX_TIME64 : NR_FUTEX;

	syscall(number, &want->cell->word, operation, expected, want->timed ? until_64 : NULL, NULL,
		0);
}

/* Returns what was in the word before: FUTEX_OWNER_DIED, or 0. */
static uint32_t take(const struct want *want)
{
	uint32_t *word = &want->cell->word;
	uint32_t tid = (uint32_t)gettid();
	uint32_t is = 0;

	set_pending(want, link_of(want));
	while (!__atomic_compare_exchange_n(word, &is, (is & WORD_WAITERS) | tid, false,
					    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
		uint32_t waited = is | WORD_WAITERS;

		if (!(is & ~WORD_WAITERS & ~WORD_OWNER_DIED))
			continue; /* free, or its owner died: take it */
		if (is_pi(want)) {
			sleep_on(want, LOCK_OPERATION, 0);
			is = __atomic_load_n(word, __ATOMIC_SEQ_CST);
			if ((is & ~WORD_WAITERS & ~WORD_OWNER_DIED) == tid)
				break;
			continue;
		}
		if (is == waited || __atomic_compare_exchange_n(word, &is, waited, false,
								__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			sleep_on(want, 0, waited);
		is = __atomic_load_n(word, __ATOMIC_SEQ_CST);
	}
	enlist(want);
	set_pending(want, 0);
	return is & WORD_OWNER_DIED;
}

static const char *parse_lock(const char *text, struct want *ret)
{
	size_t number;

	if (*text == 't') {
		ret->timed = true;
		text++;
	}
	if (!*text || !strchr("nNcC", *text))
		tracee_die("'%s' is not a lock", text);
	ret->kind = *text++;
	number = strtoul(text, (char **)&text, 10);
	if (number >= N_CELLS)
		tracee_die("there is no such lock");
	ret->cell = &cells[number];
	if (strchr("cC", ret->kind) && !compat)
		tracee_die("a program for i386 has one list");
	return text;
}

static void register_native(void)
{
	native = tracee_alloc(1, sizeof(*native));
	native->next = (uintptr_t)native;
	native->futex_offset = -(intptr_t)offsetof(struct cell, NATIVE_ENTRY);
	if (syscall(SYS_set_robust_list, native, sizeof(*native)))
		tracee_die("set_robust_list: %s", strerror(errno));
}

static void register_compat(void)
{
#ifdef __x86_64__
	long result;

	compat = tracee_map(sizeof(*compat), MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOW, -1);
	compat->next = (uint32_t)(uintptr_t)compat;
	compat->futex_offset = -(int32_t)offsetof(struct cell, next_compat);
	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"((long)I386_SET_ROBUST_LIST), "b"(compat), "c"(sizeof(*compat))
			 : "memory", "r8", "r9", "r10", "r11");
	if (result)
		tracee_die("set_robust_list by int $0x80: error %ld", -result);
#endif
}

static void map_cells(const char *path)
{
	const size_t size = N_CELLS * sizeof(*cells);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	int flags = MAP_SHARED;
	struct stat info;

#ifdef __x86_64__
	flags |= MAP_LOW;
#endif
	/* Another program's file stays as large as it is. */
	if (fd < 0 || fstat(fd, &info) ||
	    (info.st_size < (off_t)size && ftruncate(fd, (off_t)size)))
		tracee_die("cannot open the file: %s", strerror(errno));
	cells = tracee_map(size, flags, fd);
	close(fd);
}

int main(int argc, char **argv)
{
	struct want want = {0};
	bool wants_compat;
	uint32_t died;

	tracee_begin();
	if (argc != 4)
		tracee_die("usage: raw FILE HAVE WANT");
	wants_compat = strpbrk(argv[2], "cC") || strpbrk(argv[3], "cC");
	map_cells(argv[1]);
	register_native();
	if (wants_compat)
		register_compat();
	for (const char *at = argv[2]; *at && *at != '-';) {
		struct want have = {0};

		at = parse_lock(at, &have);
		take(&have);
		at += *at == ',';
	}
	if (argv[3][0] != '-')
		parse_lock(argv[3], &want);
	tracee_ready("pid=%d base=%p heads=0x%lx,0x%lx offsets=%ld,%ld", getpid(), (void *)cells,
		     (unsigned long)native, (unsigned long)compat, (long)native->futex_offset,
		     compat ? (long)compat->futex_offset : 0L);
	tracee_wait();
	if (want.kind) {
		died = take(&want);
		tracee_ready("result=%s", died ? "died" : "ok");
		tracee_wait();
	}
	_exit(0);
}
