/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A filter for a process that runs: made by one of its threads, for all of them. */
#include <errno.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "target/engine.h"
#include "target/engine_parts.h"
#include "target/inject.h"

/* Numbers of the calls, as the task's own code counts. */
struct numbers {
	long mmap;
	long munmap;
	long prctl;
	long seccomp;
};

static const struct numbers numbers_64 = {SYS_mmap, SYS_munmap, SYS_prctl, SYS_seccomp};
static const struct numbers numbers_32 = {192, 91, 172, 354}; /* i386: mmap2 */

/* struct sock_fprog of a 32-bit caller: u16 len, u32 filter behind two bytes of nothing. */
#define FPROG_32_FILTER 4

static int call(struct inject *inject, long number, const uint64_t args[6], uint64_t *ret)
{
	int64_t result = 0;
	int error = inject_call(inject, number, args, &result);

	if (error)
		return error;
	if (result < 0 && result >= -4095)
		return (int)result;
	*ret = inject->bits == 64 ? (uint64_t)result : (uint32_t)result;
	return 0;
}

/* Program and its header behind each other, as the target will see them at `address`. */
static unsigned char *make_image(const struct sock_fprog *program, uint64_t address, unsigned bits,
				 size_t *ret_size)
{
	size_t header = sizeof(struct sock_fprog);
	size_t body = program->len * sizeof(*program->filter);
	unsigned char *image = calloc(1, header + body);

	if (!image)
		return NULL;
	if (bits == 64) {
		struct sock_fprog wide = {.len = program->len,
					  .filter = (struct sock_filter *)(address + header)};

		memcpy(image, &wide, sizeof(wide));
	} else {
		uint32_t filter = (uint32_t)(address + header);

		memcpy(image, &program->len, sizeof(program->len));
		memcpy(image + FPROG_32_FILTER, &filter, sizeof(filter));
	}
	memcpy(image + header, program->filter, body);
	*ret_size = header + body;
	return image;
}

/* With the program in the target's memory. */
static int load_there(struct inject *inject, const struct numbers *numbers,
		      const struct sock_fprog *program, uint64_t address)
{
	const uint64_t no_new_privs[6] = {PR_SET_NO_NEW_PRIVS, 1};
	const uint64_t load[6] = {SECCOMP_SET_MODE_FILTER,
				  SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW,
				  address};
	cleanup_free unsigned char *image = NULL;
	size_t size = 0;
	uint64_t result = 0;
	int error;

	image = make_image(program, address, inject->bits, &size);
	if (!image)
		return -ENOMEM;
	error = inject_write(inject, address, image, size);
	if (!error)
		error = call(inject, numbers->seccomp, load, &result);
	if (error == -EACCES) {
		error = call(inject, numbers->prctl, no_new_privs, &result);
		if (!error)
			error = call(inject, numbers->seccomp, load, &result);
	}
	/* Above 0: the thread that could not be put under it. */
	return error ? error : result ? -EBUSY : 0;
}

static int inject_program(struct inject *inject, const struct sock_fprog *program)
{
	const struct numbers *numbers = inject->bits == 64 ? &numbers_64 : &numbers_32;
	size_t size = sizeof(struct sock_fprog) + program->len * sizeof(*program->filter);
	const uint64_t map[6] = {
		0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, UINT64_MAX, 0};
	uint64_t unmap[6] = {0, size};
	uint64_t result = 0;
	int error = call(inject, numbers->mmap, map, &unmap[0]);

	if (error)
		return error;
	error = load_there(inject, numbers, program, unmap[0]);
	if (!inject->ended)
		call(inject, numbers->munmap, unmap, &result);
	return error;
}

static void mark_filtered(void *context, struct engine_task *task)
{
	const pid_t *pid = context;

	if (task->pid == *pid)
		task->filtered = true;
}

int engine_inject_filter(struct engine *engine, const struct engine_stop *stop)
{
	pid_t pid = stop->task->pid;
	struct sock_fprog program = {0};
	struct inject inject;
	int error;

	if (stop->task->filtered)
		return 0;
	error = filter_build(engine->options.calls, engine->options.n_calls, &program);
	if (!error)
		error = inject_begin(&inject, stop->task->pid, stop->task->tid);
	if (!error) {
		error = inject_program(&inject, &program);
		inject_end(&inject, false);
		if (inject.ended && engine_push(engine, inject.tid, inject.status))
			error = -ENOMEM;
	}
	filter_release(&program);
	if (!error)
		engine_each(engine, mark_filtered, &pid);
	return error;
}
