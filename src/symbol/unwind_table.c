/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/unwind_table.h"

#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/vec.h"

#define SEGMENTS_MAX 64
/* Of an .eh_frame; that of a large program is a few megabytes. */
#define FRAMES_MAX ((uint64_t)64 << 20)

/* DW_EH_PE_*: how a number is written, in the low four bits, and what it counts from. */
#define FORMAT_POINTER 0x00
#define FORMAT_U4 0x03
#define FORMAT_U8 0x04
#define FORMAT_S4 0x0b
#define FORMAT_S8 0x0c
#define FROM_ZERO 0x00
#define FROM_ITSELF 0x10
#define FROM_HEADER 0x30

/* Version, encodings of three things, a pointer to .eh_frame, and the number of entries. */
#define HEADER_SIZE 12
#define HEADER_COUNT 8

/* The program headers, which lie in the first mapping with the ELF header. Their number, or 0. */
static size_t read_segments(const struct map *first, struct memory *memory,
			    Elf64_Phdr ret[SEGMENTS_MAX])
{
	uint64_t size = first->end - first->start;
	Elf64_Ehdr header;

	if (first->offset || memory_read_one(memory, first->start, &header, sizeof(header)) ||
	    memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
	    header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_phentsize != sizeof(*ret) ||
	    header.e_phnum > SEGMENTS_MAX || header.e_phoff > size)
		return 0;
	if (memory_read_one(memory, first->start + header.e_phoff, ret,
			    header.e_phnum * sizeof(*ret)))
		return 0;
	return header.e_phnum;
}

/* Offset 0 of the file is mapped at the load address: that tells how far all was moved. */
static bool find_header(const struct map *first, struct memory *memory, uint64_t *ret)
{
	Elf64_Phdr segments[SEGMENTS_MAX];
	size_t count = read_segments(first, memory, segments);
	const Elf64_Phdr *lowest = NULL;
	const Elf64_Phdr *table = NULL;

	for (size_t i = 0; i < count; i++) {
		if (segments[i].p_type == PT_LOAD && !lowest)
			lowest = &segments[i];
		if (segments[i].p_type == PT_GNU_EH_FRAME)
			table = &segments[i];
	}
	if (!lowest || !table)
		return false;
	*ret = first->start + table->p_vaddr - (lowest->p_vaddr - lowest->p_offset);
	return true;
}

int unwind_table_find(const struct map *first, struct memory *memory, struct unwind_table *ret)
{
	static const unsigned char expected[] = {1, FROM_ITSELF | FORMAT_S4, FROM_ZERO | FORMAT_U4,
						 FROM_HEADER | FORMAT_S4};
	unsigned char header[HEADER_SIZE];
	uint64_t address;
	uint32_t count;
	int error;

	if (!find_header(first, memory, &address))
		return -ENOENT;
	error = memory_read_one(memory, address, header, sizeof(header));
	if (error)
		return error;
	memcpy(&count, header + HEADER_COUNT, sizeof(count));
	if (memcmp(header, expected, sizeof(expected)) != 0 || !count)
		return -ENOENT;
	*ret = (struct unwind_table){
		.base = address, .entries = address + HEADER_SIZE, .count = count};
	return 0;
}

/* An .eh_frame, all of it, and where we are in it. */
struct frames {
	const unsigned char *bytes;
	size_t size;
	uint64_t address;  /* of the first byte, in the process */
	size_t common;     /* where the last common entry begins that was read */
	unsigned encoding; /* of the addresses in the descriptions that refer to it */
};

static bool take(const struct frames *frames, size_t *at, void *ret, size_t size)
{
	if (size > frames->size || *at > frames->size - size)
		return false;
	memcpy(ret, frames->bytes + *at, size);
	*at += size;
	return true;
}

/* Numbers of variable length, whose values do not matter. */
static bool skip_numbers(const struct frames *frames, size_t *at, int count)
{
	unsigned char byte;

	while (count) {
		if (!take(frames, at, &byte, 1))
			return false;
		if (!(byte & 0x80))
			count--;
	}
	return true;
}

static size_t format_size(unsigned encoding)
{
	switch (encoding & 0x0f) {
	case FORMAT_U4:
	case FORMAT_S4:
		return 4;
	case FORMAT_POINTER:
	case FORMAT_U8:
	case FORMAT_S8:
		return 8;
	default:
		return 0;
	}
}

/* What the letters behind a 'z' announce, up to the encoding of addresses ('R'). */
static bool read_augmentation(const struct frames *frames, const char *letters, size_t *at,
			      unsigned *ret_encoding)
{
	for (; *letters; letters++) {
		unsigned char encoding;

		if (*letters == 'S' || *letters == 'B')
			continue;
		if (!take(frames, at, &encoding, 1))
			return false;
		if (*letters == 'R') {
			*ret_encoding = encoding;
			return true;
		}
		if (*letters == 'P')
			*at += format_size(encoding);
		else if (*letters != 'L')
			return false;
	}
	return true;
}

/* A common entry: its encoding of addresses. */
static bool read_common(struct frames *frames, size_t begin)
{
	size_t at = begin + 8;
	unsigned encoding = FROM_ZERO | FORMAT_POINTER;
	unsigned char version;
	const char *letters;
	size_t length;

	if (!take(frames, &at, &version, 1) || (version != 1 && version != 3))
		return false;
	letters = (const char *)frames->bytes + at;
	length = strnlen(letters, frames->size - at);
	if (length == frames->size - at)
		return false;
	at += length + 1;
	/* Alignments of code and data, and the register of the return address. */
	if (!skip_numbers(frames, &at, 2))
		return false;
	if (version == 1)
		at++;
	else if (!skip_numbers(frames, &at, 1))
		return false;
	if (*letters == 'z' && (!skip_numbers(frames, &at, 1) ||
				!read_augmentation(frames, letters + 1, &at, &encoding)))
		return false;
	if (*letters && *letters != 'z')
		return false;
	frames->common = begin;
	frames->encoding = encoding;
	return true;
}

/* Where the function begins whose description has its address at this place. */
static bool read_function(const struct frames *frames, size_t at, uint64_t *ret)
{
	size_t place = at;
	uint64_t value = 0;
	int32_t narrow;

	if ((frames->encoding & 0x0f) == FORMAT_S4) {
		if (!take(frames, &at, &narrow, sizeof(narrow)))
			return false;
		value = (uint64_t)(int64_t)narrow;
	} else if (!format_size(frames->encoding) ||
		   !take(frames, &at, &value, format_size(frames->encoding))) {
		return false;
	}
	if ((frames->encoding & 0xf0) == FROM_ITSELF)
		value += frames->address + place;
	else if ((frames->encoding & 0xf0) != FROM_ZERO)
		return false;
	*ret = value;
	return true;
}

static bool make_entry(const struct frames *frames, size_t begin, struct unwind_entry *ret)
{
	uint64_t function;
	int64_t distance;

	if (!read_function(frames, begin + 8, &function))
		return false;
	distance = (int64_t)(function - frames->address);
	if (distance < INT32_MIN || distance > INT32_MAX)
		return false;
	*ret = (struct unwind_entry){(int32_t)distance, (int32_t)begin};
	return true;
}

static int compare_entries(const void *left, const void *right)
{
	const struct unwind_entry *a = left;
	const struct unwind_entry *b = right;

	return (a->function > b->function) - (a->function < b->function);
}

/* Each entry begins with its length and with the way back to its common entry, 0 in that itself. */
static int read_entries(struct frames *frames, struct unwind_table *table)
{
	size_t capacity = 0;

	for (size_t begin = 0; begin + 8 <= frames->size;) {
		uint32_t length;
		uint32_t back;

		memcpy(&length, frames->bytes + begin, sizeof(length));
		memcpy(&back, frames->bytes + begin + 4, sizeof(back));
		/* The end, or the 64-bit form, which no compiler uses. */
		if (!length || length == UINT32_MAX || length > frames->size - begin - 4)
			break;
		if (back && back <= begin + 4 &&
		    (frames->common == begin + 4 - back || read_common(frames, begin + 4 - back))) {
			if (vec_reserve(&table->own, table->count, &capacity, 1,
					sizeof(*table->own)))
				return -ENOMEM;
			if (make_entry(frames, begin, &table->own[table->count]))
				table->count++;
		}
		begin += 4 + (size_t)length;
	}
	return table->count ? 0 : -ENOENT;
}

int unwind_table_make(struct memory *memory, uint64_t address, uint64_t size,
		      struct unwind_table *ret)
{
	struct unwind_table table = {.base = address};
	struct frames frames = {.address = address, .common = SIZE_MAX};
	cleanup_free unsigned char *bytes = NULL;
	int error;

	if (!size || size > FRAMES_MAX)
		return -ENOENT;
	bytes = malloc((size_t)size);
	if (!bytes)
		return -ENOMEM;
	error = memory_read_one(memory, address, bytes, (size_t)size);
	if (error)
		return error;
	frames.bytes = bytes;
	frames.size = (size_t)size;
	error = read_entries(&frames, &table);
	if (error) {
		unwind_table_release(&table);
		return error;
	}
	qsort(table.own, table.count, sizeof(*table.own), compare_entries);
	*ret = table;
	return 0;
}

void unwind_table_release(struct unwind_table *table)
{
	free(table->own);
	*table = (struct unwind_table){0};
}
