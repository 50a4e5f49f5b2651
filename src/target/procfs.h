/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What /proc tells about processes and threads (proc(5)). All calls read, none changes a target.
 * Negative errno on failure: -ESRCH for what is gone, -EACCES or -EPERM for what is closed to us,
 * -EPROTO for a file that does not look as proc(5) says.
 */
#ifndef ROBTRACE_TARGET_PROCFS_H
#define ROBTRACE_TARGET_PROCFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* TASK_COMM_LEN of the kernel, the final 0 included. */
#define PROC_COMM_SIZE 16
/* Kernel threads may show a longer one. */
#define PROC_COMM_MAX 64

struct proc_stat {
	char comm[PROC_COMM_MAX];
	char state; /* R S D Z T t X I */
	pid_t ppid;
	bool kernel_thread;  /* PF_KTHREAD */
	uint64_t start_time; /* clock ticks after boot; tells a reused PID */
	unsigned cpu;        /* where it runs or last ran */
	/* Where its program and stack begin; 0 or 1 where we may not know. */
	uint64_t start_code;
	uint64_t start_stack;
};

struct proc_status {
	pid_t tgid;
	pid_t ns_tid;      /* last number of NSpid: what the thread's own gettid returns */
	unsigned ns_depth; /* numbers in NSpid: 1 is our own PID namespace */
	uid_t uid[3];      /* real, effective, saved */
	gid_t gid[3];
	pid_t tracer; /* 0: none */
};

/* /proc/PID/task/TID/syscall */
struct proc_syscall {
	bool running; /* not blocked: the rest is not set */
	long number;  /* -1: blocked, but not in a system call */
	uint64_t args[6];
	uint64_t sp;
	uint64_t pc;
};

/* /proc/PID/task/TID/schedstat: changes whenever the thread has run. */
struct proc_schedstat {
	uint64_t run_ns;
	uint64_t wait_ns;
	uint64_t slices;
};

/*
 * All PIDs, or all TIDs of a process, ascending. *ret_ids is malloced and the caller's to free.
 * Number of them, or a negative errno.
 */
ssize_t procfs_pids(pid_t **ret_ids);
ssize_t procfs_tids(pid_t pid, pid_t **ret_ids);

/* A thread of pid that is no zombie, or -ESRCH. */
pid_t procfs_living_thread(pid_t pid);

int procfs_stat(pid_t pid, pid_t tid, struct proc_stat *ret);
int procfs_status(pid_t pid, pid_t tid, struct proc_status *ret);
/* The thread's number in its own PID namespace, as its futex words carry it; tid if not known. */
pid_t procfs_ns_tid(pid_t pid, pid_t tid);
/*
 * These two are read for every thread there is, so they are opened relative to a descriptor of
 * /proc/PID/task (procfs_open_tasks; the caller closes it).
 */
int procfs_open_tasks(pid_t pid);
int procfs_comm(int tasks_fd, pid_t tid, char ret[PROC_COMM_MAX]);
int procfs_syscall(int tasks_fd, pid_t tid, struct proc_syscall *ret);

int procfs_schedstat(pid_t pid, pid_t tid, struct proc_schedstat *ret);

/* Sets of signals: bit N - 1 for signal N. */
struct proc_signals {
	uint64_t blocked; /* by this thread */
	uint64_t ignored;
	uint64_t caught;
};

int procfs_signals(pid_t pid, pid_t tid, struct proc_signals *ret);

/*
 * When the thread last ran, by the clock of the processor where it did (target/sched_clock.h).
 * -ENOENT, or -ESRCH where
 * the kernel has no /proc/PID/task/TID/sched (CONFIG_SCHED_DEBUG).
 */
int procfs_last_ran(pid_t pid, pid_t tid, uint64_t *ret_ns);

/* Word size of the program in /proc/PID/exe: 32, 64, or a negative errno. */
int procfs_elf_bits(pid_t pid);

/* Inode of the process's PID namespace; 0 where it cannot be read. */
uint64_t procfs_pid_namespace(pid_t pid);

/* Yama's ptrace_scope, or -1 on a kernel without it. */
int procfs_yama_scope(void);

/* Parses the text of the files above; apart, so that tests can feed them. 0 or -EPROTO. */
int procfs_parse_stat(const char *text, struct proc_stat *ret);
int procfs_parse_status(const char *text, struct proc_status *ret);
int procfs_parse_signals(const char *status, struct proc_signals *ret);
int procfs_parse_syscall(const char *text, struct proc_syscall *ret);
int procfs_parse_schedstat(const char *text, struct proc_schedstat *ret);
int procfs_parse_last_ran(const char *text, uint64_t *ret_ns);

#endif
