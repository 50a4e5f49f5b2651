/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists of set_robust_list2 with held locks in a mapped file.
 *
 * usage: list2 [-b N] [-l] [-t] [-w LOCK] [-W LOCK] [-x] REVISION FILE FIRST BITS:COUNT...
 *   REVISION is `none` for a program that only waits, `legacy` for set_robust_list
 *   FILE is `-` for locks in the variable `own_locks`, which 32-bit lists cannot reach
 *   -b  list N breaks off in its middle: the entry there leads to no memory
 *   -l  wait for a line of stdin before the next
 *   -t  all of it in a thread beside the first one
 *   -w  after `ready`, wait for that lock of FILE, for ever
 *   -W  before `ready`, have another thread wait for it; then there is waiter=TID
 * One list for each BITS:COUNT, with the next COUNT locks of FILE, from FIRST on, all held.
 * ready: pid, tid, base (of FILE's mapping; lock N's word is at base + 16 * N + 8),
 *        heads=ADDRESS,ADDRESS... and indexes=NUMBER,NUMBER... in the order of the arguments
 * On a line of stdin it ends; with -x by execve of true.
 */
#include "list2.h"

#define FILE_SIZE 65536
#define LISTS_MAX 16

struct list2_lock own_locks[64];

static struct list2_lock *map_locks(const char *path)
{
	void *address;
	int fd;

	if (strcmp(path, "-") == 0)
		return own_locks;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0 || ftruncate(fd, FILE_SIZE))
		tracee_die("cannot make the file: %s", strerror(errno));
	address = mmap(NULL, FILE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | LIST2_LOW, fd, 0);
	if (address == MAP_FAILED)
		tracee_die("mmap: %s", strerror(errno));
	return address;
}

static void wait_for(uint32_t *word)
{
	for (;;) {
		uint32_t value = __atomic_or_fetch(word, WORD_WAITERS, __ATOMIC_SEQ_CST);

		if (syscall(NR_FUTEX, word, 0 /* FUTEX_WAIT */, value, NULL, NULL, 0) == 0)
			break;
	}
	/* The owner died or gave it back: said, so that nobody needs to guess. */
	tracee_ready("woken=1");
}

struct beside {
	uint32_t *word;
	pid_t tid;
};

static void *wait_beside(void *arg)
{
	struct beside *beside = arg;

	__atomic_store_n(&beside->tid, list2_tid(), __ATOMIC_SEQ_CST);
	wait_for(beside->word);
	return NULL;
}

/* Its TID, once it sleeps. */
static pid_t wait_in_thread(uint32_t *word)
{
	static struct beside beside;

	beside.word = word;
	tracee_thread(wait_beside, &beside);
	while (!__atomic_load_n(&beside.tid, __ATOMIC_SEQ_CST))
		tracee_tick();
	tracee_await_blocked(getpid(), beside.tid, NR_FUTEX, NULL);
	return beside.tid;
}

struct options {
	int broken; /* a list, or -1 */
	bool line, thread, exec;
	int waited;  /* a lock, or -1 */
	int beside;  /* likewise, by another thread */
	char **argv; /* REVISION and what follows */
	int argc;
};

static void parse(struct options *o, int argc, char **argv)
{
	int option;

	o->broken = o->waited = o->beside = -1;
	while ((option = getopt(argc, argv, "b:ltw:W:x")) != -1) {
		switch (option) {
		case 'b':
			o->broken = atoi(optarg);
			break;
		case 'l':
			o->line = true;
			break;
		case 't':
			o->thread = true;
			break;
		case 'w':
			o->waited = atoi(optarg);
			break;
		case 'W':
			o->beside = atoi(optarg);
			break;
		case 'x':
			o->exec = true;
			break;
		default:
			tracee_die("no such option");
		}
	}
	o->argv = argv + optind;
	o->argc = argc - optind;
	if (o->argc < 3 || o->argc - 3 > LISTS_MAX)
		tracee_die(
			"usage: list2 [-b N] [-l] [-t] [-w LOCK] [-W LOCK] [-x] REVISION FILE FIRST "
			"BITS:COUNT...");
}

/* Makes the list of one BITS:COUNT from the locks; how many it took. */
static size_t make_list(struct list2_head *head, const char *text, struct list2_lock *locks,
			bool broken, int *ret_bits)
{
	int bits, count;

	if (sscanf(text, "%d:%d", &bits, &count) != 2)
		tracee_die("no list: '%s'", text);
	list2_link(head, bits, locks, (size_t)count);
	for (int i = 0; i < count; i++)
		locks[i].word = (uint32_t)list2_tid();
	if (broken)
		list2_put(&locks[count / 2 - 1].entry, bits, 16);
	*ret_bits = bits;
	return (size_t)count;
}

static void *run(void *arg)
{
	const struct options *o = arg;
	struct list2_calls calls = o->argc > 3 ? list2_calls_of(o->argv[0]) : list2_all[0];
	struct list2_lock *locks = map_locks(o->argv[1]);
	struct list2_head *heads = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS | LIST2_LOW, -1, 0);
	size_t next = (size_t)atoi(o->argv[2]);
	char indexes[256] = "-", addresses[512] = "-", waiter[32] = "";
	int used_i = 0, used_h = 0;

	if (heads == MAP_FAILED)
		tracee_die("mmap: %s", strerror(errno));
	for (int i = 0; i < o->argc - 3; i++) {
		int bits;
		long index;

		next += make_list(&heads[i], o->argv[i + 3], &locks[next], i == o->broken, &bits);
		index = list2_create(&calls, &heads[i], bits, i);
		if (index < 0)
			tracee_die("list %d: %s", i, strerror((int)-index));
		used_i += snprintf(indexes + used_i, sizeof(indexes) - (size_t)used_i, "%s%ld",
				   i ? "," : "", index);
		used_h += snprintf(addresses + used_h, sizeof(addresses) - (size_t)used_h, "%s%p",
				   i ? "," : "", (void *)&heads[i]);
	}
	if (o->beside >= 0)
		snprintf(waiter, sizeof(waiter), " waiter=%d",
			 wait_in_thread(&locks[o->beside].word));
	tracee_ready("pid=%d tid=%d base=%p heads=%s indexes=%s%s", getpid(), list2_tid(),
		     (void *)locks, addresses, indexes, waiter);
	if (o->line)
		tracee_wait();
	if (o->waited >= 0)
		wait_for(&locks[o->waited].word);
	tracee_wait();
	if (o->exec)
		execl("/bin/true", "true", NULL);
	return NULL;
}

int main(int argc, char **argv)
{
	struct options o = {0};

	tracee_begin();
	parse(&o, argc, argv);
	if (!o.thread)
		run(&o);
	else
		pthread_join(tracee_thread(run, &o), NULL);
	return 0;
}
