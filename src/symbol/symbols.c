/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/symbols.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "symbol/demangle.h"
#include "symbol/locate.h"
#include "symbol/module.h"
#include "symbol/symbols_elf.h"

/*
 * What a process may cost, so that one made to do harm is slow but not for ever. The symbols of a
 * browser are some two million, those of all that runs on a desktop a quarter of the sum.
 */
#define KEPT_MAX ((size_t)16 << 20)
#define SCANNED_MAX ((size_t)32 << 20)
/* Each file that is kept is an open one or two. */
#define FILES_MAX ((size_t)256)
#define VDSO_MAX ((uint64_t)64 * 1024)
/* Names kept for each kind in each file. A power of two. */
#define NAMES ((size_t)128)

struct name {
	uint64_t start;
	char *text; /* demangled; NULL: the place is free */
};

/* One file on disk, or the vDSO. */
struct file {
	dev_t device; /* 0 with inode 0: the vDSO */
	ino_t inode;
	struct timespec modified;
	off_t size;
	struct symbols_elf *elf;   /* NULL: not an ELF file */
	struct symbols_elf *debug; /* NULL: has none, or is not looked for yet */
	bool debug_tried;
	struct name *names[SYMBOLS_KINDS]; /* NAMES each; NULL: none yet */
	unsigned char *image;              /* of the vDSO, to know it again */
};

/* A file as it lies in the process that was entered. */
struct loaded {
	const struct map *first;
	struct file *file; /* NULL: cannot be opened */
};

struct symbols {
	const char *debug_root;
	struct symbols_process process;
	struct file **files;
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

static void file_free(struct file *file)
{
	for (int kind = 0; kind < SYMBOLS_KINDS; kind++) {
		for (size_t i = 0; file->names[kind] && i < NAMES; i++)
			free(file->names[kind][i].text);
		free(file->names[kind]);
	}
	symbols_elf_close(file->elf);
	symbols_elf_close(file->debug);
	free(file->image);
	free(file);
}

static void forget_files(struct symbols *symbols)
{
	for (size_t i = 0; i < symbols->n_files; i++)
		file_free(symbols->files[i]);
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
