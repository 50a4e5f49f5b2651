/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a thread leaves behind, told before the kernel walks its lists and afterwards. */
#include <inttypes.h>
#include <string.h>

#include "abi/futex_word.h"
#include "report/log_line.h"

/* Waiters named of one lock. */
#define WAITERS_MAX ((size_t)3)

/* Where the lock is, behind its address: the file with -y, or the short name of it. */
static void add_place(struct log_line *line, const struct log_options *options,
		      const struct death_lock *lock)
{
	if (options->paths && lock->place.path && lock->place.inode) {
		log_line_add(line, " <");
		log_line_escaped(line, lock->place.path);
		log_line_add(line, "+0x%" PRIx64 ">", lock->place.offset);
	} else if (lock->label && lock->place.kind != PLACE_ANON) {
		/* Of nameless memory the address says all there is to say. */
		log_line_add(line, " <");
		log_line_escaped(line, lock->label);
		log_line_add(line, ">");
	}
}

/* "#1 0x8220 </dev/shm/g+0x20>" */
static void add_lock(struct log_line *line, const struct log_options *options,
		     const struct death_lock *lock)
{
	if (lock->kind == LIST_LIST2)
		log_line_add(line, "#%u ", lock->index);
	else if (lock->kind == LIST_COMPAT)
		log_line_add(line, "compat ");
	if (lock->pending)
		log_line_add(line, "pending ");
	log_line_add(line, "0x%" PRIx64, lock->futex->address);
	add_place(line, options, lock);
}

/* "7002", "7002, 7004 and 7005", "7002, 7004, 7005 and 12 more" */
static void add_waiters(struct log_line *line, const struct death_lock *lock)
{
	size_t shown = lock->n_waiters < WAITERS_MAX ? lock->n_waiters : WAITERS_MAX;

	for (size_t i = 0; i < shown; i++) {
		bool last = i + 1 == lock->n_waiters;

		log_line_add(line, "%s%d", !i ? "" : last ? " and " : ", ", lock->waiters[i]);
	}
	if (shown < lock->n_waiters)
		log_line_add(line, " and %zu more", lock->n_waiters - shown);
}

/* Whom the kernel wakes. It looks at FUTEX_WAITERS alone, but for PI futexes. */
static void add_heir(struct log_line *line, const struct death_lock *lock)
{
	bool wakes = lock->futex->word & WORD_WAITERS || lock->futex->pi;

	if (!lock->n_waiters) {
		log_line_add(line, lock->futex->word & WORD_WAITERS ? "nobody is seen to wait"
								    : "nobody waits");
		return;
	}
	if (wakes && lock->n_waiters > 1)
		log_line_add(line, "one of ");
	add_waiters(line, lock);
	if (wakes)
		log_line_add(line, " gets EOWNERDEAD");
	else
		log_line_add(line, " wait%s and %s not woken: FUTEX_WAITERS is not set",
			     lock->n_waiters == 1 ? "s" : "", lock->n_waiters == 1 ? "is" : "are");
}

/* An exec in which all that is held stays locked. */
static bool loses_all(const struct death *death)
{
	return death->by_exec && !death->is_leader;
}

static void add_stays(struct log_line *line, const struct death *death,
		      const struct death_lock *lock)
{
	log_line_add(line, "stays locked");
	if (!loses_all(death) && lock->end == LIST_TOO_LONG)
		log_line_add(line, ": behind the kernel's limit of %d", ROBUST_LIST_LIMIT);
	else if (!loses_all(death) && lock->place.kind != PLACE_UNKNOWN && !lock->place.writable)
		log_line_add(line, ": its page is closed to writing");
	else if (!loses_all(death))
		log_line_add(line, ": the list is broken before it");
	if (!lock->n_waiters)
		return;
	log_line_add(line, "; ");
	add_waiters(line, lock);
	log_line_add(line, " wait%s for ever", lock->n_waiters == 1 ? "s" : "");
}

/* The kernel marks it and there is nobody to wake: what happens to most. */
static bool is_plain(const struct death_lock *lock)
{
	return lock->fate == FATE_OWNER_DIED && !lock->stale && !lock->n_waiters &&
	       !(lock->futex->word & WORD_WAITERS);
}

static void add_fate(struct log_line *line, const struct death *death,
		     const struct death_lock *lock)
{
	uint32_t tid = lock->futex->word & WORD_TID_MASK;

	log_line_add(line, " (");
	switch (lock->fate) {
	case FATE_OWNER_DIED:
		if (lock->stale)
			log_line_add(line,
				     "stale: no lock is there any more (%s), and the kernel writes "
				     "FUTEX_OWNER_DIED to it",
				     lock->evidence);
		else
			add_heir(line, lock);
		break;
	case FATE_STAYS_LOCKED:
		add_stays(line, death, lock);
		break;
	case FATE_NOTHING:
		if (tid)
			log_line_add(line, "left alone: %" PRIu32 " has it", tid);
		else
			log_line_add(line, "left alone: nobody has it");
		break;
	case FATE_WAKE_ONLY:
		if (lock->n_waiters > 1)
			log_line_add(line, "free: one of ");
		else
			log_line_add(line, lock->n_waiters ? "free: " : "free: one waiter");
		add_waiters(line, lock);
		log_line_add(line, " is woken");
		break;
	case FATE_UNREADABLE:
		log_line_add(line, "unreadable");
		break;
	}
	log_line_add(line, ")");
}

static size_t count_fate(const struct death *death, enum death_fate fate, size_t first)
{
	size_t count = 0;

	for (size_t i = first; i < death->n_locks; i++)
		count += death->locks[i].fate == fate;
	return count;
}

static bool is_held(const struct death_lock *lock)
{
	return (lock->fate == FATE_OWNER_DIED && !lock->stale) || lock->fate == FATE_STAYS_LOCKED;
}

static void add_rest(struct log_line *line, const struct death *death, size_t shown)
{
	size_t stay = count_fate(death, FATE_STAYS_LOCKED, shown);
	size_t waited = 0;

	for (size_t i = shown; i < death->n_locks; i++)
		waited += death->locks[i].n_waiters > 0;
	if (shown < death->n_locks) {
		log_line_add(line, "%s... and %zu more", shown ? ", " : "", death->n_locks - shown);
		if (stay && !loses_all(death))
			log_line_add(line, ", %zu of them stay%s locked", stay,
				     stay == 1 ? "s" : "");
		if (waited)
			log_line_add(line, ", %zu of them with waiters", waited);
	}
	if (death->n_cut)
		log_line_add(line, "%s%zu entr%s not looked at", death->n_locks ? ", " : "",
			     death->n_cut, death->n_cut == 1 ? "y" : "ies");
}

/* What the list of that kind is called in the line. */
static void add_list_name(struct log_line *line, const struct death_break *broken)
{
	if (broken->kind == LIST_LIST2)
		log_line_add(line, "list #%u", broken->index);
	else
		log_line_add(line, "the %slist", broken->kind == LIST_COMPAT ? "compat " : "");
}

/* Where the kernel loses the way, and nobody can say what it would have come to. */
static void add_break(struct log_line *line, const struct death_break *broken)
{
	const char *lost = "what is behind that stays locked";

	add_list_name(line, broken);
	switch (broken->end) {
	case LIST_LOOP:
		log_line_add(line, " loops back to 0x%" PRIx64, broken->at);
		lost = "what the circle cuts off stays locked";
		break;
	case LIST_MISALIGNED:
		log_line_add(line, " has a misaligned futex word at 0x%" PRIx64, broken->at);
		break;
	default:
		log_line_add(line, " is %s at 0x%" PRIx64,
			     broken->read_only ? "not writable" : "unreadable", broken->at);
		break;
	}
	if (broken->is_head)
		lost = "its head is gone, and what it held stays locked";
	log_line_add(line, ": %s", lost);
}

static void add_breaks(struct log_line *line, const struct death *death)
{
	/* Where everything is lost, it does not matter by what. */
	for (size_t i = 0; i < death->n_breaks && !loses_all(death); i++) {
		log_line_add(line, "; ");
		add_break(line, &death->breaks[i]);
	}
}

/* "2 robust locks"; what is on the lists but not held is no lock of this thread. */
static void add_held(struct log_line *line, const struct death *death, size_t held)
{
	if (!held && !death->n_cut)
		log_line_add(line, "no robust lock%s", death->n_locks ? "" : " that can be found");
	else
		log_line_add(line, "%s%zu robust lock%s", death->n_cut ? "at least " : "", held,
			     held == 1 ? "" : "s");
}

static void add_locks(struct log_line *line, const struct log_options *options,
		      const struct death *death)
{
	size_t shown = death->n_locks < options->entries_max ? death->n_locks
							     : options->entries_max;
	size_t plain = 0;

	for (size_t i = 0; i < death->n_locks; i++)
		plain += is_plain(&death->locks[i]);
	for (size_t i = 0; i < shown; i++) {
		const struct death_lock *lock = &death->locks[i];

		log_line_add(line, "%s", i ? ", " : "");
		add_lock(line, options, lock);
		/* After an exec all of them have the same fate, and the line begins with it. */
		if (loses_all(death) ? lock->n_waiters > 0 : plain < 2 || !is_plain(lock))
			add_fate(line, death, lock);
	}
	add_rest(line, death, shown);
	/* What is so of many is said of them all. */
	if (plain > 1)
		log_line_add(line, "; nobody waits for %s",
			     plain == death->n_locks ? "them" : "the others");
}

bool log_death_is_empty(const struct death *death)
{
	bool breaks = death->n_breaks && !loses_all(death);

	return !death->n_locks && !death->n_cut && !breaks && !death->unseen;
}

void log_death(struct log_line *line, const struct log_options *options, const struct death *death)
{
	size_t held = 0;
	bool lost = loses_all(death) || death->n_breaks || count_fate(death, FATE_STAYS_LOCKED, 0);

	for (size_t i = 0; i < death->n_locks; i++) {
		held += is_held(&death->locks[i]);
		lost = lost || death->locks[i].stale;
	}
	if (death->unseen) {
		log_line_color(line, LOG_DEATH);
		log_line_add(line, "+++ exits; the kernel did not tell in time: its robust lists "
				   "were not read +++");
		log_line_color(line, LOG_PLAIN);
		return;
	}
	if (log_death_is_empty(death))
		return;
	log_line_color(line, lost ? LOG_LOST : LOG_DEATH);
	log_line_add(line, "+++ ");
	if (death->is_leader)
		log_line_add(line, "execs holding ");
	else if (death->by_exec)
		log_line_add(line, "execs as a thread that is not the leader: ");
	else
		log_line_add(line, "exits holding ");
	add_held(line, death, held);
	if (loses_all(death) && held)
		log_line_add(line, " stay%s locked for ever", held == 1 ? "s" : "");
	if (death->n_locks || death->n_cut)
		log_line_add(line, ": ");
	add_locks(line, options, death);
	add_breaks(line, death);
	log_line_add(line, " +++");
	log_line_color(line, LOG_PLAIN);
}

/* What became of a lock, against what was foretold. */
enum outcome {
	OUTCOME_MARKED,
	OUTCOME_WRITTEN, /* marked, and it is no lock */
	OUTCOME_STAYS,
	OUTCOME_TAKEN,    /* marked, and taken over before we looked */
	OUTCOME_FREE,     /* marked, taken over and given back */
	OUTCOME_UNREAD,   /* not readable any more */
	OUTCOME_REUSED,   /* no futex word any more: its memory serves another purpose by now */
	OUTCOME_AS_TOLD,  /* nothing was foretold to change, and nothing did */
	OUTCOME_SURPRISE, /* not as foretold */
};

/* The program lives on, and may have freed the lock's memory before we looked. */
static bool was_reused(uint32_t before, uint32_t after)
{
	return after != before && after >= WORD_TID_LIMIT && after != WORD_TID_MUSL_LOST;
}

static enum outcome outcome_of(const struct death_lock *lock)
{
	bool marked = lock->after & WORD_OWNER_DIED;
	uint32_t before = lock->futex->word & WORD_TID_MASK;
	uint32_t after = lock->after & WORD_TID_MASK;

	if (!lock->after_ok)
		return OUTCOME_UNREAD;
	if (was_reused(before, after))
		return OUTCOME_REUSED;
	switch (lock->fate) {
	case FATE_OWNER_DIED:
		if (marked)
			return lock->stale ? OUTCOME_WRITTEN : OUTCOME_MARKED;
		/* Of what is no lock, nobody can have taken it over. */
		if (after == before || lock->stale)
			return OUTCOME_SURPRISE;
		return after ? OUTCOME_TAKEN : OUTCOME_FREE;
	case FATE_STAYS_LOCKED:
		return after == before && !marked ? OUTCOME_STAYS : OUTCOME_SURPRISE;
	case FATE_NOTHING:
	case FATE_WAKE_ONLY:
		if (marked && !(lock->futex->word & WORD_OWNER_DIED))
			return OUTCOME_SURPRISE;
		return OUTCOME_AS_TOLD;
	case FATE_UNREADABLE:
		break;
	}
	return OUTCOME_AS_TOLD;
}

static size_t count_outcome(const struct death *death, enum outcome outcome)
{
	size_t count = 0;

	for (size_t i = 0; i < death->n_locks; i++)
		count += outcome_of(&death->locks[i]) == outcome;
	return count;
}

/* "2 locks marked FUTEX_OWNER_DIED by the kernel, 1 of them already given back" */
static const char *add_marked(struct log_line *line, const struct death *death)
{
	size_t taken = count_outcome(death, OUTCOME_TAKEN);
	size_t given_back = count_outcome(death, OUTCOME_FREE);
	size_t all = count_outcome(death, OUTCOME_MARKED) + taken + given_back;

	if (!all)
		return "";
	log_line_add(line, "%zu lock%s marked FUTEX_OWNER_DIED %s the kernel", all,
		     all == 1 ? "" : "s", death->emulated ? "in place of" : "by");
	if (all == 1) {
		log_line_add(line, "%s",
			     taken        ? ", already taken over"
			     : given_back ? ", already taken over and given back"
					  : "");
		return ", ";
	}
	if (taken)
		log_line_add(line, ", %zu of them already taken over", taken);
	if (given_back)
		log_line_add(line, ", %zu of them already taken over and given back", given_back);
	return ", ";
}

/* "2 locks marked ..., 1 lock stays locked" */
static void add_outcomes(struct log_line *line, const struct death *death)
{
	static const struct {
		enum outcome outcome;
		const char *one, *many;
	} rows[] = {
		{OUTCOME_WRITTEN, "word that is no lock written to",
		 "words that are no locks written to"},
		{OUTCOME_STAYS, "lock stays locked", "locks stay locked"},
		{OUTCOME_AS_TOLD, "lock left alone", "locks left alone"},
		{OUTCOME_UNREAD, "lock not readable any more", "locks not readable any more"},
		{OUTCOME_REUSED, "word that is no lock's any more",
		 "words that are no lock's any more"},
		{OUTCOME_SURPRISE, "lock not as foretold", "locks not as foretold"},
	};
	const char *between = add_marked(line, death);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t count = count_outcome(death, rows[i].outcome);

		if (!count)
			continue;
		log_line_add(line, "%s%zu %s", between, count,
			     count == 1 ? rows[i].one : rows[i].many);
		if (rows[i].outcome == OUTCOME_WRITTEN)
			log_line_add(line, death->emulated ? " in place of the kernel"
							   : " by the kernel");
		between = ", ";
	}
}

static void add_surprise(struct log_line *line, const struct log_options *options,
			 const struct death_lock *lock)
{
	uint32_t tid = lock->after & WORD_TID_MASK;
	bool still = tid == (lock->futex->word & WORD_TID_MASK);

	add_lock(line, options, lock);
	if (lock->after & WORD_OWNER_DIED)
		log_line_add(line, " is marked FUTEX_OWNER_DIED");
	else if (lock->fate == FATE_OWNER_DIED)
		log_line_add(line, " is not marked, %s%" PRIu32, still ? "still " : "now ", tid);
	else
		log_line_add(line, " does not stay locked");
	log_line_add(line, " (0x%08" PRIx32 ")", lock->after);
}

void log_death_after(struct log_line *line, const struct log_options *options,
		     const struct death *death)
{
	const char *between = ": ";
	size_t told = 0;
	size_t surprises = 0;
	size_t written = 0;

	if (!death->n_locks)
		return;
	for (size_t i = 0; i < death->n_locks; i++) {
		surprises += outcome_of(&death->locks[i]) == OUTCOME_SURPRISE;
		written += outcome_of(&death->locks[i]) == OUTCOME_WRITTEN;
	}
	log_line_color(line, surprises || written ? LOG_LOST : LOG_DEATH);
	log_line_add(line, "+++ ");
	add_outcomes(line, death);
	for (size_t i = 0; i < death->n_locks && told < options->entries_max; i++) {
		if (outcome_of(&death->locks[i]) != OUTCOME_SURPRISE)
			continue;
		log_line_add(line, "%s", between);
		add_surprise(line, options, &death->locks[i]);
		between = ", ";
		told++;
	}
	if (told < surprises)
		log_line_add(line, "%s... and %zu more", between, surprises - told);
	log_line_add(line, " +++");
	log_line_color(line, LOG_PLAIN);
}

void log_guard(struct log_line *line, const struct log_options *options,
	       const struct guard_action *guard)
{
	const struct death_lock *lock = &guard->lock;

	log_line_color(line, guard->cleared ? LOG_DEATH : LOG_LOST);
	log_line_add(line,
		     "+++ guard: list_op_pending is %s: ", guard->doubtful ? "doubtful" : "stale");
	add_lock(line, options, lock);
	if (guard->doubtful)
		log_line_add(line, ", of a list of no known libc, names this thread");
	else
		log_line_add(line, " is no lock any more (%s)", lock->evidence);
	if (guard->cleared)
		log_line_add(line, "; cleared, so that the kernel does not write there");
	else if (guard->error)
		log_line_add(line, "; it could not be cleared (%s): the kernel will write there",
			     strerrordesc_np(guard->error));
	else
		log_line_add(line, "; left: the kernel will mark it (--guard=strict clears it)");
	log_line_add(line, " +++");
	log_line_color(line, LOG_PLAIN);
}
