/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/symbols_bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int read_file(int fd, uint64_t offset, unsigned char *buffer, size_t size)
{
	while (size) {
		ssize_t got = pread(fd, buffer, size, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			return -ENOEXEC;
		buffer += got;
		offset += (uint64_t)got;
		size -= (size_t)got;
	}
	return 0;
}

int symbols_bytes_read(const struct symbols_bytes *bytes, uint64_t offset, void *buffer,
		       size_t size)
{
	if (size > bytes->size || offset > bytes->size - size)
		return -ENOEXEC;
	if (bytes->fd >= 0)
		return read_file(bytes->fd, offset, buffer, size);
	memcpy(buffer, bytes->image + offset, size);
	return 0;
}

void symbols_bytes_release(struct symbols_bytes *bytes)
{
	if (bytes->fd >= 0)
		close(bytes->fd);
	free(bytes->image);
	*bytes = (struct symbols_bytes){.fd = -1};
}
