# SPDX-License-Identifier: GPL-2.0-or-later
"""`robtrace trace` as the cases run it: with a log of its own, and an end that cannot be missed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections import Counter
from typing import Any, Iterable, Sequence

from harness import DEADLINE, Env, children_of, expect, expect_equal, fail, proc_text, wait_until

LEASH = ("/usr/bin/setpriv", "--pdeathsig", "KILL")


def alive(pid: int) -> bool:
    state = proc_text(f"{pid}/stat").rpartition(")")[2].split()
    return bool(state) and state[0] not in "ZX"


class Trace:
    """A trace that runs, in a session of its own: all that is left of it dies with the case."""

    def __init__(self, env: Env, *args: object, prefix: Sequence[object] = (), json: bool = True,
                 log: bool = True, environ: dict[str, str] | None = None, stdin: bytes | None = b"",
                 ignored: Sequence[int] = ()) -> None:
        """stdin: what there is to read; None: nothing, and no end of it."""
        number = len(env.started)
        self.log = env.tmp / f"trace-{number}.log"
        self.out_path = env.tmp / f"trace-{number}.out"
        self.err_path = env.tmp / f"trace-{number}.err"
        options = [*(("-o", self.log) if log else ()), *(("-J",) if json else ())]
        argv = [os.fspath(a) if isinstance(a, (os.PathLike, bytes)) else str(a)
                for a in (*prefix, env.tool.path, "trace", *options, *args)]
        self.argv = argv
        in_path = env.tmp / f"trace-{number}.in"
        in_path.write_bytes(stdin or b"")
        with open(in_path, "rb") as inp, open(self.out_path, "wb") as out, \
                open(self.err_path, "wb") as err:
            self.popen = subprocess.Popen(
                argv, stdin=subprocess.PIPE if stdin is None else inp, stdout=out, stderr=err, start_new_session=True,
                env=None if environ is None else {**os.environ, **environ},
                preexec_fn=lambda: [signal.signal(n, signal.SIG_IGN) for n in ignored]
                if ignored else None)
        self.pid = self.popen.pid
        env.started.append(self)  # type: ignore[arg-type]

    @property
    def out(self) -> str:
        return self.out_path.read_text(errors="surrogateescape")

    @property
    def err(self) -> str:
        return self.err_path.read_text(errors="surrogateescape")

    @property
    def text(self) -> str:
        """The log so far."""
        return self.log.read_text(errors="surrogateescape") if self.log.exists() else ""

    def lines(self) -> list[str]:
        return self.text.splitlines()

    def events(self, *kinds: str) -> list[dict[str, Any]]:
        """The whole lines so far, of these kinds, or all."""
        whole = self.text.rpartition("\n")[0]
        found = [json.loads(line) for line in whole.splitlines()]
        return [e for e in found if not kinds or e.get("kind") in kinds]

    def calls(self, name: str | None = None) -> list[dict[str, Any]]:
        return [e["call"] for e in self.events("call-exit")
                if name is None or e["call"]["name"] == name]

    def await_event(self, kind: str, count: int = 1) -> list[dict[str, Any]]:
        def enough() -> list[dict[str, Any]]:
            found = self.events(kind)
            if len(found) < count and self.popen.poll() is not None:
                fail(f"{self.argv} ended ({self.popen.returncode}) before {kind}: {self.err}")
            return found if len(found) >= count else []
        found: list[dict[str, Any]] = wait_until(enough, f"{self.argv} tells of {kind}")
        return found

    def tracer(self) -> int:
        """The PID of the process that traces."""
        return next(iter(children_of(self.pid)), self.pid)

    def signal(self, number: int) -> None:
        self.popen.send_signal(number)

    def wait(self, timeout: float = DEADLINE) -> int:
        """Its status as Python gives it: negative for a signal."""
        try:
            return self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            fail(f"{self.argv} did not end in {timeout:.0f} s; log: {self.text[-1500:]!r}, "
                 f"stderr {self.err[-500:]!r}")

    def expect_status(self, wanted: int, timeout: float = DEADLINE) -> Trace:
        got = self.wait(timeout)
        expect_equal(got, wanted, f"status of {self.argv} ({self.err[-500:]!r})")
        return self

    def close(self) -> None:
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except OSError:
            pass
        self.popen.kill()
        self.popen.wait()
        if self.popen.stdin:
            self.popen.stdin.close()


def traced(env: Env, *args: object, status: int = 0, timeout: float = DEADLINE,
           **options: Any) -> Trace:
    """A trace that ran to its end, with this status."""
    return Trace(env, *args, **options).expect_status(status, timeout)


def attached(env: Env, *pids: int, args: Sequence[object] = (), **options: Any) -> Trace:
    """A trace of running processes, once it has them all."""
    trace = Trace(env, *args, "-p", ",".join(map(str, pids)), **options)

    def has_all() -> bool:
        if trace.popen.poll() is not None:
            fail(f"{trace.argv} ended ({trace.popen.returncode}): {trace.err}")
        return all(tracers_of(pid) == {trace.pid} for pid in pids)
    wait_until(has_all, f"{trace.argv} is attached")
    return trace


def tracers_of(pid: int) -> set[int]:
    """Of each thread that lives; 0 where nobody traces it."""
    found = set()
    for tid in os.listdir(f"/proc/{pid}/task"):
        fields = dict(line.split(":", 1) for line in
                      proc_text(f"{pid}/task/{tid}/status").splitlines() if ":" in line)
        if fields and fields["State"].strip()[0] not in "ZX":
            found.add(int(fields["TracerPid"]))
    return found


def untraced(*argv: object, status: int = 0, stdin: bytes = b"",
             environ: dict[str, str] | None = None) -> str:
    """What a command says without us."""
    done = subprocess.run([*LEASH, *map(os.fspath, map(str, argv))], input=stdin, timeout=DEADLINE,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False,
                          env=None if environ is None else {**os.environ, **environ})
    expect_equal(done.returncode, status, f"status of {argv}, untraced")
    return done.stdout.decode(errors="surrogateescape")


def names(calls: Iterable[dict[str, Any]]) -> Counter[str]:
    return Counter(call["name"] for call in calls)


def check_ends(trace: Trace) -> None:
    """Every task that was born has ended, and none twice."""
    born = {e["new_tid"] for e in trace.events("new-task")}
    ended = Counter(e["tid"] for e in trace.events("exited", "killed"))
    missing = born - set(ended)
    expect(not missing, f"no end was told of {sorted(missing)[:5]} of {len(born)}")


