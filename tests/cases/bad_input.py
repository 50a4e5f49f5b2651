# SPDX-License-Identifier: GPL-2.0-or-later
"""What cannot be looked at, and what makes no sense: one clear line and a documented status."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from harness import Env, Tool, expect, expect_equal, main, proc_text, skip, wait_until
from look import entries, held, waiter_tids

NOTHING, USAGE = 1, 2
NOBODY = 65534


def no_pid() -> int:
    """A PID that no process can have."""
    return int(Path("/proc/sys/kernel/pid_max").read_text()) + 1


def says(line: str, *texts: object) -> None:
    for text in texts:
        expect(str(text).lower() in line.lower(), f"{text} in {line!r}")


def case_no_target(env: Env) -> None:
    for args in ((), ("-J",), ("-l", "-n")):
        result = env.tool.run("show", *args)
        expect_equal((result.status, result.out), (USAGE, ""), "status and stdout")
        for text in ("robtrace: ", "-p", "-a", "FILE"):
            expect(text in result.err, f"{text} in {result.err!r}")


def case_targets_that_exclude_each_other(env: Env) -> None:
    for args in (("-a", "-p", os.getpid()), ("-p", os.getpid(), "-a")):
        result = env.tool.run("show", *args)
        expect_equal((result.status, result.out), (USAGE, ""), "status and stdout")
        expect("-a" in result.err and "-p" in result.err, f"stderr {result.err!r}")


def case_unknown_options(env: Env) -> None:
    for args in (("show", "--no-such-option", "-a"), ("show", "-Z", "-a"), ("no-such-command",),
                 (), ("show", "-a", "--color=sometimes"), ("show", "-a", "-o", "NO-SUCH-COLUMN"),
                 ("show", "-a", "-o", ""), ("show", "-a", "-o", "+"), ("show", "-p"),
                 ("show", "-a", "-o", "LOCK,,STATE")):
        result = env.tool.run(*args)
        expect_equal(result.status, USAGE, f"status of {args} ({result!r})")
        expect_equal(result.out, "", f"stdout of {args}")
        expect(result.err.strip(), f"{args} says why")


def case_not_a_number(env: Env) -> None:
    for pid in ("abc", "", "0", "-1", "12x", "1,,2", ",1", "1,", "0x10", " 1", "1.5", "+1",
                "99999999999999999999", "4294967297"):
        result = env.tool.run("show", f"-p{pid}" if pid else "--pid=")
        expect(result.status in (USAGE,), f"status of -p '{pid}' ({result!r})")
        expect_equal(result.out, "", f"stdout of -p '{pid}'")
        expect("robtrace: " in result.err, f"stderr of -p '{pid}': {result.err!r}")


def case_no_such_pid(env: Env) -> None:
    says(env.tool.refuse(NOTHING, "-p", no_pid()), no_pid(), "no such process")


def case_pid_of_a_thread(env: Env) -> None:
    tracee = env.tracee("threads", 1, 1)
    tid = tracee.numbers("tids")[0]
    says(env.tool.refuse(NOTHING, "-p", tid), tid, "thread", tracee.pid)


def case_kernel_thread(env: Env) -> None:
    found = [int(p) for p in os.listdir("/proc") if p.isdigit()
             and proc_text(f"{p}/status").find("\nKthread:\t1") >= 0]
    if not found and proc_text("2/comm").strip() == "kthreadd":
        found = [2]
    if not found:
        skip("no kernel thread can be seen here")
    says(env.tool.refuse(NOTHING, "-p", found[0]), found[0], "kernel thread")


def case_zombie(env: Env) -> None:
    zombie = subprocess.Popen(["/bin/true"])
    try:
        wait_until(lambda: ") Z " in proc_text(f"{zombie.pid}/stat"), "the zombie is one")
        says(env.tool.refuse(NOTHING, "-p", zombie.pid), zombie.pid, "zombie")
        env.tool.show("-a")
    finally:
        zombie.wait()


def case_no_such_file(env: Env) -> None:
    says(env.tool.refuse(NOTHING, env.tmp / "gone"), env.tmp / "gone", "no such file")


def case_file_that_nobody_maps(env: Env) -> None:
    (env.tmp / "f").write_bytes(b"x" * 4096)
    says(env.tool.refuse(NOTHING, env.tmp / "f"), env.tmp / "f", "no process", "map")


def case_a_process_where_a_file_belongs(env: Env) -> None:
    """`show 4242`: the number is no file, and -p is what was meant."""
    pid = os.getpid()
    expect(not os.path.exists(str(pid)), "no file of that name is here")
    says(env.tool.refuse(NOTHING, pid), f"{pid}: no such file", f"-p {pid}")


def case_nobody_may_be_looked_at(env: Env) -> None:
    """With -a as well it says of one of them why; where nobody is, it says that."""
    if os.geteuid():
        skip("to become another user takes root")
    nobody_else = ("setpriv", "--reuid=64042", "--regid=64042", "--clear-groups")
    line = copy_of_tool(env).refuse(NOTHING, "-a", prefix=nobody_else)
    says(line, "no process could be looked at", "not permitted", "uid")
    alone = ["unshare", "--pid", "--fork", "--mount-proc"]
    if subprocess.run([*alone, "true"], check=False, capture_output=True).returncode:
        skip("no PID namespace can be made here")
    says(env.tool.refuse(NOTHING, "-a", prefix=alone), "no other process", "PID namespace")


def case_directory(env: Env) -> None:
    says(env.tool.refuse(NOTHING, env.tmp), env.tmp, "directory")


def case_not_a_file(env: Env) -> None:
    """What cannot be mapped, or opening which would hang."""
    os.mkfifo(env.tmp / "fifo")
    for path in (env.tmp / "fifo", Path("/dev/null"), Path("/proc/self/maps")):
        result = env.tool.run("show", path)
        expect_equal(result.status, NOTHING, f"status of show {path} ({result!r})")
        says(result.err, "robtrace: ", path)


def case_some_refused(env: Env) -> None:
    """What can be looked at is shown; the rest is warned of, one line each and a sum."""
    tracee = env.tracee("contend", env.tmp / "f", 0)
    (env.tmp / "g").write_bytes(b"x")
    for args, refused in ((("-p", f"{tracee.pid},{no_pid()}"), [no_pid()]),
                          (("-p", no_pid(), "-p", tracee.pid, "-p", no_pid() + 1),
                           [no_pid(), no_pid() + 1]),
                          ((env.tmp / "f", env.tmp / "gone", env.tmp / "g"),
                           [env.tmp / "gone", env.tmp / "g"])):
        result = env.tool.show("-J", *args)
        lines = result.err.splitlines()
        expect_equal([line for line in lines if not line.startswith("robtrace: ")], [], "stderr")
        for target in refused:
            expect_equal(len([line for line in lines if str(target) in line]), 1,
                         f"lines about {target}, of {lines}")
        expect(len(lines) <= len(refused) + 1, f"warnings of {args}: {lines}")
    doc = env.tool.show_json("-p", f"{tracee.pid},{no_pid()}")
    held(doc, tracee.pid, tracee.number("word"))
    expect_equal([s["pid"] for s in doc["skipped"]], [no_pid()], "skipped")
    expect(doc["skipped"][0]["why"], "skipped says why")


def case_all_refused(env: Env) -> None:
    result = env.tool.run("show", "-p", f"{no_pid()},{no_pid() + 1}")
    expect_equal((result.status, len(result.err.splitlines())), (NOTHING, 2), "status, lines")


def copy_of_tool(env: Env) -> Tool:
    """Where another user can run it."""
    if os.geteuid() != 0:
        skip("only root can become another user")
    return Tool(Path(shutil.copy(env.tool.path, env.tmp / "robtrace")))


def as_user(*capabilities: str) -> tuple[str, ...]:
    """A prefix: run as nobody, with these capabilities only."""
    caps = ["--inh-caps=-all" + "".join(f",+{c}" for c in capabilities)]
    caps += ["--ambient-caps=" + ",".join(f"+{c}" for c in capabilities)] if capabilities else []
    return ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *caps)


def case_not_permitted(env: Env) -> None:
    """Another user's process: the line says which right is missing."""
    tool = copy_of_tool(env)
    tracee = env.tracee("contend", env.tmp / "f", 0)
    line = tool.refuse(NOTHING, "-p", tracee.pid, prefix=as_user())
    says(line, tracee.pid, "CAP_SYS_PTRACE", "user")


def case_no_right_to_see_waiters(env: Env) -> None:
    """CAP_SYS_PTRACE alone shows lists; /proc/PID/syscall wants CAP_DAC_READ_SEARCH too."""
    tool = copy_of_tool(env)
    tracee = env.tracee("contend", env.tmp / "f", 1)
    result = tool.show("-p", tracee.pid, prefix=as_user("sys_ptrace"))
    says(result.out + result.err, "CAP_DAC_READ_SEARCH")
    doc = tool.show_json("-p", tracee.pid, prefix=as_user("sys_ptrace"))
    expect_equal(entries(doc, tracee.pid)[tracee.number("word")]["owner"], tracee.pid, "owner")


def case_with_both_rights(env: Env) -> None:
    tool = copy_of_tool(env)
    tracee = env.tracee("contend", env.tmp / "f", 1)
    prefix = as_user("sys_ptrace", "dac_read_search")
    result = tool.show("-J", "-p", tracee.pid, prefix=prefix)
    expect_equal(result.err, "", "stderr")
    lock = held(tool.show_json("-p", tracee.pid, prefix=prefix), tracee.pid, tracee.number("word"))
    expect_equal(waiter_tids(lock), tracee.numbers("waiters"), "waiters")


def case_own_process_of_a_user(env: Env) -> None:
    """Without any right one can still look at one's own."""
    tool = copy_of_tool(env)
    program = shutil.copy(env.program_of("contend"), env.tmp / "contend")
    (env.tmp / "f").touch()
    (env.tmp / "f").chmod(0o666)
    (env.tmp / "tracees").mkdir()
    os.rename(program, env.tmp / "tracees/contend")
    env.tracees = env.tmp / "tracees"
    mine = env.tracee("contend", env.tmp / "f", 1, prefix=as_user())
    lock = held(tool.show_json("-p", mine.pid, prefix=as_user()), mine.pid, mine.number("word"))
    expect_equal(waiter_tids(lock), mine.numbers("waiters"), "waiters")
    result = tool.show("-a", prefix=as_user())
    expect(str(mine.pid) in result.out, "-a shows it")
    expect(len(result.err.splitlines()) <= 1, f"the others are summed up in a line: {result.err}")
    said = (result.out + result.err).lower()
    expect("not readable" in said or "not permitted" in said, f"it says that there are: {said}")


if __name__ == "__main__":
    main()
