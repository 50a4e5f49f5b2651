/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "names.h"

#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "abi/futex_word.h"

const char *name_of_list_kind(enum list_kind kind)
{
	static const char *const names[] = {
		[LIST_ROBUST] = "robust",
		[LIST_COMPAT] = "compat",
		[LIST_LIST2] = "list2",
	};

	return names[kind];
}

const char *name_of_bits_source(enum bits_source source)
{
	static const char *const names[] = {
		[BITS_BY_CALL] = "call",
		[BITS_BY_WIDTH] = "width",
		[BITS_BY_SHAPE] = "shape",
		[BITS_BY_REGISTRATION] = "registration",
	};

	return names[source];
}

void name_list(const struct list *list, char ret[LABEL_MAX])
{
	if (list->kind == LIST_LIST2)
		snprintf(ret, LABEL_MAX, "%s#%u", list->emulated ? "emulated " : "", list->index);
	else
		snprintf(ret, LABEL_MAX, "%s", name_of_list_kind(list->kind));
}

void name_list_size(const struct list *list, char ret[LABEL_MAX])
{
	char name[LABEL_MAX];

	name_list(list, name);
	snprintf(ret, LABEL_MAX, "%.32s %u-bit%s", name, list->bits,
		 list->bits_from == BITS_BY_SHAPE ? "?" : "");
}

const char *name_of_list_end(enum list_end end)
{
	static const char *const names[] = {
		[LIST_COMPLETE] = "complete",     [LIST_LOOP] = "loop",
		[LIST_TOO_LONG] = "too-long",     [LIST_FAULT] = "fault",
		[LIST_MISALIGNED] = "misaligned", [LIST_CHANGED] = "changed",
	};

	return names[end];
}

const char *name_of_state(enum futex_state state)
{
	static const char *const names[] = {
		[FUTEX_FREE] = "free",
		[FUTEX_HELD] = "held",
		[FUTEX_PENDING] = "pending",
		[FUTEX_WAITING] = "waiting",
		[FUTEX_OWNER_DIED] = "owner-died",
		[FUTEX_INCONSISTENT] = "inconsistent",
		[FUTEX_NOT_RECOVERABLE] = "not-recoverable",
		[FUTEX_ORPHAN] = "orphan",
		[FUTEX_FOREIGN] = "foreign",
		[FUTEX_UNREADABLE] = "unreadable",
		[FUTEX_IN_WINDOW] = "in-window",
		[FUTEX_STALE] = "stale",
	};

	return names[state];
}

enum state_grade name_grade(enum futex_state state)
{
	static const enum state_grade grades[] = {
		[FUTEX_FREE] = GRADE_FREE,
		[FUTEX_HELD] = GRADE_NORMAL,
		[FUTEX_PENDING] = GRADE_PASSING,
		[FUTEX_WAITING] = GRADE_PASSING,
		[FUTEX_IN_WINDOW] = GRADE_PASSING,
		[FUTEX_STALE] = GRADE_BROKEN,
		[FUTEX_OWNER_DIED] = GRADE_BROKEN,
		[FUTEX_INCONSISTENT] = GRADE_DOUBTFUL,
		[FUTEX_NOT_RECOVERABLE] = GRADE_BROKEN,
		[FUTEX_ORPHAN] = GRADE_BROKEN,
		[FUTEX_FOREIGN] = GRADE_DOUBTFUL,
		[FUTEX_UNREADABLE] = GRADE_BROKEN,
	};

	return grades[state];
}

const char *name_of_problem(enum problem_kind kind)
{
	static const char *const names[] = {
		[PROBLEM_DEADLOCK] = "deadlock",
		[PROBLEM_SELF_DEADLOCK] = "self-deadlock",
		[PROBLEM_ORPHAN] = "orphan",
		[PROBLEM_STALE_PENDING] = "stale-pending",
		[PROBLEM_OWNER_DEAD] = "owner-dead",
		[PROBLEM_NOT_RECOVERABLE] = "not-recoverable",
		[PROBLEM_OWNER_STOPPED] = "owner-stopped",
		[PROBLEM_LONG_HOLD] = "long-hold",
		[PROBLEM_LIST_CUT] = "list-cut",
		[PROBLEM_LIST_TOO_LONG] = "list-too-long",
		[PROBLEM_LIST_LOOP] = "list-loop",
		[PROBLEM_MISALIGNED] = "misaligned",
		[PROBLEM_IN_WINDOW] = "in-window",
	};

	return names[kind];
}

const char *name_of_sort(enum lock_sort sort)
{
	static const char *const names[] = {
		[LOCK_ROBUST] = NULL,
		[LOCK_PLAIN_PI] = "PI mutex",
		[LOCK_PLAIN_MUTEX] = "mutex",
		[LOCK_PLAIN_RWLOCK] = "rwlock",
	};

	return names[sort];
}

const char *name_of_skip(enum skip_reason reason)
{
	static const char *const names[] = {
		[SKIP_NOT_PERMITTED] = "not-permitted",
		[SKIP_VANISHED] = "vanished",
		[SKIP_KERNEL_THREAD] = "kernel-thread",
		[SKIP_ZOMBIE] = "zombie",
		[SKIP_NO_SUCH_PROCESS] = "no-such-process",
		[SKIP_IS_THREAD] = "thread",
		[SKIP_FAILED] = "failed",
	};

	return names[reason];
}

/* What the state letter of /proc means for a thread that has a lock. */
struct task_state {
	char letter;
	const char *name;
	const char *doing; /* behind the thread, as in a sentence */
	const char *note;  /* as briefly as can be */
};

static const struct task_state *find_state(char letter)
{
	static const struct task_state states[] = {
		{'R', "running", "runs", ""},
		{'S', "sleeping", "sleeps", ""},
		{'D', "uninterruptible", "is in uninterruptible sleep", "uninterruptible sleep"},
		{'T', "stopped", "is stopped by a signal (SIGSTOP or ^Z)", "stopped"},
		{'t', "traced", "is stopped by a debugger", "stopped"},
		{'Z', "ended", "has ended", "ended"},
		{'X', "ended", "has ended", "ended"},
	};
	static const struct task_state other = {0, "other", "", ""};

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (states[i].letter == letter)
			return &states[i];
	return &other;
}

const char *name_of_task_state(char letter)
{
	return find_state(letter)->name;
}

const char *name_of_place(enum place_kind kind)
{
	static const char *const names[] = {
		[PLACE_UNKNOWN] = NULL,
		[PLACE_FILE] = "file",
		[PLACE_MEMFD] = "memfd",
		[PLACE_SYSV] = "sysv",
		[PLACE_SHARED_ANON] = "shared anonymous",
		[PLACE_ANON] = "anonymous",
		[PLACE_HEAP] = "heap",
		[PLACE_STACK] = "stack",
		[PLACE_OTHER] = "other",
	};

	return names[kind];
}

const char *name_of_event(enum event_kind kind)
{
	static const char *const names[] = {
		[EVENT_CALL_ENTRY] = "call-entry", [EVENT_CALL_EXIT] = "call-exit",
		[EVENT_ATTACHED] = "attached",     [EVENT_DETACHED] = "detached",
		[EVENT_NEW_TASK] = "new-task",     [EVENT_EXEC] = "exec",
		[EVENT_DEATH] = "death",           [EVENT_DEATH_AFTER] = "death-after",
		[EVENT_EXITED] = "exited",         [EVENT_KILLED] = "killed",
		[EVENT_SIGNAL] = "signal",         [EVENT_STOPPED] = "stopped",
		[EVENT_GUARD] = "guard",           [EVENT_NOTE] = "note",
	};

	return names[kind];
}

const char *name_of_fate(enum death_fate fate)
{
	static const char *const names[] = {
		[FATE_OWNER_DIED] = "owner-died", [FATE_STAYS_LOCKED] = "stays-locked",
		[FATE_NOTHING] = "left-alone",    [FATE_WAKE_ONLY] = "wake-only",
		[FATE_UNREADABLE] = "unreadable",
	};

	return names[fate];
}

const char *name_of_race_libc(enum race_libc libc)
{
	static const char *const names[] = {
		[RACE_GLIBC] = "glibc",
		[RACE_MUSL] = "musl",
		[RACE_ROBUST_UNLOCK] = "robust-unlock",
	};

	return names[libc];
}

const char *name_of_race_step(enum race_step step)
{
	static const char *const names[] = {
		[STEP_PENDING] = "pending",
		[STEP_OFF_LIST] = "off-list",
		[STEP_RELEASED] = "released",
		[STEP_CLEARED] = "cleared",
	};

	return names[step];
}

const char *name_of_verdict(enum race_verdict verdict)
{
	static const char *const names[] = {
		[RACE_CORRUPTED] = "corrupted",
		[RACE_PREVENTED] = "prevented",
		[RACE_NOT_REPRODUCED] = "not-reproduced",
	};

	return names[verdict];
}

const char *name_of_reason(enum race_reason reason)
{
	static const char *const names[] = {
		[REASON_NONE] = NULL,
		[REASON_NO_WINDOW] = "no-window",
		[REASON_BEFORE_WAKE] = "before-wake",
		[REASON_LIBC_WAITS] = "libc-waits",
		[REASON_KERNEL_SPARED] = "kernel-spared",
	};

	return names[reason];
}

/* Adds to a text of LABEL_MAX bytes; what does not fit is cut. */
static void add(char *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(char *text, const char *format, ...)
{
	size_t used = strlen(text);
	va_list args;

	va_start(args, format);
	vsnprintf(text + used, LABEL_MAX - used, format, args);
	va_end(args);
}

static void add_text(char *text, const char *more)
{
	size_t used = strlen(text);
	size_t length = strlen(more);

	if (length > LABEL_MAX - 1 - used)
		length = LABEL_MAX - 1 - used;
	memcpy(text + used, more, length);
	text[used + length] = '\0';
}

void name_signal(int number, char ret[LABEL_MAX])
{
	/* The kernel's first one, of which the libc keeps some for itself. */
	const int first_real_time = 32;
	const char *name = sigabbrev_np(number);

	ret[0] = '\0';
	if (number == SIGIO)
		name = "IO";
	if (name)
		add(ret, "SIG%s", name);
	else if (number == first_real_time)
		add(ret, "SIGRTMIN");
	else
		add(ret, "SIGRT_%d", number - first_real_time);
}

void name_mutex(const struct mutex_info *mutex, char ret[LABEL_MAX])
{
	ret[0] = '\0';
	if (!mutex->libc)
		return;
	add_text(ret, "robust");
	if (mutex->pi)
		add_text(ret, ",pi");
	if (mutex->recursive)
		add(ret, ",recursive(%" PRIu32 ")", mutex->count);
	if (mutex->errorcheck)
		add_text(ret, ",errorcheck");
	if (mutex->shared)
		add_text(ret, ",shared");
}

/* A module is known by its last name; where it lies matters little and is long. */
static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void add_place(char *text, const struct place *place, pid_t pid, target_addr address)
{
	switch (place->kind) {
	case PLACE_FILE:
		add(text, "%s+0x%" PRIx64, place->module ? last_part(place->path) : place->path,
		    place->offset);
		break;
	case PLACE_SHARED_ANON:
		/* They all have the same name: the inode tells them apart. */
		add(text, "shared memory %" PRIu64 "+0x%" PRIx64, place->inode, place->offset);
		break;
	case PLACE_MEMFD:
	case PLACE_SYSV:
	case PLACE_HEAP:
	case PLACE_STACK:
	case PLACE_OTHER:
		add(text, "%s+0x%" PRIx64, place->path, place->offset);
		break;
	case PLACE_ANON:
	case PLACE_UNKNOWN:
		add(text, "0x%" PRIx64, address);
		break;
	}
	if (!place->shared)
		add(text, " [%d]", pid);
}

void name_place(const struct place *place, pid_t pid, target_addr address, char ret[LABEL_MAX])
{
	ret[0] = '\0';
	add_place(ret, place, pid, address);
}

void name_lock(const struct lock *lock, char ret[LABEL_MAX])
{
	ret[0] = '\0';
	if (lock->sort != LOCK_ROBUST)
		add(ret, "ordinary %s ", name_of_sort(lock->sort));
	if (lock->name)
		add(ret, "%s ", lock->name);
	add_place(ret, &lock->place, lock->pid, lock->address);
}

const char *name_pending(const struct futex *pending, pid_t ns_tid)
{
	bool mine = pending->word_ok && (pending->word & WORD_TID_MASK) == (uint32_t)ns_tid;

	switch (pending->state) {
	case FUTEX_WAITING:
		return "waits for it";
	case FUTEX_IN_WINDOW:
		return "given back, and not done with it";
	case FUTEX_STALE:
		return mine ? "no lock is there: at its end the kernel would write there"
			    : "no lock is there any more";
	case FUTEX_UNREADABLE:
		return "nothing is there any more";
	default:
		return mine ? "taking it or giving it back"
			    : "about to take it, or just gave it back";
	}
}

void name_task(const struct task *task, char ret[LABEL_MAX])
{
	if (task->pid == task->tid)
		snprintf(ret, LABEL_MAX, "%d %s", task->pid, task->comm);
	else
		snprintf(ret, LABEL_MAX, "%d/%d %s", task->pid, task->tid, task->comm);
}

static bool has_other_number(const struct task *task)
{
	return task->ns_tid && task->ns_tid != task->tid;
}

void name_doing(const struct task *task, char ret[LABEL_MAX])
{
	ret[0] = '\0';
	add_text(ret, find_state(task->state)->doing);
	if (ret[0] && task->call)
		add(ret, " in %s", task->call);
	if (has_other_number(task))
		add(ret, "%s %d in its own PID namespace", ret[0] ? " and is" : "is", task->ns_tid);
}

void name_task_note(const struct task *task, char ret[LABEL_MAX])
{
	const char *note = find_state(task->state)->note;

	ret[0] = '\0';
	if (task->call)
		add(ret, "in %s", task->call);
	if (note[0])
		add(ret, "%s%s", ret[0] ? ", " : "", note);
	if (has_other_number(task))
		add(ret, "%s%d in its PID namespace", ret[0] ? ", " : "", task->ns_tid);
}

void name_duration(uint64_t ns, char ret[LABEL_MAX])
{
	uint64_t seconds = ns / UINT64_C(1000000000);

	ret[0] = '\0';
	add(ret, "%02" PRIu64 ":%02" PRIu64 ":%02" PRIu64, seconds / 3600, seconds / 60 % 60,
	    seconds % 60);
}

void name_word(uint32_t word, char ret[LABEL_MAX])
{
	uint32_t tid = word & WORD_TID_MASK;

	ret[0] = '\0';
	if (tid || !(word & (WORD_WAITERS | WORD_OWNER_DIED)))
		add(ret, "%" PRIu32, tid);
	if (word & WORD_OWNER_DIED)
		add(ret, "%sOWNER_DIED", ret[0] ? "|" : "");
	if (word & WORD_WAITERS)
		add(ret, "%sWAITERS", ret[0] ? "|" : "");
}

void name_futex_value(uint64_t value, char ret[LABEL_MAX])
{
	uint64_t tid = value & WORD_TID_MASK;

	ret[0] = '\0';
	if (value > UINT32_MAX || !(value & (WORD_WAITERS | WORD_OWNER_DIED)) ||
	    tid >= WORD_TID_LIMIT) {
		add(ret, "%" PRIu64, value);
		return;
	}
	if (tid)
		add(ret, "%" PRIu64, tid);
	if (value & WORD_OWNER_DIED)
		add(ret, "%sFUTEX_OWNER_DIED", ret[0] ? "|" : "");
	if (value & WORD_WAITERS)
		add(ret, "%sFUTEX_WAITERS", ret[0] ? "|" : "");
}
