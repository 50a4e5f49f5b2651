/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/symbols_elf.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "symbol/symbols_bytes.h"
#include "symbol/symbols_table.h"

/* More than any linker makes: a header that says more is made to do harm. */
#define SECTIONS_MAX 4096
#define SEGMENTS_MAX 256
#define NOTES_SIZE_MAX ((size_t)64 * 1024)
#define NOTES_MAX 32
/* To compute a checksum all of a file is read: a symbol's worth of work is this many bytes. */
#define BYTES_PER_SCAN ((size_t)64)

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define OUR_BYTE_ORDER ELFDATA2LSB
#else
#define OUR_BYTE_ORDER ELFDATA2MSB
#endif

/* PT_LOAD */
struct segment {
	uint64_t address;
	uint64_t offset;
	uint64_t in_file;
	uint64_t in_memory;
};

enum {
	SOURCE_SYMTAB,
	SOURCE_DYNSYM,
	SOURCES,
};

struct symbols_elf {
	struct symbols_bytes bytes;
	unsigned bits;
	struct segment *segments;
	size_t n_segments;
	struct symbols_link link;
	uint64_t eh_frame;
	uint64_t eh_frame_size;
	struct symbols_source sources[SOURCES];
	struct symbols_table tables[SOURCES][SYMBOLS_KINDS];
};

/* libelf believes the counts in the header and takes memory for them: they are looked at before. */
static int check_header(struct symbols_elf *elf)
{
	Elf64_Ehdr wide;
	Elf32_Ehdr narrow;
	unsigned type;
	unsigned sections;
	unsigned segments;

	if (symbols_bytes_read(&elf->bytes, 0, &narrow, sizeof(narrow)) ||
	    memcmp(narrow.e_ident, ELFMAG, SELFMAG) != 0 ||
	    narrow.e_ident[EI_DATA] != OUR_BYTE_ORDER)
		return -ENOEXEC;
	if (narrow.e_ident[EI_CLASS] == ELFCLASS32) {
		elf->bits = 32;
		type = narrow.e_type;
		sections = narrow.e_shnum;
		segments = narrow.e_phnum;
		if (!sections && narrow.e_shoff)
			return -ENOEXEC;
	} else {
		if (narrow.e_ident[EI_CLASS] != ELFCLASS64 ||
		    symbols_bytes_read(&elf->bytes, 0, &wide, sizeof(wide)))
			return -ENOEXEC;
		elf->bits = 64;
		type = wide.e_type;
		sections = wide.e_shnum;
		segments = wide.e_phnum;
		if (!sections && wide.e_shoff)
			return -ENOEXEC;
	}
	if ((type != ET_EXEC && type != ET_DYN) || sections > SECTIONS_MAX ||
	    segments > SEGMENTS_MAX)
		return -ENOEXEC;
	return 0;
}

static int read_segments(struct symbols_elf *elf, Elf *handle)
{
	size_t count;

	if (elf_getphdrnum(handle, &count) || count > SEGMENTS_MAX)
		return -ENOEXEC;
	elf->segments = calloc(count ? count : 1, sizeof(*elf->segments));
	if (!elf->segments)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr header;

		if (!gelf_getphdr(handle, (int)i, &header) || header.p_type != PT_LOAD)
			continue;
		if (header.p_vaddr > UINT64_MAX - header.p_memsz ||
		    header.p_offset > UINT64_MAX - header.p_filesz)
			continue;
		elf->segments[elf->n_segments++] = (struct segment){
			.address = header.p_vaddr,
			.offset = header.p_offset,
			.in_file = header.p_filesz,
			.in_memory = header.p_memsz,
		};
	}
	return 0;
}

/* Looks for the build-id in notes of at most NOTES_SIZE_MAX bytes. */
static void read_notes(struct symbols_elf *elf, Elf *handle, uint64_t offset, uint64_t size,
		       uint64_t align)
{
	Elf_Data *data;
	GElf_Nhdr note;
	size_t at = 0;
	size_t name;
	size_t description;

	if (elf->link.build_id_size || size > NOTES_SIZE_MAX || offset > INT64_MAX)
		return;
	data = elf_getdata_rawchunk(handle, (int64_t)offset, size,
				    align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
	while (data && (at = gelf_getnote(data, at, &note, &name, &description)) > 0) {
		const unsigned char *bytes = data->d_buf;

		if (note.n_type != NT_GNU_BUILD_ID || note.n_namesz != sizeof("GNU") ||
		    memcmp(bytes + name, "GNU", sizeof("GNU")) != 0)
			continue;
		if (note.n_descsz < 2 || note.n_descsz > SYMBOLS_BUILD_ID_MAX)
			continue;
		memcpy(elf->link.build_id, bytes + description, note.n_descsz);
		elf->link.build_id_size = note.n_descsz;
		return;
	}
}

/* A name, filled up to a multiple of four bytes, and the checksum of the file that has it. */
static void read_debuglink(struct symbols_elf *elf, const GElf_Shdr *section)
{
	char content[SYMBOLS_LINK_MAX + 8];
	size_t length;
	size_t at;

	if (section->sh_size < 8 || section->sh_size > sizeof(content) ||
	    symbols_bytes_read(&elf->bytes, section->sh_offset, content, section->sh_size))
		return;
	length = strnlen(content, section->sh_size - 4);
	at = (length + 4) / 4 * 4;
	if (!length || length >= SYMBOLS_LINK_MAX || at + 4 > section->sh_size ||
	    memchr(content, '/', length))
		return;
	memcpy(elf->link.name, content, length + 1);
	memcpy(&elf->link.crc, content + at, sizeof(elf->link.crc));
}

static bool is_named(const struct symbols_elf *elf, const GElf_Shdr *names,
		     const GElf_Shdr *section, const char *name)
{
	char found[32];
	size_t size = strlen(name) + 1;

	return size <= sizeof(found) && section->sh_name < names->sh_size &&
	       symbols_bytes_read(&elf->bytes, names->sh_offset + section->sh_name, found, size) ==
		       0 &&
	       memcmp(found, name, size) == 0;
}

/* The one that compilers mark as x86-64 unwind data is the same as one of plain bytes. */
static bool may_be_eh_frame(const GElf_Shdr *section)
{
	return (section->sh_type == SHT_PROGBITS || section->sh_type == SHT_X86_64_UNWIND) &&
	       section->sh_flags & SHF_ALLOC;
}

static void note_table(struct symbols_elf *elf, Elf *handle, const GElf_Shdr *section)
{
	struct symbols_source *source =
		&elf->sources[section->sh_type == SHT_SYMTAB ? SOURCE_SYMTAB : SOURCE_DYNSYM];
	Elf_Scn *strings = elf_getscn(handle, section->sh_link);
	GElf_Shdr names;

	if (source->size || section->sh_flags & SHF_COMPRESSED || !strings ||
	    !gelf_getshdr(strings, &names) || names.sh_type != SHT_STRTAB ||
	    names.sh_flags & SHF_COMPRESSED)
		return;
	*source = (struct symbols_source){
		.bits = elf->bits,
		.offset = section->sh_offset,
		.size = section->sh_size,
		.names_offset = names.sh_offset,
		.names_size = names.sh_size,
	};
}

static void read_sections(struct symbols_elf *elf, Elf *handle)
{
	GElf_Shdr names = {0};
	GElf_Shdr header;
	Elf_Scn *section = NULL;
	size_t index;
	int notes = 0;

	if (elf_getshdrstrndx(handle, &index) == 0 && index)
		section = elf_getscn(handle, index);
	if (section && (!gelf_getshdr(section, &names) || names.sh_flags & SHF_COMPRESSED))
		names = (GElf_Shdr){0};
	section = NULL;
	while ((section = elf_nextscn(handle, section))) {
		if (!gelf_getshdr(section, &header))
			continue;
		if (header.sh_type == SHT_SYMTAB || header.sh_type == SHT_DYNSYM)
			note_table(elf, handle, &header);
		else if (header.sh_type == SHT_NOTE && notes++ < NOTES_MAX)
			read_notes(elf, handle, header.sh_offset, header.sh_size,
				   header.sh_addralign);
		else if (header.sh_type == SHT_PROGBITS && !elf->link.name[0] &&
			 is_named(elf, &names, &header, ".gnu_debuglink"))
			read_debuglink(elf, &header);
		else if (may_be_eh_frame(&header) && !elf->eh_frame_size &&
			 is_named(elf, &names, &header, ".eh_frame")) {
			elf->eh_frame = header.sh_addr;
			elf->eh_frame_size = header.sh_size;
		}
	}
}

static int read_headers(struct symbols_elf *elf)
{
	Elf *handle;
	uint64_t base = UINT64_MAX;
	int error = check_header(elf);

	if (error)
		return error;
	if (elf->bytes.fd >= 0)
		handle = elf_begin(elf->bytes.fd, ELF_C_READ, NULL);
	else
		handle = elf_memory((char *)elf->bytes.image, elf->bytes.size);
	if (!handle)
		return -ENOEXEC;
	error = read_segments(elf, handle);
	if (!error)
		read_sections(elf, handle);
	elf_end(handle);
	for (size_t i = 0; i < elf->n_segments; i++)
		if (elf->segments[i].address < base)
			base = elf->segments[i].address;
	for (int i = 0; i < SOURCES; i++)
		elf->sources[i].base = elf->n_segments ? base : 0;
	return error;
}

static int open_bytes(struct symbols_bytes *bytes, struct symbols_elf **ret)
{
	struct symbols_elf *elf = calloc(1, sizeof(*elf));
	int error;

	if (!elf) {
		symbols_bytes_release(bytes);
		return -ENOMEM;
	}
	elf->bytes = *bytes;
	error = read_headers(elf);
	if (error)
		symbols_elf_close(elf);
	else
		*ret = elf;
	return error;
}

int symbols_elf_open(int fd, struct symbols_elf **ret)
{
	struct symbols_bytes bytes = {.fd = fd};
	struct stat info;

	if (elf_version(EV_CURRENT) == EV_NONE || fstat(fd, &info) < 0 || !S_ISREG(info.st_mode) ||
	    info.st_size < 0) {
		symbols_bytes_release(&bytes);
		return -ENOEXEC;
	}
	bytes.size = (uint64_t)info.st_size;
	return open_bytes(&bytes, ret);
}

int symbols_elf_open_image(unsigned char *image, size_t size, struct symbols_elf **ret)
{
	struct symbols_bytes bytes = {.fd = -1, .image = image, .size = size};

	if (elf_version(EV_CURRENT) == EV_NONE) {
		symbols_bytes_release(&bytes);
		return -ENOEXEC;
	}
	return open_bytes(&bytes, ret);
}

void symbols_elf_close(struct symbols_elf *elf)
{
	if (!elf)
		return;
	for (int source = 0; source < SOURCES; source++)
		for (int kind = 0; kind < SYMBOLS_KINDS; kind++)
			symbols_table_free(&elf->tables[source][kind]);
	symbols_bytes_release(&elf->bytes);
	free(elf->segments);
	free(elf);
}

bool symbols_elf_is_image(const struct symbols_elf *elf, const void *image, size_t size)
{
	return elf->bytes.fd < 0 && elf->bytes.size == size &&
	       memcmp(elf->bytes.image, image, size) == 0;
}

int symbols_elf_dup(const struct symbols_elf *elf)
{
	size_t size = (size_t)elf->bytes.size;
	int fd;

	if (elf->bytes.fd >= 0) {
		fd = fcntl(elf->bytes.fd, F_DUPFD_CLOEXEC, 0);
		return fd < 0 ? -errno : fd;
	}
	fd = memfd_create("vdso", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, elf->bytes.image, size) == (ssize_t)size)
		return fd;
	close(fd);
	return -EIO;
}

const struct symbols_link *symbols_elf_link(const struct symbols_elf *elf)
{
	return &elf->link;
}

bool symbols_elf_address(const struct symbols_elf *elf, uint64_t offset, uint64_t *ret)
{
	for (size_t i = 0; i < elf->n_segments; i++) {
		const struct segment *segment = &elf->segments[i];

		if (segment->offset + segment->in_file <= offset)
			continue;
		/* Mapped by whole pages: the mapping may begin before the segment does. */
		*ret = segment->address + (offset - segment->offset);
		return true;
	}
	return false;
}

bool symbols_elf_has(const struct symbols_elf *elf, uint64_t address)
{
	for (size_t i = 0; i < elf->n_segments; i++)
		if (address >= elf->segments[i].address &&
		    address - elf->segments[i].address < elf->segments[i].in_memory)
			return true;
	return false;
}

bool symbols_elf_eh_frame(const struct symbols_elf *elf, uint64_t *ret_address, uint64_t *ret_size)
{
	*ret_address = elf->eh_frame;
	*ret_size = elf->eh_frame_size;
	return elf->eh_frame_size != 0;
}

bool symbols_elf_find(struct symbols_elf *elf, enum symbols_kind kind, uint64_t address,
		      struct symbols_budget *budget, struct symbols_hit *ret)
{
	/* .symtab has all that .dynsym has, but for one that was made to do harm. */
	for (int i = 0; i < SOURCES; i++)
		if (elf->sources[i].size &&
		    symbols_table_find(&elf->tables[i][kind], &elf->bytes, &elf->sources[i], kind,
				       address, budget, ret))
			return true;
	return false;
}

/* The CRC-32 of IEEE 802.3, as objcopy --add-gnu-debuglink computes it. */
static void make_crc_table(uint32_t table[256])
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t value = i;

		for (int bit = 0; bit < 8; bit++)
			value = value & 1 ? value >> 1 ^ UINT32_C(0xedb88320) : value >> 1;
		table[i] = value;
	}
}

bool symbols_elf_checksum_is(const struct symbols_elf *elf, uint32_t crc,
			     struct symbols_budget *budget)
{
	uint64_t work = elf->bytes.size / BYTES_PER_SCAN;
	uint32_t value = UINT32_MAX;
	unsigned char chunk[16384];
	uint32_t table[256];

	if (work > budget->scanned)
		return false;
	budget->scanned -= (size_t)work;
	make_crc_table(table);
	for (uint64_t at = 0; at < elf->bytes.size;) {
		uint64_t left = elf->bytes.size - at;
		size_t size = left < sizeof(chunk) ? (size_t)left : sizeof(chunk);

		if (symbols_bytes_read(&elf->bytes, at, chunk, size))
			return false;
		for (size_t i = 0; i < size; i++)
			value = value >> 8 ^ table[(value ^ chunk[i]) & 0xff];
		at += size;
	}
	return (value ^ UINT32_MAX) == crc;
}
