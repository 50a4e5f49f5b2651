/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "abi/futex_word.h"
#include "abi/mutex_layout.h"

/* Entries of a list that the kernel handles. */
static size_t n_handled(const struct list *list)
{
	if (list->end == LIST_FAULT || list->end == LIST_MISALIGNED)
		return list->n_reached;
	return ROBUST_LIST_LIMIT;
}

static enum death_fate fate_of(const struct futex *futex, bool handled, bool pending, pid_t ns_tid)
{
	uint32_t owner = futex->word & WORD_TID_MASK;

	if (!futex->word_ok)
		return FATE_UNREADABLE;
	if (owner == (uint32_t)ns_tid)
		return handled ? FATE_OWNER_DIED : FATE_STAYS_LOCKED;
	if (pending && handled && !owner && !futex->pi)
		return FATE_WAKE_ONLY;
	return FATE_NOTHING;
}

static void add_lock(const struct list *list, const struct futex *futex, bool pending, bool handled,
		     pid_t ns_tid, struct death *ret)
{
	bool stale = pending && handled && guard_judge_pending(list, ns_tid) == GUARD_STALE;

	ret->locks[ret->n_locks++] = (struct death_lock){
		.stale = stale,
		.evidence = stale ? guard_evidence(list) : NULL,
		.kind = list->kind,
		.index = list->index,
		.pending = pending,
		.futex = futex,
		.fate = fate_of(futex, handled, pending, ns_tid),
		.end = list->end,
	};
}

/* In a loop the kernel comes by every entry until its limit ends it: none is left out. */
static void judge_list(const struct list *list, pid_t ns_tid, struct death *ret)
{
	size_t handled = n_handled(list);
	bool broken = list->end == LIST_FAULT || list->end == LIST_MISALIGNED;
	bool pending_on_list = false;

	for (size_t i = 0; i < list->n_entries; i++) {
		const struct futex *entry = &list->entries[i];
		bool pending = list->has_pending && entry->entry == list->pending.entry;

		/* The walk passes over it; it comes last. */
		pending_on_list = pending_on_list || pending;
		add_lock(list, entry, pending, pending ? !broken : i < handled, ns_tid, ret);
	}
	ret->n_cut += list->n_seen - list->n_entries;
	if (list->has_pending && !pending_on_list)
		add_lock(list, &list->pending, true, !broken, ns_tid, ret);
	if (list->end > ret->worst)
		ret->worst = list->end;
}

int guard_judge_death(const struct list *lists, size_t n_lists, pid_t ns_tid, struct arena *arena,
		      struct death *ret)
{
	size_t most = 0;

	for (size_t i = 0; i < n_lists; i++)
		most += lists[i].n_entries + (lists[i].has_pending ? 1 : 0);
	*ret = (struct death){.worst = LIST_COMPLETE};
	ret->locks = arena_alloc(arena, (most + 1) * sizeof(*ret->locks));
	if (!ret->locks)
		return -ENOMEM;
	for (size_t i = 0; i < n_lists && most; i++)
		judge_list(&lists[i], ns_tid, ret);
	return 0;
}

uint32_t guard_word_after(const struct death_lock *lock)
{
	uint32_t word = lock->futex->word;

	return lock->fate == FATE_OWNER_DIED ? (word & WORD_WAITERS) | WORD_OWNER_DIED : word;
}

enum guard_verdict guard_judge_pending(const struct list *list, pid_t ns_tid)
{
	const struct futex *pending = &list->pending;

	/* Still on the list, it is the thread's by that alone. */
	if (!list->has_pending || pending->on_list || !pending->word_ok ||
	    pending->address % sizeof(uint32_t) ||
	    (pending->word & WORD_TID_MASK) != (uint32_t)ns_tid)
		return GUARD_NOTHING;
	if (!mutex_layout_find(list->bits, list->futex_offset))
		return GUARD_DOUBTFUL;
	return pending->no_mutex ? GUARD_STALE : GUARD_LOCK;
}

const char *guard_evidence(const struct list *list)
{
	const struct mutex_layout *layout = mutex_layout_find(list->bits, list->futex_offset);

	if (!layout)
		return NULL;
	return strcmp(layout->libc, "glibc") == 0 ? "glibc's __kind" : "musl's _m_type";
}
