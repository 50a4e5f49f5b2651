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
	return list->no_limit ? SIZE_MAX : ROBUST_LIST_LIMIT;
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
		.bits = list->bits,
		.fate = fate_of(futex, handled, pending, ns_tid),
		.end = list->end,
	};
}

static void note_break(const struct list *list, struct death *ret)
{
	if (list->end != LIST_FAULT && list->end != LIST_MISALIGNED && list->end != LIST_LOOP)
		return;
	ret->breaks[ret->n_breaks++] = (struct death_break){
		.kind = list->kind,
		.index = list->index,
		.end = list->end,
		.at = list->head_ok ? list->end_at : list->head,
		.is_head = !list->head_ok,
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
	note_break(list, ret);
}

int guard_judge_death(const struct list *lists, size_t n_lists, pid_t ns_tid, struct arena *arena,
		      struct death *ret)
{
	size_t most = 0;

	for (size_t i = 0; i < n_lists; i++)
		most += lists[i].n_entries + (lists[i].has_pending ? 1 : 0);
	*ret = (struct death){.worst = LIST_COMPLETE};
	ret->locks = arena_alloc(arena, (most + 1) * sizeof(*ret->locks));
	ret->breaks = arena_alloc(arena, (n_lists + 1) * sizeof(*ret->breaks));
	if (!ret->locks || !ret->breaks)
		return -ENOMEM;
	for (size_t i = 0; i < n_lists; i++)
		judge_list(&lists[i], ns_tid, ret);
	return 0;
}

static bool same_list(const struct death_lock *lock, const struct death_lock *other)
{
	return lock->kind == other->kind && lock->index == other->index;
}

static struct death_break *find_break(struct death *death, const struct death_lock *lock)
{
	for (size_t i = 0; i < death->n_breaks; i++)
		if (death->breaks[i].kind == lock->kind && death->breaks[i].index == lock->index)
			return &death->breaks[i];
	return NULL;
}

/* The kernel's walk of this list ends at locks[at], which it cannot write. */
static int cut_at(struct death *death, size_t at, struct arena *arena)
{
	const struct death_lock *cut = &death->locks[at];
	struct death_break *broken = find_break(death, cut);

	if (!broken) {
		/* Those of before stay in the arena. */
		broken = arena_alloc(arena, (death->n_breaks + 1) * sizeof(*broken));
		if (!broken)
			return -ENOMEM;
		for (size_t i = 0; i < death->n_breaks; i++)
			broken[i] = death->breaks[i];
		death->breaks = broken;
		broken = &death->breaks[death->n_breaks++];
	}
	*broken = (struct death_break){.kind = cut->kind,
				       .index = cut->index,
				       .end = LIST_FAULT,
				       .at = cut->futex->address,
				       .read_only = true};
	death->worst = death->worst > LIST_FAULT ? death->worst : LIST_FAULT;
	for (size_t i = 0; i < death->n_locks; i++) {
		struct death_lock *lock = &death->locks[i];
		/* What is pending comes last, wherever on the list it stands. */
		bool later = cut->pending ? i == at : i >= at || lock->pending;

		if (!later || !same_list(lock, cut) ||
		    (lock->fate != FATE_OWNER_DIED && lock->fate != FATE_WAKE_ONLY))
			continue;
		lock->fate = FATE_STAYS_LOCKED;
		lock->end = LIST_FAULT;
	}
	return 0;
}

static bool is_closed(const struct death_lock *lock)
{
	return lock->fate == FATE_OWNER_DIED && lock->place.kind != PLACE_UNKNOWN &&
	       !lock->place.writable;
}

int guard_judge_writing(struct death *death, struct arena *arena)
{
	int error = 0;

	for (size_t i = 0; i < death->n_locks && !error; i++)
		if (!death->locks[i].pending && is_closed(&death->locks[i]))
			error = cut_at(death, i, arena);
	for (size_t i = 0; i < death->n_locks && !error; i++) {
		struct death_lock *lock = &death->locks[i];

		if (!lock->pending || !is_closed(lock))
			continue;
		/* It is no lock, and nothing happens to it. */
		if (lock->stale) {
			lock->fate = FATE_NOTHING;
			lock->stale = false;
		} else {
			error = cut_at(death, i, arena);
		}
	}
	return error;
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
