# SPDX-License-Identifier: GPL-2.0-or-later
"""`robtrace race`: the unlock race reproduced, prevented, and looked for in real programs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

from harness import (DEADLINE, Env, Process, expect, expect_equal, main, proc_text, skip,
                     task_states, tracer_of, wait_until, validator)
from tracing import alive

ROUNDS = max(3, int(os.environ.get("ROBTRACE_LOOKS", "100")) // 10)
OWNER_DIED = 0x40000000


def race(env: Env, *args: object, status: int = 0, timeout: float = 300.0) -> list[dict[str, Any]]:
    result = env.tool.run("race", "-J", *args, timeout=timeout)
    expect_equal(result.status, status, f"status of race {args} ({result!r})")
    return [json.loads(line) for line in result.out.splitlines()]


def needs_musl(env: Env) -> None:
    result = env.tool.run("race", "--libc", "musl")
    if result.status == 2 and "built without musl-gcc" in result.err:
        skip("robtrace was built without musl-gcc")


def word(bytes_hex: str) -> int:
    return int.from_bytes(bytes.fromhex(bytes_hex)[:4], "little")


def check_corrupted(events: list[dict[str, Any]], count: int) -> None:
    rounds = [e for e in events if e["event"] == "round"]
    expect_equal(len(rounds), count, "rounds")
    for r in rounds:
        expect_equal(r["verdict"], "corrupted", f"verdict of {r}")
        expect_equal(word(r["before"]), r["unlocker"], "the file's bytes before")
        expect_equal(word(r["after"]), OWNER_DIED, "the file's bytes after")
        expect_equal(r["before"][8:], r["after"][8:], "the bytes behind")
        expect(not alive(r["pid"]), f"{r['pid']} is gone")
    expect_equal(events[-1]["event"], "result", "the last line")
    expect_equal((events[-1]["corrupted"], events[-1]["rounds"]), (count, count), "the rate")


# ---- Our own victim ----

def case_by_single_steps(env: Env) -> None:
    events = race(env, "-n", ROUNDS)
    check_corrupted(events, ROUNDS)
    for r in events[:-1]:
        steps = r["steps"]
        expect_equal([s["step"] for s in steps], ["pending", "off-list", "released", "cleared"],
                     "steps")
        expect_equal([s["seen"] for s in steps], [True, True, True, False], "steps seen")
        order = [s["instruction"] for s in steps[:3]]
        expect(order == sorted(set(order)), f"one after the other: {order}")
        expect_equal(steps[2]["list_op_pending"], r["entry"], "still pending")
        expect_equal((steps[1]["word"], steps[2]["word"]), (r["unlocker"], 0), "the word")
        expect_equal(r["stopped_at"], "step", "how it was stopped")


def case_with_a_waiter(env: Env) -> None:
    events = race(env, "--waiter", "-n", ROUNDS)
    check_corrupted(events, ROUNDS)
    expect_equal({r["stopped_at"] for r in events[:-1]}, {"wake"}, "how it was stopped")


def case_guard_prevents_it(env: Env) -> None:
    for options in ((), ("--waiter",), ("--raw",)):
        events = race(env, "--guard", "-n", ROUNDS, *options)
        expect_equal((events[-1]["prevented"], events[-1]["corrupted"]), (ROUNDS, 0), "the rate")
        for r in events[:-1]:
            expect(r["guarded"] and r["before"] == r["after"], f"the file is as it was: {r}")


def case_musl_keeps_the_memory(env: Env) -> None:
    needs_musl(env)
    events = race(env, "--libc", "musl", "-n", 3, status=1)
    for r in events[:-1]:
        expect_equal((r["verdict"], r["reason"]), ("not-reproduced", "libc-waits"), "verdict")
        expect_equal(r["before"][8:], r["after"][8:] or r["before"][8:], "the file")
        expect(r["steps"][2]["seen"] and not r["steps"][3]["seen"], "the window was there")


def case_musl_and_bare_calls(env: Env) -> None:
    needs_musl(env)
    check_corrupted(race(env, "--libc", "musl", "--raw", "-n", ROUNDS), ROUNDS)
    events = race(env, "--libc", "musl", "--raw", "--guard", "-n", 3)
    expect_equal(events[-1]["prevented"], 3, "prevented")
    events = race(env, "--libc", "musl", "--waiter", status=1)
    expect_equal(events[0]["reason"], "before-wake", "musl clears before it wakes")


def case_robust_unlock(env: Env) -> None:
    """Where the kernel has it there is nothing to reproduce; elsewhere that is said."""
    result = env.tool.run("race", "--libc", "robust-unlock")
    if result.status == 2:
        expect_equal(result.err, "robtrace: this kernel has no FUTEX_ROBUST_UNLOCK\n", "message")
        expect_equal(result.out, "", "output")
        return
    for options in ((), ("--waiter",)):
        events = race(env, "--libc", "robust-unlock", "-n", ROUNDS, *options, status=1)
        expect_equal(events[-1]["corrupted"], 0, "corrupted")


def case_beyond_the_limit(env: Env) -> None:
    events = race(env, "--limit")
    expect_equal(len(events), 1, "lines")
    got = events[0]
    expect_equal((got["locks"], got["entries"], got["end"]), (3000, 3000, "too-long"), "the list")
    expect_equal((got["foretold_marked"], got["marked"], got["stay_locked"]), (2048, 2048, 952),
                 "what the kernel did")


def case_a_circle(env: Env) -> None:
    got = race(env, "--circular")[0]
    expect_equal((got["locks"], got["entries"], got["end"]), (8, 4, "loop"), "the list")
    expect_equal((got["foretold_marked"], got["marked"], got["stay_locked"]), (4, 4, 4),
                 "what the kernel did")


def case_in_words(env: Env) -> None:
    result = env.tool.run("race", "-n", 2)
    expect_equal(result.status, 0, f"{result!r}")
    for text in ("1  list_op_pending = 0x", "2  entry off the list", "released; instruction",
                 "by chance they read as thread", "is killed here, before step 4",
                 "kernel wrote 0x40000000 to victim.dat+0x0: file corrupted (2 of 2)",
                 "robtrace trace --guard"):
        expect(text in result.out, f"{text!r} in {result.out}")
    expect_equal(result.out.count("by chance they read"), 1, "the first round alone is told")


def case_guard_in_words(env: Env) -> None:
    result = env.tool.run("race", "--guard")
    expect(result.status == 0 and "(glibc's __kind: no mutex is there)" in result.out and
           "prevented by the guard" in result.out, f"{result!r}")
    needs_musl(env)
    result = env.tool.run("race", "--guard", "--libc", "musl", "--raw")
    expect(result.status == 0 and "(musl's _m_type: no mutex is there)" in result.out, f"{result!r}")


def case_nothing_is_left(env: Env) -> None:
    """No file, no process, whatever ends it."""
    result = env.tool.run("race", "-n", 3, env={"TMPDIR": str(env.tmp)})
    expect_equal(result.status, 0, f"{result!r}")
    expect_equal(list(env.tmp.iterdir()), [], "files left behind")
    process = Process([env.tool.path, "race", "-n", 1000000], stdout=subprocess.DEVNULL)
    env.started.append(process)
    victims: set[int] = set()

    def sees_one() -> bool:
        victims.update(int(n) for n in os.listdir("/proc") if n.isdigit() and
                       proc_text(f"{n}/comm") == "victim\n" and tracer_of(int(n)) == process.pid)
        return bool(victims)
    wait_until(sees_one, "a victim is there")
    process.signal(signal.SIGTERM)
    wait_until(lambda: process.popen.poll() is not None, "race ends")
    # Between two rounds it dies of the signal as any program does.
    expect(process.popen.returncode in (2, -signal.SIGTERM), f"status {process.popen.returncode}")
    wait_until(lambda: not any(alive(pid) for pid in victims), "the victims are gone")


def case_killed_itself(env: Env) -> None:
    process = Process([env.tool.path, "race", "-n", 1000000], stdout=subprocess.DEVNULL)
    env.started.append(process)
    victims: set[int] = set()

    def sees_one() -> bool:
        victims.update(int(n) for n in os.listdir("/proc") if n.isdigit() and
                       proc_text(f"{n}/comm") == "victim\n" and tracer_of(int(n)) == process.pid)
        return bool(victims)
    wait_until(sees_one, "a victim is there")
    process.kill()
    wait_until(lambda: not any(alive(pid) for pid in victims), "the victims are gone with it")


def case_schema(env: Env) -> None:
    """Each line is as the schema says, and the schema lets nothing else through."""
    valid = validator("json-schema-race.json")
    tracee = env.tracee("churn", 2)
    lines = [*race(env, "-n", 2), *race(env, "--waiter"), *race(env, "--guard"),
             *race(env, "--limit"), *race(env, "--circular"),
             *race(env, "--wait", DEADLINE, "-p", tracee.pid),
             *race(env, "--wait", DEADLINE, "--kill", "--yes", "-p", tracee.pid)]
    expect_equal({line["event"] for line in lines},
                 {"round", "result", "limit", "circular", "window"}, "kinds of lines")
    for line in lines:
        errors = [error.message for error in valid.iter_errors(line)]
        expect_equal(errors, [], f"{line}")
        for key in line:
            wrong = {k: v for k, v in line.items() if k != key}
            expect(not valid.is_valid(wrong), f"{line['event']} without {key}")
        expect(not valid.is_valid({**line, "no_key": 1}), "one key too many")


# ---- Usage ----

def case_usage(env: Env) -> None:
    for args in (("-n", "0"), ("--libc", "dietlibc"), ("-p", "1", "true"), ("--kill",),
                 ("-p", "1", "-n", "2"), ("--limit", "--circular"), ("--limit", "--guard"),
                 ("--lock", "0x10"), ("-p", "1", "--yes"), ("-p", "1", "--lock", "x+y"),
                 ("-p", "1,2"), ("--nonsense",)):
        result = env.tool.run("race", *args)
        lines = result.err.splitlines()
        expect(result.status == 2 and len(lines) == 1 and lines[0].startswith("robtrace: "),
               f"race {args}: {result!r}")


def case_kill_asks(env: Env) -> None:
    tracee = env.tracee("churn", 2)
    result = env.tool.run("race", "--kill", "-p", tracee.pid)
    expect(result.status == 2 and "--yes" in result.err, f"{result!r}")
    tracee.check_alive()


def case_no_such_process(env: Env) -> None:
    for args, text in ((("-p", 4194304), "no such process"),
                       (("--", env.tmp / "nothing"), "command not found")):
        result = env.tool.run("race", *args)
        expect(result.status == 2 and text in result.err, f"{args}: {result!r}")


# ---- Real programs ----

def check_untouched(pid: int) -> None:
    wait_until(lambda: tracer_of(pid) == 0, "it is let go")
    states = task_states(pid)
    expect(not set(states.values()) & set("tTZ"), f"its threads go on: {states}")


def ran(pid: int) -> int:
    return sum(int(proc_text(f"{pid}/task/{t}/schedstat").split()[0] or 0)
               for t in os.listdir(f"/proc/{pid}/task"))


def check_window(window: dict[str, Any], pid: int) -> None:
    expect_equal(window["event"], "window", "event")
    expect_equal(window["pid"], pid, "process")
    expect(window["word"] & 0x3fffffff != window["tid"], f"released: {window}")


def case_window_of_threads(env: Env) -> None:
    for args in (("churn", 3), ("churn", "-c", "-s", 3), ("churn_musl", "-s", 2)):
        tracee = env.tracee(*args)
        window = race(env, "--wait", DEADLINE, "-p", tracee.pid)[0]
        check_window(window, tracee.pid)
        expect(not window["killed"], "not killed")
        check_untouched(tracee.pid)
        before = ran(tracee.pid)
        wait_until(lambda: ran(tracee.pid) > before, "it goes on")
        tracee.close()


def case_window_of_one_lock(env: Env) -> None:
    tracee = env.tracee("churn", 1)
    base, stride = tracee.number("base"), tracee.number("stride")
    for place in (1, 3):
        address = base + place * stride
        window = race(env, "--wait", DEADLINE, "--lock", hex(address), "-p", tracee.pid)[0]
        expect_equal(int(window["address"], 16), address, "the lock")
    check_untouched(tracee.pid)


def case_window_and_kill(env: Env) -> None:
    tracee = env.tracee("churn", "-c", "-s", 3)
    window = race(env, "--wait", DEADLINE, "--kill", "--yes", "-p", tracee.pid)[0]
    check_window(window, tracee.pid)
    expect(window["killed"], "killed")
    wait_until(lambda: tracee.popen.poll() is not None, "it is gone")
    expect_equal(tracee.popen.returncode, -signal.SIGKILL, "its end")


LMDB_WRITER = """
import lmdb, sys
env = lmdb.open(sys.argv[1])
print("ready", flush=True)
while True:
    with env.begin(write=True) as t:
        t.put(b"k", b"v")
"""


def case_window_of_lmdb(env: Env) -> None:
    """The lock goes on to the other writer: its word there is no harm."""
    writers = [env.python(LMDB_WRITER, env.tmp / "db", needs="lmdb") for _ in range(2)]
    lock = ("--lock", f"{env.tmp}/db/lock.mdb+0x40", "--wait", DEADLINE)
    result = env.tool.run("race", *lock, "-p", writers[0].pid)
    expect(result.status == 0 and "let go, unharmed" in result.out and
           f"it is LMDB writer {env.tmp}/db/lock.mdb+0x40" in result.out, f"{result!r}")
    check_untouched(writers[0].pid)
    result = env.tool.run("race", *lock, "--kill", "--yes", "-p", writers[0].pid)
    expect(result.status == 0 and "is killed here" in result.out and
           "not that of the dead any more" in result.out, f"{result!r}")
    writers[1].check_alive()


def case_no_window(env: Env) -> None:
    """A holder that sleeps, and one that holds nothing: told, and let go."""
    for args in (("contend", env.tmp / "lock", 2), ("asleep", "pause")):
        tracee = env.tracee(*args) if args[0] == "contend" else env.program("sleep", 1000)
        result = env.tool.run("race", "--wait", "0.3", "-p", tracee.pid)
        expect(result.status == 1 and not result.out and "no thread was seen" in result.err,
               f"{args}: {result!r}")
        check_untouched(tracee.pid)
        tracee.check_alive()


def case_sigtrap_of_its_own(env: Env) -> None:
    """Who has a handler for SIGTRAP is not stepped, or the kernel would take it away."""
    code = ("import signal, sys\n"
            "signal.signal(signal.SIGTRAP, lambda *a: None)\n"
            "print('ready', flush=True)\n"
            "while True: sys.stdin.readline() or sys.exit()\n")
    tracee = env.python(code, needs="signal")
    before = [line for line in proc_text(f"{tracee.pid}/status").splitlines()
              if line.startswith(("SigBlk", "SigIgn", "SigCgt"))]
    result = env.tool.run("race", "--wait", "0.3", "-p", tracee.pid)
    expect_equal(result.status, 1, f"{result!r}")
    after = [line for line in proc_text(f"{tracee.pid}/status").splitlines()
             if line.startswith(("SigBlk", "SigIgn", "SigCgt"))]
    expect_equal(after, before, "signals")
    check_untouched(tracee.pid)


def case_window_of_a_command(env: Env) -> None:
    """The command goes on to its own end once the window was shown."""
    pid_file = env.tmp / "done"
    program = env.program_of("dying")
    result = env.tool.run("race", "--wait", "1", "--", "sh", "-c",
                          f"{program} {env.tmp}/slots return held; echo done >{pid_file}")
    expect_equal(result.status, 1, f"{result!r}")
    expect_equal(pid_file.read_text(), "done\n", "the command went on")


if __name__ == "__main__":
    main()
