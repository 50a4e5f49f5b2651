# SPDX-License-Identifier: GPL-2.0-or-later
"""`robtrace trace` on real programs: they do what they do without it, and their calls are seen."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections import Counter
from pathlib import Path

from harness import PYTHON, Env, expect, expect_equal, main, proc_text, skip, wait_until
from tracing import Trace, alive, check_ends, names, traced, untraced


def same_output(env: Env, *argv: object, options: tuple[object, ...] = ("-f",),
                stdin: bytes = b"", status: int = 0) -> Trace:
    """Traced and untraced say the same; every task that was born ended."""
    wanted = untraced(*argv, stdin=stdin, status=status)
    trace = traced(env, *options, *argv, stdin=stdin, status=status)
    expect_equal(trace.out, wanted, f"what {argv} says")
    check_ends(trace)
    return trace


def case_bash(env: Env) -> None:
    script = 'x=$(echo a; (exit 3); echo $?); for i in 1 2 3; do /bin/true; done; echo "$x"; exit 7'
    trace = same_output(env, "bash", "-c", script, status=7)
    expect(len(trace.events("new-task")) >= 4, "bash's children")
    expect_equal(Counter(Path(e["path"]).name for e in trace.events("exec"))["true"], 3, "execs")
    # Each child registers the list of its only thread again, as fork(2) leaves none.
    registered = {e["tid"] for e in trace.events("call-exit")}
    for event in trace.events("new-task"):
        expect(event["new_tid"] in registered, f"a registration of {event['new_tid']}")


def case_without_f_children_are_left_alone(env: Env) -> None:
    trace = traced(env, "bash", "-c", "/bin/true; sh -c 'exit 4'; echo $?")
    expect_equal(trace.out, "4\n", "output")
    expect_equal({e["pid"] for e in trace.events()}, {trace.events()[0]["pid"]}, "PIDs")
    expect_equal(trace.events("new-task"), [], "children")


def case_python_with_threads(env: Env) -> None:
    code = ("import threading\n"
            "l = threading.Lock(); n = [0]\n"
            "def f():\n"
            "    for _ in range(100):\n"
            "        with l: n[0] += 1\n"
            "ts = [threading.Thread(target=f) for _ in range(8)]\n"
            "[t.start() for t in ts]; [t.join() for t in ts]; print(n[0])\n")
    trace = same_output(env, PYTHON, "-I", "-c", code)
    threads = [e["new_tid"] for e in trace.events("new-task") if e["how"] == "thread"]
    expect_equal(len(threads), 8, "threads")
    registered = Counter(e["tid"] for e in trace.events("call-exit"))
    for tid in threads:
        expect_equal(registered[tid], 1, f"registrations of thread {tid}")


def case_lmdb(env: Env) -> None:
    for tool in ("mdb_load", "mdb_copy", "mdb_stat"):
        if not shutil.which(tool):
            skip(f"{tool} is not installed (lmdb-utils)")
    database, copy = env.tmp / "db", env.tmp / "copy"
    database.mkdir()
    copy.mkdir()
    dump = b"VERSION=3\nformat=print\ntype=btree\nHEADER=END\n key\n value\nDATA=END\n"
    trace = traced(env, "-e", "lists,futex,life", "-y", "mdb_load", database, stdin=dump)
    expect(trace.calls("set_robust_list"), "registrations of mdb_load")
    # It gives back what it takes: nothing is held at the end.
    expect_equal(trace.events("death"), [], "locks at the end of mdb_load")
    traced(env, "-f", "mdb_copy", database, copy)
    expect("Entries: 1" in untraced("mdb_stat", copy), "the copy is whole")


def case_go(env: Env) -> None:
    if not shutil.which("fzf"):
        skip("fzf is not installed")
    trace = same_output(env, "fzf", "--filter", "rob", stdin=b"robust\nother\nprobe\n")
    threads = [e for e in trace.events("new-task") if e["how"] == "thread"]
    expect(threads, "threads of the Go program")


def case_a_tracer(env: Env) -> None:
    """A program that traces finds its children taken, and we say by whom; or it may have them."""
    if not shutil.which("strace"):
        skip("strace is not installed")
    command = ("strace", "-o", env.tmp / "inner", "sh", "-c", "exit 6")
    trace = traced(env, "-f", *command, status=1)
    refused = trace.calls("ptrace")
    expect("PTRACE_TRACEME" in {c["args"]["request"]["names"] for c in refused}, f"{refused}")
    expect_equal({(c["error"], c["remark"]) for c in refused}, {("EPERM", "robtrace is the tracer")},
                 "what came of it")
    traced(env, "--no-seccomp", *command, status=6)
    expect("exited with 6" in (env.tmp / "inner").read_text(), "strace's own log")


def case_own_filter(env: Env) -> None:
    """One that uses seccomp itself: its verdicts are as they are without us."""
    for how in ("refuse", "trace"):
        same_output(env, env.program_of("own_filter"), how)
    same_output(env, env.program_of("own_filter"), "strict", options=("--no-seccomp",))


def case_musl(env: Env) -> None:
    trace = same_output(env, env.program_of("births_musl"), "threads", 40)
    expect_equal(len(trace.events("new-task")), 40, "threads")
    # musl registers a list when a thread takes its first robust mutex.
    expect_equal(len(trace.calls("set_robust_list")), 40, "registrations")
    same_output(env, env.program_of("births_musl"), "spawn", 5)


def case_pipeline(env: Env) -> None:
    script = "seq 100000 | sort -R | sort -n | md5sum; echo ${PIPESTATUS[@]}"
    trace = same_output(env, "bash", "-c", script)
    programs = [Path(e["path"]).name for e in trace.events("exec")]
    expect_equal(sorted(programs), ["bash", "md5sum", "seq", "sort", "sort"], "programs")


def case_pipe_that_closes(env: Env) -> None:
    """SIGPIPE is the program's own matter, also where robtrace itself was told to ignore it."""
    script = "yes | head -1; echo ${PIPESTATUS[0]}"
    expect_equal(traced(env, "-f", "bash", "-c", script).out, "y\n141\n", "with SIGPIPE")
    masks = ("-c", "grep -E 'Sig(Ign|Blk|Cgt)' /proc/self/status")
    for ignored in ((), (signal.SIGPIPE, signal.SIGCHLD), (signal.SIGINT, signal.SIGTERM)):
        bare = subprocess.run(["sh", *masks], capture_output=True, text=True, check=True,
                              preexec_fn=lambda: [signal.signal(n, signal.SIG_IGN)
                                                  for n in ignored])
        for options in ((), ("--no-seccomp",), ("-D",)):
            trace = traced(env, *options, "sh", *masks, ignored=ignored)
            expect_equal(trace.out, bare.stdout, f"signals with {options}, {ignored} ignored")


def daemon_of(env: Env, *options: object) -> tuple[Trace, int, Path]:
    answers = env.tmp / f"forsaken-{len(env.started)}"
    trace = Trace(env, *options, env.program_of("forsaken"), answers)
    wait_until(lambda: answers.exists() and answers.read_text().endswith("\n"), "the daemon is up")
    return trace, int(answers.read_text().split()[0]), answers


def ask_daemon(pid: int, answers: Path) -> int:
    """The daemon registers a robust list: 0 or -errno."""
    before = answers.read_text()
    os.kill(pid, signal.SIGUSR1)
    wait_until(lambda: len(answers.read_text()) > len(before) and
               answers.read_text().endswith("\n"), "the daemon answers")
    return int(answers.read_text().splitlines()[-1])


def case_daemon_is_followed_to_its_end(env: Env) -> None:
    trace, pid, answers = daemon_of(env, "-f")
    try:
        wait_until(lambda: len(trace.events("exited")) == 2, "both parents ended")
        expect_equal(ask_daemon(pid, answers), 0, "set_robust_list of the daemon")
        wait_until(lambda: any(e["tid"] == pid for e in trace.events("call-exit")),
                   "the daemon's call is seen")
        expect(trace.popen.poll() is None, "the trace goes on with the daemon")
    finally:
        os.kill(pid, signal.SIGTERM)
    trace.expect_status(5)
    expect_equal([(e["tid"], e["signal"]) for e in trace.events("killed")], [(pid, "SIGTERM")],
                 "the daemon's end")


def case_daemon_is_left_with_ctrl_c(env: Env) -> None:
    """It goes on, and still can register robust lists: the tracer stays behind for it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        trace, pid, answers = daemon_of(env, "-f")
        try:
            wait_until(lambda: len(trace.events("exited")) == 2, "both parents ended")
            tracer = trace.tracer()
            trace.signal(number)
            trace.expect_status(5)
            expect(alive(pid), "the daemon lives")
            for _ in range(3):
                expect_equal(ask_daemon(pid, answers), 0, f"set_robust_list after {number!r}")
            expect_equal([e["tid"] for e in trace.events("detached")], [pid], "detached")
        finally:
            os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not alive(tracer), "the tracer ends with the daemon")


def case_daemon_without_seccomp(env: Env) -> None:
    """Nothing holds it: it is let go, and nobody stays behind."""
    trace, pid, answers = daemon_of(env, "-f", "--no-seccomp")
    try:
        wait_until(lambda: len(trace.events("exited")) == 2, "both parents ended")
        trace.signal(signal.SIGINT)
        trace.expect_status(5)
        expect_equal(ask_daemon(pid, answers), 0, "set_robust_list")
        expect("TracerPid:\t0" in proc_text(f"{pid}/status"), "nobody traces it")
    finally:
        os.kill(pid, signal.SIGTERM)


def case_front_killed(env: Env) -> None:
    """kill -9 of robtrace itself: the log is whole, the daemon goes on and can register lists."""
    trace, pid, answers = daemon_of(env, "-f")
    try:
        wait_until(lambda: len(trace.events("exited")) == 2, "both parents ended")
        expect_equal(ask_daemon(pid, answers), 0, "set_robust_list")
        wait_until(lambda: trace.calls() and trace.events("call-exit")[-1]["tid"] == pid, "told")
        tracer = trace.tracer()
        trace.signal(signal.SIGKILL)
        trace.expect_status(-signal.SIGKILL)
        for _ in range(3):
            expect_equal(ask_daemon(pid, answers), 0, "set_robust_list afterwards")
        expect(trace.text.endswith("\n"), "the last line is whole")
    finally:
        os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not alive(tracer), "the tracer ends with the daemon")


def case_left_in_the_midst_of_forks(env: Env) -> None:
    """Children that are being born when robtrace is killed can register their lists as well."""
    wanted = sum(i % 200 for i in range(1500))
    for told in (1, 20, 100, 300):
        trace = Trace(env, "-f", env.program_of("births"), "children", 1500)
        wait_until(lambda: trace.text.count('"exited"') >= told, f"{told} children ended")
        trace.signal(signal.SIGKILL)
        trace.expect_status(-signal.SIGKILL)
        wait_until(lambda: trace.out, "births ends")
        expect_equal(trace.out, f"made 1500 sum {wanted}\n", "what it says")


def case_daemon_without_f(env: Env) -> None:
    """The trace of the command ends with it; the daemon is under the filter and goes on."""
    trace, pid, answers = daemon_of(env)
    try:
        trace.expect_status(5)
        expect_equal(ask_daemon(pid, answers), 0, "set_robust_list")
    finally:
        os.kill(pid, signal.SIGTERM)
    expect_equal(names(trace.calls()), Counter(set_robust_list=1), "calls")


if __name__ == "__main__":
    main()
