# SPDX-License-Identifier: GPL-2.0-or-later
"""The log of `robtrace trace`: what its options put into the lines."""

from __future__ import annotations

import os
import re
import signal

from harness import PYTHON, Env, expect, expect_equal, main, skip, wait_until
from tracing import Trace, traced

# A number that kernels since 6.17 have given to another call.
TAKEN = 468


def case_stacks(env: Env) -> None:
    """-k: the stack of a call stands under its line, and in the line of its end as JSON."""
    lines = traced(env, "-k", "/bin/true", json=False).lines()
    at = next(i for i, line in enumerate(lines) if line.startswith("set_robust_list("))
    frame = lines[at + 1]
    expect(re.match(r" > /\S+\(\S*\) \[0x[0-9a-f]+\]$", frame), f"a frame: {frame!r}")
    events = traced(env, "-k", "/bin/true").events("call-entry", "call-exit")
    expect_equal([bool(e["stack"]) for e in events], [e["kind"] == "call-exit" for e in events],
                 "stacks")
    one = traced(env, "-k", "--stack-depth", 1, "/bin/true").events("call-exit")
    expect_equal([len(e["stack"]) for e in one], [1 for _ in one], "stacks of one call")


def case_numbers_in_a_file(env: Env) -> None:
    """-o and -f: each line begins with the number of its thread; on standard error [pid N] does,
    once there are several."""
    trace = traced(env, "-f", "bash", "-c", "/bin/true; /bin/true", json=False)
    expect(all(re.match(r"\d+ +\S", line) for line in trace.lines()), trace.text)
    trace = traced(env, "-f", "bash", "-c", "/bin/true; /bin/true", json=False, log=False)
    first, *rest = trace.err.splitlines()
    expect(first.startswith("+++ execs"), first)
    expect(any(line.startswith("[pid ") for line in rest), trace.err)


def case_numbers_without_life(env: Env) -> None:
    """Lines of several threads have numbers also where -e leaves out what tells of new ones."""
    code = ("import threading\n"
            "e = threading.Event(); t = threading.Thread(target=e.wait)\n"
            "t.start(); e.set(); t.join()\n")
    trace = traced(env, "-e", "lists", PYTHON, "-I", "-c", code, json=False)
    numbered = [re.match(r"\[pid +(\d+)\] set_robust_list\(", line) for line in trace.lines()]
    expect_equal([bool(n) for n in numbered], [False, True], trace.text)


def case_attached_to_a_waiter(env: Env) -> None:
    """Attached to threads that wait: each line has its number, and the last one is whole."""
    tracee = env.tracee("contend", "-t", env.tmp / "locks", 2)
    trace = Trace(env, "-e", "futex", "-p", tracee.pid, json=False)
    wait_until(lambda: trace.text.count("futex(") == 2, "both waiters are told")
    trace.signal(signal.SIGINT)
    trace.expect_status(0)
    form = re.compile(r"\[pid +\d+\] futex\(0x[0-9a-f]+ \[\d+\|FUTEX_WAITERS\], FUTEX_WAIT, ")
    for line in trace.lines():
        expect(form.match(line), trace.text)
    expect(trace.text.endswith(" ...>\n"), f"the end: {trace.text[-80:]!r}")


def case_times_do_not_go_back(env: Env) -> None:
    trace = traced(env, "-f", env.program_of("owner_died"), env.tmp / "locks")
    times = [float(e["time"]) for e in trace.events() if "time" in e]
    expect(any(trace.events("death-after")), "a lock of a dead thread")
    expect_equal(times, sorted(times), "times")


def case_picture_and_counts(env: Env) -> None:
    """SIGUSR1 prints a picture and the trace goes on; the counts are the last line."""
    trace = Trace(env, "-C", PYTHON, "-I", "-c", "print('up', flush=True); input()", stdin=b"")
    trace.expect_status(1)  # input() finds no line
    expect_equal(trace.events()[-1]["kind"], "summary", "last line")
    expect_equal(trace.events()[-1]["threads_ended"], 1, "threads")
    for options in ((), ("--snapshot-interval", "0.05")):
        trace = Trace(env, *options, "sleep", "1000")
        trace.await_event("call-exit")
        if not options:
            trace.signal(signal.SIGUSR1)
        found = trace.await_event("snapshot", 2 if options else 1)
        expect_equal(found[0]["snapshot"]["looked_at"]["processes"], 1, "processes in the picture")
        trace.signal(signal.SIGTERM)
        trace.expect_status(-signal.SIGTERM)


def case_usr2_leaves(env: Env) -> None:
    """SIGUSR2 ends the trace and not the command, which is followed silently."""
    fifo = env.tmp / "fifo"
    os.mkfifo(fifo)
    trace = Trace(env, "sh", "-c", 'echo up; read -r x < "$0"; echo "$x"', fifo)
    wait_until(lambda: trace.out == "up\n", "the command runs")
    trace.signal(signal.SIGUSR2)
    trace.expect_status(0)
    expect_equal([e["kind"] for e in trace.events()][-1], "detached", "last line")
    fifo.write_text("down\n")
    wait_until(lambda: trace.out == "up\ndown\n", "the command goes on")


def case_number_that_is_another_call(env: Env) -> None:
    """A number that this kernel has given away is shown as that call, unless --api-nr names it."""
    code = f"import ctypes; ctypes.CDLL(None).syscall({TAKEN}, 0, 0, 0, 0)"
    release = tuple(int(n) for n in re.findall(r"\d+", os.uname().release)[:2])
    if release < (6, 17):
        skip(f"{TAKEN} is no call of this kernel")
    plain = traced(env, "--api", "v5", PYTHON, "-I", "-c", code)
    told = traced(env, "--api", "v5", "--api-nr", TAKEN, PYTHON, "-I", "-c", code)
    for trace, name in ((plain, "file_getattr"), (told, "set_robust_list2")):
        expect_equal([c["name"] for c in trace.calls() if c["number"] == TAKEN], [name], "its name")


if __name__ == "__main__":
    main()
