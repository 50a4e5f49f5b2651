/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake_memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static unsigned char *find(struct fake_memory *fake, uint64_t address, size_t size)
{
	for (size_t i = 0; i < fake->n_stretches; i++) {
		const struct fake_stretch *stretch = &fake->stretches[i];

		if (address >= stretch->address && size <= stretch->size &&
		    address - stretch->address <= stretch->size - size)
			return stretch->bytes + (address - stretch->address);
	}
	return NULL;
}

static int fake_read(struct memory *memory, struct memory_range *ranges, size_t count)
{
	struct fake_memory *fake = (struct fake_memory *)memory;

	fake->calls++;
	fake->ranges += count;
	if (fake->before_read)
		fake->before_read(fake);
	if (fake->error)
		return fake->error;
	for (size_t i = 0; i < count; i++) {
		const unsigned char *bytes = find(fake, ranges[i].address, ranges[i].size);

		if (!bytes)
			continue;
		memcpy(ranges[i].buffer, bytes, ranges[i].size);
		ranges[i].ok = true;
	}
	return 0;
}

void fake_open(struct fake_memory *fake)
{
	*fake = (struct fake_memory){.memory = {.read = fake_read}};
}

void fake_close(struct fake_memory *fake)
{
	for (size_t i = 0; i < fake->n_stretches; i++)
		free(fake->stretches[i].bytes);
	fake->n_stretches = 0;
}

void fake_map(struct fake_memory *fake, uint64_t address, size_t size)
{
	struct fake_stretch *stretch = &fake->stretches[fake->n_stretches++];

	assert(fake->n_stretches <= FAKE_STRETCHES);
	assert(address % 4096 == 0);
	size = (size + 4095) / 4096 * 4096;
	*stretch = (struct fake_stretch){address, size, calloc(1, size)};
	assert(stretch->bytes);
}

void fake_unmap(struct fake_memory *fake, uint64_t address)
{
	for (size_t i = 0; i < fake->n_stretches; i++) {
		if (fake->stretches[i].address != address)
			continue;
		free(fake->stretches[i].bytes);
		fake->stretches[i] = fake->stretches[--fake->n_stretches];
		return;
	}
	assert(!"not mapped");
}

void fake_put32(struct fake_memory *fake, uint64_t address, uint32_t value)
{
	unsigned char *bytes = find(fake, address, sizeof(value));

	assert(bytes);
	memcpy(bytes, &value, sizeof(value));
}

void fake_put64(struct fake_memory *fake, uint64_t address, uint64_t value)
{
	unsigned char *bytes = find(fake, address, sizeof(value));

	assert(bytes);
	memcpy(bytes, &value, sizeof(value));
}

void fake_put_pointer(struct fake_memory *fake, unsigned bits, uint64_t address, uint64_t value)
{
	if (bits == 32)
		fake_put32(fake, address, (uint32_t)value);
	else
		fake_put64(fake, address, value);
}
