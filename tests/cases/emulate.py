# SPDX-License-Identifier: GPL-2.0-or-later
"""`robtrace trace --emulate`: programs that use set_robust_list2 where the kernel has it not.

tests/tracee/list2_test.c says what the calls must do; tests/vm runs it on a kernel that has them.
"""

from __future__ import annotations

import os
import re
import signal
import struct
import subprocess
from pathlib import Path
from typing import Any

from harness import (Env, blocked_in_futex, expect, expect_equal, fail, main, skip, validator,
                     wait_until)
from look import (OWNER_DIED, TID_MASK, Doc, address, no_problems, problem, task,
                  waiter_tids)
from tracing import Trace, traced

# A number that no kernel has: what is at the revision's own is another call on some.
NUMBERS = "600,601"
PARTS = 33
NOBODY = ("/usr/bin/setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups",
          "--inh-caps=-all")
LOST = ("nobody could mark", "did not tell")


def emulated(env: Env, revision: str, *argv: object, **options: object) -> Trace:
    return traced(env, f"--emulate={revision}", "--api-nr", NUMBERS, *argv,
                  environ={"LIST2_NR": NUMBERS}, **options)  # type: ignore[arg-type]


def nothing_lost(trace: Trace) -> None:
    lost = [line for line in trace.lines() if any(word in line for word in LOST)]
    expect_equal(lost, [], "locks that nobody marked")


def api(env: Env, program: str, revision: str, *options: object, json: bool = True,
        prefix: tuple[object, ...] = ()) -> Trace:
    trace = Trace(env, f"--emulate={revision}", "--api-nr", NUMBERS, *options,
                  env.program_of(program), revision, environ={"LIST2_NR": NUMBERS}, json=json,
                  prefix=prefix)
    status = trace.wait(300)
    lines = trace.out.splitlines()
    expect_equal([line for line in lines if line.startswith("not ok ")], [], "failures")
    expect_equal((status, len(lines)), (0, PARTS), f"status and number of parts ({trace.err!r})")
    skipped = [line for line in lines if line.startswith("skip ")]
    expect(all("v5 has no" in line or "there is no get" in line or "64-bit code" in line or
               "only root" in line for line in skipped), f"skipped: {skipped}")
    nothing_lost(trace)
    return trace


def case_lpc2025(env: Env) -> None:
    api(env, "list2_test", "lpc2025")


def case_steamos(env: Env) -> None:
    api(env, "list2_test", "steamos")


def case_v6(env: Env) -> None:
    api(env, "list2_test", "v6")


def case_v5(env: Env) -> None:
    api(env, "list2_test", "v5")


def runs_i386(env: Env) -> str:
    env.program_for_i386("broken")  # skips where it cannot be run
    return "list2_test_32"


def case_lpc2025_i386(env: Env) -> None:
    api(env, runs_i386(env), "lpc2025")


def case_steamos_i386(env: Env) -> None:
    api(env, runs_i386(env), "steamos")


def case_v6_i386(env: Env) -> None:
    api(env, runs_i386(env), "v6")


def case_v5_i386(env: Env) -> None:
    api(env, runs_i386(env), "v5")


def case_with_every_other_option(env: Env) -> None:
    """The calls are answered, and the locks marked, whatever else is asked for."""
    for options in (("-tt", "-T", "-r", "-i", "-y", "-Y"), ("-k",), ("-c",), ("-C", "-q"),
                    ("-e", "all", "-s", "3"), ("-e", "futex"), ("-e", "life", "-qq")):
        api(env, "list2_test", "lpc2025", *options, json=False)


def case_without_seccomp(env: Env) -> None:
    """Every call stops; those that are answered are not made."""
    api(env, "list2_test", "lpc2025", "--no-seccomp")


def case_leader_lost_in_an_exec(env: Env) -> None:
    """On a busy machine the tracer resumes a task that was killed meanwhile, and misses its last
    stop. Of a leader in the exec of another thread nothing else tells: it must not be lost."""
    environ = {"LIST2_NR": NUMBERS, "LD_PRELOAD": str(env.program_of("slow_resume.so")),
               "ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=0"}
    trace = Trace(env, "--emulate=lpc2025", "--api-nr", NUMBERS, "--no-seccomp", "-qq",
                  env.program_of("list2_test"), "lpc2025", "exec beside a busy thread", 30,
                  environ=environ)
    trace.expect_status(0)
    expect_equal(trace.out.splitlines(), ["ok exec beside a busy thread"] * 30, "each time")
    nothing_lost(trace)


def need_root() -> None:
    if os.geteuid():
        skip("only root can run a program as somebody else")


def case_without_rights(env: Env) -> None:
    """Shared memory without a name cannot be mapped then: those who have it mark its words."""
    need_root()
    env.tmp.chmod(0o777)
    api(env, "list2_test", "lpc2025", prefix=NOBODY)


def example(env: Env, name: str) -> Path:
    path = env.tracees.parents[1] / "examples" / name
    if not path.exists():
        skip(f"{path} is built on x86-64 only")
    return path


def case_example_lists(env: Env) -> None:
    trace = traced(env, "--emulate", "--api-nr", "470,471", example(env, "lists"), json=False)
    expect_equal([line.partition(", ")[0] for line in trace.out.splitlines()],
                 ["11 lists", "#0: 64-bit", "#2: 32-bit"], "what it says")
    expect(re.search(r"set_robust_list2\(NULL, 1, FUTEX_ROBUST_LIST_CMD_SET_LIST_64, 0\) = 0",
                     trace.text), "the call in the log")
    expect("get_robust_list2(0, " in trace.text, "the other call in the log")


def guest_words(data: bytes) -> list[int]:
    words = struct.unpack("<16I", data[:64])
    return [words[4 * i + 2] for i in range(4)]


def case_example_guest(env: Env) -> None:
    """An emulator and its guest, killed: the locks of both lists are marked, and it is told."""
    path = env.tmp / "f"
    path.touch()
    trace = Trace(env, "--emulate", "--api-nr", "470,471", example(env, "guest"), path)
    trace.expect_status(0)  # its input is at its end
    expect_equal(guest_words(path.read_bytes()), [OWNER_DIED] * 4, "words")
    death = trace.events("death-after")[0]["death"]
    locks = death["locks"]
    expect_equal([(lock["kind"], lock["index"], lock["after"]["owner_died"])
                  for lock in locks],
                 [("list2", 0, True)] * 2 + [("list2", 1, True)] * 2, f"death {death}")


def case_created_lists_have_their_index(env: Env) -> None:
    """The argument is ignored there: it was told as the index of every new list."""
    trace = Trace(env, "--emulate", "--api-nr", "470,471", example(env, "guest"), env.tmp / "f")
    trace.expect_status(0)
    for kind, wanted in (("call-entry", [None, None]), ("call-exit", [0, 1])):
        heads = [e["call"]["args"]["head"] for e in trace.events(kind)
                 if e["call"]["name"] == "set_robust_list2"]
        expect_equal([head["list"]["index"] for head in heads], wanted, kind)


def memfd_guest(env: Env, *prefix: object,
                options: tuple[object, ...] = ()) -> tuple[Trace, int]:
    """A guest whose locks are in memory that nobody else has mapped, killed."""
    fd = os.memfd_create("locks")
    os.ftruncate(fd, 4096)
    os.fchmod(fd, 0o666)
    os.set_inheritable(fd, True)
    log = env.tmp / "guest.log"
    env.tmp.chmod(0o777)
    path = f"/proc/self/fd/{fd}"
    process = subprocess.Popen(
        [*map(str, prefix), env.tool.path, "trace", "--emulate", "--api-nr", "470,471", *options,
         "-o", log, example(env, "guest"), path], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        pass_fds=[fd], start_new_session=True)
    try:
        assert process.stdout and process.stdin
        line = process.stdout.readline().decode()
        expect(line.startswith("ready "), f"it said {line!r}")
        pid = int(re.search(r"pid=(\d+)", line).group(1))  # type: ignore[union-attr]
        os.kill(pid, signal.SIGKILL)
        process.wait(60)
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except OSError:
            pass
        process.communicate()
    trace = Trace.__new__(Trace)
    trace.log = log
    return trace, fd


def case_memory_without_a_name(env: Env) -> None:
    if os.geteuid():
        skip("CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE is needed for map_files")
    trace, fd = memfd_guest(env)
    nothing_lost(trace)
    expect_equal(guest_words(os.pread(fd, 64, 0)), [OWNER_DIED] * 4, "words")
    os.close(fd)


def case_memory_that_nobody_can_mark(env: Env) -> None:
    """Neither we nor any process that is followed: said, and nothing is changed."""
    need_root()
    trace, fd = memfd_guest(env, *NOBODY)
    lost = [line for line in trace.lines() if LOST[0] in line]
    expect_equal(len(lost), 1, f"notes in {trace.text}")
    expect(re.search(r"--- 4 locks on emulated lists of \d+ stay locked: nobody could mark "
                     r"#0 0x\w+8, #0 0x\w+8, #1 0x\w+8, #1 0x\w+8 ---$", lost[0]), f"note: {lost}")
    words = guest_words(os.pread(fd, 64, 0))
    expect(all(word and not word & OWNER_DIED for word in words), f"words {words}")
    os.close(fd)


def case_sums_of_what_nobody_can_mark(env: Env) -> None:
    """-c has no log: it said that all were marked."""
    need_root()
    trace, fd = memfd_guest(env, *NOBODY, options=("-c",))
    os.close(fd)
    expect_equal(trace.lines()[-2:], [
        "locks held at death: 4; owner deaths: 0; stay locked for ever: 4",
        "set_robust_list2 and get_robust_list2 were emulated: lpc2025; locks that nobody could "
        "mark: 4"], "the sums")
    trace, fd = memfd_guest(env, *NOBODY, options=("-c", "-J"))
    os.close(fd)
    summary = trace.events()[-1]
    validator("json-schema-trace.json").validate(summary)
    expect_equal((summary["owner_died"], summary["stay_locked"], summary["emulation"]),
                 (0, 4, {"revision": "lpc2025", "unmarked": 4, "unread_ends": 0}), "in JSON")


def case_what_exec_leaves_behind(env: Env) -> None:
    """The words were read again before they were marked: all were told to be not as foretold."""
    owner = Traced(env, "-x", "lpc2025", env.tmp / "f", 0, "64:2", "32:3")
    owner.ready()
    trace = owner.end()
    told = trace.events("death", "death-after", "exec")[-3:]
    expect_equal([event["kind"] for event in told], ["death", "death-after", "exec"], "order")
    expect_equal([lock["after"]["owner_died"] for lock in told[1]["death"]["locks"]], [True] * 5,
                 "the words")


def case_a_line_of_nobody(env: Env) -> None:
    """With -o each line begins with a number; what is no thread's was told to be of 0."""
    trace = traced(env, "--emulate", "--api-nr", "470,471", example(env, "lists"), json=False)
    expect_equal([line[:10] for line in trace.lines() if "are emulated" in line],
                 ["      --- "], "its begin")


def refuse(env: Env, *args: object) -> str:
    result = env.tool.run("trace", *args)
    expect_equal((result.status, result.out), (2, ""), f"trace {args}: {result!r}")
    lines = result.err.splitlines()
    expect(len(lines) == 1 and lines[0].startswith("robtrace: "), f"trace {args}: {result.err!r}")
    return lines[0]


def case_bad_input(env: Env) -> None:
    expect("lpc2025, steamos, v6 or v5" in refuse(env, "--emulate=v7", "true"), "revisions")
    expect("lpc2025, steamos, v6 or v5" in refuse(env, "--emulate=", "true"), "revisions")
    expect("COMMAND" in refuse(env, "--emulate", "-p", os.getpid()), "-p")
    refuse(env, "--emulate")
    for numbers in ("", "470,", "470,470", "x", "70000", "-1", "470,471,472"):
        expect("--api-nr" in refuse(env, "--emulate", "--api-nr", numbers, "true"), numbers)


def case_numbers_in_use(env: Env) -> None:
    """A number that is another call here is refused, unless the person insists."""
    release = tuple(int(n) for n in os.uname().release.split("-")[0].split(".")[:2])
    if release < (6, 17):
        skip("all numbers of the revisions are free on this kernel")
    line = refuse(env, "--emulate=v5", "true")
    expect("468" in line and "file_getattr" in line and "--api-nr" in line, line)
    trace = traced(env, "--emulate=v5", "--api-nr", "468", env.program_of("list2_test"), "v5",
                   json=False, timeout=300)
    expect_equal([line for line in trace.out.splitlines() if line.startswith("not ok")], [], "v5")


def case_children_are_followed(env: Env) -> None:
    """Also without -f: their calls would find no such call."""
    script = f"{example(env, 'lists')}; {example(env, 'lists')}"
    trace = traced(env, "--emulate", "--api-nr", "470,471", "sh", "-c", script, json=False)
    expect_equal(trace.out.count("11 lists\n"), 2, f"it said {trace.out!r}")


def case_other_programs_are_as_ever(env: Env) -> None:
    for revision in ("lpc2025", "v5"):
        trace = emulated(env, revision, "bash", "-c", "x=$(echo a | tr a b); echo $x; exit 7",
                         status=7)
        expect_equal(trace.out, "b\n", "what it says")
        nothing_lost(trace)


# ---- The picture in the log ----

class Traced:
    """A traced list2, once it is ready."""

    def __init__(self, env: Env, *args: object, revision: str = "lpc2025", json: bool = True,
                 program: str = "list2", options: tuple[object, ...] = (),
                 command: tuple[object, ...] = ()) -> None:
        self.trace = Trace(env, f"--emulate={revision}", "--api-nr", NUMBERS, *options,
                           *(command or (env.program_of(program), *args)), json=json, stdin=None,
                           environ={"LIST2_NR": NUMBERS})
        self.lines: list[dict[str, str]] = []

    def ready(self, count: int = 1) -> dict[str, str]:
        """The last of so many ready lines."""
        def said() -> list[str]:
            if self.trace.popen.poll() is not None:
                fail(f"{self.trace.argv} ended: {self.trace.err!r} {self.trace.text[-500:]!r}")
            lines = self.trace.out.rpartition("\n")[0].splitlines()
            return lines if len(lines) >= count else []
        lines = wait_until(said, f"{count} are ready")
        self.lines = [dict(word.split("=", 1) for word in line.split()[1:]) for line in lines]
        return self.lines[-1]

    def picture(self) -> Doc:
        before = len(self.trace.events("snapshot"))
        self.trace.signal(signal.SIGUSR1)
        doc: Doc = self.trace.await_event("snapshot", before + 1)[-1]["snapshot"]
        validator("json-schema.json").validate(doc)
        return doc

    def text(self) -> str:
        self.trace.signal(signal.SIGUSR1)
        found = wait_until(lambda: re.search(r"^(LOCK .*?)^looked at ", self.trace.text,
                                             re.MULTILINE | re.DOTALL), "a picture in the log")
        return str(found.group(1))

    def end(self, status: int = 0) -> Trace:
        stdin = self.trace.popen.stdin
        assert stdin
        stdin.write(b"\n" * 4)
        stdin.close()
        self.trace.popen.stdin = None
        return self.trace.expect_status(status)


def check_emulated(doc: Doc, info: dict[str, str], lists: tuple[str, ...], first: int = 0) -> None:
    """Each as it was registered, with what is on it, and marked."""
    tid, base = int(info["tid"]), int(info["base"], 16)
    found = task(doc, tid)["lists"]
    expect_equal([one["emulated"] for one in found], [one["kind"] == "list2" for one in found],
                 "marks")
    found = [one for one in found if one["emulated"]]
    expect_equal([one["index"] for one in found], [int(n) for n in info["indexes"].split(",")],
                 "indexes")
    expect_equal([one["head"] for one in found], info["heads"].split(","), "heads")
    for one, wanted in zip(found, lists):
        bits, count = (int(n) for n in wanted.split(":"))
        expect_equal((one["bits"], one["bits_from"], one["end"], one["length"]),
                     (bits, "registration", "complete", count), f"list {one['index']}")
        expect_equal([(address(f), f["state"], f["owner"], f["bits"]) for f in one["entries"]],
                     [(base + 16 * (first + i) + 8, "held", tid, bits) for i in range(count)],
                     f"locks on list {one['index']}")
        first += count


def lock_of(doc: Doc, info: dict[str, str], number: int) -> dict[str, Any]:
    wanted = int(info["base"], 16) + 16 * number + 8
    found = [lock for lock in doc["locks"] if address(lock) == wanted]
    expect_equal(len(found), 1, f"locks at {wanted:#x} of {doc['locks']}")
    return found[0]


def check_picture(env: Env, program: str) -> None:
    lists = ("64:2", "32:3", "64:0")
    owner = Traced(env, "-t", "-W", 3, "lpc2025", env.tmp / "f", 0, *lists, program=program)
    info = owner.ready()
    doc = owner.picture()
    check_emulated(doc, info, lists)
    main_thread = task(doc, int(info["pid"]))
    expect(not any(one["emulated"] for one in main_thread["lists"]), "lists belong to threads")
    lock = lock_of(doc, info, 3)
    expect_equal((lock["owner"], waiter_tids(lock)),
                 (int(info["tid"]), [int(info["waiter"])]), "owner and waiter")
    expect_equal(len(doc["locks"]), 5, "locks")
    expect_equal([(one["tid"], one["owner"]) for one in doc["waits"] if one["lock"]],
                 [(int(info["waiter"]), int(info["tid"]))], "who waits for whom")
    no_problems(doc)
    nothing_lost(owner.end())


def case_picture(env: Env) -> None:
    """SIGUSR1: the lists of both sizes, their locks with owner and waiter, marked as emulated."""
    check_picture(env, "list2")


def case_picture_i386(env: Env) -> None:
    runs_i386(env)
    check_picture(env, "list2_32")


def case_picture_as_text(env: Env) -> None:
    owner = Traced(env, "-t", "-W", 3, "lpc2025", env.tmp / "f", 0, "64:2", "32:3", json=False)
    info = owner.ready()
    who = f"{info['pid']}/{info['tid']} list2"
    rows = owner.text().splitlines()[1:]
    expect_equal([line.split() for line in rows[:2]],
                 [f"{env.tmp}/f+0x38 held {who} (in read) {info['pid']}/{info['waiter']} list2 "
                  "emulated #1 32-bit".split(),
                  f"{env.tmp}/f+0x8 held {who} (in read) emulated #0 64-bit".split()], "rows")
    owner.end()
    plain = Trace(env, env.program_of("contend"), env.tmp / "g", 1, json=False, stdin=None)
    wait_until(lambda: plain.out, "it is ready")
    plain.signal(signal.SIGUSR1)
    head = wait_until(lambda: re.search("^LOCK .*$", plain.text, re.MULTILINE), "a picture")
    expect("LIST" not in head.group(), "nothing is emulated")


def case_show_names_the_emulator(env: Env) -> None:
    """Another robtrace cannot know these lists; it says who does, and nothing of other tracers."""
    owner = Traced(env, "lpc2025", env.tmp / "f", 0, "64:2")
    info = owner.ready()
    for command in ("show", "check"):
        err = env.tool.run(command, "-p", info["pid"]).err
        tracer = owner.trace.tracer()
        expect(f"{info['pid']}: robtrace {tracer} emulates set_robust_list2 for it" in err and
               f"kill -USR1 {tracer}" in err, f"{command}: {err!r}")
    owner.end()
    plain = Trace(env, env.program_of("contend"), env.tmp / "g", 1, stdin=None)
    pid = wait_until(lambda: re.search(r"pid=(\d+)", plain.out), "it is ready").group(1)
    expect_equal(env.tool.run("show", "-p", pid).err, "", "nothing is emulated")


def case_picture_with_others(env: Env) -> None:
    """Who waits for such a lock: a process that is followed, and one that is not."""
    path, program = env.tmp / "f", env.program_of("list2")
    script = (f"exec 3<&0; {program} lpc2025 {path} 0 32:2 <&3 & "
              f"{program} -w 1 lpc2025 {path} 8 64:1 <&3 & wait")
    both = Traced(env, options=("-f",), command=("sh", "-c", script))
    both.ready(2)
    word = struct.unpack_from("<I", path.read_bytes(), 24)[0]
    owner = next(one for one in both.lines if int(one["pid"]) == word & TID_MASK)
    followed = next(one for one in both.lines if one is not owner)
    beside = env.tracee("list2", "-w", 1, "none", path, 0)
    for pid in (int(followed["pid"]), beside.pid):
        wait_until(lambda: blocked_in_futex(pid), "it waits")
    doc = both.picture()
    check_emulated(doc, owner, ("32:2",))
    check_emulated(doc, followed, ("64:1",), first=8)
    lock = next(one for one in doc["locks"] if one["where"]["offset"] == 24)
    expect_equal((lock["owner"], waiter_tids(lock)),
                 (int(owner["pid"]), sorted((int(followed["pid"]), beside.pid))),
                 "owner and waiters")
    expect_equal([one["tid"] for one in doc["neighbours"]], [beside.pid], "who is not followed")
    os.kill(int(owner["pid"]), signal.SIGKILL)
    death = both.trace.await_event("death")[0]["death"]
    told = next(one for one in death["locks"] if one["where"]["offset"] == 24)
    expect_equal(sorted(told["waiters"]), sorted((int(followed["pid"]), beside.pid)),
                 "waiters told at its death")


def case_picture_names_locks(env: Env) -> None:
    owner = Traced(env, "lpc2025", "-", 0, "64:2", json=False)
    info = owner.ready()
    expect(re.search(rf"^own_locks\+0x18\s.*\sheld\s+{info['pid']} list2\s+emulated #0 64-bit",
                     owner.text(), re.MULTILINE), f"the variable's name in {owner.trace.text!r}")
    owner.end()


def case_picture_of_broken_lists(env: Env) -> None:
    """What is wrong with emulated lists is told with their names."""
    owner = Traced(env, "-b", 1, "lpc2025", env.tmp / "f", 0, "64:1", "32:4", "64:2050")
    info = owner.ready()
    doc = owner.picture()
    ends = [one["end"] for one in task(doc, int(info["pid"]))["lists"] if one["emulated"]]
    expect_equal(ends, ["complete", "fault", "too-long"], "ends")
    expect("its emulated #1 list is cut" in problem(doc, "list-cut")["text"], "cut")
    expect("on its emulated #2 list" in problem(doc, "list-too-long")["text"], "too long")
    owner.end()


def case_picture_of_a_list_without_limit(env: Env) -> None:
    """v5 handles lists of any length."""
    owner = Traced(env, "v5", env.tmp / "f", 0, "64:2050", revision="v5")
    info = owner.ready()
    doc = owner.picture()
    ends = [one["end"] for one in task(doc, int(info["pid"]))["lists"] if one["emulated"]]
    expect_equal((ends, doc["problems"]), (["complete"], []), "its end, and what is wrong")
    call = owner.trace.calls("set_robust_list2")[0]
    expect_equal(call["args"]["head"]["list"]["end"], "complete", "its end when it was registered")
    death = owner.end().events("death")[0]["death"]
    expect_equal((len(death["locks"]), {lock["fate"] for lock in death["locks"]}),
                 (2050, {"owner-died"}), "what is told of its end")
    expect_equal(struct.unpack_from("<I", (env.tmp / "f").read_bytes(), 16 * 2049 + 8)[0],
                 OWNER_DIED, "the last word")


def case_picture_of_a_deadlock(env: Env) -> None:
    """Two processes wait for each other's lock, each on an emulated list."""
    path, program = env.tmp / "f", env.program_of("list2")
    for first, other in ((0, 8), (8, 0)):
        line = f"{program} -l -w {other} lpc2025 {path} {first} 32:1"
        script = line if not first else f"{script} <&3 & {line} <&3 & wait"  # noqa: F821
    both = Traced(env, options=("-f",), command=("sh", "-c", f"exec 3<&0; {script}"))
    both.ready(2)
    stdin = both.trace.popen.stdin
    assert stdin
    stdin.write(b"\n")
    stdin.flush()
    pids = sorted(int(one["pid"]) for one in both.lines)
    wait_until(lambda: any(blocked_in_futex(pid) for pid in pids), "one waits")
    stdin.write(b"\n")
    stdin.flush()
    wait_until(lambda: all(blocked_in_futex(pid) for pid in pids), "both wait")
    doc = both.picture()
    expect_equal(sorted(problem(doc, "deadlock")["tids"]), pids, "who is in it")


# ---- Many deaths. ROBTRACE_STRESS=full: as many as it takes to be sure ----

FULL = os.environ.get("ROBTRACE_STRESS") == "full"


def stress(env: Env, what: str, few: object, all_of_them: object) -> Trace:
    trace = Trace(env, "--emulate", "--api-nr", NUMBERS, "-e", "lists", "-qq",
                  env.program_of("list2_stress"), "lpc2025", what, all_of_them if FULL else few,
                  environ={"LIST2_NR": NUMBERS}, json=False)
    status = trace.wait(3000 if FULL else 300)
    print(trace.out.strip(), flush=True)
    expect_equal(status, 0, f"status; it said {trace.out!r} {trace.err!r}")
    return trace


def case_stress_chain(env: Env) -> None:
    nothing_lost(stress(env, "chain", 200, 3000))


def case_stress_contend(env: Env) -> None:
    nothing_lost(stress(env, "contend", 100, 1500))


def case_stress_race(env: Env) -> None:
    nothing_lost(stress(env, "race", 200, 6300))


def case_stress_many_shared(env: Env) -> None:
    nothing_lost(stress(env, "many", "shared", "shared"))


def case_stress_many_private(env: Env) -> None:
    nothing_lost(stress(env, "many", "private", "private"))


if __name__ == "__main__":
    main()
