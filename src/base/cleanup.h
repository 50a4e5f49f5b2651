/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Variables that are given back when they go out of scope. */
#ifndef ROBTRACE_BASE_CLEANUP_H
#define ROBTRACE_BASE_CLEANUP_H

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free_ptr(void *pointer)
{
	free(*(void **)pointer);
}

static inline void cleanup_close_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

#define cleanup_free __attribute__((cleanup(cleanup_free_ptr)))
#define cleanup_fd __attribute__((cleanup(cleanup_close_fd)))
#define cleanup_dir __attribute__((cleanup(cleanup_close_dir)))

#endif
