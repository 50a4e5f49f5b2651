/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opens the files behind the modules of a process, wherever its root is, and those with their
 * debug information.
 *
 * Sources: proc(5), /proc/PID/map_files, exe and root; "Debugging Information in Separate Files"
 * in the manual of gdb.
 */
#ifndef ROBTRACE_SYMBOL_LOCATE_H
#define ROBTRACE_SYMBOL_LOCATE_H

#include <stddef.h>
#include <sys/types.h>

#include "symbol/symbols_elf.h"
#include "target/maps.h"

/*
 * The file that is mapped there: by /proc/TID/map_files, which needs CAP_SYS_ADMIN or
 * CAP_CHECKPOINT_RESTORE but finds deleted files too; by its name below the root of the process,
 * and below ours; or as /proc/TID/exe. It is the same file by device and inode, not another one
 * that has its name now. An open file, or a negative errno: -ENOENT, or -EACCES and the like.
 */
int locate_module(pid_t tid, const struct map *map);

/*
 * The index-th place where its debug file may be, below the root of the process and below ours:
 * by build-id, then by .gnu_debuglink. Whether it is the right one the caller must see. An open
 * file; -ENOENT: not there; -ERANGE: no more places; or another negative errno.
 */
int locate_debug(pid_t tid, const char *debug_root, const char *module_path,
		 const struct symbols_link *link, size_t index);

#endif
