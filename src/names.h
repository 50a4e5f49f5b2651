/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words that go out for the model's values: the same in tables, JSON and messages. */
#ifndef ROBTRACE_NAMES_H
#define ROBTRACE_NAMES_H

#include "event.h"
#include "model.h"
#include "race_model.h"

/* Room for any of the texts below that are built; longer ones (PATH_MAX is 4096) are cut. */
#define LABEL_MAX 4608

const char *name_of_list_kind(enum list_kind kind);
/* "call", "width" or "shape" */
const char *name_of_bits_source(enum bits_source source);
const char *name_of_list_end(enum list_end end);
const char *name_of_state(enum futex_state state);

/* How bad a state is; what it looks like is for each output to say. */
enum state_grade {
	GRADE_NORMAL,
	GRADE_FREE,
	GRADE_PASSING,  /* on its way from one state to the next */
	GRADE_DOUBTFUL, /* may become lost */
	GRADE_BROKEN,   /* lost: nobody gives it back */
};

enum state_grade name_grade(enum futex_state state);
const char *name_of_problem(enum problem_kind kind);
/* "mutex", "rwlock", "PI mutex" for locks that are not robust; NULL for LOCK_ROBUST. */
const char *name_of_sort(enum lock_sort sort);
const char *name_of_skip(enum skip_reason reason);
/* "sleeping", "uninterruptible", "stopped" and so on for the state letter of /proc. */
const char *name_of_task_state(char letter);
/* What memory it is: "file", "heap", "shared anonymous"; NULL for PLACE_UNKNOWN. */
const char *name_of_place(enum place_kind kind);
const char *name_of_event(enum event_kind kind);
const char *name_of_fate(enum death_fate fate);
const char *name_of_race_libc(enum race_libc libc);
const char *name_of_race_step(enum race_step step);
const char *name_of_verdict(enum race_verdict verdict);
/* NULL for REASON_NONE. */
const char *name_of_reason(enum race_reason reason);

/* "SIGINT"; of real-time signals as strace names them: "SIGRTMIN", "SIGRT_3". */
void name_signal(int number, char ret[LABEL_MAX]);

/* "robust,recursive(3),shared"; empty where the libc's layout is not known. */
void name_mutex(const struct mutex_info *mutex, char ret[LABEL_MAX]);

/* "/srv/db/lock.mdb+0x40", "[heap]+0x1f0 [601]", "0x7f00c020 [601]" */
void name_place(const struct place *place, pid_t pid, target_addr address, char ret[LABEL_MAX]);

/* The place with the lock's own name before it: "LMDB writer /srv/db/lock.mdb+0x40". */
void name_lock(const struct lock *lock, char ret[LABEL_MAX]);

/* "robust", "compat", "#1" for a list of set_robust_list2, "emulated #1". */
void name_list(const struct list *list, char ret[LABEL_MAX]);

/* Its name and word size: "robust 64-bit", "#1 32-bit?" where that is a guess. */
void name_list_size(const struct list *list, char ret[LABEL_MAX]);

/* What the thread does with the lock in its list_op_pending: "waits for it". */
const char *name_pending(const struct futex *pending, pid_t ns_tid);

/* "4242 mdb_load", or "601/604 bank" for a thread that does not lead its process. */
void name_task(const struct task *task, char ret[LABEL_MAX]);

/*
 * What a thread does that has a lock: "sleeps in accept4", "is stopped", and who it is in its own
 * PID namespace. name_task_note says the same as briefly as a table wants it: "in accept4". Empty
 * when nothing is known.
 */
void name_doing(const struct task *task, char ret[LABEL_MAX]);
void name_task_note(const struct task *task, char ret[LABEL_MAX]);

/* "00:03:12" */
void name_duration(uint64_t ns, char ret[LABEL_MAX]);

/* "4242|WAITERS", "OWNER_DIED|WAITERS", "0": the parts of a futex word. */
void name_word(uint32_t word, char ret[LABEL_MAX]);

/*
 * A number that may be a futex word, as a C program has it: "4242|FUTEX_WAITERS"; plain decimal
 * where it has no flag of a lock, or no possible TID beside them.
 */
void name_futex_value(uint64_t value, char ret[LABEL_MAX]);

#endif
