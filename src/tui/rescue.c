/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/rescue.h"

#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define FAREWELL_MAX 512

/* Faults: the loop will not come round again. All others wait in its signalfd. */
static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGTRAP};

#define N_FAULTS (sizeof(faults) / sizeof(faults[0]))

/* A handler has no other way to its data. */
static struct {
	volatile sig_atomic_t armed;
	bool has_modes;
	struct termios modes;
	char farewell[FAREWELL_MAX];
	size_t length;
	struct sigaction before[N_FAULTS];
} rescue;

static void restore(void)
{
	ssize_t written;

	if (!rescue.armed)
		return;
	rescue.armed = 0;
	written = write(STDOUT_FILENO, rescue.farewell, rescue.length);
	(void)written;
	if (rescue.has_modes)
		tcsetattr(STDIN_FILENO, TCSANOW, &rescue.modes);
}

static void on_fault(int number, siginfo_t *info, void *context)
{
	(void)context;
	restore();
	for (size_t i = 0; i < N_FAULTS; i++)
		if (faults[i] == number)
			sigaction(number, &rescue.before[i], NULL);
	/* A fault comes again by itself when we return; a signal that was sent does not. */
	if (info->si_code <= 0)
		raise(number);
}

void rescue_note(void)
{
	rescue.has_modes = tcgetattr(STDIN_FILENO, &rescue.modes) == 0;
}

void rescue_arm(const char *farewell, size_t length)
{
	struct sigaction action = {.sa_flags = SA_SIGINFO};

	if (length > FAREWELL_MAX)
		length = FAREWELL_MAX;
	memcpy(rescue.farewell, farewell, length);
	rescue.length = length;
	rescue.armed = 1;
	sigemptyset(&action.sa_mask);
	action.sa_sigaction = on_fault;
	for (size_t i = 0; i < N_FAULTS; i++)
		sigaction(faults[i], &action, &rescue.before[i]);
}

void rescue_disarm(void)
{
	if (!rescue.armed)
		return;
	rescue.armed = 0;
	for (size_t i = 0; i < N_FAULTS; i++)
		sigaction(faults[i], &rescue.before[i], NULL);
}
