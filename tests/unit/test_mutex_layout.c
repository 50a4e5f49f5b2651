/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The layouts against bytes as they lie in memory, and against the libc we run on. */
#include "abi/mutex_layout.h"

#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi/futex_word.h"
#include "unit.h"

static struct mutex_info decode(const char *libc, unsigned bits, const uint32_t *words)
{
	const struct mutex_layout *layout = mutex_layout_of(libc, bits);
	struct mutex_info info = {0};

	assert_non_null(layout);
	layout->decode(layout, (const unsigned char *)words, &info);
	return info;
}

static void known_by_their_offsets(void **state)
{
	(void)state;
	assert_string_equal(mutex_layout_find(64, -32)->libc, "glibc");
	assert_string_equal(mutex_layout_find(32, -20)->libc, "glibc");
	assert_string_equal(mutex_layout_find(64, -28)->libc, "musl");
	assert_string_equal(mutex_layout_find(32, -12)->libc, "musl");
	assert_null(mutex_layout_find(32, -32));
	assert_null(mutex_layout_find(64, 8));
	assert_null(mutex_layout_of("other", 64));
}

static void spans_fit(void **state)
{
	static const char *const libcs[] = {"glibc", "musl"};

	(void)state;
	for (size_t i = 0; i < 2; i++)
		for (unsigned bits = 32; bits <= 64; bits += 32) {
			const struct mutex_layout *layout = mutex_layout_of(libcs[i], bits);

			assert_true(layout->span <= MUTEX_SPAN_MAX);
			assert_true(layout->before <= MUTEX_BEFORE_MAX);
		}
}

static void glibc_64(void **state)
{
	const uint32_t recursive[] = {77, 3, 77, 1, 0x91};
	const uint32_t errorcheck_pi[] = {77, 1, 77, 1, 0x32};
	const uint32_t inconsistent[] = {77, 1, 0x7fffffff, 1, 0x90};
	const uint32_t not_recoverable[] = {0, 0, 0x7ffffffe, 0, 0x90};
	const uint32_t not_robust[] = {1, 0, 77, 1, 0x80};
	struct mutex_info info;

	(void)state;
	info = decode("glibc", 64, recursive);
	assert_true(info.robust && info.recursive && info.shared);
	assert_false(info.pi || info.errorcheck || info.inconsistent || info.not_recoverable);
	assert_int_equal(info.count, 3);
	assert_int_equal(info.owner_field, 77);
	info = decode("glibc", 64, errorcheck_pi);
	assert_true(info.errorcheck && info.pi && !info.shared);
	info = decode("glibc", 64, inconsistent);
	assert_true(info.inconsistent);
	assert_int_equal(info.owner_field, 0);
	info = decode("glibc", 64, not_recoverable);
	assert_true(info.not_recoverable && !info.inconsistent);
	assert_null(decode("glibc", 64, not_robust).libc);
}

static void glibc_32(void **state)
{
	/* __kind stands one word earlier than in the 64-bit mutex. */
	const uint32_t words[] = {77, 2, 77, 0x11};
	struct mutex_info info = decode("glibc", 32, words);

	(void)state;
	assert_string_equal(info.libc, "glibc");
	assert_true(info.recursive && !info.shared);
	assert_int_equal(info.count, 2);
}

static void musl(void **state)
{
	const uint32_t recursive[] = {0x85, 77, 0, 0, 0, 2};
	const uint32_t inconsistent[] = {0x84, 77 | WORD_OWNER_DIED, 0, 0, 0, 0};
	const uint32_t not_recoverable[] = {0x84, 0x7fffffff, 0, 0, 0, 0};
	const uint32_t not_robust[] = {0x81, 77, 0, 0, 0, 0};
	struct mutex_info info;

	(void)state;
	info = decode("musl", 64, recursive);
	assert_true(info.recursive && info.shared);
	assert_int_equal(info.count, 3);
	assert_true(decode("musl", 64, inconsistent).inconsistent);
	info = decode("musl", 32, not_recoverable);
	assert_true(info.not_recoverable && !info.inconsistent);
	assert_null(decode("musl", 64, not_robust).libc);
}

static void no_mutex_at_all(void **state)
{
	uint32_t words[6];

	(void)state;
	memset(words, 0xff, sizeof(words));
	assert_null(decode("glibc", 64, words).libc);
	assert_null(decode("musl", 64, words).libc);
	memset(words, 0, sizeof(words));
	assert_null(decode("glibc", 64, words).libc);
	assert_null(decode("musl", 64, words).libc);
}

/* What we believe of this machine's libc is what its own mutex looks like. */
static void this_libc(void **state)
{
	struct {
		void *next;
		long offset;
		void *pending;
	} *head = NULL;
	size_t length = 0;
	pthread_mutexattr_t attributes;
	pthread_mutex_t mutex;
	const struct mutex_layout *layout;
	struct mutex_info info = {0};

	(void)state;
	assert_int_equal(syscall(SYS_get_robust_list, 0, &head, &length), 0);
	layout = mutex_layout_find(8 * sizeof(void *), head->offset);
	assert_non_null(layout);
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&mutex, &attributes);
	for (int i = 0; i < 4; i++)
		pthread_mutex_lock(&mutex);
	assert_ptr_equal((char *)head->next + head->offset, (char *)&mutex + layout->before);
	layout->decode(layout, (const unsigned char *)&mutex, &info);
	assert_true(info.robust && info.recursive);
	assert_int_equal(info.count, 4);
	for (int i = 0; i < 4; i++)
		pthread_mutex_unlock(&mutex);
	pthread_mutex_destroy(&mutex);
	pthread_mutexattr_destroy(&attributes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_by_their_offsets),
		cmocka_unit_test(spans_fit),
		cmocka_unit_test(glibc_64),
		cmocka_unit_test(glibc_32),
		cmocka_unit_test(musl),
		cmocka_unit_test(no_mutex_at_all),
		cmocka_unit_test(this_libc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
