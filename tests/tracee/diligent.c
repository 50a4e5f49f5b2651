/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sends itself signals without end and counts what comes, beside threads that fight for a robust
 * mutex. Whoever attaches and detaches must not be seen in its counts.
 *
 * usage: diligent [alone]
 *   alone: one thread, which does nothing but to send itself real-time signals and to get them
 * ready: pid, tid (of the thread that gets the signals)
 * For each line on stdin it says, on a line: sent=N work=N (signals and turns of the mutex so far),
 * then what is wrong, which without a fault is `lost=0 twice=0 strange=0 torn=0`. At the end of
 * stdin it ends with 0.
 *
 * Real-time signals are queued: the i-th carries i, and all come, in order. SIGUSR1 goes to one
 * thread, SIGUSR2 to the process; the next is sent only when the last has come.
 */
#include <poll.h>

#include "tracee.h"

#define FIGHTERS 2
#define AHEAD 64 /* real-time signals on their way */

static volatile uint64_t sent, come, usr1, usr2, lost, twice, strange;
static volatile bool over;
static pthread_mutex_t mutex;
static volatile uint64_t left, right; /* under the mutex: always the same */
static volatile uint64_t torn;

/* sched_yield would starve others for seconds on some kernels. */
static void breathe(void)
{
	const struct timespec pause = {.tv_nsec = 20000};

	nanosleep(&pause, NULL);
}

static void on_signal(int number, siginfo_t *info, void *context)
{
	(void)context;
	if (info->si_pid != getpid() || info->si_uid != getuid()) {
		strange++;
	} else if (number == SIGUSR1) {
		strange += info->si_code != SI_TKILL;
		usr1++;
	} else if (number == SIGUSR2) {
		strange += info->si_code != SI_USER;
		usr2++;
	} else {
		uint64_t value = (uint64_t)(uintptr_t)info->si_value.sival_ptr;

		strange += info->si_code != SI_QUEUE;
		lost += value > come ? value - come : 0;
		twice += value < come;
		come = value + 1;
	}
}

static void await(volatile uint64_t *count, uint64_t wanted)
{
	while (*count < wanted && !over)
		breathe();
	if (*count > wanted)
		twice++;
}

static void *receive(void *arg)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	__atomic_store_n((pid_t *)arg, gettid(), __ATOMIC_RELEASE);
	while (!over)
		usleep(1000);
	return arg;
}

static void *fight(void *arg)
{
	while (!over) {
		mutex_lock(&mutex);
		torn += left != right;
		left++;
		breathe();
		right++;
		pthread_mutex_unlock(&mutex);
	}
	return arg;
}

static void send_ahead(void)
{
	for (int i = 0; i < AHEAD; i++) {
		const union sigval value = {.sival_ptr = (void *)(uintptr_t)sent};

		while (sigqueue(getpid(), SIGRTMIN, value) && errno == EAGAIN)
			breathe();
		sent++;
	}
}

static void *send(void *arg)
{
	pid_t tid = *(pid_t *)arg;

	for (uint64_t round = 1; !over; round++) {
		send_ahead();
		syscall(SYS_tgkill, getpid(), tid, SIGUSR1);
		kill(getpid(), SIGUSR2);
		await(&come, sent);
		await(&usr1, round);
		await(&usr2, round);
	}
	return arg;
}

static void say(void)
{
	printf("sent=%llu work=%llu lost=%llu twice=%llu strange=%llu torn=%llu\n",
	       (unsigned long long)sent, (unsigned long long)right, (unsigned long long)lost,
	       (unsigned long long)twice, (unsigned long long)strange, (unsigned long long)torn);
}

/* Whether there is a line, and it was answered; false at the end of stdin. */
static bool answer(void)
{
	ssize_t got;
	char c;

	do
		got = read(STDIN_FILENO, &c, 1);
	while (got < 0 && errno == EINTR);
	if (got != 1)
		return false;
	alarm(TRACEE_SECONDS);
	say();
	return true;
}

static void send_alone(void)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	tracee_ready("pid=%d tid=%d", getpid(), gettid());
	do
		send_ahead();
	while (poll(&input, 1, 0) <= 0 || answer());
}

int main(int argc, char **argv)
{
	static pid_t receiver;
	struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART};
	pthread_t threads[FIGHTERS + 2];
	size_t n = 0;
	sigset_t set;

	tracee_begin();
	/* In an orphaned process group, such as that of a job whose shell is gone, SIGTSTP is nothing. */
	setpgid(0, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	action.sa_mask = set;
	sigaction(SIGRTMIN, &action, NULL);
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
	if (argc > 1 && strcmp(argv[1], "alone") == 0) {
		send_alone();
		return 0;
	}
	if (mutex_make(&mutex, 0))
		tracee_die("no robust mutex");
	threads[n++] = tracee_thread(receive, &receiver);
	while (!__atomic_load_n(&receiver, __ATOMIC_ACQUIRE))
		tracee_tick();
	for (int i = 0; i < FIGHTERS; i++)
		threads[n++] = tracee_thread(fight, NULL);
	threads[n++] = tracee_thread(send, &receiver);
	tracee_ready("pid=%d tid=%d", getpid(), receiver);
	while (answer())
		;
	over = true;
	while (n)
		pthread_join(threads[--n], NULL);
	return 0;
}
