/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A command that is started to be traced. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "target/engine.h"
#include "target/engine_parts.h"

/* What the child tells before it is another program. */
struct start_report {
	int error;
	enum engine_start_error what;
};

/* In the child, between fork and exec. */
static void become(const struct engine *engine, const struct engine_command *command,
		   const struct sock_fprog *filter, int go, int report)
{
	struct start_report why = {.what = ENGINE_START_EXEC};
	char byte;
	ssize_t got;

	/* Until it is seized. */
	do
		got = read(go, &byte, 1);
	while (got < 0 && errno == EINTR);
	/* The tracer is gone. Under a filter, nothing would go well without it. */
	if (got != 1)
		_exit(1);
	sigaction(SIGCHLD, &engine->old_child, NULL);
	sigprocmask(SIG_SETMASK, &engine->old_mask, NULL);
	if (filter) {
		why.error = -filter_load(filter);
		why.what = ENGINE_START_FILTER;
	}
	if (!why.error) {
		why.what = ENGINE_START_EXEC;
		execvp(command->argv[0], command->argv);
		why.error = errno;
		if (command->refused)
			command->refused(command->context, -why.error);
	}
	while (write(report, &why, sizeof(why)) < 0 && errno == EINTR)
		;
	/* As a shell: not found, or found and not to be run. */
	_exit(why.error == ENOENT ? 127 : 126);
}

/* Follows the child until it is the command, or has ended. 0 or its end's status. */
static int follow_to_exec(struct engine *engine, struct engine_task *task)
{
	for (;;) {
		int status;

		if (waitpid(task->tid, &status, __WALL) < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		if (!WIFSTOPPED(status))
			return -ECHILD;
		task->wait = wait_status_decode(status);
		if (task->wait.kind == WAIT_EXEC)
			return engine_push(engine, task->tid, status);
		engine_go_on(task);
	}
}

static void end_child(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	while (waitpid(pid, &status, __WALL) < 0 ? errno == EINTR : WIFSTOPPED(status))
		;
}

/* Seizes the child, lets it go and sees that it becomes the command. */
static int take_child(struct engine *engine, pid_t pid, int go, int report,
		      enum engine_start_error *ret_error)
{
	struct engine_task *task = engine_add(engine, pid, pid);
	struct start_report why = {.error = ECHILD, .what = ENGINE_START_EXEC};
	int error;

	*ret_error = ENGINE_START_FORK;
	if (!task) {
		end_child(pid);
		return -ENOMEM;
	}
	task->starting = true;
	task->introduced = true;
	if (ptrace(PTRACE_SEIZE, pid, NULL, (void *)engine_trace_options(engine, task->filtered)) <
	    0) {
		error = -errno;
		*ret_error = ENGINE_START_SEIZE;
		end_child(pid);
		engine_drop(engine, task);
		return error;
	}
	while (write(go, "", 1) < 0 && errno == EINTR)
		;
	error = follow_to_exec(engine, task);
	if (!error) {
		task->seen = true;
		*ret_error = ENGINE_START_OK;
		return 0;
	}
	if (error == -ECHILD && read(report, &why, sizeof(why)) == sizeof(why))
		*ret_error = why.what;
	else
		end_child(pid);
	engine_drop(engine, task);
	return -why.error;
}

/*
 * Two processes from here on: 0 in the one that becomes the command, its PID in the tracer. With
 * `detached` this process becomes the command, and the tracer is a grandchild of it.
 */
static pid_t split(bool detached)
{
	pid_t self = getpid();
	pid_t child = fork();
	int status;

	if (!detached || child < 0)
		return child;
	if (child == 0) {
		child = fork();
		if (child == 0)
			return self;
		_exit(child < 0 ? 1 : 0);
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return -1;
	/* Where Yama allows tracing of descendants only, this makes an exception; else EINVAL. */
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
	return 0;
}

int engine_start(struct engine *engine, const struct engine_command *command, pid_t *ret_pid,
		 enum engine_start_error *ret_error)
{
	struct sock_fprog program = {0};
	int go[2] = {-1, -1};
	int report[2] = {-1, -1};
	int error = 0;
	pid_t pid;

	*ret_error = ENGINE_START_FILTER;
	if (command->filter)
		error = filter_build(engine->options.calls, engine->options.n_calls, &program);
	if (error)
		return error;
	*ret_error = ENGINE_START_FORK;
	if (pipe2(go, O_CLOEXEC) < 0 || pipe2(report, O_CLOEXEC) < 0) {
		error = -errno;
		goto out;
	}
	engine->filtered = command->filter;
	pid = split(command->detached);
	if (pid == 0) {
		close(report[0]);
		close(go[1]);
		become(engine, command, command->filter ? &program : NULL, go[0], report[1]);
	}
	if (pid < 0) {
		error = -errno;
		goto out;
	}
	close(report[1]);
	report[1] = -1;
	*ret_pid = pid;
	error = take_child(engine, pid, go[1], report[0], ret_error);
out:
	for (int i = 0; i < 2; i++) {
		if (go[i] >= 0)
			close(go[i]);
		if (report[i] >= 0)
			close(report[i]);
	}
	filter_release(&program);
	return error;
}
