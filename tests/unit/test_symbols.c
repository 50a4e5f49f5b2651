/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names in this very process and in the stack tracee (tests/tracee/stack.c). */
#include "symbol/symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "started.h"
#include "symbol/demangle.h"
#include "symbol/locate.h"
#include "symbol/module.h"
#include "symbol/symbols_elf.h"
#include "unit.h"

#define NOWHERE "/nonexistent"
#define PATH_SIZE 512

/* Something of our own to find. */
uint64_t symbols_known_variable[4] = {1, 2, 3, 4};

static struct frame function_at(struct symbols *symbols, uint64_t pc, struct arena *arena)
{
	struct frame frame;

	assert_int_equal(symbols_function(symbols, pc, false, arena, &frame), 0);
	return frame;
}

static struct symbols_variable variable_at(struct symbols *symbols, uint64_t address,
					   struct arena *arena)
{
	struct symbols_variable variable;

	assert_int_equal(symbols_data(symbols, address, arena, &variable), 0);
	return variable;
}

static void make_folder(char folder[PATH_SIZE])
{
	snprintf(folder, PATH_SIZE, "/tmp/robtrace-unit-XXXXXX");
	assert_non_null(mkdtemp(folder));
}

static void remove_folder(const char *folder)
{
	char command[PATH_SIZE + 16];

	snprintf(command, sizeof(command), "rm -rf -- %s", folder);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a path of our own */
}

static int copy_file(const char *from, const char *to)
{
	char buffer[65536];
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	ssize_t got = in < 0 || out < 0 ? -1 : 1;

	while (got > 0) {
		got = read(in, buffer, sizeof(buffer));
		if (got > 0 && write(out, buffer, (size_t)got) != got)
			got = -1;
	}
	close(in);
	close(out);
	return got < 0 ? -1 : 0;
}

static void need(const char *program)
{
	if (access(program, X_OK)) {
		print_message("SKIP: %s was not built here\n", program);
		skip();
	}
}

static void our_own(void **state)
{
	struct symbols *symbols;
	struct maps maps;
	struct live_memory live;
	struct arena arena = {0};
	struct symbols_process process = {.pid = getpid(),
					  .tid = getpid(),
					  .bits = 64,
					  .maps = &maps,
					  .memory = &live.memory};
	uint64_t here = (uintptr_t)our_own;
	struct symbols_variable variable;
	struct frame frame;

	(void)state;
	assert_int_equal(maps_read(getpid(), getpid(), &maps), 0);
	live_memory_open(&live, getpid(), getpid());
	assert_int_equal(symbols_open(NOWHERE, &symbols), 0);
	symbols_enter(symbols, &process);
	frame = function_at(symbols, here + 4, &arena);
	assert_string_equal(frame.function, "our_own");
	assert_int_equal(frame.offset, 4);
	assert_int_equal(frame.pc, here + 4);
	assert_non_null(strstr(frame.module, "test_symbols"));
	/* A return address right behind a function belongs to the function. */
	assert_int_equal(symbols_function(symbols, here, true, &arena, &frame), 0);
	assert_true(!frame.function || strcmp(frame.function, "our_own") != 0);
	assert_int_equal(frame.pc, here);
	variable = variable_at(symbols, (uintptr_t)&symbols_known_variable[2], &arena);
	assert_string_equal(variable.name, "symbols_known_variable");
	assert_int_equal(variable.offset, 16);
	/* Neither module nor name: a stack, nothing at all. */
	assert_null(variable_at(symbols, (uintptr_t)&arena, &arena).module);
	assert_null(function_at(symbols, 16, &arena).module);
	assert_null(function_at(symbols, UINT64_MAX, &arena).module);
	symbols_close(symbols);
	live_memory_close(&live);
	maps_free(&maps);
	arena_free(&arena);
}

static void vdso(void **state)
{
	struct symbols *symbols;
	struct maps maps;
	struct live_memory live;
	struct arena arena = {0};
	struct symbols_process process = {.pid = getpid(),
					  .tid = getpid(),
					  .bits = 64,
					  .maps = &maps,
					  .memory = &live.memory};
	bool found = false;

	(void)state;
	assert_int_equal(maps_read(getpid(), getpid(), &maps), 0);
	live_memory_open(&live, getpid(), getpid());
	assert_int_equal(symbols_open(NOWHERE, &symbols), 0);
	symbols_enter(symbols, &process);
	for (size_t i = 0; i < maps.count; i++) {
		if (!module_is_vdso(&maps.items[i]))
			continue;
		for (uint64_t at = maps.items[i].start; at < maps.items[i].end; at += 16) {
			struct frame frame = function_at(symbols, at, &arena);

			assert_string_equal(frame.module, "[vdso]");
			found = found ||
				(frame.function && strstr(frame.function, "clock_gettime"));
		}
	}
	assert_true(found);
	symbols_close(symbols);
	live_memory_close(&live);
	maps_free(&maps);
	arena_free(&arena);
}

static void expect_variable(struct symbols *symbols, uint64_t address, const char *name,
			    uint64_t size, const char *module)
{
	struct arena arena = {0};
	struct symbols_variable variable = variable_at(symbols, address, &arena);

	assert_non_null(variable.name);
	assert_string_equal(variable.name, name);
	assert_int_equal(variable.offset, 0);
	assert_non_null(strstr(variable.module, module));
	assert_int_equal(variable_at(symbols, address + size - 1, &arena).offset, size - 1);
	/* Only inside its size. */
	variable = variable_at(symbols, address + size, &arena);
	assert_true(!variable.name || strcmp(variable.name, name) != 0);
	arena_free(&arena);
}

/* A compiler lets the program have a copy of a library's variable, or leaves it where it is. */
static const char *home_of_table(const struct symbols_process *process, uint64_t address,
				 const char *program)
{
	const struct map *map = maps_find(process->maps, address);

	assert_non_null(map);
	return map->path && strstr(map->path, "libstack_library.so") ? "libstack_library.so"
								     : program;
}

static void variables(void **state)
{
	static const char *const programs[] = {"stack_o2", "stack_no_pie", "stack_static",
					       "stack_static_pie"};
#if defined(__clang__)
	static const char counter_name[] = "library_counter.library_count";
#else
	static const char counter_name[] = "library_count.0";
#endif
	struct symbols *symbols;

	(void)state;
	assert_int_equal(symbols_open(NOWHERE, &symbols), 0);
	for (size_t i = 0; i < 4; i++) {
		struct symbols_process process;
		struct started started;
		char path[PATH_SIZE];
		bool is_static = i >= 2;
		uint64_t table;

		snprintf(path, sizeof(path), TRACEES "/%s", programs[i]);
		need(path);
		assert_true(started_open(&started, path, NULL, NULL, NULL));
		process = started_process(&started);
		symbols_enter(symbols, &process);
		expect_variable(symbols, started_number(&started, "bss"), "stack_lock", 40,
				programs[i]);
		expect_variable(symbols, started_number(&started, "data"), "stack_rates", 32,
				programs[i]);
		table = started_number(&started, "table");
		expect_variable(symbols, table, "library_table", 64,
				home_of_table(&process, table, programs[i]));
		if (is_static) {
			started_close(&started);
			continue;
		}
		/* gcc puts a number behind the name, clang the name of the function before it. */
		process = started_process(&started);
		symbols_enter(symbols, &process);
		expect_variable(symbols, started_number(&started, "counter"), counter_name, 16,
				"libstack_library.so");
		started_close(&started);
	}
	symbols_close(symbols);
}

/* The first frames' names are enough to know whether the symbols were found. */
static bool knows_names(struct started *started, const char *debug_root)
{
	struct symbols_process process = started_process(started);
	struct arena arena = {0};
	struct symbols_variable variable;
	struct symbols *symbols;
	bool known;

	assert_int_equal(symbols_open(debug_root, &symbols), 0);
	symbols_enter(symbols, &process);
	variable = variable_at(symbols, started_number(started, "bss"), &arena);
	assert_non_null(variable.module);
	known = variable.name && strcmp(variable.name, "stack_lock") == 0;
	arena_free(&arena);
	symbols_close(symbols);
	return known;
}

static void debug_link(void **state)
{
	struct started started;

	(void)state;
	need(TRACEES "/stack_split");
	assert_true(started_open(&started, TRACEES "/stack_split", NULL, NULL, NULL));
	assert_true(knows_names(&started, NOWHERE));
	started_close(&started);
	assert_true(started_open(&started, TRACEES "/stack_stripped", NULL, NULL, NULL));
	assert_false(knows_names(&started, NOWHERE));
	started_close(&started);
}

/* 'ROOT/.build-id/ab/cdef.debug' for the program, with its folder made. */
static void build_id_path(const char *program, const char *root, char path[PATH_SIZE])
{
	struct symbols_elf *elf;
	const struct symbols_link *link;
	int length;

	assert_int_equal(symbols_elf_open(open(program, O_RDONLY | O_CLOEXEC), &elf), 0);
	link = symbols_elf_link(elf);
	assert_true(link->build_id_size > 2);
	length = snprintf(path, PATH_SIZE, "%s/.build-id", root);
	mkdir(path, 0755);
	length += snprintf(path + length, PATH_SIZE - (size_t)length, "/%02x", link->build_id[0]);
	mkdir(path, 0755);
	length += snprintf(path + length, PATH_SIZE - (size_t)length, "/");
	for (size_t i = 1; i < link->build_id_size; i++)
		length += snprintf(path + length, PATH_SIZE - (size_t)length, "%02x",
				   link->build_id[i]);
	snprintf(path + length, PATH_SIZE - (size_t)length, ".debug");
	symbols_elf_close(elf);
}

static void build_id(void **state)
{
	struct started started;
	char folder[PATH_SIZE];
	char path[PATH_SIZE];

	(void)state;
	need(TRACEES "/stack_stripped");
	make_folder(folder);
	assert_true(started_open(&started, TRACEES "/stack_stripped", NULL, NULL, NULL));
	build_id_path(TRACEES "/stack_stripped", folder, path);
	/* Another program's: it is looked at and not believed. */
	assert_int_equal(symlink(TRACEES "/stack_o0", path), 0);
	assert_false(knows_names(&started, folder));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink(TRACEES "/stack_split.debug", path), 0);
	assert_true(knows_names(&started, folder));
	started_close(&started);
	remove_folder(folder);
}

static void deleted_program(void **state)
{
	struct started started;
	char folder[PATH_SIZE];
	char path[PATH_SIZE + 16];

	(void)state;
	need(TRACEES "/stack_static");
	make_folder(folder);
	snprintf(path, sizeof(path), "%s/program", folder);
	assert_int_equal(copy_file(TRACEES "/stack_static", path), 0);
	assert_true(started_open(&started, path, NULL, NULL, NULL));
	assert_int_equal(unlink(path), 0);
	assert_true(knows_names(&started, NOWHERE));
	/* Another file under its name is not taken for it. */
	assert_int_equal(copy_file(TRACEES "/stack_no_pie", path), 0);
	assert_true(knows_names(&started, NOWHERE));
	started_close(&started);
	remove_folder(folder);
}

/* A file system that only the child sees, with the program on it. */
static int hide_program(void *context)
{
	const char *folder = context;
	char path[PATH_SIZE + 16];

	snprintf(path, sizeof(path), "%s/program", folder);
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", folder, "tmpfs", 0, NULL))
		return -1;
	return copy_file(TRACEES "/stack_static", path);
}

static void mount_namespace(void **state)
{
	struct started started;
	char folder[PATH_SIZE];
	char path[PATH_SIZE + 16];
	struct map moved;
	int fd;

	(void)state;
	need(TRACEES "/stack_static");
	make_folder(folder);
	snprintf(path, sizeof(path), "%s/program", folder);
	if (!started_open(&started, path, NULL, hide_program, folder)) {
		remove_folder(folder);
		print_message("SKIP: to make a mount namespace needs root\n");
		skip();
	}
	assert_int_equal(access(path, F_OK), -1);
	assert_true(knows_names(&started, NOWHERE));
	/* By its name below the root of the process, where map_files does not help. */
	moved = started.maps.items[0];
	moved.start += 1;
	fd = locate_module(started.pid, &moved);
	assert_true(fd >= 0);
	close(fd);
	/* By none: the link to the program. */
	moved.path = "/elsewhere";
	fd = locate_module(started.pid, &moved);
	assert_true(fd >= 0);
	close(fd);
	/* That is another file. */
	moved.inode++;
	assert_true(locate_module(started.pid, &moved) < 0);
	started_close(&started);
	remove_folder(folder);
}

static void expect_module(const struct maps *maps, uint64_t address, int first, bool bss)
{
	struct module module;
	bool found = module_find(maps, address, &module);

	assert_int_equal(found, first >= 0);
	if (!found)
		return;
	assert_ptr_equal(module.first, &maps->items[first]);
	assert_int_equal(module.bss, bss);
}

static void modules(void **state)
{
	/* lld maps two segments from offset 0; one library stands twice side by side. */
	static const char text[] =
		"1000-2000 r--p 00000000 08:01 7 /bin/a\n2000-3000 r-xp 00000000 08:01 7 /bin/a\n"
		"3000-4000 rw-p 00001000 08:01 7 /bin/a\n4000-5000 rw-p 00000000 00:00 0 \n"
		"6000-7000 r--p 00000000 08:01 9 /lib/b\n7000-8000 r-xp 00001000 08:01 9 /lib/b\n"
		"8000-9000 r--p 00000000 08:01 9 /lib/b\n9000-a000 r-xp 00001000 08:01 9 /lib/b\n"
		"b000-c000 rw-s 00000000 08:01 9 /lib/b\nc000-d000 rw-p 00000000 00:00 0 \n"
		"e000-f000 r-xp 00000000 00:00 0 [vdso]\n";
	struct maps maps;

	(void)state;
	assert_int_equal(maps_parse(strdup(text), &maps), 0);
	expect_module(&maps, 0x1000, 0, false);
	expect_module(&maps, 0x2800, 0, false);
	expect_module(&maps, 0x3fff, 0, false);
	expect_module(&maps, 0x4000, 0, true);
	expect_module(&maps, 0x5000, -1, false);
	expect_module(&maps, 0x7000, 4, false);
	expect_module(&maps, 0x9000, 6, false);
	expect_module(&maps, 0xb000, -1, false);
	expect_module(&maps, 0xc000, -1, false);
	expect_module(&maps, 0xe010, 10, false);
	assert_true(module_executable(&maps, 0x2000));
	assert_false(module_executable(&maps, 0x3000));
	maps_free(&maps);
}

static int open_bytes(const void *bytes, size_t size, struct symbols_elf **ret)
{
	unsigned char *image = malloc(size + 1);

	assert_non_null(image);
	memcpy(image, bytes, size);
	return symbols_elf_open_image(image, size, ret);
}

static void not_elf(void **state)
{
	struct symbols_elf *elf;
	unsigned char header[64] = {0x7f, 'E', 'L', 'F', 2, 1, 1};

	(void)state;
	assert_int_equal(open_bytes("", 0, &elf), -ENOEXEC);
	assert_int_equal(open_bytes("#!/bin/sh\n", 10, &elf), -ENOEXEC);
	assert_int_equal(open_bytes(header, 10, &elf), -ENOEXEC);
	assert_int_equal(open_bytes(header, sizeof(header), &elf), -ENOEXEC);
	assert_int_equal(symbols_elf_open(open("/", O_RDONLY | O_CLOEXEC), &elf), -ENOEXEC);
}

/* Cut anywhere, the file has fewer names or none. */
static void cut_files(void **state)
{
	static unsigned char bytes[1 << 20];
	int fd = open(TRACEES "/stack_o2", O_RDONLY | O_CLOEXEC);
	ssize_t size = read(fd, bytes, sizeof(bytes));
	size_t found = 0;

	(void)state;
	assert_true(size > 4096);
	close(fd);
	for (size_t length = 0; length <= (size_t)size; length += 499) {
		struct symbols_budget budget = {100000, 100000};
		struct symbols_elf *elf;
		struct symbols_hit hit;

		if (open_bytes(bytes, length, &elf))
			continue;
		for (uint64_t at = 0; at < 0x5000; at += 64)
			found += symbols_elf_find(elf, SYMBOLS_FUNCTION, at, &budget, &hit);
		symbols_elf_close(elf);
	}
	/* The headers of the sections are at the end: without them there are no symbols. */
	assert_true(found < 1000);
}

static void budget_is_kept(void **state)
{
	struct symbols_budget budget = {10, 100000};
	struct symbols_elf *elf;
	struct symbols_hit hit;

	(void)state;
	assert_int_equal(symbols_elf_open(open("/proc/self/exe", O_RDONLY | O_CLOEXEC), &elf), 0);
	for (uint64_t at = 0; at < 0x10000; at += 16)
		assert_false(symbols_elf_find(elf, SYMBOLS_FUNCTION, at, &budget, &hit));
	assert_int_equal(budget.kept, 10);
	symbols_elf_close(elf);
}

static void cxx(void **state)
{
	char text[DEMANGLE_MAX];
	char bomb[1024] = "_Z1fI1aIiiE";

	(void)state;
	assert_true(demangle("_ZN4bank7accountIlE4takeEl", text));
	assert_string_equal(text, "bank::account<long>::take");
	assert_true(demangle("_ZN4bank5vaultE", text));
	assert_string_equal(text, "bank::vault");
	assert_false(demangle("main", text));
	assert_false(demangle("_Zzzz", text));
	/* Each type is a pair of the one before: gigabytes, if all of it were written. */
	for (int i = 0; i < 30; i++) {
		char one[8];
		int number = i % 36;

		snprintf(one, sizeof(one), "S%c_", number < 10 ? '0' + number : 'A' + number - 10);
		snprintf(bomb + strlen(bomb), sizeof(bomb) - strlen(bomb), "S_I%s%sE", one, one);
	}
	strcat(bomb, "Evv");
	assert_true(demangle(bomb, text));
	assert_true(strlen(text) < DEMANGLE_MAX);
	assert_non_null(strstr(text, "..."));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_own),         cmocka_unit_test(vdso),
		cmocka_unit_test(variables),       cmocka_unit_test(debug_link),
		cmocka_unit_test(build_id),        cmocka_unit_test(deleted_program),
		cmocka_unit_test(mount_namespace), cmocka_unit_test(modules),
		cmocka_unit_test(not_elf),         cmocka_unit_test(cut_files),
		cmocka_unit_test(budget_is_kept),  cmocka_unit_test(cxx),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
