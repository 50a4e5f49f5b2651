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

from harness import Env, expect, expect_equal, main, skip
from look import OWNER_DIED
from tracing import Trace, traced

# A number that no kernel has: what is at the revision's own is another call on some.
NUMBERS = "600,601"
PARTS = 32
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


def memfd_guest(env: Env, *prefix: object) -> tuple[Trace, int]:
    """A guest whose locks are in memory that nobody else has mapped, killed."""
    fd = os.memfd_create("locks")
    os.ftruncate(fd, 4096)
    os.fchmod(fd, 0o666)
    os.set_inheritable(fd, True)
    log = env.tmp / "guest.log"
    env.tmp.chmod(0o777)
    path = f"/proc/self/fd/{fd}"
    process = subprocess.Popen(
        [*map(str, prefix), env.tool.path, "trace", "--emulate", "--api-nr", "470,471", "-o", log,
         example(env, "guest"), path], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
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
    """Neither we nor any process that is followed: said for each lock, and nothing is changed."""
    need_root()
    trace, fd = memfd_guest(env, *NOBODY)
    lost = [line for line in trace.lines() if LOST[0] in line]
    expect_equal(len(lost), 4, f"notes in {trace.text}")
    expect(all("it stays locked" in line for line in lost), f"notes: {lost}")
    words = guest_words(os.pread(fd, 64, 0))
    expect(all(word and not word & OWNER_DIED for word in words), f"words {words}")
    os.close(fd)


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
