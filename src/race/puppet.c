/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "race/puppet.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi/call_flags.h"
#include "base/clock.h"
#include "race/image.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

/* A round takes some milliseconds; this is for machines that stand still. */
#define LIFE_NS UINT64_C(60000000000)

static const int control_signals[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP};

#define CALL_PRCTL 0
#define CALL_FUTEX 1

/* x86-64; i386: the victim is never such a program. */
static const struct filter_call calls[] = {
	[CALL_PRCTL] = {SYS_prctl, -1},
	[CALL_FUTEX] = {SYS_futex, -1},
};

int puppet_fail(struct puppet *puppet, int error, const char *text)
{
	if (puppet->failure->text[0])
		return error;
	snprintf(puppet->failure->text, sizeof(puppet->failure->text), "%s", text);
	puppet->failure->error = -error;
	return error;
}

/* ---- What it is given ---- */

static int make_board(struct puppet *puppet, const struct puppet_start *start)
{
	puppet->board_size = BOARD_SIZE + start->n_locks * sizeof(struct own_mutex);
	/* Both descriptors stay open in the victim: no MFD_CLOEXEC. */
	puppet->board_fd = memfd_create("robtrace-race", 0);
	if (puppet->board_fd < 0 || ftruncate(puppet->board_fd, (off_t)puppet->board_size) < 0)
		return puppet_fail(puppet, -errno, "no shared memory for the victim");
	puppet->board = mmap(NULL, puppet->board_size, PROT_READ | PROT_WRITE, MAP_SHARED,
			     puppet->board_fd, 0);
	if (puppet->board == MAP_FAILED) {
		puppet->board = NULL;
		return puppet_fail(puppet, -errno, "no shared memory for the victim");
	}
	puppet->board->n_locks = (uint32_t)start->n_locks;
	puppet->board->tracer = getpid();
	return 0;
}

/* A file without a name: nothing of it is left, whatever happens. */
static int open_nameless(const char *folder)
{
	char path[4096];
	int fd = open(folder, O_TMPFILE | O_RDWR, 0600);

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
		return fd;
	if (snprintf(path, sizeof(path), "%s/robtrace-victim-XXXXXX", folder) >= (int)sizeof(path))
		return -1;
	fd = mkstemp(path);
	if (fd >= 0)
		unlink(path);
	return fd;
}

static int make_file(struct puppet *puppet, const struct puppet_start *start)
{
	char text[160];
	static const char line[] = "bytes of a file\n";
	long page = sysconf(_SC_PAGESIZE);

	if (!start->folder)
		return 0;
	puppet->file_fd = open_nameless(start->folder);
	for (long at = 0; puppet->file_fd >= 0 && at < page; at += (long)sizeof(line) - 1)
		if (write(puppet->file_fd, line, sizeof(line) - 1) < 0)
			break;
	if (puppet->file_fd >= 0 && lseek(puppet->file_fd, 0, SEEK_CUR) == (off_t)page)
		return 0;
	snprintf(text, sizeof(text), "%.100s: cannot make a file there", start->folder);
	return puppet_fail(puppet, -errno, text);
}

/* A descriptor of the program for that libc; -1: it is ourselves. */
static int make_program(struct puppet *puppet, enum race_libc libc, int *ret_fd)
{
	const unsigned char *image;
	size_t size;
	int fd;

	*ret_fd = -1;
	if (libc != RACE_MUSL)
		return 0;
	if (race_musl_image(&image, &size))
		return puppet_fail(puppet, -EOPNOTSUPP,
				   "this robtrace was built without musl-gcc, and so without a "
				   "victim for musl");
	fd = memfd_create("victim-musl", MFD_CLOEXEC | MFD_EXEC);
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("victim-musl", MFD_CLOEXEC);
	if (fd < 0)
		return puppet_fail(puppet, -errno, "no memory file for the victim");
	*ret_fd = fd;
	if (write(fd, image, size) != (ssize_t)size)
		return puppet_fail(puppet, -EIO, "the victim's program cannot be written");
	return 0;
}

/* ---- Its life ---- */

static int start_victim(struct puppet *puppet, const struct puppet_start *start, int program)
{
	char path[32] = "/proc/self/exe";
	char job[16];
	char board[16];
	char file[16];
	char flags[16];
	char argument[] = VICTIM_ARGUMENT;
	char *argv[] = {path, argument, job, board, file, flags, NULL};
	const struct engine_command command = {.argv = argv};
	enum engine_start_error what = ENGINE_START_OK;
	int error;

	if (program >= 0)
		snprintf(path, sizeof(path), "/proc/self/fd/%d", program);
	snprintf(job, sizeof(job), "%d", start->job);
	snprintf(board, sizeof(board), "%d", puppet->board_fd);
	snprintf(file, sizeof(file), "%d", puppet->file_fd);
	snprintf(flags, sizeof(flags), "%u", start->flags);
	error = engine_start(puppet->engine, &command, &puppet->pid, &what);
	if (!error)
		return 0;
	puppet->pid = 0;
	return puppet_fail(
		puppet, error,
		what == ENGINE_START_SEIZE
			? "cannot trace even our own child (ptrace(2) is forbidden here: "
			  "a container's seccomp profile, or kernel.yama.ptrace_scope 3)"
			: "the victim cannot be started");
}

int puppet_open(struct puppet *puppet, const struct puppet_start *start,
		struct race_failure *failure)
{
	const struct engine_options options = {
		.calls = calls,
		.n_calls = sizeof(calls) / sizeof(calls[0]),
		.control = control_signals,
		.n_control = sizeof(control_signals) / sizeof(control_signals[0]),
	};
	int program = -1;
	int error;

	*puppet = (struct puppet){.board_fd = -1, .file_fd = -1, .failure = failure};
	*failure = (struct race_failure){0};
	error = make_board(puppet, start);
	if (!error)
		error = make_file(puppet, start);
	if (!error)
		error = make_program(puppet, start->libc, &program);
	if (!error) {
		error = engine_new(&options, &puppet->engine);
		if (error)
			puppet_fail(puppet, error, "cannot trace");
	}
	if (!error)
		error = start_victim(puppet, start, program);
	if (program >= 0)
		close(program);
	puppet->deadline_ns = clock_now_ns() + LIFE_NS;
	return error;
}

void puppet_kill(struct puppet *puppet)
{
	if (puppet->pid && !puppet->killed)
		kill(puppet->pid, SIGKILL);
	puppet->killed = true;
}

/* What is no stop of the victim. */
static void on_other(struct puppet *puppet, const struct engine_stop *stop)
{
	if (stop->kind == ENGINE_CONTROL) {
		puppet->failure->signal = stop->signal;
		puppet_fail(puppet, -EINTR, "interrupted");
	} else {
		puppet_fail(puppet, -ETIME, "the victim did not get there in a minute");
	}
	puppet_kill(puppet);
}

static void on_failed(struct puppet *puppet)
{
	char what[sizeof(puppet->board->what) + 1] = "";
	char text[160];
	int error = puppet->board->error > 0 ? puppet->board->error : EPROTO;

	memcpy(what, puppet->board->what, sizeof(puppet->board->what));
	if (error == ENOSYS)
		snprintf(text, sizeof(text), "this kernel has no %s", what);
	else
		snprintf(text, sizeof(text), "the victim failed: %s", what);
	puppet_fail(puppet, error == ENOSYS ? -EOPNOTSUPP : -error, text);
	puppet_kill(puppet);
}

int puppet_next(struct puppet *puppet, struct engine_stop *ret)
{
	for (;;) {
		uint64_t deadline_ns = puppet->killed ? 0 : puppet->deadline_ns;
		int got = engine_next(puppet->engine, deadline_ns, ret);

		if (got <= 0)
			return got;
		if (!ret->task) {
			on_other(puppet, ret);
			continue;
		}
		if (ret->kind == ENGINE_GONE && ret->task->tid == puppet->pid) {
			if (!puppet->killed)
				puppet_fail(puppet, -EPROTO, "the victim ended by itself");
			puppet->killed = true;
		}
		if (puppet_mark_of(ret) != MARK_FAILED)
			return 1;
		on_failed(puppet);
	}
}

enum victim_mark puppet_mark_of(const struct engine_stop *stop)
{
	if (stop->kind != ENGINE_ENTRY || stop->nr != (uint64_t)calls[CALL_PRCTL].number_64 ||
	    stop->args[0] != VICTIM_MARK || stop->args[1] > MARK_DYING)
		return 0;
	return (enum victim_mark)stop->args[1];
}

bool puppet_is_futex(const struct engine_stop *stop, uint32_t operation)
{
	return stop->kind == ENGINE_ENTRY && stop->nr == (uint64_t)calls[CALL_FUTEX].number_64 &&
	       call_futex_operation((uint32_t)stop->args[1]) == operation;
}

void puppet_go(const struct puppet *puppet)
{
	__atomic_store_n(&puppet->board->go, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, &puppet->board->go, FUTEX_WAKE, 1, NULL, NULL, 0);
}

int puppet_close(struct puppet *puppet)
{
	struct engine_stop stop;
	int signal;

	puppet_kill(puppet);
	while (puppet->engine && puppet->pid && engine_next(puppet->engine, 0, &stop) > 0)
		engine_resume(puppet->engine, &stop, false);
	signal = engine_free(puppet->engine);
	if (puppet->board)
		munmap(puppet->board, puppet->board_size);
	if (puppet->board_fd >= 0)
		close(puppet->board_fd);
	if (puppet->file_fd >= 0)
		close(puppet->file_fd);
	if (!signal)
		return 0;
	puppet->failure->signal = signal;
	return puppet_fail(puppet, -EINTR, "interrupted");
}
