/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/facts.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "report/json_part.h"

/* Version of the document that docs/json-schema-probe.json describes. */
#define SCHEMA_VERSION 1

#define LABEL_WIDTH 34

static void print_value(const struct fact *fact, FILE *out)
{
	switch (fact->type) {
	case FACT_BOOL:
		fputs(fact->number ? "yes" : "no", out);
		break;
	case FACT_NUMBER:
		fprintf(out, "%" PRId64, fact->number);
		break;
	case FACT_STRING:
		fputs(fact->string, out);
		break;
	case FACT_NONE:
		fputs("-", out);
		break;
	}
}

int facts_print_text(const struct fact_group *groups, size_t n_groups, const struct fact *facts,
		     size_t count, FILE *out)
{
	for (size_t i = 0; i < n_groups; i++) {
		fprintf(out, "%s%s\n", i ? "\n" : "", groups[i].title);
		for (size_t j = 0; j < count; j++) {
			const struct fact *fact = &facts[j];

			if (!fact->label || strcmp(fact->group, groups[i].name) != 0)
				continue;
			fprintf(out, "  %-*s ", LABEL_WIDTH, fact->label);
			print_value(fact, out);
			if (fact->note)
				fprintf(out, " (%s)", fact->note);
			fputc('\n', out);
		}
	}
	return 0;
}

static json_t *value_json(const struct fact *fact)
{
	switch (fact->type) {
	case FACT_BOOL:
		return json_boolean(fact->number);
	case FACT_NUMBER:
		return json_integer(fact->number);
	case FACT_STRING:
		return json_part_text(fact->string);
	case FACT_NONE:
		break;
	}
	return json_null();
}

/* "group.key": what there is to say of that fact. */
static int add_note(json_t *notes, const struct fact *fact)
{
	char name[128];

	if (!fact->note)
		return 0;
	snprintf(name, sizeof(name), "%s.%s", fact->group, fact->key);
	return json_object_set_new_nocheck(notes, name, json_string(fact->note));
}

static int add_fact(json_t *document, const struct fact *fact)
{
	json_t *group = json_object_get(document, fact->group);

	if (!group) {
		group = json_object();
		if (json_object_set_new_nocheck(document, fact->group, group))
			return -1;
	}
	return json_object_set_new_nocheck(group, fact->key, value_json(fact));
}

int facts_print_json(const struct fact *facts, size_t count, FILE *out)
{
	json_t *document = json_object();
	json_t *notes = json_object();
	int error = json_object_set_new_nocheck(document, "schema", json_integer(SCHEMA_VERSION));

	for (size_t i = 0; i < count && !error; i++) {
		error = add_fact(document, &facts[i]);
		if (!error)
			error = add_note(notes, &facts[i]);
	}
	/* Takes over the notes, also when it fails. */
	if (json_object_set_new_nocheck(document, "notes", notes))
		error = -1;
	if (!error && json_dumpf(document, out, JSON_INDENT(2) | JSON_ENSURE_ASCII) == 0)
		fputc('\n', out);
	json_decref(document);
	return error ? -ENOMEM : 0;
}
