/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/mark.h"

#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi/futex_word.h"

#define NR_FUTEX_32 240

/* A bit that no TID has (PID_MAX_LIMIT is 2^22): with it the word names nobody, but is not free. */
#define NOBODY_BIT 29
#define NOBODY (UINT32_C(1) << NOBODY_BIT)
#define WAITERS_BIT 31

/* Mapped at once, and aligned to itself: huge pages of files cannot be mapped in smaller parts. */
#define VIEW_SIZE (UINT64_C(2) << 20)

/*
 * No memory is there, so that nobody waits there: FUTEX_WAKE_OP always wakes one at its first
 * address. With FUTEX_PRIVATE_FLAG it does not look at what is there.
 */
#define ELSEWHERE 8

static void wake_one(uint32_t *word)
{
	/* As the kernel wakes: not FUTEX_PRIVATE_FLAG. */
	syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void mark_mapped(uint32_t *word, const struct mark *mark)
{
	uint32_t old = __atomic_load_n(word, __ATOMIC_SEQ_CST);

	for (;;) {
		uint32_t owner = old & WORD_TID_MASK;

		if (mark->pending && !mark->pi && !owner) {
			wake_one(word);
			return;
		}
		if (owner != mark->tid)
			return;
		if (__atomic_compare_exchange_n(word, &old, (old & WORD_WAITERS) | WORD_OWNER_DIED,
						false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			break;
	}
	if (!mark->pi && old & WORD_WAITERS)
		wake_one(word);
}

/*
 * The page was cut off its file since it was looked at, and its locks with it: what is written there
 * is nobody's. Without that, the access would be our own end.
 */
static void on_cut_off(int number, siginfo_t *info, void *context)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t start = (uintptr_t)info->si_addr / page * page;

	(void)number;
	(void)context;
	/* cppcheck-suppress leakReturnValNotUsed */
	if (mmap((void *)start, page, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		_exit(EXIT_FAILURE);
}

static int move_view(struct mark_view *view, int fd, uint64_t start)
{
	if (view->base && view->fd == fd && view->start == start)
		return 0;
	mark_view_close(view);
	view->base = mmap(NULL, VIEW_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)start);
	if (view->base == MAP_FAILED) {
		view->base = NULL;
		return -errno;
	}
	view->fd = fd;
	view->start = start;
	return 0;
}

void mark_view_close(struct mark_view *view)
{
	if (view->base)
		munmap(view->base, VIEW_SIZE);
	view->base = NULL;
}

int mark_shared(struct mark_view *view, int fd, uint64_t offset, const struct mark *mark)
{
	const struct sigaction ours = {.sa_sigaction = on_cut_off, .sa_flags = SA_SIGINFO};
	struct sigaction before;
	int error = move_view(view, fd, offset / VIEW_SIZE * VIEW_SIZE);

	if (error)
		return error;
	sigaction(SIGBUS, &ours, &before);
	mark_mapped((uint32_t *)(void *)((char *)view->base + (offset - view->start)), mark);
	sigaction(SIGBUS, &before, NULL);
	return 0;
}

/* ---- By another task ---- */

/* The last argument of FUTEX_WAKE_OP. */
static uint64_t encode(unsigned operation, uint32_t argument, bool shift, unsigned comparison,
		       uint32_t compared)
{
	return (uint64_t)(operation | (shift ? FUTEX_OP_OPARG_SHIFT : 0)) << 28 |
	       (uint64_t)comparison << 24 | (uint64_t)(argument & 0xfff) << 12 | (compared & 0xfff);
}

/* One that never holds. */
static uint64_t encode_plain(unsigned operation, uint32_t argument, bool shift)
{
	return encode(operation, argument, shift, FUTEX_OP_CMP_EQ, 0xfff);
}

/* The number of those who were woken, or a negative errno. */
static int call_futex(struct inject *inject, const uint64_t args[6])
{
	int64_t result = 0;
	int error = inject_call(inject, inject->bits == 64 ? SYS_futex : NR_FUTEX_32, args,
				&result);

	return error ? error : (int)result;
}

static int wake_there(struct inject *inject, uint64_t address)
{
	const uint64_t args[6] = {address, FUTEX_WAKE, 1};
	int result = call_futex(inject, args);

	return result < 0 ? result : 0;
}

/* Changes the word by one atomic operation. */
static int change(struct inject *inject, uint64_t address, uint64_t operation, bool wake)
{
	const uint64_t quiet[6] = {ELSEWHERE, FUTEX_WAKE_OP | FUTEX_PRIVATE_FLAG, 1, 0, address,
				   operation};
	const uint64_t waking[6] = {address, FUTEX_WAKE_OP, 1, 0, address, operation};
	int result = call_futex(inject, wake ? waking : quiet);

	return result < 0 ? result : 0;
}

/*
 * The word names nobody from now on: in one step, where it was seen that nobody waits. Who came to
 * wait since then has the sign bit set, and is woken to look again. Where the stack is no good, or
 * somebody waits: -EAGAIN.
 */
static int name_nobody(struct inject *inject, uint64_t address, uint32_t word)
{
	const uint64_t args[6] = {inject->registers.rsp & ~UINT64_C(7),
				  FUTEX_WAKE_OP,
				  1,
				  1,
				  address,
				  encode(FUTEX_OP_SET, NOBODY_BIT, true, FUTEX_OP_CMP_LT, 0)};
	int result;

	if (word & WORD_WAITERS)
		return -EAGAIN;
	result = call_futex(inject, args);
	if (result == -EFAULT)
		return -EAGAIN;
	/* There may be more of them. */
	if (result > 0)
		result = change(inject, address, encode_plain(FUTEX_OP_OR, WAITERS_BIT, true),
				false);
	return result;
}

/* The same with FUTEX_WAITERS kept all along. ANDN knows 11 bits at once, or one. */
static int clear_tid(struct inject *inject, uint64_t address, uint32_t tid)
{
	int error = change(inject, address, encode_plain(FUTEX_OP_OR, NOBODY_BIT, true), false);

	if (!error && tid & 0x7ff)
		error = change(inject, address, encode_plain(FUTEX_OP_ANDN, 0x7ff, false), false);
	for (uint32_t bit = 11; bit < NOBODY_BIT && !error; bit++)
		if (tid & UINT32_C(1) << bit)
			error = change(inject, address, encode_plain(FUTEX_OP_ANDN, bit, true),
				       false);
	return error;
}

/* Ours to mark: still the dead one's, or half done by a task that died meanwhile. */
static bool is_due(uint32_t word, uint32_t tid)
{
	uint32_t owner = word & WORD_TID_MASK;

	return owner == tid || (owner & NOBODY && !(owner & ~(NOBODY | tid)));
}

/*
 * First the nobody bit, then the TID goes; at last the nobody bit becomes FUTEX_OWNER_DIED by the
 * carry of an addition, and in the same operation one is woken. FUTEX_WAITERS, which others may set
 * at any time, is kept all along.
 */
int mark_by_task(struct inject *inject, struct memory *memory, uint64_t address,
		 const struct mark *mark, bool woken_itself, bool *ret_woken)
{
	uint32_t word;
	bool wake;
	int error = memory_read_one(memory, address, &word, sizeof(word));

	*ret_woken = false;
	if (error)
		return error;
	if (mark->pending && !mark->pi && !(word & WORD_TID_MASK)) {
		*ret_woken = true;
		return woken_itself ? 0 : wake_there(inject, address);
	}
	if (!is_due(word, mark->tid))
		return 0;
	error = name_nobody(inject, address, word);
	if (error == -EAGAIN)
		error = clear_tid(inject, address, mark->tid);
	if (!error)
		error = memory_read_one(memory, address, &word, sizeof(word));
	if (error)
		return error;
	*ret_woken = !mark->pi && word & WORD_WAITERS;
	wake = *ret_woken && !woken_itself;
	if (word & WORD_OWNER_DIED)
		error = change(inject, address, encode_plain(FUTEX_OP_ANDN, NOBODY_BIT, true),
			       wake);
	else
		error = change(inject, address, encode_plain(FUTEX_OP_ADD, NOBODY_BIT, true), wake);
	/* Who came to wait between that look and the change. */
	if (!error && !*ret_woken && !mark->pi &&
	    memory_read_one(memory, address, &word, sizeof(word)) == 0 && word & WORD_WAITERS) {
		*ret_woken = true;
		if (!woken_itself)
			error = wake_there(inject, address);
	}
	return error;
}
