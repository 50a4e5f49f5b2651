/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every refusal names the right that is missing. */
#include "target/access.h"

#include <string.h>
#include <unistd.h>

#include "unit.h"

static struct access_facts facts_for(uid_t target_uid)
{
	return (struct access_facts){
		.our_uid = 1000,
		.our_gid = 1000,
		.yama_scope = -1,
		.target_known = true,
		.target = {.uid = {target_uid, target_uid, target_uid}, .gid = {1000, 1000, 1000}},
	};
}

static void expect(const struct access_facts *facts, const char *word)
{
	char text[320];

	access_explain(facts, text, sizeof(text));
	assert_non_null(strstr(text, word));
	assert_null(strchr(text, '\n'));
	assert_true(strlen(text) < sizeof(text) - 1);
}

static void other_user(void **state)
{
	struct access_facts facts = facts_for(0);

	(void)state;
	expect(&facts, "it runs as uid 0 gid 1000, we as uid 1000 gid 1000");
	expect(&facts, "CAP_SYS_PTRACE");
	/* A saved id that differs is enough for the kernel to say no. */
	facts = facts_for(1000);
	facts.target.gid[2] = 5;
	expect(&facts, "CAP_SYS_PTRACE");
}

static void yama(void **state)
{
	struct access_facts facts = facts_for(1000);

	(void)state;
	facts.yama_scope = 1;
	expect(&facts, "kernel.yama.ptrace_scope is 1");
	expect(&facts, "set it to 0");
	facts.yama_scope = 2;
	expect(&facts, "kernel.yama.ptrace_scope is 2");
}

static void not_dumpable(void **state)
{
	struct access_facts facts = facts_for(1000);

	(void)state;
	expect(&facts, "not dumpable");
}

static void capable_but_refused(void **state)
{
	struct access_facts facts = facts_for(0);

	(void)state;
	facts.cap_sys_ptrace = true;
	expect(&facts, "user namespace");
}

static void waits(void **state)
{
	struct access_facts facts = facts_for(1000);

	(void)state;
	assert_true(access_sees_waits(&facts));
	facts = facts_for(0);
	facts.cap_sys_ptrace = true;
	assert_false(access_sees_waits(&facts));
	facts.cap_dac_read_search = true;
	assert_true(access_sees_waits(&facts));
}

static void real_facts(void **state)
{
	struct access_facts facts;

	(void)state;
	access_facts_get(getpid(), &facts);
	assert_true(facts.target_known);
	assert_int_equal(facts.our_uid, getuid());
	assert_int_equal(facts.target.uid[0], getuid());
	assert_true(access_sees_waits(&facts));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(other_user),   cmocka_unit_test(yama),
		cmocka_unit_test(not_dumpable), cmocka_unit_test(capable_but_refused),
		cmocka_unit_test(waits),        cmocka_unit_test(real_facts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
