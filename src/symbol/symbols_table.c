/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/symbols_table.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

/* Symbols read at a time. */
#define CHUNK ((size_t)2048)
/* Names for one thing that are compared. */
#define ALIASES_MAX 16
/* Symbols below an address that are looked at: one may begin inside another. */
#define NESTED_MAX 64
#define NAME_OFFSET_MAX ((uint32_t)1 << 30)

/* What 32- and 64-bit symbols have in common. */
struct plain_symbol {
	uint64_t value;
	uint64_t size;
	uint32_t name;
	unsigned char info;
	uint16_t section;
};

static size_t symbol_size(unsigned bits)
{
	return bits == 32 ? sizeof(Elf32_Sym) : sizeof(Elf64_Sym);
}

static struct plain_symbol symbol_at(const unsigned char *bytes, unsigned bits)
{
	Elf64_Sym wide;
	Elf32_Sym narrow;

	if (bits == 32) {
		memcpy(&narrow, bytes, sizeof(narrow));
		return (struct plain_symbol){narrow.st_value, narrow.st_size, narrow.st_name,
					     narrow.st_info, narrow.st_shndx};
	}
	memcpy(&wide, bytes, sizeof(wide));
	return (struct plain_symbol){wide.st_value, wide.st_size, wide.st_name, wide.st_info,
				     wide.st_shndx};
}

static bool is_of_kind(unsigned type, enum symbols_kind kind)
{
	if (kind == SYMBOLS_FUNCTION)
		return type == STT_FUNC || type == STT_GNU_IFUNC;
	return type == STT_OBJECT || type == STT_COMMON;
}

static uint32_t binding_rank(unsigned binding)
{
	if (binding == STB_LOCAL)
		return 2;
	return binding == STB_WEAK ? 1 : 0;
}

static bool make_entry(const struct plain_symbol *symbol, const struct symbols_source *source,
		       enum symbols_kind kind, struct symbols_entry *ret)
{
	uint64_t start = symbol->value - source->base;

	/* The low bits of st_info have the same meaning in both classes. */
	if (!is_of_kind(ELF64_ST_TYPE(symbol->info), kind))
		return false;
	if (symbol->section == SHN_UNDEF || symbol->section == SHN_ABS || !symbol->size)
		return false;
	if (symbol->value < source->base || start > UINT32_MAX)
		return false;
	if (!symbol->name || symbol->name >= source->names_size || symbol->name >= NAME_OFFSET_MAX)
		return false;
	*ret = (struct symbols_entry){
		.start = (uint32_t)start,
		.size = symbol->size > UINT32_MAX ? UINT32_MAX : (uint32_t)symbol->size,
		.name = symbol->name << 2 | binding_rank(ELF64_ST_BIND(symbol->info))};
	return true;
}

/* Sorts by start, keeping the order of equals: a million symbols in some 20 ms. */
static bool sort_entries(struct symbols_entry *entries, size_t count)
{
	struct symbols_entry *from = entries;
	struct symbols_entry *to = malloc(count * sizeof(*to));
	struct symbols_entry *spare = to;

	if (!to)
		return false;
	/* An even number of rounds ends where it began. */
	for (unsigned shift = 0; shift < 32; shift += 8) {
		struct symbols_entry *swap = from;
		size_t places[257] = {0};

		for (size_t i = 0; i < count; i++)
			places[(from[i].start >> shift & 0xff) + 1]++;
		for (size_t i = 1; i < 257; i++)
			places[i] += places[i - 1];
		for (size_t i = 0; i < count; i++)
			to[places[from[i].start >> shift & 0xff]++] = from[i];
		from = to;
		to = swap;
	}
	free(spare);
	return true;
}

static bool read_entries(struct symbols_table *table, const struct symbols_bytes *bytes,
			 const struct symbols_source *source, enum symbols_kind kind,
			 struct symbols_budget *budget)
{
	const size_t one = symbol_size(source->bits);
	uint64_t left = source->size / one;
	uint64_t offset = source->offset;
	unsigned char *chunk = malloc(CHUNK * one);
	size_t capacity = 0;
	bool ok = chunk != NULL;

	while (ok && left) {
		size_t n = left < CHUNK ? (size_t)left : CHUNK;

		ok = budget->scanned >= n && budget->kept >= table->count + n &&
		     symbols_bytes_read(bytes, offset, chunk, n * one) == 0 &&
		     vec_reserve(&table->entries, table->count, &capacity, n,
				 sizeof(*table->entries)) == 0;
		if (!ok)
			break;
		budget->scanned -= n;
		for (size_t i = 0; i < n; i++) {
			struct plain_symbol symbol = symbol_at(chunk + i * one, source->bits);

			if (make_entry(&symbol, source, kind, &table->entries[table->count]))
				table->count++;
		}
		left -= n;
		offset += n * one;
	}
	free(chunk);
	return ok;
}

static void load(struct symbols_table *table, const struct symbols_bytes *bytes,
		 const struct symbols_source *source, enum symbols_kind kind,
		 struct symbols_budget *budget)
{
	struct symbols_entry *fitted;

	if (!read_entries(table, bytes, source, kind, budget) || !table->count ||
	    !sort_entries(table->entries, table->count)) {
		symbols_table_free(table);
		table->loaded = true;
		return;
	}
	fitted = realloc(table->entries, table->count * sizeof(*fitted));
	if (fitted)
		table->entries = fitted;
	budget->kept -= table->count;
	table->loaded = true;
}

/* The last entry that starts at the address or below; count when there is none. */
static size_t last_at_or_below(const struct symbols_table *table, uint32_t start)
{
	size_t low = 0;
	size_t high = table->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (table->entries[middle].start <= start)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? low - 1 : table->count;
}

static bool read_name(const struct symbols_bytes *bytes, const struct symbols_source *source,
		      const struct symbols_entry *entry, char ret[SYMBOLS_NAME_MAX])
{
	uint32_t name = entry->name >> 2;
	uint64_t left = source->names_size - name;
	size_t size = left < SYMBOLS_NAME_MAX - 1 ? (size_t)left : SYMBOLS_NAME_MAX - 1;

	if (symbols_bytes_read(bytes, source->names_offset + name, ret, size))
		return false;
	ret[size] = '\0';
	/* Linkers write the version behind the name: pthread_mutex_lock@@GLIBC_2.2.5. */
	ret[strcspn(ret, "@")] = '\0';
	return ret[0] != '\0';
}

/*
 * Whether people would rather use `left`: fewer underscores in front, then the better bound, then
 * the shorter one; the alphabet makes the rest the same in each run.
 */
static bool is_better(const char *left, const char *right, const struct symbols_entry *left_entry,
		      const struct symbols_entry *right_entry)
{
	size_t left_lead = strspn(left, "_");
	size_t right_lead = strspn(right, "_");
	uint32_t left_rank = left_entry->name & 3;
	uint32_t right_rank = right_entry->name & 3;
	size_t left_length = strlen(left);
	size_t right_length = strlen(right);

	if (left_lead != right_lead)
		return left_lead < right_lead;
	if (left_rank != right_rank)
		return left_rank < right_rank;
	if (left_length != right_length)
		return left_length < right_length;
	return strcmp(left, right) < 0;
}

/* Of the entries that start where `last` does and cover the place, the one with the best name. */
static bool best_alias(const struct symbols_table *table, const struct symbols_bytes *bytes,
		       const struct symbols_source *source, size_t last, uint32_t place,
		       struct symbols_hit *ret)
{
	const struct symbols_entry *best = NULL;
	uint32_t start = table->entries[last].start;
	char name[SYMBOLS_NAME_MAX];

	for (size_t i = 0; i < ALIASES_MAX && i <= last; i++) {
		const struct symbols_entry *entry = &table->entries[last - i];

		if (entry->start != start)
			break;
		if (place - start >= entry->size || !read_name(bytes, source, entry, name))
			continue;
		if (best && !is_better(name, ret->name, entry, best))
			continue;
		best = entry;
		memcpy(ret->name, name, strlen(name) + 1);
	}
	ret->start = source->base + start;
	return best != NULL;
}

bool symbols_table_find(struct symbols_table *table, const struct symbols_bytes *bytes,
			const struct symbols_source *source, enum symbols_kind kind,
			uint64_t address, struct symbols_budget *budget, struct symbols_hit *ret)
{
	uint64_t place = address - source->base;
	size_t at;

	if (!table->loaded)
		load(table, bytes, source, kind, budget);
	if (!table->count || address < source->base || place > UINT32_MAX)
		return false;
	at = last_at_or_below(table, (uint32_t)place);
	for (size_t i = 0; i < NESTED_MAX && at < table->count; i++, at--) {
		const struct symbols_entry *entry = &table->entries[at];

		if (place - entry->start < entry->size &&
		    best_alias(table, bytes, source, at, (uint32_t)place, ret))
			return true;
	}
	return false;
}

void symbols_table_free(struct symbols_table *table)
{
	free(table->entries);
	*table = (struct symbols_table){0};
}
