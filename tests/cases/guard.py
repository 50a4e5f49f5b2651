# SPDX-License-Identifier: GPL-2.0-or-later
"""What a list_op_pending makes the kernel write: told by show, check and trace, and prevented."""

from __future__ import annotations

import json
import signal
import subprocess
from typing import Any

from harness import Env, expect, expect_equal, main, skip, wait_until
from tracing import Trace, attached, traced

OWNER_DIED = 0x40000000
HOWS = ("kill", "exit", "exec")


def word_in(path: Any, offset: int = 0) -> int:
    return int.from_bytes(path.read_bytes()[offset:offset + 4], "little")


def run_pending(env: Env, what: str, how: str, *options: object, program: str = "pending",
                json: bool = True) -> tuple[Trace, int, int]:
    """Traces a thread that ends; the TID that the file held, and what it holds afterwards."""
    path = env.tmp / "data"
    trace = traced(env, *options, env.program_of(program), path, what, how, json=json,
                   status=-signal.SIGKILL if how == "kill" else 0)
    said = dict(word.split("=") for word in trace.out.split()[1:])
    after = word_in(path, int(said["offset"])) if path.exists() else 0
    return trace, int(said["tid"]), after


# ---- trace ----

def check_writes(env: Env, program: str, how: str) -> None:
    trace, _, after = run_pending(env, "stale", how, program=program)
    expect_equal(after, OWNER_DIED, f"{program} {how}: the kernel writes to the file")
    locks = [lock for e in trace.events("death") for lock in e["death"]["locks"]]
    expect_equal([(lock["pending"], lock["stale"], lock["fate"]) for lock in locks],
                 [(True, True, "owner-died")], f"{program} {how}: what was foretold")
    expect_equal(locks[0]["where"]["path"], str(env.tmp / "data"), "path")
    expect(str(env.tmp / "data") in locks[0]["lock"], f"the file is named: {locks[0]}")
    after_locks = [k for e in trace.events("death-after") for k in e["death"]["locks"]]
    expect(int(after_locks[0]["after"]["value"], 16) == OWNER_DIED, f"after: {after_locks}")


def check_prevents(env: Env, program: str, how: str) -> None:
    trace, tid, after = run_pending(env, "stale", how, "--guard", program=program)
    expect_equal(after, tid, f"{program} {how} --guard: the file is as it was")
    guards = [e["guard"] for e in trace.events("guard")]
    expect_equal([(g["verdict"], g["cleared"], g["error"]) for g in guards],
                 [("stale", True, None)], f"{program} {how}: what the guard did")
    expect(guards[0]["evidence"], "what it went by")
    expect(str(env.tmp / "data") in guards[0]["lock"]["lock"], f"the file is named: {guards}")


def case_without_guard_the_kernel_writes(env: Env) -> None:
    for how in HOWS:
        check_writes(env, "pending", how)


def case_guard_prevents(env: Env) -> None:
    for how in HOWS:
        check_prevents(env, "pending", how)


def case_guard_knows_musl(env: Env) -> None:
    for how in ("kill", "exit"):
        check_writes(env, "pending_musl", how)
        check_prevents(env, "pending_musl", how)


def case_guard_of_a_running_process(env: Env) -> None:
    path = env.tmp / "data"
    tracee = env.tracee("pending", path, "stale")
    trace = attached(env, tracee.pid, args=("--guard",))
    trace.await_event("attached")
    tracee.signal(signal.SIGKILL)
    trace.wait()
    expect_equal(word_in(path), tracee.pid, "the file is as it was")
    expect_equal([e["guard"]["cleared"] for e in trace.events("guard")], [True], "guard")


def case_guard_leaves_locks_alone(env: Env) -> None:
    """A thread that dies while it takes or gives back a mutex leaves it to the next."""
    for what in ("mine", "off_list", "released"):
        for how in HOWS:
            trace, _, _ = run_pending(env, what, how, "--guard")
            expect_equal(trace.events("guard"), [], f"{what} {how}: nothing was cleared")
            after = [lock for e in trace.events("death-after") for lock in e["death"]["locks"]]
            marked = {int(lock["after"]["value"], 16) for lock in after if lock["after"]}
            wanted = set() if what == "released" else {OWNER_DIED}
            expect(marked == wanted or (not wanted and marked <= {0}),
                   f"{what} {how}: the kernel's marks {after}")


def case_guard_leaves_harmless_ones(env: Env) -> None:
    for what in ("stale_other", "unmapped"):
        trace, tid, after = run_pending(env, what, "kill", "--guard")
        expect_equal(trace.events("guard"), [], f"{what}: nothing to clear")
        expect_equal(after, tid + 1, f"{what}: the file")


def case_guard_and_doubtful_lists(env: Env) -> None:
    """A list of no known libc: left, and cleared only when that is asked for."""
    path = env.tmp / "slots"
    for options, cleared in ((("--guard",), False), (("--guard=strict",), True)):
        trace = traced(env, *options, env.program_of("dying"), path, "return", "pending")
        guards = [e["guard"] for e in trace.events("guard")]
        expect_equal([(g["verdict"], g["evidence"], g["cleared"]) for g in guards],
                     [("doubtful", None, cleared)], f"{options}")


def case_guard_leaves_held_locks(env: Env) -> None:
    """The deaths of real owners are told to the next ones as without it."""
    path = env.tmp / "slots"
    wanted = {}
    for options in ((), ("--guard",), ("--guard=strict",)):
        for how in ("return", "exit_group", "kill", "exec"):
            trace = Trace(env, *options, env.program_of("dying"), path, how, "held")
            trace.wait()
            words = path.read_bytes()[16:80]
            expect_equal(trace.events("guard"), [], f"{options} {how}")
            # The TIDs differ from run to run; what the kernel makes of them does not.
            wanted.setdefault(how, words)
            expect_equal(words[8:12], wanted[how][8:12], f"{options} {how}: the kernel's mark")


def case_guard_in_text(env: Env) -> None:
    trace, _, _ = run_pending(env, "stale", "exit", "--guard", json=False)
    lines = [line for line in trace.lines() if "guard:" in line]
    expect(len(lines) == 1 and "list_op_pending is stale" in lines[0] and
           "cleared" in lines[0] and "/data+0x0" in lines[0] and "__kind" in lines[0], f"{lines}")
    trace, _, _ = run_pending(env, "stale", "exit", json=False)
    text = trace.text
    expect("exits holding no robust lock: pending 0x" in text and
           "the kernel writes FUTEX_OWNER_DIED to it" in text and
           "1 word that is no lock written to by the kernel" in text, text)


def case_exec_of_the_leader_keeps_its_tid(env: Env) -> None:
    trace, _, _ = run_pending(env, "mine", "exec", json=False)
    expect("execs holding 1 robust lock" in trace.text and "1 lock marked" in trace.text,
           trace.text)


def case_bad_guard(env: Env) -> None:
    result = env.tool.run("trace", "--guard=much", "true")
    expect(result.status == 2 and "--guard=strict" in result.err, f"{result!r}")


# ---- trace -e mmap ----

def touch(env: Env, how: str, *more: object) -> Trace:
    return traced(env, "-f", "-e", "mmap", env.program_of("touch"), env.tmp / "locks", how, *more)


def case_memory_of_locks_is_taken_away(env: Env) -> None:
    calls = {"munmap": "munmap", "mmap_fixed": "mmap", "mremap": "mremap", "shrink": "mremap",
             "ftruncate": "ftruncate", "truncate": "truncate", "truncate_relative": "truncate",
             "truncate_other_process": "truncate"}
    for how, call in calls.items():
        for more, word in (((), "holds"), (("pending",), "has in list_op_pending")):
            trace = touch(env, how, *more)
            # ld.so and the end of the program map nothing over it.
            notes = [e["text"] for e in trace.events("note")]
            # glibc leaves list_op_pending as it was in the child of a fork: that one is told too.
            most = 2 if how == "truncate_other_process" else 1
            expect(1 <= len(notes) <= most and notes[0].startswith(f"{call} takes away a robust lock") and
                   word in notes[0] and f"{env.tmp}/locks+0x1000" in notes[0],
                   f"{how} {more}: {notes}")
            expect_equal([c["name"] for c in trace.calls()], [call], f"{how}: calls")


def case_other_memory_is_taken_away(env: Env) -> None:
    for how in ("munmap_behind", "mmap_hint", "grow", "truncate_behind", "truncate_other"):
        trace = touch(env, how)
        expect_equal([e["text"] for e in trace.events("note")], [], how)
        expect_equal(trace.calls(), [], how)


def case_old_mmap(env: Env) -> None:
    """The first mmap of i386 has its arguments in memory."""
    trace = traced(env, "-e", "mmap", env.program_for_i386("touch"), env.tmp / "locks", "old_mmap")
    notes = [e["text"] for e in trace.events("note")]
    expect(len(notes) == 1 and notes[0].startswith("mmap takes away a robust lock") and
           f"{env.tmp}/locks+0x1000" in notes[0], f"notes: {notes}")


def case_file_of_the_same_number_elsewhere(env: Env) -> None:
    """An inode number means nothing without its device."""
    one, twin = env.tmp / "one", env.tmp / "twin"
    one.mkdir()
    twin.mkdir()
    script = 'mount -t tmpfs one "$1" && mount -t tmpfs twin "$2" && shift 2 && exec "$@"'
    mounted = ("unshare", "--mount", "sh", "-c", script, "sh", one, twin)
    tried = subprocess.run([*map(str, mounted), "true"], capture_output=True, check=False)
    if tried.returncode:
        skip(f"no file system can be mounted here: {tried.stderr.decode()}")
    trace = traced(env, "-e", "mmap", env.program_of("touch"), one / "locks", "truncate_twin",
                   prefix=mounted)
    expect_equal([e["text"] for e in trace.events("note")], [], "what is taken away")


# ---- show and check ----

def pending_of(doc: dict[str, Any]) -> dict[str, Any]:
    found = [k["pending"] for t in doc["tasks"] for k in t["lists"] if k["pending"]]
    expect_equal(len(found), 1, "pending entries")
    return dict(found[0])


def case_pending_is_explained(env: Env) -> None:
    states = {"stale": ("stale", "at its end the kernel would write there"),
              "stale_other": ("stale", "no lock is there any more"),
              "unmapped": ("unreadable", "nothing is there any more"),
              "mine": ("held", "taking it or giving it back"),
              "off_list": ("pending", "taking it or giving it back"),
              "released": ("pending", "about to take it, or just gave it back")}
    for what, (state, text) in states.items():
        tracee = env.tracee("pending", env.tmp / "data", what)
        expect_equal(pending_of(env.tool.show_json("-p", tracee.pid))["state"], state, what)
        tree = env.tool.show("-l", "-u", "-p", tracee.pid).out
        line = next(line for line in tree.splitlines() if "list_op_pending 0x" in line)
        expect(state in line and text in line, f"{what}: {line}")
        tracee.close()


def case_stale_pending_is_a_problem(env: Env) -> None:
    for what, text in (("stale", "when it ends the kernel writes FUTEX_OWNER_DIED there"),
                       ("stale_other", "should the value there ever read as its TID")):
        tracee = env.tracee("pending", env.tmp / "data", what)
        result = env.tool.run("check", "-p", tracee.pid)
        expect_equal(result.status, 1, f"{what}: status {result!r}")
        expect("stale-pending: " in result.out and text in result.out and
               f"trace --guard -p {tracee.pid}" in result.out and
               f"{env.tmp}/data+0x0" in result.out, f"{what}: {result.out}")
        # It is no lock: no owner has gone, nobody owns it.
        problems = env.tool.show_json("-p", tracee.pid)["problems"]
        expect_equal([p["kind"] for p in problems], ["stale-pending"], what)
        tracee.close()


def case_other_pending_is_no_problem(env: Env) -> None:
    for what in ("unmapped", "mine", "off_list", "released"):
        tracee = env.tracee("pending", env.tmp / "data", what)
        result = env.tool.run("check", "-p", tracee.pid)
        expect(result.status == 0 and not result.out, f"{what}: {result!r}")
        tracee.close()


def case_musl_pending(env: Env) -> None:
    tracee = env.tracee("pending_musl", env.tmp / "data", "stale")
    result = env.tool.run("check", "-J", "-p", tracee.pid)
    expect_equal([p["kind"] for p in json.loads(result.out)["problems"]], ["stale-pending"],
                 "problems")


def case_in_the_window(env: Env) -> None:
    tracee = env.tracee("in_window", env.tmp / "lock")
    stopped = tracee.number("stopped")
    wait_until(lambda: env.tool.show_json("-p", stopped)["tasks"], "it is seen")
    doc = env.tool.show_json("-p", stopped)
    expect_equal(pending_of(doc)["state"], "in-window", "state")
    problems = [p for p in doc["problems"] if p["kind"] == "in-window"]
    expect_equal([p["tids"] for p in problems], [[stopped]], f"problems {doc['problems']}")
    expect("has given back" in problems[0]["text"], problems[0]["text"])


def case_in_passing_is_no_problem(env: Env) -> None:
    """Threads that lock and unlock at full speed come through the window all the time."""
    tracee = env.tracee("churn", "-c", "-s", 3)
    for _ in range(200):
        result = env.tool.run("check", "-p", tracee.pid)
        expect(result.status == 0 and not result.out, f"{result!r}")


if __name__ == "__main__":
    main()
