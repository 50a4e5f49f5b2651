/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/option_scan.h"

#include <stdio.h>

#include "cmd/complain.h"
#include "cmd/option_table.h"

/* An option that getopt_long did not take, as it stands in argv. */
static int complain_option(int id, const char *given, const char *command)
{
	if (id == ':')
		complain("%s needs an argument; see robtrace %s --help", given, command);
	else
		complain("%s is no option, or takes no argument; see robtrace %s --help", given,
			 command);
	return EXIT_USAGE;
}

static int apply_any(enum command_id command, int id, const char *given, option_apply *apply,
		     void *options)
{
	switch (id) {
	case 'h':
		option_table_print_help(command);
		return EXIT_DONE;
	case 'V':
		printf("robtrace %s\n", ROBTRACE_VERSION);
		return EXIT_DONE;
	case ':':
	case '?':
		return complain_option(id, given, option_table_command(command));
	default:
		return apply(id, optarg, options);
	}
}

int option_scan(enum command_id command, int argc, char **argv, option_apply *apply, void *options,
		int *ret_rest)
{
	char letters[2 * OPTION_ROWS_MAX];
	struct option longs[OPTION_ROWS_MAX];
	int result = -1;
	int id;

	option_table_getopt(command, letters, longs);
	optind = 1;
	opterr = 0;
	while (result < 0 && (id = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		char letter[] = {'-', (char)optopt, '\0'};
		bool is_letter = optopt > 0 && optopt < OPT_LIST_COLUMNS;

		result = apply_any(command, id, is_letter ? letter : argv[optind - 1], apply,
				   options);
	}
	*ret_rest = optind;
	return result;
}

int option_check_rules(const struct option_rule *rules, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!rules[i].wrong)
			continue;
		complain("%s", rules[i].text);
		return EXIT_USAGE;
	}
	return -1;
}
