/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What si_code of a signal says, and which fields of siginfo_t go with it. Source: sigaction(2) and
 * siginfo_layout of kernel/signal.c.
 */
#ifndef ROBTRACE_ABI_SIGNAL_CODE_H
#define ROBTRACE_ABI_SIGNAL_CODE_H

enum signal_layout {
	SIGNAL_BARE,  /* nothing that is shown */
	SIGNAL_SENT,  /* si_pid, si_uid: who sent it */
	SIGNAL_CHILD, /* si_pid, si_uid, si_status: of the child */
	SIGNAL_FAULT, /* si_addr */
};

/* "SI_USER", "CLD_EXITED"; NULL: no name is known. */
const char *signal_code_name(int signal, int code);

enum signal_layout signal_code_layout(int signal, int code);

#endif
