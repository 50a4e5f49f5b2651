/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/symbols.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/vec.h"
#include "symbol/locate.h"
#include "symbol/module.h"
#include "symbol/symbols_elf.h"
#include "symbol/symbols_file.h"

/*
 * What a process may cost, so that one made to do harm is slow but not for ever. A browser has
 * some two million symbols, all that runs on a desktop a few times that.
 */
#define KEPT_MAX ((size_t)16 << 20)
#define SCANNED_MAX ((size_t)32 << 20)
/* Each file that is kept is one or two open ones. */
#define FILES_MAX ((size_t)256)
#define VDSO_MAX ((uint64_t)64 * 1024)

/* A file as it lies in the process that was entered. */
struct loaded {
	const struct map *first;
	struct symbols_file *file; /* NULL: cannot be opened */
};

struct symbols {
	const char *debug_root;
	struct symbols_process process;
	struct symbols_file **files;
	size_t n_files;
	size_t files_capacity;
	struct loaded *loaded; /* of the process */
	size_t n_loaded;
	size_t loaded_capacity;
	struct symbols_budget budget;
};

int symbols_open(const char *debug_root, struct symbols **ret)
{
	struct symbols *symbols = calloc(1, sizeof(*symbols));

	if (!symbols)
		return -ENOMEM;
	symbols->debug_root = debug_root;
	symbols->budget.kept = KEPT_MAX;
	*ret = symbols;
	return 0;
}

static void forget_files(struct symbols *symbols)
{
	for (size_t i = 0; i < symbols->n_files; i++)
		symbols_file_free(symbols->files[i]);
	symbols->n_files = 0;
	symbols->budget.kept = KEPT_MAX;
}

void symbols_close(struct symbols *symbols)
{
	if (!symbols)
		return;
	forget_files(symbols);
	free(symbols->files);
	free(symbols->loaded);
	free(symbols);
}

void symbols_enter(struct symbols *symbols, const struct symbols_process *process)
{
	symbols->process = *process;
	symbols->n_loaded = 0;
	symbols->budget.scanned = SCANNED_MAX;
	/* Nobody points at a file now. Half full is full: the process needs room as well. */
	if (symbols->n_files > FILES_MAX / 2 || symbols->budget.kept < KEPT_MAX / 2)
		forget_files(symbols);
}

/* 0, or -ENOMEM after the file was given back. */
static int add_file(struct symbols *symbols, struct symbols_file *file)
{
	if (file && vec_reserve(&symbols->files, symbols->n_files, &symbols->files_capacity, 1,
				sizeof(struct symbols_file *)) == 0) {
		symbols->files[symbols->n_files++] = file;
		return 0;
	}
	if (file)
		symbols_file_free(file);
	return -ENOMEM;
}

static int open_vdso(struct symbols *symbols, const struct map *map, struct symbols_file **ret)
{
	size_t size = (size_t)(map->end - map->start);
	unsigned char *image;
	int error;

	if (map->end - map->start > VDSO_MAX)
		return -ENOEXEC;
	image = malloc(size);
	if (!image)
		return -ENOMEM;
	error = memory_read_one(symbols->process.memory, map->start, image, size);
	for (size_t i = 0; i < symbols->n_files && !error; i++) {
		if (!symbols_file_is_image(symbols->files[i], image, size))
			continue;
		*ret = symbols->files[i];
		free(image);
		return 0;
	}
	if (error) {
		free(image);
		return error;
	}
	*ret = symbols_file_new_image(image, size);
	return add_file(symbols, *ret);
}

static int open_file(struct symbols *symbols, const struct map *map, struct symbols_file **ret)
{
	int fd = locate_module(symbols->process.tid, map);

	if (fd < 0)
		return fd;
	for (size_t i = 0; i < symbols->n_files; i++) {
		if (!symbols_file_is(symbols->files[i], fd))
			continue;
		*ret = symbols->files[i];
		close(fd);
		return 0;
	}
	*ret = symbols_file_new(fd);
	return add_file(symbols, *ret);
}

/* The file of the module, NULL where it cannot be opened. 0 or -ENOMEM. */
static int load(struct symbols *symbols, const struct map *first, struct symbols_file **ret)
{
	struct symbols_file *file = NULL;
	int error = 0;

	for (size_t i = 0; i < symbols->n_loaded; i++) {
		if (symbols->loaded[i].first != first)
			continue;
		*ret = symbols->loaded[i].file;
		return 0;
	}
	if (vec_reserve(&symbols->loaded, symbols->n_loaded, &symbols->loaded_capacity, 1,
			sizeof(*symbols->loaded)))
		return -ENOMEM;
	if (symbols->n_files < FILES_MAX)
		error = module_is_vdso(first) ? open_vdso(symbols, first, &file)
					      : open_file(symbols, first, &file);
	if (error == -ENOMEM)
		return error;
	if (error)
		file = NULL;
	symbols->loaded[symbols->n_loaded++] = (struct loaded){first, file};
	*ret = file;
	return 0;
}

static struct symbols_route route_to(struct symbols *symbols, const struct map *first)
{
	return (struct symbols_route){.tid = symbols->process.tid,
				      .debug_root = symbols->debug_root,
				      .module_path = first->path,
				      .budget = &symbols->budget};
}

/* What is known of an address. */
struct finding {
	const struct map *first; /* NULL: in no module */
	struct symbols_name name;
	uint64_t start; /* of what is named, in the process */
	bool named;
};

/* 0 or -ENOMEM. */
static int find(struct symbols *symbols, enum symbols_kind kind, uint64_t address,
		struct finding *ret)
{
	struct symbols_file *file;
	struct symbols_route route;
	struct module module;
	uint64_t in_file;
	int result;

	*ret = (struct finding){0};
	if (!module_find(symbols->process.maps, address, &module))
		return 0;
	result = load(symbols, module.first, &file);
	if (result)
		return result;
	if (!module.bss)
		ret->first = module.first;
	if (!file || !symbols_file_elf(file) ||
	    !symbols_elf_address(symbols_file_elf(file), module.first->offset, &in_file))
		return 0;
	in_file += address - module.first->start;
	if (!symbols_elf_has(symbols_file_elf(file), in_file))
		return 0;
	ret->first = module.first;
	route = route_to(symbols, module.first);
	result = symbols_file_name(file, &route, kind, in_file, &ret->name);
	ret->named = result > 0;
	ret->start = address - (in_file - ret->name.start);
	return result < 0 ? result : 0;
}

/* NULL where there is none; *error is set when there is no memory for it. */
static const char *copy(struct arena *arena, const char *text, int *error)
{
	const char *result = text ? arena_strdup(arena, text) : NULL;

	if (text && !result)
		*error = -ENOMEM;
	return result;
}

int symbols_function(struct symbols *symbols, target_addr pc, bool returns, struct arena *arena,
		     struct frame *ret)
{
	struct finding finding;
	int error = find(symbols, SYMBOLS_FUNCTION, returns ? pc - 1 : pc, &finding);

	if (error)
		return error;
	*ret = (struct frame){.pc = pc};
	if (finding.first) {
		ret->module = copy(arena, finding.first->path, &error);
		ret->module_offset = pc - finding.first->start;
	}
	if (finding.named) {
		ret->function = copy(arena, finding.name.text, &error);
		ret->offset = pc - finding.start;
	}
	return error;
}

target_addr symbols_function_start(struct symbols *symbols, target_addr pc, bool returns)
{
	struct finding finding;

	if (find(symbols, SYMBOLS_FUNCTION, returns ? pc - 1 : pc, &finding) || !finding.named)
		return 0;
	return finding.start;
}

int symbols_data(struct symbols *symbols, target_addr address, struct arena *arena,
		 struct symbols_variable *ret)
{
	struct finding finding;
	int error = find(symbols, SYMBOLS_OBJECT, address, &finding);

	if (error)
		return error;
	*ret = (struct symbols_variable){0};
	if (finding.first) {
		ret->module = copy(arena, finding.first->path, &error);
		ret->module_offset = address - finding.first->start;
	}
	if (finding.named) {
		ret->name = copy(arena, finding.name.text, &error);
		ret->offset = address - finding.start;
	}
	return error;
}

bool symbols_eh_frame(struct symbols *symbols, const struct map *first, target_addr *ret_address,
		      uint64_t *ret_size)
{
	struct symbols_file *file;
	uint64_t in_file;
	uint64_t load_address;

	if (load(symbols, first, &file) || !file || !symbols_file_elf(file) ||
	    !symbols_elf_eh_frame(symbols_file_elf(file), &in_file, ret_size) ||
	    !symbols_elf_address(symbols_file_elf(file), first->offset, &load_address))
		return false;
	*ret_address = first->start + (in_file - load_address);
	return true;
}

int symbols_module_file(struct symbols *symbols, const struct map *first)
{
	struct symbols_file *file;
	int error = load(symbols, first, &file);

	if (error)
		return error;
	if (!file || !symbols_file_elf(file))
		return -ENOENT;
	return symbols_elf_dup(symbols_file_elf(file));
}

int symbols_debug_file(struct symbols *symbols, const struct map *first)
{
	struct symbols_route route = route_to(symbols, first);
	const struct symbols_elf *debug;
	struct symbols_file *file;
	int error = load(symbols, first, &file);

	if (error)
		return error;
	debug = file ? symbols_file_debug(file, &route) : NULL;
	return debug ? symbols_elf_dup(debug) : -ENOENT;
}
