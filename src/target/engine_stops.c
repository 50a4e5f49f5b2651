/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a status of waitpid(2) to a stop that is handed out, or to a task that just goes on. */
#include <errno.h>
#include <linux/audit.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/signal_code.h"
#include "target/engine.h"
#include "target/engine_parts.h"
#include "target/procfs.h"

#if defined(__aarch64__)
#define AUDIT_64 AUDIT_ARCH_AARCH64
#else
#define AUDIT_64 AUDIT_ARCH_X86_64
#endif

/* A breakpoint of its own (int3) has another code. */
static bool is_step(const siginfo_t *info)
{
	return info->si_signo == SIGTRAP &&
	       (info->si_code == TRAP_TRACE || info->si_code == TRAP_BRKPT);
}

static bool step_is_pending(pid_t tid)
{
	struct __ptrace_peeksiginfo_args which = {.nr = 1};
	siginfo_t info;

	for (; ptrace(PTRACE_PEEKSIGINFO, tid, &which, &info) == 1; which.off++)
		if (is_step(&info))
			return true;
	return false;
}

/*
 * A task that was let go while the SIGTRAP of a step is pending would die of it: it goes on until
 * that is delivered, which is at once. The signal that it is still owed.
 */
static int take_back_step(const struct engine_task *task, int signal)
{
	int status;

	if (!task->stepped || !step_is_pending(task->tid) ||
	    ptrace(PTRACE_CONT, task->tid, NULL, (void *)(intptr_t)signal) < 0)
		return signal;
	while (waitpid(task->tid, &status, __WALL) < 0)
		if (errno != EINTR)
			return 0;
	return WIFSTOPPED(status) && WSTOPSIG(status) != SIGTRAP && status >> 16 == 0
		       ? WSTOPSIG(status)
		       : 0;
}

void engine_let_go(const struct engine_task *task, int signal)
{
	signal = take_back_step(task, signal);
	ptrace(PTRACE_DETACH, task->tid, NULL, (void *)(intptr_t)signal);
}

/* Errors are ESRCH: it was killed meanwhile, and its end will be told. */
void engine_go_on(struct engine_task *task)
{
	enum __ptrace_request request = PTRACE_SYSCALL;
	int signal = task->wait.kind == WAIT_SIGNAL ? task->wait.signal : 0;

	task->stopped = false;
	if (task->again) {
		/* The same status is handed out once more. */
		task->again = false;
		return;
	}
	if (task->wait.kind == WAIT_GROUP_STOP)
		request = PTRACE_LISTEN;
	else if (task->step)
		request = PTRACE_SINGLESTEP;
	else if ((task->filtered && !task->want_end) || task->starting)
		request = PTRACE_CONT;
	/*
	 * Any other stop takes a request to stop away. Before it goes on, so that it does nothing
	 * between the two.
	 */
	if (task->asked && request != PTRACE_LISTEN)
		ptrace(PTRACE_INTERRUPT, task->tid, NULL, NULL);
	ptrace(request, task->tid, NULL, (void *)(intptr_t)signal);
}

pid_t engine_process_of(pid_t tid)
{
	struct proc_status status;

	return procfs_status(tid, tid, &status) == 0 && status.tgid > 0 ? status.tgid : tid;
}

static pid_t event_message(const struct engine_task *task)
{
	unsigned long message = 0;

	ptrace(PTRACE_GETEVENTMSG, task->tid, NULL, &message);
	return (pid_t)message;
}

static bool is_wanted(const struct engine *engine, unsigned bits, uint64_t nr)
{
	const struct filter_call *calls = engine->options.calls;

	for (size_t i = 0; i < engine->options.n_calls; i++) {
		long number = bits == 64 ? calls[i].number_64 : calls[i].number_32;

		if (number >= 0 && (uint64_t)number == nr)
			return true;
	}
	return false;
}

/* ---- From a status to a stop: each returns whether the stop is handed out ---- */

/* PTRACE_GET_SYSCALL_INFO failed: the task is gone, or the kernel has it not (EIO). */
static bool is_blind(struct engine *engine, int error, struct engine_stop *stop)
{
	bool first = error == EIO && !engine->blind;

	engine->blind = engine->blind || first;
	stop->kind = ENGINE_BLIND;
	return first;
}

static bool read_call(struct engine *engine, struct engine_task *task, struct engine_stop *stop)
{
	struct __ptrace_syscall_info info;

	memset(&info, 0, sizeof(info));
	if (ptrace(PTRACE_GET_SYSCALL_INFO, task->tid, (void *)sizeof(info), &info) < 0)
		return is_blind(engine, errno, stop);
	stop->bits = info.arch == AUDIT_64 ? 64 : 32;
	stop->pc = info.instruction_pointer;
	stop->sp = info.stack_pointer;
	if (info.op == PTRACE_SYSCALL_INFO_EXIT) {
		bool wanted = task->want_end;

		task->want_end = false;
		stop->kind = ENGINE_END;
		stop->result = info.exit.rval;
		return wanted && !task->quiet;
	}
	stop->kind = ENGINE_ENTRY;
	if (info.op == PTRACE_SYSCALL_INFO_SECCOMP) {
		/*
		 * A filter of the program asked for a tracer of its own. Where there is none the
		 * call ends so (seccomp(2)), and nobody must see that we are here.
		 */
		if (info.seccomp.ret_data != FILTER_MARK) {
			stop->task = task;
			engine_answer(stop, -ENOSYS);
		}
		stop->nr = info.seccomp.nr;
		memcpy(stop->args, info.seccomp.args, sizeof(stop->args));
	} else {
		stop->nr = info.entry.nr;
		memcpy(stop->args, info.entry.args, sizeof(stop->args));
	}
	return !task->quiet && is_wanted(engine, stop->bits, stop->nr);
}

static bool is_thread_of(pid_t pid, pid_t tid)
{
	return syscall(SYS_tgkill, pid, tid, 0) == 0;
}

void engine_release_held(struct engine *engine, struct engine_task *task)
{
	if (!task->held)
		return;
	task->held = false;
	engine->n_held--;
	if (task->unwanted) {
		engine_let_go(task, 0);
		engine_drop(engine, task);
		return;
	}
	engine_go_on(task);
}

/* The parent tells of its child, which may have stopped before that. */
static bool read_new_task(struct engine *engine, struct engine_task *parent,
			  struct engine_stop *stop)
{
	pid_t tid = event_message(parent);
	pid_t pid = is_thread_of(parent->pid, tid) ? parent->pid : tid;
	struct engine_task *task = engine_find(engine, tid);

	if (tid <= 0)
		return false;
	if (!task)
		task = engine_add(engine, tid, pid);
	if (!task)
		return false;
	task->pid = pid;
	task->parent = parent->pid;
	task->filtered = parent->filtered;
	task->quiet = parent->quiet || (pid != parent->pid && !engine->options.follow);
	/* clone(2) without SIGCHLD makes processes whose birth is reported in any case. */
	task->unwanted = task->quiet && !task->filtered;
	task->introduced = true;
	stop->kind = ENGINE_NEW_TASK;
	stop->other = tid;
	if (task->quiet) {
		engine_release_held(engine, task);
		return false;
	}
	return !parent->quiet;
}

/* execve(2): all other threads are gone, and the caller goes on under the leader's TID. */
static bool read_exec(struct engine *engine, struct engine_task *task, struct engine_stop *stop)
{
	pid_t former = event_message(task);
	struct engine_task *caller = former == task->tid ? NULL : engine_find(engine, former);

	stop->kind = ENGINE_EXEC;
	stop->other = former > 0 ? former : task->tid;
	task->leaving = false;
	task->starting = false;
	if (caller)
		task->want_end = caller->want_end;
	if (task->quiet && caller)
		engine_drop(engine, caller);
	return !task->quiet;
}

static void read_info(const siginfo_t *info, struct engine_stop *stop)
{
	stop->info.known = true;
	stop->info.code = info->si_code;
	switch (signal_code_layout(info->si_signo, info->si_code)) {
	case SIGNAL_SENT:
		/* Of the signals of programs, those of timers and the like name nobody. */
		stop->sender = info->si_pid;
		break;
	case SIGNAL_CHILD:
		stop->info.status = info->si_status;
		break;
	case SIGNAL_FAULT:
		stop->info.address = (uintptr_t)info->si_addr;
		return;
	case SIGNAL_BARE:
		return;
	}
	stop->info.pid = info->si_pid;
	stop->info.uid = info->si_uid;
}

static void read_pc(const struct engine_task *task, struct engine_stop *stop)
{
	struct __ptrace_syscall_info at = {0};

	if (ptrace(PTRACE_GET_SYSCALL_INFO, task->tid, (void *)sizeof(at), &at) >= 0)
		stop->pc = at.instruction_pointer;
}

static bool read_signal(struct engine_task *task, bool stepping, struct engine_stop *stop)
{
	siginfo_t info = {0};

	stop->kind = ENGINE_SIGNAL;
	stop->signal = task->wait.signal;
	if (ptrace(PTRACE_GETSIGINFO, task->tid, NULL, &info) == 0)
		read_info(&info, stop);
	if ((stepping || task->stepped) && is_step(&info)) {
		/* Ours: the program must not get it. */
		task->wait.kind = WAIT_NOTHING;
		task->stepped = false;
		stop->kind = ENGINE_STEPPED;
		read_pc(task, stop);
		/* One that came late is nobody's any more. */
		return stepping && !task->quiet;
	}
	return !task->quiet;
}

/* The first stop of a task. True: it is dealt with, or handed out. */
static bool first_stop(struct engine *engine, struct engine_task *task, int status,
		       struct engine_stop *stop, bool *ret_hand_out)
{
	bool plain = task->wait.kind == WAIT_INTERRUPTED || task->wait.kind == WAIT_GROUP_STOP;

	task->seen = true;
	if (task->attached) {
		stop->kind = ENGINE_ATTACHED;
		*ret_hand_out = true;
		/* It was about to do something else, which comes next. */
		if (!plain && engine_push(engine, task->tid, status) == 0)
			task->again = true;
		return true;
	}
	*ret_hand_out = false;
	if (!plain)
		return false;
	if (task->unwanted) {
		engine_let_go(task, 0);
		engine_drop(engine, task);
		return true;
	}
	if (!task->introduced) {
		task->held = true;
		engine->n_held++;
		return true;
	}
	engine_go_on(task);
	return true;
}

/* What a stopped task says. True: to be handed out; otherwise it goes on by itself. */
static bool read_stop(struct engine *engine, struct engine_task *task, struct engine_stop *stop)
{
	bool stepping = task->step;

	task->step = false;
	task->stepped = task->stepped || (stepping && task->wait.kind != WAIT_SIGNAL);
	switch (task->wait.kind) {
	case WAIT_SYSCALL:
		/* A task under the filter tells of an entry by WAIT_SECCOMP. */
		return read_call(engine, task, stop) &&
		       !(task->filtered && stop->kind == ENGINE_ENTRY);
	case WAIT_SECCOMP:
		return read_call(engine, task, stop);
	case WAIT_CLONE:
	case WAIT_FORK:
	case WAIT_VFORK:
		return read_new_task(engine, task, stop);
	case WAIT_EXEC:
		return read_exec(engine, task, stop);
	case WAIT_SIGNAL:
		return read_signal(task, stepping, stop);
	case WAIT_INTERRUPTED:
		if (!task->asked)
			return false;
		task->asked = false;
		stop->kind = ENGINE_ASKED;
		read_pc(task, stop);
		return true;
	case WAIT_GROUP_STOP:
		stop->kind = ENGINE_STOPPED;
		stop->signal = task->wait.signal;
		return !task->quiet;
	case WAIT_EXITING:
		task->leaving = true;
		stop->kind = ENGINE_EXITING;
		return !task->quiet;
	default:
		return false;
	}
}

/* True: *ret is to be handed out. */
bool engine_take(struct engine *engine, pid_t tid, int status, struct engine_stop *ret)
{
	struct wait_event wait = wait_status_decode(status);
	struct engine_task *task = engine_find(engine, tid);
	bool over = wait.kind == WAIT_EXITED || wait.kind == WAIT_KILLED;
	bool hand_out;

	if (!task && over)
		return false;
	if (!task) {
		task = engine_add(engine, tid, engine_process_of(tid));
		if (!task) {
			ptrace(PTRACE_DETACH, tid, NULL, NULL);
			return false;
		}
	}
	*ret = (struct engine_stop){.task = task, .wait = wait};
	task->wait = wait;
	if (over) {
		engine->lost_one = true;
		ret->kind = ENGINE_GONE;
		if (!task->quiet && !task->unwanted)
			return true;
		engine_drop(engine, task);
		return false;
	}
	task->stopped = true;
	if (!task->seen && first_stop(engine, task, status, ret, &hand_out))
		return hand_out;
	if (read_stop(engine, task, ret))
		return true;
	engine_go_on(task);
	return false;
}
