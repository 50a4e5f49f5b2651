/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Locks on a list of set_robust_list2, as a libc would have them, whose owners die all the time.
 *
 * usage: list2_stress REVISION chain N | contend N | race N | many private|shared
 *   chain    N threads wait for one lock, some 50 at a time; whoever gets it dies
 *   contend  4 processes take and release a lock, N times one of them is killed
 *   race     N threads end by themselves while their process does
 *   many     all lists of one thread, with 2048 locks each
 * Every death must be seen by exactly one who takes the lock next. Exit status 0 when that is so;
 * what was done is said on one line.
 */
#include "list2.h"

#define CROWD 50
#define PROCESSES 4
#define MANY 2048
#define LIFE 3000 /* seconds: with all that is traced and on a machine that is busy */

/* In shared memory. */
struct field {
	struct list2_lock lock;
	struct list2_lock other;
	uint32_t holder; /* who is in between lock and unlock; 0: nobody */
	uint32_t deaths; /* seen */
	uint32_t turns;
	uint32_t wrong;
	uint32_t begun;
	uint32_t phases[PROCESSES]; /* what each one does */
	struct list2_head heads[CROWD + PROCESSES];
	struct list2_lock many[11 * MANY];
	struct list2_head many_heads[11];
};

static struct list2_calls calls;
static struct field *field;

static struct field *map_field(int flags)
{
	void *memory = mmap(NULL, sizeof(*field), PROT_READ | PROT_WRITE,
			    flags | MAP_ANONYMOUS | LIST2_LOW, -1, 0);

	if (memory == MAP_FAILED)
		tracee_die("mmap: %s", strerror(errno));
	return memory;
}

static void begin(struct list2_head *head)
{
	memset(head, 0, sizeof(*head));
	list2_link(head, 64, NULL, 0);
	if (list2_create(&calls, head, 64, 0) < 0)
		tracee_die("CREATE: %s", strerror(errno));
}

static void set_pending(struct list2_head *head, struct list2_lock *lock)
{
	__atomic_store_n(&head->wide[2], (uintptr_t)lock, __ATOMIC_SEQ_CST);
}

static void set_first(struct list2_head *head, const void *first)
{
	__atomic_store_n(&head->wide[0], (uintptr_t)first, __ATOMIC_SEQ_CST);
}

/* True: its owner had died. */
static bool take(struct list2_head *head, struct list2_lock *lock)
{
	uint32_t tid = (uint32_t)list2_tid(), waiters = 0;
	uint32_t old = __atomic_load_n(&lock->word, __ATOMIC_SEQ_CST);

	set_pending(head, lock);
	for (;;) {
		if (!(old & WORD_TID)) {
			/* Who has waited does not know whether others do still. */
			if (__atomic_compare_exchange_n(&lock->word, &old,
							tid | waiters | (old & WORD_WAITERS), false,
							__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
				break;
			continue;
		}
		if (!(old & WORD_WAITERS) &&
		    !__atomic_compare_exchange_n(&lock->word, &old, old | WORD_WAITERS, false,
						 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			continue;
		syscall(NR_FUTEX, &lock->word, 0 /* FUTEX_WAIT */, old | WORD_WAITERS, NULL, NULL,
			0);
		waiters = WORD_WAITERS;
		old = __atomic_load_n(&lock->word, __ATOMIC_SEQ_CST);
	}
	lock->entry = (uintptr_t)head;
	set_first(head, lock);
	set_pending(head, NULL);
	return old & WORD_OWNER_DIED;
}

static void give(struct list2_head *head, struct list2_lock *lock)
{
	set_pending(head, lock);
	set_first(head, head);
	if (__atomic_exchange_n(&lock->word, 0, __ATOMIC_SEQ_CST) & WORD_WAITERS)
		syscall(NR_FUTEX, &lock->word, 1 /* FUTEX_WAKE */, 1, NULL, NULL, 0);
	set_pending(head, NULL);
}

static void add(uint32_t *number)
{
	__atomic_add_fetch(number, 1, __ATOMIC_SEQ_CST);
}

static uint32_t get(const uint32_t *number)
{
	return __atomic_load_n(number, __ATOMIC_SEQ_CST);
}

/* ---- chain ---- */

static void *die_with_it(void *arg)
{
	struct list2_head *head = arg;

	begin(head);
	if (take(head, &field->lock))
		add(&field->deaths);
	/* Nobody else is in here. */
	if (__atomic_exchange_n(&field->holder, (uint32_t)list2_tid(), __ATOMIC_SEQ_CST))
		add(&field->wrong);
	add(&field->turns);
	__atomic_store_n(&field->holder, 0, __ATOMIC_SEQ_CST);
	return NULL;
}

static int chain(uint32_t count)
{
	pthread_t threads[CROWD];

	for (uint32_t begun = 0; begun < count;) {
		uint32_t n = 0;

		for (; n < CROWD && begun < count; n++, begun++)
			threads[n] = tracee_thread(die_with_it, &field->heads[n]);
		for (uint32_t i = 0; i < n; i++)
			pthread_join(threads[i], NULL);
	}
	printf("%u turns, %u deaths seen, %u wrong, word %#x\n", field->turns, field->deaths,
	       field->wrong, field->lock.word);
	return field->turns != count || field->deaths != count - 1 || field->wrong ||
	       (field->lock.word & ~WORD_WAITERS) != WORD_OWNER_DIED;
}

/* ---- contend ---- */

enum phase {
	AWAY,
	MAY_HOLD, /* takes the lock or gives it back */
	HOLDS
};

static void set_phase(int place, enum phase phase)
{
	__atomic_store_n(&field->phases[place], phase, __ATOMIC_SEQ_CST);
}

/* To whose place this one comes: nobody else uses its head. */
static void contender(int place)
{
	struct list2_head *head = &field->heads[place];

	begin(head);
	for (;;) {
		uint32_t before;
		bool died;

		set_phase(place, MAY_HOLD);
		died = take(head, &field->lock);
		before = get(&field->holder);
		if (died)
			add(&field->deaths);
		/* Somebody is in here, or died in here and that was not told. */
		else if (before)
			add(&field->wrong);
		set_phase(place, HOLDS);
		__atomic_store_n(&field->holder, (uint32_t)getpid(), __ATOMIC_SEQ_CST);
		add(&field->turns);
		__atomic_store_n(&field->holder, 0, __ATOMIC_SEQ_CST);
		set_phase(place, MAY_HOLD);
		give(head, &field->lock);
		set_phase(place, AWAY);
	}
}

static pid_t start_contender(int place)
{
	pid_t pid = tracee_fork();

	if (pid)
		return pid;
	alarm(LIFE);
	contender(place);
	_exit(1);
}

static bool goes_on(uint32_t turns)
{
	for (int tries = 0; tries < TRACEE_TRIES; tries++) {
		if (get(&field->turns) - turns > PROCESSES)
			return true;
		tracee_tick();
	}
	return false;
}

static int contend(uint32_t count)
{
	pid_t pids[PROCESSES];
	uint32_t seed = 1, n = 0, killed[HOLDS + 1] = {0};
	bool hangs = false;

	for (int i = 0; i < PROCESSES; i++)
		pids[i] = start_contender(i);
	for (; n < count && !hangs; n++) {
		uint32_t place, turns = get(&field->turns);

		hangs = !goes_on(turns);
		seed = seed * 1103515245 + 12345;
		place = (seed >> 16) % PROCESSES;
		kill(pids[place], SIGKILL);
		waitpid(pids[place], NULL, 0);
		killed[field->phases[place]]++;
		set_phase((int)place, AWAY);
		pids[place] = start_contender((int)place);
	}
	hangs = hangs || !goes_on(get(&field->turns));
	for (int i = 0; i < PROCESSES; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	printf("%u killed, %u of them with the lock, %u perhaps; %u turns, %u deaths seen, "
	       "%u wrong%s\n",
	       n, killed[HOLDS], killed[MAY_HOLD], field->turns, field->deaths, field->wrong,
	       hangs ? ", hangs" : "");
	/* Those at the end may add one that was seen by another before its own end. */
	return hangs || field->wrong || !field->deaths || field->deaths < killed[HOLDS] ||
	       field->deaths > killed[HOLDS] + killed[MAY_HOLD] + PROCESSES;
}

/* ---- race ---- */

/* One holds each lock and ends; the other ends the process at the same moment. */
static void *hold_and_end(void *arg)
{
	(void)arg;
	begin(&field->heads[0]);
	take(&field->heads[0], &field->lock);
	__atomic_store_n(&field->begun, 1, __ATOMIC_SEQ_CST);
	while (get(&field->begun) != 2)
		;
	syscall(SYS_exit, 0);
	return NULL;
}

static void race_once(void)
{
	tracee_thread(hold_and_end, NULL);
	while (get(&field->begun) != 1)
		;
	__atomic_store_n(&field->begun, 2, __ATOMIC_SEQ_CST);
	syscall(SYS_exit_group, 0);
}

static int race(uint32_t count)
{
	uint32_t lost = 0;

	for (uint32_t i = 0; i < count; i++) {
		pid_t pid;

		field->lock.word = 0;
		field->begun = 0;
		pid = tracee_fork();
		if (pid == 0)
			race_once();
		waitpid(pid, NULL, 0);
		lost += field->lock.word != WORD_OWNER_DIED;
	}
	printf("%u ended, %u stay locked\n", count, lost);
	return lost != 0;
}

/* ---- many ---- */

static void *hold_many(void *arg)
{
	(void)arg;
	for (int i = 0; i < calls.lists; i++) {
		struct list2_lock *locks = &field->many[i * MANY];

		list2_link(&field->many_heads[i], i % 2 ? 64 : 32, locks, MANY);
		for (int j = 0; j < MANY; j++)
			locks[j].word = (uint32_t)list2_tid();
		if (list2_create(&calls, &field->many_heads[i], i % 2 ? 64 : 32, i) != i)
			tracee_die("CREATE");
	}
	return NULL;
}

static int many(bool shared)
{
	int left = 0;

	if (!shared)
		field = map_field(MAP_PRIVATE);
	if (shared) {
		pid_t pid = tracee_fork();

		if (pid == 0) {
			hold_many(NULL);
			kill(getpid(), SIGKILL);
		}
		waitpid(pid, NULL, 0);
	} else {
		pthread_join(tracee_thread(hold_many, NULL), NULL);
	}
	for (int i = 0; i < calls.lists * MANY; i++)
		left += field->many[i].word != WORD_OWNER_DIED;
	printf("%d locks, %d stay locked\n", calls.lists * MANY, left);
	return left != 0;
}

int main(int argc, char **argv)
{
	uint32_t count;

	tracee_begin();
	alarm(LIFE);
	if (argc != 4)
		tracee_die("usage: list2_stress REVISION chain N | contend N | race N | "
			   "many private|shared");
	calls = list2_calls_of(argv[1]);
	field = map_field(MAP_SHARED);
	if (strcmp(argv[2], "many") == 0)
		return many(strcmp(argv[3], "shared") == 0);
	count = (uint32_t)tracee_number(argv[3]);
	if (strcmp(argv[2], "chain") == 0)
		return chain(count);
	return strcmp(argv[2], "race") == 0 ? race(count) : contend(count);
}
