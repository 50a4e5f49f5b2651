# SPDX-License-Identifier: GPL-2.0-or-later
"""`robtrace trace -p`: whoever is attached to and left is as before, and notices nothing.

ROBTRACE_ATTACHES: how often a busy process is attached to (60; 1000 in the slow run).
"""

from __future__ import annotations

import os
import signal
import subprocess
import time

from harness import (DEADLINE, PYTHON, Env, Tracee, expect, expect_equal, main, proc_text, skip,
                     task_states, wait_until)
from tracing import Trace, alive, attached, tracers_of

ATTACHES = int(os.environ.get("ROBTRACE_ATTACHES", "60"))
FAULTLESS = "lost=0 twice=0 strange=0 torn=0"


def report(tracee: Tracee) -> tuple[dict[str, int], str]:
    """Of `diligent`: how much it did so far, and what is wrong."""
    assert tracee.popen.stdout
    tracee.say(b"\n")
    line, end = b"", time.monotonic() + DEADLINE
    while not line.endswith(b"\n") and time.monotonic() < end:
        line += os.read(tracee.popen.stdout.fileno(), 1)
    sent, work, faults = line.decode().strip().split(" ", 2)
    return {k: int(v) for k, v in (sent.split("="), work.split("="))}, faults


def goes_on(tracee: Tracee, what: str = "sent") -> None:
    """It does more than before, and nothing is wrong."""
    before = report(tracee)[0][what]
    wait_until(lambda: report(tracee)[0][what] > before + 200, "the process goes on")
    faults = report(tracee)[1]
    if what != "sent":
        faults = f"lost=0 {faults.partition(' ')[2]}"
    expect_equal(faults, FAULTLESS, "signals lost, doubled or strange")


def leave(trace: Trace, number: int = signal.SIGINT) -> None:
    trace.signal(number)
    trace.expect_status(0)


def untouched(tracee: Tracee) -> None:
    expect_equal(tracers_of(tracee.pid), {0}, "tracers afterwards")
    expect(not {"T", "t"} & set(task_states(tracee.pid).values()),
           f"no thread stands still: {task_states(tracee.pid)}")


def case_busy_process_many_times(env: Env) -> None:
    wanted = env.tracee("diligent")
    goes_on(wanted)
    tracee = env.tracee("diligent")
    for i in range(ATTACHES):
        trace = attached(env, tracee.pid, args=("-e", ("lists,life", "futex,life", "all")[i % 3]))
        if i % 4:
            wait_until(lambda: trace.text.count("\n") > 3, "events are told")
        leave(trace, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)[i % 3])
        env.started.remove(trace)  # type: ignore[arg-type]
        trace.log.unlink()
        if not i % 10:
            untouched(tracee)
            goes_on(tracee)
            report(wanted)  # or its time is over
    untouched(tracee)
    goes_on(tracee)
    expect_equal(report(tracee)[1], report(wanted)[1], "its faults beside those of the other")
    for process in (tracee, wanted):
        assert process.popen.stdin
        process.popen.stdin.close()
        expect_equal(process.popen.wait(DEADLINE), 0, "its end")


def case_executing_all_the_time(env: Env) -> None:
    """To seize a thread waits for an exec, and that for the threads that we have: nobody hangs."""
    path = env.tmp / "round"
    tracee = env.tracee("exec_storm", path, 40)

    def goes_on_executing() -> None:
        before = path.read_text()
        wait_until(lambda: path.read_text() != before, "it executes on")
    for i in range(20):
        trace = Trace(env, "-f", "-e", "life", "-p", tracee.pid)
        wait_until(lambda: trace.popen.poll() is not None or
                   len(trace.events("exec")) > i % 3, f"execs are told the time {i}")
        expect(trace.popen.poll() is None, f"it is there to be traced: {trace.err!r}")
        trace.signal(signal.SIGINT)
        trace.expect_status(0)
        goes_on_executing()
    tracee.check_alive()


def case_an_exec_that_others_hold_up(env: Env) -> None:
    """Attaching would wait as long: it gives up after a time, and says why."""
    tracee = env.tracee("held_exec")
    pid = tracee.number("pid")
    trace = Trace(env, "-p", pid)
    trace.expect_status(1)
    expect("in an execve(2) that does not end" in trace.err, trace.err)
    expect_equal(tracers_of(pid) - {tracee.pid}, {0}, "nobody else has it")


def case_tracer_killed(env: Env) -> None:
    """The kernel lets all go. But a signal that the tracer was told of and had not passed on yet
    is lost with it, as with every tracer: so its threads go on, and its signals may not."""
    tracee = env.tracee("diligent")
    for i in range(max(10, ATTACHES // 4)):
        trace = attached(env, tracee.pid, args=("-e", "all"))
        if i % 2:
            wait_until(lambda: trace.text.count("\n") > 3, "events are told")
        trace.signal(signal.SIGKILL)
        trace.expect_status(-signal.SIGKILL)
        env.started.remove(trace)  # type: ignore[arg-type]
    wait_until(lambda: tracers_of(tracee.pid) == {0}, "the kernel lets it go")
    untouched(tracee)
    goes_on(tracee, "work")


def case_all_threads_are_found(env: Env) -> None:
    """Also those that are born while we attach."""
    tracee = env.tracee("thread_storm", 6)
    for _ in range(10):
        trace = attached(env, tracee.pid, args=("-e", "all"))
        for _ in range(20):
            tracers = tracers_of(tracee.pid)
            expect(tracers <= {trace.pid}, f"tracers {tracers} beside {trace.pid}")
        expect(trace.await_event("new-task", 5), "births are told")
        leave(trace)
        untouched(tracee)
    expect(alive(tracee.pid), "it lives")


def case_a_thousand_threads(env: Env) -> None:
    tracee = env.tracee("threads", 1000, 1)
    threads = len(task_states(tracee.pid))
    trace = attached(env, tracee.pid)
    expect_equal(len(trace.await_event("attached", threads)), threads, "threads")
    leave(trace)
    expect_equal(len(trace.events("detached")), threads, "let go")
    untouched(tracee)


def stopped(pid: int) -> bool:
    return set(task_states(pid).values()) == {"T"}


def case_stopped_stays_stopped(env: Env) -> None:
    tracee = env.tracee("diligent")
    tracee.signal(signal.SIGSTOP)
    wait_until(lambda: stopped(tracee.pid), "it is stopped")
    for number in (signal.SIGINT, signal.SIGKILL):
        trace = attached(env, tracee.pid)
        trace.await_event("attached", 5)
        trace.signal(number)
        trace.expect_status(0 if number == signal.SIGINT else -number)
        wait_until(lambda: tracers_of(tracee.pid) == {0}, "it is let go")
        # Stopped by job control, by which SIGCONT is heard; not by a tracer.
        wait_until(lambda: stopped(tracee.pid), "it is stopped as before")
    tracee.signal(signal.SIGCONT)
    wait_until(lambda: "T" not in task_states(tracee.pid).values(), "SIGCONT is heard")
    goes_on(tracee)


def case_stopped_and_continued_under_trace(env: Env) -> None:
    tracee = env.tracee("diligent")
    trace = attached(env, tracee.pid)
    trace.await_event("attached", 5)
    for i in range(5):
        tracee.signal((signal.SIGSTOP, signal.SIGTSTP)[i % 2])
        wait_until(lambda: set(task_states(tracee.pid).values()) <= {"t", "T"}, "it stands still")
        trace.await_event("stopped", i * 5 + 1)
        if i == 3:
            # Left in the stop, and taken again.
            leave(trace)
            wait_until(lambda: stopped(tracee.pid), "it stays stopped")
            trace = attached(env, tracee.pid)
            tracee.signal(signal.SIGCONT)
            break
        tracee.signal(signal.SIGCONT)
        goes_on(tracee)
    goes_on(tracee)
    leave(trace)
    untouched(tracee)
    goes_on(tracee)


def case_stopped_under_trace_and_continued_afterwards(env: Env) -> None:
    tracee = env.tracee("diligent")
    trace = attached(env, tracee.pid)
    trace.await_event("attached", 5)
    tracee.signal(signal.SIGSTOP)
    trace.await_event("stopped", 5)
    leave(trace)
    wait_until(lambda: stopped(tracee.pid), "it stays stopped")
    tracee.signal(signal.SIGCONT)
    goes_on(tracee)


def case_blocked_calls_go_on(env: Env) -> None:
    """A futex wait, a read and a timed sleep survive it: none ends with EINTR."""
    tracee = env.tracee("contend", "-t", env.tmp / "lock", 3)
    for _ in range(10):
        trace = attached(env, tracee.pid, args=("-e", "all"))
        trace.await_event("attached", 4)
        leave(trace)
    untouched(tracee)
    code = ("import os, sys, time\n"
            "print('ready pid=%d' % os.getpid(), flush=True)\n"
            "line = os.read(0, 100); print(line, flush=True)\n")
    reader = env.python(code, needs="os")
    for _ in range(5):
        leave(attached(env, reader.pid))
    reader.say(b"hello\n")
    assert reader.popen.stdout
    expect_equal(reader.popen.stdout.readline(), b"b'hello\\n'\n", "what it read")


def case_several_processes(env: Env) -> None:
    tracees = [env.tracee("diligent") for _ in range(3)]
    pids = [t.pid for t in tracees]
    trace = attached(env, *pids)
    expect_equal({e["pid"] for e in trace.await_event("attached", 15)}, set(pids), "attached")
    # The trace goes on as long as one of them does.
    tracees[0].signal(signal.SIGKILL)
    trace.await_event("killed", 5)
    leave(trace)
    for tracee in tracees[1:]:
        untouched(tracee)
        goes_on(tracee)


def case_the_same_process_twice(env: Env) -> None:
    tracee = env.tracee("diligent")
    trace = attached(env, tracee.pid, tracee.pid)
    leave(trace)
    goes_on(tracee)


def case_its_end_ends_the_trace(env: Env) -> None:
    for number, kind in ((signal.SIGKILL, "killed"), (0, "exited")):
        tracee = env.tracee("diligent")
        trace = attached(env, tracee.pid)
        if number:
            tracee.signal(number)
        else:
            assert tracee.popen.stdin
            tracee.popen.stdin.close()
        trace.expect_status(0)
        # The parent still gets the status: it is the tracee's own.
        expect_equal(tracee.popen.wait(DEADLINE), -number, "the status that its parent gets")
        expect(trace.events(kind), f"{kind} is told")


def case_children_with_f(env: Env) -> None:
    for options, wanted in ((("-f",), 2), ((), 0)):
        script = "echo ready; read x; /bin/true; (exit 3); echo $?; read x"
        shell = Tracee(["bash", "-c", script])
        env.started.append(shell)
        trace = attached(env, shell.pid, args=options)
        trace.await_event("attached")
        shell.say(b"\n")
        assert shell.popen.stdout
        expect_equal(shell.popen.stdout.readline(), b"3\n", "the child's status")
        leave(trace)
        expect_equal(len(trace.events("new-task")), wanted, f"children with {options}")
        shell.say(b"\n")
        expect_equal(shell.popen.wait(DEADLINE), 0, "the shell's end")


def case_leader_is_gone(env: Env) -> None:
    tracee = env.tracee("leader_exit")
    trace = Trace(env, "-p", tracee.pid)
    trace.await_event("attached", 4)
    leave(trace)
    expect("zombie" in proc_text(f"{tracee.pid}/status"), "the leader is a zombie")
    expect(tracers_of(tracee.pid) == {0}, "let go")


def case_traced_by_another(env: Env) -> None:
    """One clear line that names the tracer, for -p; and the tracer goes on."""
    tracee = env.tracee("diligent")
    first = attached(env, tracee.pid)
    second = Trace(env, "-p", tracee.pid)
    second.expect_status(1)
    lines = second.err.splitlines()
    expect_equal(len(lines), 1, f"lines of {second.err!r}")
    for text in ("robtrace: ", str(tracee.pid), f"robtrace ({first.pid})", "traced"):
        expect(text in lines[0], f"{text} in {lines[0]!r}")
    leave(first)
    goes_on(tracee)
    # The second of two processes: the first is let go again.
    other = env.tracee("diligent")
    first = attached(env, tracee.pid)
    Trace(env, "-p", f"{other.pid},{tracee.pid}").expect_status(1)
    wait_until(lambda: tracers_of(other.pid) == {0}, "let go")
    goes_on(other)
    goes_on(tracee)


def case_inject_filter(env: Env) -> None:
    tracee = env.tracee("diligent")
    trace = Trace(env, "--inject-filter", "-p", tracee.pid)
    wait_until(lambda: trace.popen.poll() is not None or
               "Seccomp:\t2" in proc_text(f"{tracee.pid}/status"), "the filter is there")
    if trace.popen.poll() is not None:
        skip(f"no filter can be injected here: {trace.err.strip()}")
    goes_on(tracee)
    tracer = trace.tracer()
    leave(trace)
    # It stays behind: the filtered calls would fail otherwise.
    goes_on(tracee)
    expect_equal(tracers_of(tracee.pid), {tracer}, "who stays")
    tracee.signal(signal.SIGKILL)
    wait_until(lambda: not alive(tracer), "the tracer ends with it")


def case_inject_filter_into_signals(env: Env) -> None:
    """It may be about to get a signal when the filter is put into it: that is neither lost nor
    forged."""
    for _ in range(20):
        tracee = env.tracee("diligent", "alone")
        trace = Trace(env, "--inject-filter", "-p", tracee.pid)
        wait_until(lambda: trace.popen.poll() is not None or trace.events("note"), "a note of it")
        if "under a filter now" not in trace.text:
            skip(f"no filter can be injected here: {trace.err.strip()} {trace.text[-300:]}")
        goes_on(tracee)
        leave(trace)
        goes_on(tracee)
        tracee.signal(signal.SIGKILL)


def case_as_another_user(env: Env) -> None:
    """Which right is missing."""
    if os.getuid():
        skip("needs root, to be somebody else")
    tracee = env.tracee("diligent")
    trace = Trace(env, "-p", tracee.pid, log=False, json=False,
                  prefix=("/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"))
    trace.expect_status(1)
    lines = trace.err.splitlines()
    expect_equal(len(lines), 1, f"lines of {trace.err!r}")
    for text in ("robtrace: ", str(tracee.pid), "CAP_SYS_PTRACE"):
        expect(text in lines[0], f"{text} in {lines[0]!r}")
    goes_on(tracee)


def case_a_signal_at_the_end(env: Env) -> None:
    """Ctrl-C in the moment when the target has ended by itself is too late to be died of."""
    for _ in range(40):
        target = env.program("sleep", "60")
        trace = Trace(env, "-p", target.pid)
        wait_until(lambda: trace.events("attached"), "attached")
        target.kill()
        wait_until(lambda: trace.events("killed"), "its end is told")
        while trace.popen.poll() is None:
            trace.signal(signal.SIGINT)
        expect_equal(trace.popen.returncode, 0, "status")


def case_own_python_with_timers(env: Env) -> None:
    """Interval timers and SIGCHLD, counted by a program that is traced now and then."""
    code = ("import os, signal, sys\n"
            "n = [0]\n"
            "def h(*_): n[0] += 1\n"
            "signal.signal(signal.SIGCHLD, h)\n"
            "print('ready pid=%d' % os.getpid(), flush=True)\n"
            "bad = 0\n"
            "for i in range(150):\n"
            "    pid = os.fork()\n"
            "    if pid == 0: os._exit(i % 7)\n"
            "    bad += os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != i % 7\n"
            "print('bad', bad, flush=True)\n")
    subprocess.run([PYTHON, "-c", "pass"], check=True)
    tracee = env.python(code, needs="os")
    for i in range(10):
        trace = Trace(env, *(("-f",) if i % 2 else ()), "-p", tracee.pid)
        wait_until(lambda: trace.popen.poll() is not None or trace.events("attached"), "attached")
        if trace.popen.poll() is not None:
            break
        trace.signal(signal.SIGINT)
        expect_equal(trace.wait(), 0, f"status ({trace.err})")
    assert tracee.popen.stdout
    expect_equal(tracee.popen.stdout.readline(), b"bad 0\n", "statuses of its children")


if __name__ == "__main__":
    main()
