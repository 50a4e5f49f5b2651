# SPDX-License-Identifier: GPL-2.0-or-later
"""What `robtrace trace` writes: each option, and JSON that is as its schema says."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections import Counter
from typing import Any

from harness import PYTHON, Env, Result, expect, expect_equal, main, skip, validator, wait_until
from tracing import Trace, attached, check_ends, names, traced

SCHEMA = "json-schema-trace.json"
SET = re.compile(r"set_robust_list\(0x[0-9a-f]+ \{list=\{\}, futex_offset=-?\d+, "
                 r"list_op_pending=NULL\}, 24\) = 0$")


def lines_of(env: Env, *options: object, status: int = 0) -> list[str]:
    """A text log of one robust list, a wrong length and three futex calls."""
    return traced(env, *options, env.program_of("calls"), "set", "set_length", "futex=3",
                  json=False, status=status).lines()


def with_set(lines: list[str]) -> list[str]:
    found = [line for line in lines if "set_robust_list(" in line and line.endswith("= 0")]
    expect(found, f"a registration in {lines}")
    return found


def check_schema(trace: Trace) -> Counter[str]:
    """Every line is as the schema says. How many there are of each kind."""
    valid = validator(SCHEMA)
    kinds: Counter[str] = Counter()
    for line in trace.lines():
        document = json.loads(line)
        errors = [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:300]}"
                  for e in valid.iter_errors(document)]
        expect(not errors, f"{line[:200]}: {errors[:3]}")
        kinds[document["kind"]] += 1
    return kinds


def case_the_form_of_strace(env: Env) -> None:
    lines = lines_of(env)
    expect(all(SET.match(line) for line in with_set(lines)), f"{lines}")
    expect(any(re.fullmatch(r"set_robust_list\(0x[0-9a-f]+, 7\) += -1 EINVAL \(Invalid argument\)"
                            r"( \(.*\))?", line) for line in lines), f"a wrong length: {lines}")
    expect_equal(lines[-1], "+++ exited with 0 +++", "the end")
    lines = traced(env, "sh", "-c", "kill -TERM $$", json=False, status=-signal.SIGTERM).lines()
    expect(any(line.startswith("--- SIGTERM {si_signo=SIGTERM") for line in lines), f"{lines}")
    expect_equal(lines[-1], "+++ killed by SIGTERM +++", "the end")
    # To a terminal with brackets, once there are several; into a file for every line and bare.
    lines = traced(env, "-f", "sh", "-c", "/bin/true; :", json=False, log=False).err.splitlines()
    expect(any(re.match(r"\[pid +\d+\] ", line) for line in lines), "PIDs once there are several")
    lines = traced(env, "-f", "sh", "-c", "/bin/true; :", json=False).lines()
    expect(all(re.match(r"\d+ ", line) for line in lines), f"PIDs with -f -o: {lines}")


def case_clocks(env: Env) -> None:
    patterns = {"-t": r"\d\d:\d\d:\d\d ", "-tt": r"\d\d:\d\d:\d\d\.\d{6} ", "-ttt": r"\d{10}\.\d{6} ",
                "-r": r" +\d+\.\d{6} ", "-i": r"\[[0-9a-f]{16}\] "}
    for option, pattern in patterns.items():
        for line in with_set(lines_of(env, option)):
            expect(re.match(pattern + "set_robust_list", line), f"{option}: {line!r}")
    line = with_set(lines_of(env, "-tt", "-r", "-i"))[0]
    expect(re.match(r"\d\d:\d\d:\d\d\.\d{6} \(\+ +\d+\.\d{6}\) \[[0-9a-f]{16}\] set", line), line)
    before = time.time()
    stamps = [float(line.split()[0]) for line in lines_of(env, "-ttt")]
    expect(stamps == sorted(stamps) and before - 1 <= stamps[0] <= stamps[-1] <= time.time() + 1,
           f"time goes on: {before} {stamps}")


def case_took(env: Env) -> None:
    trace = traced(env, "-T", env.program_of("calls"), "set", json=False)
    found = [line for line in trace.lines() if line.startswith("set_robust_list(")]
    expect(found and all(re.search(r"= 0 <\d+\.\d{6}>$", line) for line in found), f"{found}")


def case_events(env: Env) -> None:
    def kinds_of(events: str) -> tuple[set[str], set[str]]:
        trace = traced(env, "-f", "-e", events, "sh", "-c",
                       f"{env.program_of('calls')} set futex=2; :")
        return {e["kind"] for e in trace.events()}, set(names(trace.calls()))
    life = {"new-task", "exec", "exited", "signal"}
    kinds, calls = kinds_of("lists")
    expect_equal((kinds & life, calls), (set(), {"set_robust_list"}), "-e lists")
    kinds, calls = kinds_of("futex")
    expect_equal((kinds & life, calls), (set(), {"futex"}), "-e futex")
    kinds, calls = kinds_of("life")
    expect_equal((kinds & life, calls), (life, set()), "-e life")
    kinds, calls = kinds_of("lists,futex")
    expect_equal((kinds & life, calls), (set(), {"set_robust_list", "futex"}), "-e lists,futex")
    kinds, calls = kinds_of("all")
    expect_equal((kinds & life, calls), (life, {"set_robust_list", "futex"}), "-e all")


def case_memory_taken_away(env: Env) -> None:
    """munmap under a held lock is told with -e mmap, and no other munmap is."""
    for way in ((), ("--no-seccomp",)):
        trace = traced(env, *way, "-e", "mmap", env.program_of("calls"), "unmap")
        notes = [e["text"] for e in trace.events("note")]
        expect(len(notes) == 1 and notes[0].startswith("munmap takes away a robust lock that")
               and "holds" in notes[0], f"notes {notes}")
        expect_equal(names(trace.calls()), Counter(munmap=1), "calls")
        trace = traced(env, *way, "-e", "lists", env.program_of("calls"), "unmap")
        expect_equal(trace.events("note"), [], "notes without -e mmap")


def case_stacks(env: Env) -> None:
    # With the libc's own registration the stack is in ld.so; ours is called by main.
    for option in ("-k", "-kk"):
        trace = traced(env, option, env.program_of("calls"), "set")
        stacks = [[f["function"] for f in e["stack"]] for e in trace.events("call-exit")]
        expect("main" in stacks[-1], f"{option}: {stacks}")
        sources = [f["source"] for f in trace.events("call-exit")[-1]["stack"]
                   if f["function"] == "main"]
        expect_equal([bool(s) and s.endswith("calls.c") for s in sources], [option == "-kk"],
                     f"source lines with {option}")
    text = traced(env, "-k", env.program_of("calls"), "set", json=False).text
    expect(re.search(r"^ > .*calls\(main\+0x[0-9a-f]+\) \[0x[0-9a-f]+\]$", text, re.M), text)


def case_entries_shown(env: Env) -> None:
    for count, shown in ((1, 1), (16, 16), (4096, 2050)):
        trace = traced(env, "-s", count, env.program_of("dying"), env.tmp / f"s{count}", "return",
                       "too_long", json=False)
        line = next(line for line in trace.lines() if "exits holding" in line)
        expect_equal(len(re.findall(r"0x[0-9a-f]+ <", line)), shown, f"locks with -s {count}")
        expect_equal(f"{2050 - shown} more" in line, shown < 2050, f"the rest with -s {count}")


def case_paths_and_names(env: Env) -> None:
    lock = env.tmp / "a lock"
    holder = env.tracee("contend", lock, 1)
    trace = attached(env, holder.pid, args=("-y", "-e", "all"), json=False)
    holder.signal(signal.SIGKILL)
    trace.expect_status(0)
    expect(str(lock) in trace.text, f"-y: {trace.text!r}")
    trace = traced(env, "-f", "-Y", "sh", "-c", "/bin/true; :", json=False)
    expect(re.search(r"^\d+<true> ", trace.text, re.M), f"-Y: {trace.text!r}")


def case_quiet(env: Env) -> None:
    command = ("sh", "-c", "/bin/true; :")
    loud = traced(env, "-f", *command)
    expect(loud.events("new-task") and loud.events("exited"), "all of it")
    quiet = traced(env, "-f", "-q", *command)
    expect(not quiet.events("new-task") and quiet.events("exited"), "-q")
    silent = traced(env, "-f", "-qq", *command)
    expect(not silent.events("new-task", "exited") and silent.calls(), "-qq")
    tracee = env.tracee("asleep")
    for option, wanted in (("-T", 1), ("-q", 0)):
        trace = attached(env, tracee.pid, args=(option,))
        if wanted:
            trace.await_event("attached")
        trace.signal(signal.SIGINT)
        trace.expect_status(0)
        expect_equal(bool(trace.events("attached", "detached")), bool(wanted), f"with {option}")


def summary_of(text: str) -> dict[str, tuple[int, int]]:
    """Name -> calls and errors."""
    found = {}
    for line in text.splitlines():
        if match := re.match(r" *[\d.]+ +[\d.]+ +\d+ +(\d+) +(\d*) *(\w+)$", line):
            found[match[3]] = (int(match[1]), int(match[2] or 0))
    return found


def case_summary(env: Env) -> None:
    wanted = {"set_robust_list": (3, 1), "get_robust_list": (1, 0), "total": (4, 1)}
    command = (env.program_of("calls"), "set", "set_length", "get=0")
    alone = traced(env, "-c", *command, json=False)
    expect_equal(summary_of(alone.text), wanted, "-c")
    expect("+++" not in alone.text and "set_robust_list(" not in alone.text, "-c: no log")
    expect("lists registered: 2; threads ended: 1" in alone.text, f"-c: {alone.text!r}")
    both = traced(env, "-C", *command, json=False)
    expect_equal(summary_of(both.text), wanted, "-C")
    expect(both.lines()[0].startswith("+++ execs"), "-C: the log comes first")
    expect_equal(sum(line.startswith("set_robust_list(") for line in both.lines()), 3, "-C: calls")
    trace = traced(env, "-c", *command)
    expect_equal(check_schema(trace), Counter(summary=1), "-c -J")
    document = json.loads(trace.text)
    expect_equal({c["name"]: (c["calls"], c["errors"]) for c in document["calls"]},
                 {k: v for k, v in wanted.items() if k != "total"}, "-c -J")


def case_json_is_as_its_schema_says(env: Env) -> None:
    seen: Counter[str] = Counter()
    calls = ("set", "set_length", "get=0", "get=1", "futex=2", "nr=470", "timer")
    seen += check_schema(traced(env, "-k", "-e", "all", env.program_of("calls"), *calls))
    seen += check_schema(traced(env, "-e", "all", env.program_of("calls"), "unmap"))
    seen += check_schema(traced(env, "-f", "-e", "all", "-y", "-kk", "bash", "-c",
                                "/bin/true | cat; exit 3", status=3))
    for how, which in (("return", "fault"), ("kill", "pending_free"), ("exec_other", "held"),
                       ("segv", "too_long")):
        seen += check_schema(traced(
            env, "-C", env.program_of("dying"), env.tmp / how, how, which,
            status={"kill": -signal.SIGKILL, "segv": -signal.SIGSEGV}.get(how, 0)))
    tracee = env.tracee("contend", "-t", env.tmp / "lock", 3)
    trace = attached(env, tracee.pid, args=("-e", "all"))
    trace.await_event("attached", 4)
    tracee.signal(signal.SIGSTOP)
    trace.await_event("stopped", 4)
    trace.signal(signal.SIGINT)
    trace.expect_status(0)
    seen += check_schema(trace)
    seen += check_schema(traced(env, "--emulate", env.program_of("calls"), "nr=470"))
    missing = {"call-entry", "call-exit", "attached", "detached", "new-task", "exec", "death",
               "death-after", "exited", "killed", "signal", "stopped", "note"} - set(seen)
    expect(not missing, f"kinds that no case had: {missing}")


def case_picture_on_request(env: Env) -> None:
    """SIGUSR1: what `show` would say now, in the log; the command does not get it."""
    lock = env.tmp / "lock"
    holder = env.tracee("contend", lock, 2)
    trace = attached(env, holder.pid, json=False)
    for count in (1, 2):
        trace.signal(signal.SIGUSR1)
        wait_until(lambda: trace.text.count(str(lock)) >= count, "the lock in the log")
    expect("LOCK" in trace.text, f"the table: {trace.text!r}")
    trace.signal(signal.SIGINT)
    trace.expect_status(0)
    trace = attached(env, holder.pid)
    trace.signal(signal.SIGUSR1)

    def pictures() -> list[Any]:
        whole = trace.text.rpartition("\n")[0]
        return [d for d in map(json.loads, whole.splitlines()) if "snapshot" in d]
    picture = wait_until(pictures, "a picture in JSON")[0]["snapshot"]
    expect(picture["schema"] == 1 and str(holder.pid) in json.dumps(picture), "the picture")
    trace.signal(signal.SIGINT)
    trace.expect_status(0)
    expect(check_schema(trace)["snapshot"], "the picture as its schema says")
    trace = Trace(env, "sh", "-c", "echo up; read x", json=False, stdin=None)
    wait_until(lambda: trace.out, "the command is up")
    trace.signal(signal.SIGUSR1)
    wait_until(lambda: "no robust" in trace.text.lower() or "LOCK" in trace.text, "its picture")
    expect(trace.popen.poll() is None and "SIGUSR1" not in trace.text, "the command goes on")


def case_pictures_at_intervals(env: Env) -> None:
    """The command gets no signal of it (the waker's own was taken for one)."""
    trace = Trace(env, "--snapshot-interval", "0.05", env.program_of("contend"), env.tmp / "l", 2,
                  json=False, stdin=None)
    wait_until(lambda: trace.text.count("LOCK") >= 3, "three pictures")
    expect(trace.popen.poll() is None, "the command goes on")
    expect("---" not in trace.text.replace("-----", ""), f"no signal: {trace.text!r}")
    trace.signal(signal.SIGTERM)
    trace.expect_status(-signal.SIGTERM)


def case_pictures_leave_time(env: Env) -> None:
    """Pictures that take longer than their interval: the programs go on all the same."""
    for options in ((), ("-J",), ("--no-seccomp",)):
        trace = Trace(env, "--snapshot-interval", "0.000001", *options, "/bin/true", json=False)
        trace.expect_status(0)


def case_pictures_do_not_take_us_for_a_debugger(env: Env) -> None:
    """A thread that stands still for the trace is no stopped owner; one under job control is."""
    holder = env.tracee("contend", env.tmp / "lock", 2)
    trace = attached(env, holder.pid, args=("--snapshot-interval", "0.000001"), json=False)
    for _ in range(200):
        holder.signal(signal.SIGWINCH)
    wait_until(lambda: trace.text.count("LOCK") > 30, "many pictures")
    expect("stopped" not in trace.text, f"nobody stopped it: {trace.text[-2000:]!r}")
    holder.signal(signal.SIGSTOP)
    wait_until(lambda: "kill -CONT" in trace.text, "now it is stopped, and by whom is known")
    holder.signal(signal.SIGCONT)
    expect("debugger" not in trace.text, "that is what we are")
    trace.signal(signal.SIGINT)
    trace.expect_status(0)


def case_color(env: Env) -> None:
    """Never in a file, unless one says so; and off where NO_COLOR asks for it."""
    command = (env.program_of("dying"), env.tmp / "f", "return", "fault")
    expect("\033[" not in traced(env, *command, json=False).text, "a file has no colour")
    done: Result = env.tool.run("trace", *command)
    expect("\033[" not in done.err, "a pipe has no colour")
    done = env.tool.run("trace", "--color=always", *command)
    expect("\033[" in done.err, "--color=always")


def case_senders(env: Env) -> None:
    """A timer is nobody; a signal of a process names it."""
    trace = traced(env, env.program_of("calls"), "timer", "timer", "timer")
    expect_equal([(e["signal"], e["sender"], e["siginfo"]["code"])
                  for e in trace.events("signal")],
                 [("SIGUSR1", None, "SI_TIMER")] * 3, "signals of timers")
    trace = Trace(env, PYTHON, "-I", "-c", "import signal as s; s.signal(10, lambda *_: exit(4)); "
                  "print('up', flush=True)\nwhile True: s.pause()")
    wait_until(lambda: trace.out, "the command is up")
    os.kill(trace.events("exec")[0]["pid"], signal.SIGUSR1)
    trace.expect_status(4)
    expect_equal([e["sender"] for e in trace.events("signal")], [os.getpid()], "sender")
    expect_equal([e["siginfo"] for e in trace.events("signal")],
                 [{"code": "SI_USER", "pid": os.getpid(), "uid": os.getuid(), "status": None,
                   "address": None}], "what came with it")


def case_signals_as_strace_tells_them(env: Env) -> None:
    """Why a signal came: the very words of strace, but for the times of a child."""
    program = ("import ctypes, os, signal, sys\n"
               "for end in (lambda: os._exit(3), lambda: os.kill(os.getpid(), 9)):\n"
               "    pid = os.fork()\n"
               "    if not pid: end()\n"
               "    os.waitpid(pid, 0)\n"
               "os.kill(os.getpid(), signal.SIGWINCH)\n"
               "signal.alarm(1); signal.signal(signal.SIGALRM, lambda *_: 0); signal.pause()\n"
               "ctypes.string_at(0x10)\n")
    command = (PYTHON, "-I", "-c", program)
    trace = traced(env, *command, status=-signal.SIGSEGV, json=False)

    def told(text: str) -> list[str]:
        text = re.sub(r"si_pid=\d+", "si_pid=N", re.sub(r", si_.time=\d+", "", text))
        return [line for line in text.splitlines() if line.startswith("--- SIG")]
    expect_equal([line.split()[1] for line in told(trace.text)],
                 ["SIGCHLD", "SIGCHLD", "SIGWINCH", "SIGALRM", "SIGSEGV"], "signals")
    if not shutil.which("strace"):
        skip("strace is not installed: nothing to compare with")
    log = env.tmp / "strace.log"
    subprocess.run(["strace", "-e", "trace=none", "-o", log, *command], check=False)
    expect_equal(told(trace.text), told(log.read_text()), "as strace has them")


def case_new_api(env: Env) -> None:
    """A call that this kernel has not is decoded as what the program means by it."""
    program = env.program_of("calls")
    for options, nr, name in (((), 470, "set_robust_list2"),
                              (("--api=steamos",), 473, "set_robust_list2"),
                              (("--api=v6",), 470, "set_robust_list2"),
                              (("--api=v5",), 467, "set_robust_list2"),
                              (("--api-nr=999",), 999, "set_robust_list2"),
                              (("--api-nr=998,997",), 997, "get_robust_list2")):
        trace = traced(env, *options, program, f"nr={nr}")
        said = trace.out.split()
        calls = [c for c in trace.calls() if c["number"] == nr]
        expect_equal(len(calls), 1, f"calls with {options}")
        if calls[0]["remark"] is None:
            expect_equal(calls[0]["name"], name, f"its name with {options}")
        wanted = None if said[2] == "-" else said[2]
        expect_equal(calls[0]["error"], wanted, f"its result with {options}")


def case_another_process(env: Env) -> None:
    tracee = env.tracee("contend", "-t", env.tmp / "lock", 1)
    trace = traced(env, "-y", env.program_of("calls"), f"get={tracee.pid}", "get=0")
    other, own = trace.calls("get_robust_list")
    expect_equal((other["result"], own["result"]), (0, 0), "results")
    entries = other["args"]["head_ptr" if "head_ptr" in other["args"] else
                            next(k for k in other["args"] if "head" in k)]["head"]["list"]["entries"]
    expect_equal([int(e["address"], 16) for e in entries], [tracee.number("word")],
                 "the locks of the other process")


def case_ends_are_told_of_all(env: Env) -> None:
    check_ends(traced(env, "-f", env.program_of("births"), "fork_in_threads", 60))


if __name__ == "__main__":
    main()
