/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "abi/signal_code.h"

#include <signal.h>
#include <stddef.h>

#define ANY 0
#define ROW(signal, code)           \
	{                           \
		signal, code, #code \
	}

static const struct {
	int signal;
	int code;
	const char *name;
} rows[] = {
	ROW(ANY, SI_USER),
	ROW(ANY, SI_KERNEL),
	ROW(ANY, SI_QUEUE),
	ROW(ANY, SI_TIMER),
	ROW(ANY, SI_MESGQ),
	ROW(ANY, SI_ASYNCIO),
	ROW(ANY, SI_SIGIO),
	ROW(ANY, SI_TKILL),
	ROW(ANY, SI_DETHREAD),
	ROW(ANY, SI_ASYNCNL),
	ROW(SIGCHLD, CLD_EXITED),
	ROW(SIGCHLD, CLD_KILLED),
	ROW(SIGCHLD, CLD_DUMPED),
	ROW(SIGCHLD, CLD_TRAPPED),
	ROW(SIGCHLD, CLD_STOPPED),
	ROW(SIGCHLD, CLD_CONTINUED),
	ROW(SIGSEGV, SEGV_MAPERR),
	ROW(SIGSEGV, SEGV_ACCERR),
	ROW(SIGSEGV, SEGV_BNDERR),
	ROW(SIGSEGV, SEGV_PKUERR),
	ROW(SIGBUS, BUS_ADRALN),
	ROW(SIGBUS, BUS_ADRERR),
	ROW(SIGBUS, BUS_OBJERR),
	ROW(SIGBUS, BUS_MCEERR_AR),
	ROW(SIGBUS, BUS_MCEERR_AO),
	ROW(SIGILL, ILL_ILLOPC),
	ROW(SIGILL, ILL_ILLOPN),
	ROW(SIGILL, ILL_ILLADR),
	ROW(SIGILL, ILL_ILLTRP),
	ROW(SIGILL, ILL_PRVOPC),
	ROW(SIGILL, ILL_PRVREG),
	ROW(SIGILL, ILL_COPROC),
	ROW(SIGILL, ILL_BADSTK),
	ROW(SIGFPE, FPE_INTDIV),
	ROW(SIGFPE, FPE_INTOVF),
	ROW(SIGFPE, FPE_FLTDIV),
	ROW(SIGFPE, FPE_FLTOVF),
	ROW(SIGFPE, FPE_FLTUND),
	ROW(SIGFPE, FPE_FLTRES),
	ROW(SIGFPE, FPE_FLTINV),
	ROW(SIGFPE, FPE_FLTSUB),
	ROW(SIGTRAP, TRAP_BRKPT),
	ROW(SIGTRAP, TRAP_TRACE),
	ROW(SIGTRAP, TRAP_BRANCH),
	ROW(SIGTRAP, TRAP_HWBKPT),
	ROW(SIGPOLL, POLL_IN),
	ROW(SIGPOLL, POLL_OUT),
	ROW(SIGPOLL, POLL_MSG),
	ROW(SIGPOLL, POLL_ERR),
	ROW(SIGPOLL, POLL_PRI),
	ROW(SIGPOLL, POLL_HUP),
	/* glibc has no name for it: SYS_SECCOMP. */
	{SIGSYS, 1, "SYS_SECCOMP"},
};

const char *signal_code_name(int signal, int code)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].code == code && (rows[i].signal == signal || rows[i].signal == ANY))
			return rows[i].name;
	return NULL;
}

enum signal_layout signal_code_layout(int signal, int code)
{
	switch (code) {
	case SI_USER:
	case SI_TKILL:
	case SI_QUEUE:
	case SI_MESGQ:
		return SIGNAL_SENT;
	default:
		break;
	}
	if (code <= 0 || code >= SI_KERNEL)
		return SIGNAL_BARE;
	switch (signal) {
	case SIGCHLD:
		return SIGNAL_CHILD;
	case SIGSEGV:
	case SIGBUS:
	case SIGILL:
	case SIGFPE:
	case SIGTRAP:
		return SIGNAL_FAULT;
	default:
		return SIGNAL_BARE;
	}
}
