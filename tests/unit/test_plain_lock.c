/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What we believe of ordinary glibc locks, against bytes and against this machine's own locks. */
#include "abi/plain_lock.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

static uint32_t mutex_owner(const uint32_t *words, unsigned bits)
{
	unsigned char bytes[PLAIN_MUTEX_SPAN];

	memcpy(bytes, words, sizeof(bytes));
	return plain_mutex_owner(bytes, bits);
}

static void mutexes(void **state)
{
	/* __lock, __count, __owner, __nusers, __kind (64 bits). */
	const uint32_t contended[6] = {2, 0, 77, 1, 0, 0};
	const uint32_t recursive_shared[6] = {2, 3, 77, 1, 0x81, 0};
	const uint32_t no_waiter[6] = {1, 0, 77, 1, 0, 0};
	const uint32_t robust[6] = {2, 0, 77, 1, 0x10, 0};
	const uint32_t pi[6] = {2, 0, 77, 1, 0x20, 0};
	const uint32_t no_user[6] = {2, 0, 77, 0, 0, 0};
	const uint32_t no_tid[6] = {2, 0, 0x7fffffff, 1, 0, 0};
	/* The same two fields the other way round (32 bits). */
	const uint32_t narrow[6] = {2, 0, 77, 0x80, 1, 0};

	(void)state;
	assert_int_equal(mutex_owner(contended, 64), 77);
	assert_int_equal(mutex_owner(recursive_shared, 64), 77);
	assert_int_equal(mutex_owner(no_waiter, 64), 0);
	assert_int_equal(mutex_owner(robust, 64), 0);
	assert_int_equal(mutex_owner(pi, 64), 0);
	assert_int_equal(mutex_owner(no_user, 64), 0);
	assert_int_equal(mutex_owner(no_tid, 64), 0);
	assert_int_equal(mutex_owner(narrow, 32), 77);
}

static void condition_variables_are_no_mutexes(void **state)
{
	pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
	unsigned char bytes[PLAIN_RWLOCK_SPAN] = {0};

	(void)state;
	memcpy(bytes, &condition, sizeof(condition));
	for (size_t offset = 0; offset + PLAIN_MUTEX_SPAN <= sizeof(bytes); offset += 4)
		assert_int_equal(plain_mutex_owner(bytes + offset, 64), 0);
	assert_int_equal(plain_rwlock_writer(bytes, 64), 0);
}

/* A thread that joins another waits at the TID in its descriptor, behind two pointers. */
static void pointers_are_no_rwlock(void **state)
{
	const uint32_t words[PLAIN_RWLOCK_SPAN / 4] = {0xf7a3, 0x7f12, 0x55d0c0de, 0x55d0,
						       0x1092, 0,      0x7f12};
	unsigned char bytes[PLAIN_RWLOCK_SPAN];

	(void)state;
	memcpy(bytes, words, sizeof(bytes));
	assert_int_equal(plain_rwlock_writer(bytes, 64), 0);
}

static void a_rwlock_of_this_libc(void **state)
{
	pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
	unsigned char bytes[PLAIN_RWLOCK_SPAN];

	(void)state;
	if (sizeof(lock) != PLAIN_RWLOCK_SPAN)
		skip();
	memcpy(bytes, &lock, sizeof(bytes));
	assert_int_equal(plain_rwlock_writer(bytes, 64), 0);
	pthread_rwlock_wrlock(&lock);
	memcpy(bytes, &lock, sizeof(bytes));
	assert_int_equal(plain_rwlock_writer(bytes, 64), getpid());
	pthread_rwlock_unlock(&lock);
	pthread_rwlock_rdlock(&lock);
	memcpy(bytes, &lock, sizeof(bytes));
	assert_int_equal(plain_rwlock_writer(bytes, 64), 0);
	pthread_rwlock_unlock(&lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mutexes),
		cmocka_unit_test(condition_variables_are_no_mutexes),
		cmocka_unit_test(pointers_are_no_rwlock),
		cmocka_unit_test(a_rwlock_of_this_libc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
