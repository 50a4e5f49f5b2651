/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/mark.h"

#include <errno.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi/futex_word.h"

#define NR_FUTEX_32 240

/* A bit that no TID has (PID_MAX_LIMIT is 2^22): with it the word names nobody, but is not free. */
#define NOBODY_BIT 29

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

int mark_shared(int fd, uint64_t offset, const struct mark *mark)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t start = offset / page * page;
	char *base;

	base = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)start);
	if (base == MAP_FAILED)
		return -errno;
	mark_mapped((uint32_t *)(void *)(base + (offset - start)), mark);
	munmap(base, page);
	return 0;
}

/* ---- By another task ---- */

/* The last argument of FUTEX_WAKE_OP; its comparison never holds. */
static uint64_t encode(unsigned operation, uint32_t argument, bool shift)
{
	return (uint64_t)(operation | (shift ? FUTEX_OP_OPARG_SHIFT : 0)) << 28 |
	       (uint64_t)FUTEX_OP_CMP_EQ << 24 | (uint64_t)(argument & 0xfff) << 12 | 0xfff;
}

static int call_futex(struct inject *inject, uint64_t address, unsigned operation, uint64_t value,
		      uint64_t address2, uint64_t value3)
{
	const uint64_t args[6] = {address, operation, value, 0, address2, value3};
	int64_t result = 0;
	int error = inject_call(inject, inject->bits == 64 ? SYS_futex : NR_FUTEX_32, args,
				&result);

	return error ? error : result < 0 ? (int)result : 0;
}

/* An address of the task at which nobody waits: FUTEX_WAKE_OP always wakes one at its first. */
static uint64_t elsewhere(const struct inject *inject)
{
	return inject->registers.rsp & ~UINT64_C(7);
}

/* Changes the word by one atomic operation. */
static int change(struct inject *inject, uint64_t address, uint64_t operation, bool wake)
{
	return call_futex(inject, wake ? address : elsewhere(inject), FUTEX_WAKE_OP, 1, address,
			  operation);
}

/* Takes the TID out of a word that has the nobody bit. ANDN knows 11 bits at once, or one. */
static int clear_tid(struct inject *inject, uint64_t address, uint32_t tid)
{
	int error = 0;

	if (tid & 0x7ff)
		error = change(inject, address, encode(FUTEX_OP_ANDN, 0x7ff, false), false);
	for (uint32_t bit = 11; bit < NOBODY_BIT && !error; bit++)
		if (tid & UINT32_C(1) << bit)
			error = change(inject, address, encode(FUTEX_OP_ANDN, bit, true), false);
	return error;
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
		return woken_itself ? 0 : call_futex(inject, address, FUTEX_WAKE, 1, 0, 0);
	}
	if ((word & WORD_TID_MASK) != mark->tid)
		return 0;
	error = change(inject, address, encode(FUTEX_OP_OR, NOBODY_BIT, true), false);
	if (!error)
		error = clear_tid(inject, address, mark->tid);
	if (!error)
		error = memory_read_one(memory, address, &word, sizeof(word));
	if (error)
		return error;
	*ret_woken = !mark->pi && word & WORD_WAITERS;
	wake = *ret_woken && !woken_itself;
	if (word & WORD_OWNER_DIED)
		error = change(inject, address, encode(FUTEX_OP_ANDN, NOBODY_BIT, true), wake);
	else
		error = change(inject, address, encode(FUTEX_OP_ADD, NOBODY_BIT, true), wake);
	/* Who came to wait between that look and the change. */
	if (!error && !*ret_woken && !mark->pi &&
	    memory_read_one(memory, address, &word, sizeof(word)) == 0 && word & WORD_WAITERS) {
		*ret_woken = true;
		if (!woken_itself)
			error = call_futex(inject, address, FUTEX_WAKE, 1, 0, 0);
	}
	return error;
}
