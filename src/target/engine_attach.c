/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process that is attached to: all its threads are seized, while it lives on.
 *
 * PTRACE_SEIZE can be a trap: it waits for an execve(2) of the process to end, and that waits for all
 * other threads to be gone. Those that we have seized already stand still at their PTRACE_EVENT_EXIT
 * until we let them go, and then until we have waited for them. So it gets a limit of time, after
 * which these are let go. Source: cred_guard_mutex in kernel/ptrace.c, de_thread in fs/exec.c;
 * ptrace(2), BUGS.
 *
 * And the exec of a thread that is not ours yet leaves us with a record of its leader, but without
 * the leader: the caller goes on under the leader's TID (ptrace(2), "execve(2) under ptrace").
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "target/engine.h"
#include "target/engine_parts.h"
#include "target/procfs.h"

/* Passes over /proc/PID/task: each finds only what was born during the one before. */
#define PASSES_MAX 1000

/*
 * The kernel says EPERM or ESRCH of a thread that ends, and after an execve(2) another one may have
 * its number when we look why: such a refusal is believed when it comes again and again.
 */
#define REFUSALS_MAX 20
#define REFUSED_PAUSE_NS 1000000

/* How long a PTRACE_SEIZE may wait, and how often in a row: others may hold up the execve(2) too. */
#define SEIZE_LIMIT_NS 100000000
#define CUTS_MAX 100

/* One engine_attach. The address must not change: the timer's signal carries it. */
struct attach {
	struct engine *engine;
	pid_t pid;
	size_t n_seized;
	unsigned refusals; /* passes in a row that found nothing else */
	unsigned cuts;     /* passes in a row that an execve(2) was in the way of */
	bool met_exec;     /* numbers may have changed hands */
	/* The limit of time. Uses SIGALRM meanwhile. */
	sigjmp_buf back;
	volatile sig_atomic_t armed;
	timer_t timer;
	struct sigaction old_action;
	sigset_t old_mask;
};

/* glibc names the field of timer_create(2) only from 2.38 on; musl always did. */
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

/* What one pass has seen. */
struct pass {
	size_t n_listed;
	size_t n_found;
	int refusal; /* negative errno */
	bool cut;    /* an execve(2) was in the way */
};

/* ---- The limit of time ---- */

/* The kernel begins a PTRACE_SEIZE anew after each signal; only a jump leads out of it. */
static void leave(int number, siginfo_t *info, void *context)
{
	struct attach *attach = info->si_value.sival_ptr;

	(void)number;
	(void)context;
	if (info->si_code == SI_TIMER && attach->armed) {
		attach->armed = 0;
		siglongjmp(attach->back, 1);
	}
}

static int open_limit(struct attach *attach)
{
	struct sigaction action = {.sa_sigaction = leave, .sa_flags = SA_SIGINFO};
	/* Sent to this thread: another one could not make the jump. */
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID,
				 .sigev_signo = SIGALRM,
				 .sigev_value.sival_ptr = attach};
	sigset_t set;

	event.sigev_notify_thread_id = gettid();
	if (timer_create(CLOCK_MONOTONIC, &event, &attach->timer) < 0)
		return -errno;
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigaction(SIGALRM, &action, &attach->old_action);
	sigprocmask(SIG_UNBLOCK, &set, &attach->old_mask);
	return 0;
}

/* Deletes the timer first: a signal that it still has to give is ignored by leave(). */
static void close_limit(struct attach *attach)
{
	timer_delete(attach->timer);
	sigprocmask(SIG_SETMASK, &attach->old_mask, NULL);
	sigaction(SIGALRM, &attach->old_action, NULL);
}

static bool is_ours(pid_t pid, pid_t tid)
{
	struct proc_status status;

	return procfs_status(pid, tid, &status) == 0 && status.tracer == getpid();
}

/* 0, a negative errno, or -EINTR: an execve(2) of the process may wait for us. */
static int seize_in_time(struct attach *attach, pid_t tid)
{
	const struct engine *engine = attach->engine;
	unsigned long options = engine_trace_options(engine, engine->options.inject);
	/* Again and again: the first may come before the call has begun. */
	const struct itimerspec limit = {.it_value.tv_nsec = SEIZE_LIMIT_NS,
					 .it_interval.tv_nsec = SEIZE_LIMIT_NS};
	const struct itimerspec never = {0};
	long error;

	if (sigsetjmp(attach->back, 1) == 0) {
		attach->armed = 1;
		timer_settime(attach->timer, 0, &limit, NULL);
		error = ptrace(PTRACE_SEIZE, tid, NULL, (void *)options) < 0 ? -errno : 0;
		attach->armed = 0;
	} else {
		/* The jump may have come when it was just done. */
		error = is_ours(attach->pid, tid) ? 0 : -EINTR;
	}
	timer_settime(attach->timer, 0, &never, NULL);
	return (int)error;
}

/* ---- An execve(2) in between ---- */

/* Nobody was told of a thread that ends before it has stopped for the first time. */
static void forget_unseen(struct engine *engine, pid_t tid)
{
	struct engine_task *task = engine_find(engine, tid);

	if (task && !task->seen)
		engine_drop(engine, task);
}

static bool is_of(struct engine *engine, pid_t tid, pid_t pid)
{
	const struct engine_task *task = engine_find(engine, tid);

	return (task ? task->pid : engine_process_of(tid)) == pid;
}

/*
 * Those of the process that stand still at their end go, and those that are gone are buried. 0 or
 * -ENOMEM.
 */
static int let_dying_go(struct engine *engine, pid_t pid)
{
	for (;;) {
		int status;
		pid_t tid = waitpid(-1, &status, __WALL | WNOHANG);
		enum wait_kind kind;
		int error = 0;

		if (tid <= 0)
			return 0;
		kind = wait_status_decode(status).kind;
		if (kind == WAIT_EXITING && is_of(engine, tid, pid))
			ptrace(PTRACE_CONT, tid, NULL, NULL);
		else if (kind == WAIT_EXITED || kind == WAIT_KILLED)
			forget_unseen(engine, tid);
		else
			error = engine_push(engine, tid, status);
		if (error)
			return error;
	}
}

/* The TID is another thread's now, and that is not ours: what the former has said is void. */
static void forget_former(struct engine *engine, struct engine_task *task)
{
	size_t kept = engine->queue_next;

	for (size_t i = engine->queue_next; i < engine->n_queue; i++)
		if (engine->queue[i].tid != task->tid)
			engine->queue[kept++] = engine->queue[i];
	engine->n_queue = kept;
	engine_drop(engine, task);
}

/* ---- One thread ---- */

/* Why a thread could not be seized: 0 when that is no error. */
static int judge_refusal(pid_t pid, pid_t tid, int error)
{
	struct proc_stat stat;

	/* Born of a thread that we have: its first stop will come. */
	if (is_ours(pid, tid))
		return 0;
	/* The kernel says EPERM, too, of one that is about to vanish. */
	if (syscall(SYS_tgkill, pid, tid, 0) < 0 && errno == ESRCH)
		return 0;
	if (procfs_stat(pid, tid, &stat) == 0 && (stat.state == 'Z' || stat.state == 'X'))
		return 0;
	return error;
}

static bool is_known(const struct attach *attach, pid_t tid)
{
	struct engine_task *task = engine_find(attach->engine, tid);

	if (!task)
		return false;
	if (!attach->met_exec || is_ours(attach->pid, tid))
		return true;
	forget_former(attach->engine, task);
	return false;
}

static int seize_one(struct attach *attach, pid_t tid, struct pass *pass)
{
	struct engine_task *task;
	int error;

	if (is_known(attach, tid))
		return 0;
	error = seize_in_time(attach, tid);
	if (error == -EINTR) {
		attach->met_exec = true;
		pass->cut = true;
		return let_dying_go(attach->engine, attach->pid);
	}
	if (error) {
		error = judge_refusal(attach->pid, tid, error);
		pass->refusal = error ? error : pass->refusal;
		return 0;
	}
	task = engine_add(attach->engine, tid, attach->pid);
	if (!task)
		return -ENOMEM;
	task->attached = true;
	task->introduced = true;
	ptrace(PTRACE_INTERRUPT, tid, NULL, NULL);
	pass->n_found++;
	attach->n_seized++;
	return 0;
}

/* ---- All threads ---- */

/*
 * The kernel's list of threads breaks off when the one dies at which it stands. The number of links
 * of the directory tells how many there are: those, and two.
 */
static bool is_whole(DIR *dir, size_t n_listed)
{
	struct stat status;

	return fstat(dirfd(dir), &status) == 0 && n_listed + 2 >= status.st_nlink;
}

/* 1 when there was nobody left to seize, 0 for another pass, or a negative errno. */
static int judge_pass(struct attach *attach, const struct pass *pass, bool whole)
{
	const struct timespec moment = {.tv_nsec = REFUSED_PAUSE_NS};
	/* In the midst of an execve(2) it has no thread for a moment. */
	int refusal = pass->n_listed ? pass->refusal : -ESRCH;

	attach->cuts = pass->cut ? attach->cuts + 1 : 0;
	if (pass->cut)
		return attach->cuts > CUTS_MAX ? -EBUSY : 0;
	if (engine_find(attach->engine, attach->pid) && !is_ours(attach->pid, attach->pid)) {
		attach->met_exec = true;
		whole = false;
	}
	if (!refusal || pass->n_found) {
		attach->refusals = 0;
		return whole && !pass->n_found;
	}
	if (++attach->refusals > REFUSALS_MAX || kill(attach->pid, 0) < 0)
		return refusal;
	nanosleep(&moment, NULL);
	return 0;
}

static int seize_new(struct attach *attach)
{
	cleanup_dir DIR *dir = NULL;
	struct pass pass = {0};
	char path[64];
	int error = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", attach->pid);
	dir = opendir(path);
	if (!dir && errno != ENOENT)
		return -errno;
	for (struct dirent *entry = dir ? readdir(dir) : NULL; entry && !error && !pass.cut;
	     entry = readdir(dir)) {
		pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (tid <= 0)
			continue;
		pass.n_listed++;
		error = seize_one(attach, tid, &pass);
	}
	return error ? error : judge_pass(attach, &pass, dir && is_whole(dir, pass.n_listed));
}

int engine_attach(struct engine *engine, pid_t pid)
{
	struct attach attach = {.engine = engine, .pid = pid};
	int error;

	if (pid == getpid())
		return -EINVAL;
	error = open_limit(&attach);
	if (error)
		return error;
	for (int pass = 0; pass < PASSES_MAX && !error; pass++)
		error = seize_new(&attach);
	close_limit(&attach);
	if (error < 0)
		return error;
	return attach.n_seized ? 0 : -ESRCH;
}
