/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A mutex of the victim's own, which unlocks as kernels from 7.2 on let it: what releases the word
 * also clears list_op_pending, so that there is no moment between the two. Without a waiter the
 * function of the vDSO does it, with one the futex operation FUTEX_WAKE | FUTEX_ROBUST_UNLOCK.
 *
 * Sources: Documentation/locking/robust-futex-ABI.rst of those kernels; for the vDSO vdso(7) and
 * elf(5).
 */
#include <elf.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "race/board.h"

#define WAIT_OP 0
#define WAKE_OP 1
#define ROBUST_UNLOCK 512

#define WAITERS UINT32_C(0x80000000)
#define OWNER_DIED UINT32_C(0x40000000)
#define TID_MASK UINT32_C(0x3fffffff)

/* Returns the word as it was: the TID when it was released. */
typedef uint32_t (*unlock_helper)(uint32_t *word, uint32_t tid, uint64_t *pending);

/* ---- The vDSO ---- */

struct vdso {
	const char *base;
	const Elf64_Sym *symbols;
	const char *names;
	const uint32_t *hash;     /* DT_HASH: its second word counts the symbols */
	const uint32_t *gnu_hash; /* DT_GNU_HASH */
};

/* Its tables are given as offsets from its load address. */
static int read_vdso(struct vdso *vdso)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)getauxval(AT_SYSINFO_EHDR);
	const Elf64_Phdr *segments;
	const Elf64_Dyn *dynamic = NULL;

	if (!header)
		return -ENOENT;
	vdso->base = (const char *)header;
	segments = (const Elf64_Phdr *)(const void *)(vdso->base + header->e_phoff);
	for (int i = 0; i < header->e_phnum; i++)
		if (segments[i].p_type == PT_DYNAMIC)
			dynamic = (const Elf64_Dyn *)(const void *)(vdso->base +
								    segments[i].p_offset);
	for (; dynamic && dynamic->d_tag != DT_NULL; dynamic++) {
		const void *table = vdso->base + dynamic->d_un.d_ptr;

		if (dynamic->d_tag == DT_SYMTAB)
			vdso->symbols = table;
		else if (dynamic->d_tag == DT_STRTAB)
			vdso->names = table;
		else if (dynamic->d_tag == DT_HASH)
			vdso->hash = table;
		else if (dynamic->d_tag == DT_GNU_HASH)
			vdso->gnu_hash = table;
	}
	return vdso->symbols && vdso->names && (vdso->hash || vdso->gnu_hash) ? 0 : -ENOENT;
}

/* The table has no size of its own: the chains of the hash tables end at its last symbol. */
static uint32_t count_symbols(const struct vdso *vdso)
{
	const uint32_t *table = vdso->gnu_hash;
	const uint32_t *buckets;
	const uint32_t *chains;
	uint32_t last = 0;

	if (vdso->hash)
		return vdso->hash[1];
	buckets = table + 4 + 2 * (size_t)table[2];
	chains = buckets + table[0];
	for (uint32_t i = 0; i < table[0]; i++)
		if (buckets[i] > last)
			last = buckets[i];
	if (last < table[1])
		return table[1];
	while (!(chains[last - table[1]] & 1))
		last++;
	return last + 1;
}

static unlock_helper find_helper(void)
{
	static const char name[] = "__vdso_futex_robust_list64_try_unlock";
	struct vdso vdso = {0};
	unlock_helper found = NULL;
	uint32_t count;

	if (read_vdso(&vdso))
		return NULL;
	count = count_symbols(&vdso);
	for (uint32_t i = 0; i < count && !found; i++) {
		const Elf64_Sym *symbol = &vdso.symbols[i];
		const char *address = vdso.base + symbol->st_value;

		if (symbol->st_shndx != SHN_UNDEF &&
		    strcmp(vdso.names + symbol->st_name, name) == 0)
			memcpy(&found, &address, sizeof(found));
	}
	return found;
}

int own_has_helper(void)
{
	return find_helper() != NULL;
}

/* ---- The kernel ---- */

static long futex(uint32_t *word, int op, uint32_t value, uint64_t *pending)
{
	return syscall(SYS_futex, word, op, value, NULL, pending, 0);
}

int own_supported(void)
{
	uint32_t word = 0;
	uint64_t pending = (uintptr_t)&word;

	/* An older kernel takes it for an operation that it does not know. */
	return futex(&word, WAKE_OP | ROBUST_UNLOCK, 1, &pending) >= 0;
}

int own_register(struct own_head *head)
{
	head->next = (uintptr_t)head;
	head->futex_offset = (int64_t)offsetof(struct own_mutex, word) -
			     (int64_t)offsetof(struct own_mutex, entry);
	head->pending = 0;
	return syscall(SYS_set_robust_list, head, sizeof(*head)) ? -errno : 0;
}

/* ---- The mutex ---- */

void own_lock(struct own_head *head, struct own_mutex *mutex, uint32_t tid)
{
	uint32_t old = 0;

	__atomic_store_n(&head->pending, (uintptr_t)&mutex->entry, __ATOMIC_SEQ_CST);
	for (;;) {
		uint32_t flags = old & (WAITERS | OWNER_DIED);

		if (!(old & TID_MASK)) {
			/* Who has waited cannot know whether others do. */
			if (__atomic_compare_exchange_n(&mutex->word, &old, tid | flags, 0,
							__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
				break;
			continue;
		}
		if (!(old & WAITERS) &&
		    !__atomic_compare_exchange_n(&mutex->word, &old, old | WAITERS, 0,
						 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			continue;
		futex(&mutex->word, WAIT_OP, old | WAITERS, NULL);
		old = __atomic_load_n(&mutex->word, __ATOMIC_SEQ_CST);
	}
	mutex->entry = head->next;
	__atomic_store_n(&head->next, (uintptr_t)&mutex->entry, __ATOMIC_SEQ_CST);
	__atomic_store_n(&head->pending, 0, __ATOMIC_SEQ_CST);
}

/* The victim has one lock at a time: it is the first of the list. */
void own_unlock(struct own_head *head, struct own_mutex *mutex, uint32_t tid)
{
	unlock_helper helper = find_helper();

	__atomic_store_n(&head->pending, (uintptr_t)&mutex->entry, __ATOMIC_SEQ_CST);
	__atomic_store_n(&head->next, mutex->entry, __ATOMIC_SEQ_CST);
	if (helper && helper(&mutex->word, tid, &head->pending) == tid)
		return;
	futex(&mutex->word, WAKE_OP | ROBUST_UNLOCK, 1, &head->pending);
}
