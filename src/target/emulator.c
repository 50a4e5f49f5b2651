/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/emulator.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "target/procfs.h"

#define OPTION "--emulate"

/* Among the arguments of its COMMAND, too: those cannot be told apart from here. */
static bool says_emulate(pid_t pid)
{
	cleanup_free char *argument = NULL;
	size_t size = 0;
	char path[64];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	while (!found && getdelim(&argument, &size, '\0', file) > 0) {
		size_t length = strcspn(argument, "=");

		/* getopt_long(3) takes beginnings: --em is the shortest that means nothing else. */
		found = length >= strlen("--em") && length <= strlen(OPTION) &&
			strncmp(argument, OPTION, length) == 0;
	}
	fclose(file);
	return found;
}

pid_t emulator_of(pid_t pid)
{
	struct proc_status status;
	struct proc_stat stat;

	if (procfs_status(pid, pid, &status) || !status.tracer ||
	    procfs_stat(status.tracer, status.tracer, &stat) || strcmp(stat.comm, "robtrace") != 0)
		return 0;
	return says_emulate(status.tracer) ? status.tracer : 0;
}
