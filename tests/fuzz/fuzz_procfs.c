/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parsers of /proc's texts: thread names and paths in them are anybody's bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "target/maps.h"
#include "target/procfs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proc_stat stat;
	struct proc_status status;
	struct proc_syscall call;
	struct proc_schedstat schedstat;
	struct maps maps;
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	procfs_parse_stat(text, &stat);
	procfs_parse_status(text, &status);
	procfs_parse_syscall(text, &call);
	procfs_parse_schedstat(text, &schedstat);
	/* Takes the text over. */
	if (maps_parse(text, &maps) == 0) {
		maps_find(&maps, UINT64_C(0x7f0000001000));
		maps_free(&maps);
	}
	return 0;
}
