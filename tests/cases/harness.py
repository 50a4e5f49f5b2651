# SPDX-License-Identifier: GPL-2.0-or-later
"""What the case tests stand on: processes that cannot outlive their case, the tool, `main()`.

A case is a function `case_NAME(env)` in a file of this folder. It starts tracees or real
programs, runs the tool and compares; expect() and the like fail it, skip() says why it cannot
run here. ROBTRACE is the binary, TRACEES the folder of the built tracees. With ROBTRACE_ABI=i386 the
tracees are those for i386, so that a case sees the same there.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from ctypes.util import find_library
from pathlib import Path
from typing import Any, Callable, NoReturn, Sequence

PYTHON = "/usr/bin/python3"
DEADLINE = 60.0  # seconds for anything that takes milliseconds on a quiet machine
I386 = os.environ.get("ROBTRACE_ABI") == "i386"
# futex, futex_waitv, futex_wait on x86-64; on i386 futex and futex_time64 have numbers of their own
FUTEX_CALLS = (202, 449, 455, 240, 422)


class Skip(Exception):
    """The case cannot run here."""


class Failure(Exception):
    """The tool did not do what it must."""


def skip(why: str) -> NoReturn:
    raise Skip(why)


def fail(why: str) -> NoReturn:
    raise Failure(why)


def expect(condition: object, what: str) -> None:
    if not condition:
        raise Failure(what)


def expect_equal(got: object, wanted: object, what: str) -> None:
    if got != wanted:
        raise Failure(f"{what}: got {got!r}, wanted {wanted!r}")


def wait_until(predicate: Callable[[], Any], what: str, deadline: float = DEADLINE) -> Any:
    """Polls until the predicate says something true, and returns that."""
    end = time.monotonic() + deadline
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > end:
            raise Failure(f"waited {deadline:.0f} s in vain until {what}")
        time.sleep(0.005)


def proc_text(path: str) -> str:
    """A file below /proc, empty where it is gone."""
    try:
        return Path("/proc", path).read_text(errors="replace")
    except OSError:
        return ""


def blocked_in_futex(pid: int, tid: int | None = None) -> bool:
    first = proc_text(f"{pid}/task/{tid or pid}/syscall").split(" ")[0]
    return first.isdigit() and int(first) in FUTEX_CALLS


def task_states(pid: int) -> dict[int, str]:
    """TID -> state letter of every thread."""
    tids = (int(t) for t in os.listdir(f"/proc/{pid}/task"))
    stats = {tid: proc_text(f"{pid}/task/{tid}/stat") for tid in tids}
    return {tid: s.rpartition(")")[2].split()[0] for tid, s in stats.items() if s}


def tracer_of(pid: int) -> int:
    for line in proc_text(f"{pid}/status").splitlines():
        if line.startswith("TracerPid:"):
            return int(line.split()[1])
    return 0


def children_of(pid: int) -> list[int]:
    found = []
    for name in os.listdir("/proc"):
        fields = proc_text(f"{name}/stat").rpartition(")")[2].split() if name.isdigit() else []
        if len(fields) > 1 and int(fields[1]) == pid:
            found.append(int(name))
    return sorted(found)


class Process:
    """A program with its stdin held open. Ends, whatever happens, with its `with` or its Env."""

    def __init__(self, argv: Sequence[object], stdout: int = subprocess.DEVNULL) -> None:
        leash = ["/usr/bin/setpriv", "--pdeathsig", "KILL"]  # dies with us; the pid stays the same
        self.argv = [os.fspath(a) if isinstance(a, (os.PathLike, bytes)) else str(a) for a in argv]
        self.popen = subprocess.Popen([*leash, *self.argv], stdin=subprocess.PIPE, stdout=stdout)
        self.pid = self.popen.pid

    def say(self, text: bytes) -> None:
        assert self.popen.stdin
        self.popen.stdin.write(text)
        self.popen.stdin.flush()

    def await_blocked(self) -> Process:
        """Until the first thread sleeps in a futex call."""
        wait_until(lambda: self.check_alive() and blocked_in_futex(self.pid),
                   f"{self.argv[0]} sleeps in a futex call")
        return self

    def check_alive(self) -> bool:
        if self.popen.poll() is not None:
            fail(f"{self.argv} ended with status {self.popen.returncode}")
        return True

    def signal(self, number: int) -> None:
        self.popen.send_signal(number)

    def kill(self) -> None:
        self.popen.kill()
        self.popen.wait()

    def close(self) -> None:
        for pipe in (self.popen.stdin, self.popen.stdout):
            try:
                if pipe:
                    pipe.close()
            except OSError:
                pass  # unsent bytes for a process that is gone
        self.kill()

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Tracee(Process):
    """A process that says `ready key=value...`; info holds what it said."""

    def __init__(self, argv: Sequence[object]) -> None:
        super().__init__(argv, stdout=subprocess.PIPE)
        try:
            self.info = self.read_ready()
        except BaseException:
            self.close()
            raise

    def read_ready(self) -> dict[str, str]:
        assert self.popen.stdout
        fd, line, end = self.popen.stdout.fileno(), b"", time.monotonic() + DEADLINE
        while not line.endswith(b"\n"):
            if not select.select([fd], [], [], max(0.0, end - time.monotonic()))[0]:
                fail(f"{self.argv}: not ready after {DEADLINE:.0f} s")
            chunk = os.read(fd, 65536)
            if not chunk:
                fail(f"{self.argv}: ended before it was ready, status {self.popen.wait()}")
            line += chunk
        words = line.decode().split()
        expect(words[:1] == ["ready"], f"{self.argv}: said {line!r}")
        return dict(word.split("=", 1) for word in words[1:])

    def number(self, key: str) -> int:
        return int(self.info[key], 0)

    def numbers(self, key: str) -> list[int]:
        return [int(n, 0) for n in self.info[key].split(",")] if self.info[key] != "-" else []

    def words(self) -> list[int]:
        """Addresses of `count` futex words, of tracees that say base and stride."""
        base, stride = self.number("base"), self.number("stride")
        return [base + i * stride for i in range(self.number("count"))]


def validator(schema_name: str) -> Any:
    """What checks documents against docs/NAME."""
    try:
        import jsonschema
    except ImportError:
        skip("python3-jsonschema is not installed")
    schema = json.loads((Path(__file__).resolve().parents[2] / "docs" / schema_name).read_text())
    chosen = jsonschema.validators.validator_for(schema)
    chosen.check_schema(schema)
    return chosen(schema)


class Result:
    def __init__(self, status: int, out: bytes, err: bytes) -> None:
        self.status, self.raw = status, out
        self.out = out.decode(errors="surrogateescape")
        self.err = err.decode(errors="surrogateescape")

    def __repr__(self) -> str:
        return f"status {self.status}, stdout {self.out[:2000]!r}, stderr {self.err[:2000]!r}"


class Tool:
    def __init__(self, path: Path) -> None:
        self.path = path

    def run(self, *args: object, prefix: Sequence[object] = (), env: dict[str, str] | None = None,
            stdout: int = subprocess.PIPE, timeout: float = DEADLINE) -> Result:
        argv = [a if isinstance(a, (str, bytes)) else str(a) for a in (*prefix, self.path, *args)]
        try:
            done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=stdout, timeout=timeout,
                                  stderr=subprocess.PIPE, check=False,
                                  env=None if env is None else {**os.environ, **env})
        except subprocess.TimeoutExpired:
            fail(f"{argv} did not end in {timeout:.0f} s")
        return Result(done.returncode, done.stdout or b"", done.stderr)

    def show(self, *args: object, **options: Any) -> Result:
        """A `show` that must end with status 0."""
        result = self.run("show", *args, **options)
        expect(result.status == 0, f"show {args}: {result!r}")
        return result

    def show_json(self, *args: object, **options: Any) -> dict[str, Any]:
        result = self.show("-J", *args, **options)
        try:
            doc = json.loads(result.raw.decode())
        except ValueError as error:
            fail(f"show -J {args}: {error}: {result!r}")
        expect_equal(doc.get("schema"), 1, "schema")
        return doc

    def refuse(self, status: int, *args: object, **options: Any) -> str:
        """A `show` that must end with this status, nothing on stdout, one line on stderr."""
        result = self.run("show", *args, **options)
        expect_equal(result.status, status, f"status of show {args} ({result!r})")
        expect_equal(result.out, "", f"stdout of show {args}")
        lines = result.err.splitlines()
        expect(len(lines) == 1 and lines[0].startswith("robtrace: "),
               f"show {args}: want one line from robtrace, got {result.err!r}")
        return lines[0]


class Env:
    """What a case gets: the tool, a folder of its own, and processes that end with it."""

    def __init__(self) -> None:
        self.tool = Tool(Path(os.environ.get("ROBTRACE", "robtrace")).absolute())
        self.tracees = Path(os.environ.get("TRACEES", "tracees")).absolute()
        self.tmp = Path(tempfile.mkdtemp(prefix="robtrace-case-"))
        self.tmp.chmod(0o755)  # some cases look at it as another user
        self.started: list[Process] = []

    def program_for_i386(self, name: str) -> Path:
        path = self.tracees / f"{name}_32"
        if not path.exists():
            if subprocess.run(["gcc", "-m32", "-x", "c", "-", "-o", "/dev/null"], check=False,
                              input=b"int main(void) { return 0; }", capture_output=True).returncode:
                skip(f"{path.name} was not built: gcc builds no programs for i386 here")
            fail(f"no tracee {path}")
        try:  # without an argument it lists what it can do
            subprocess.run([self.tracees / "broken_32"], check=True, stdout=subprocess.DEVNULL)
        except OSError as error:
            skip(f"programs for i386 do not run here: {error.strerror}")
        return path

    def program_of(self, name: str) -> Path:
        if I386:
            return self.program_for_i386(name)
        path = self.tracees / name
        if not path.exists():
            missing = {"lmdb_hold": "liblmdb", "tdb_hold": "libtdb"}.get(name)
            if missing and not find_library(missing.removeprefix("lib")):
                skip(f"{name} was not built: no {missing} here")
            if name == "boost_cxx" and not Path("/usr/include/boost/interprocess").exists():
                skip("boost_cxx was not built: no Boost.Interprocess here")
            if name.endswith("_musl") and not shutil.which("musl-gcc"):
                skip(f"{name} was not built: no musl-gcc here")
            fail(f"no tracee {path}")
        return path

    def tracee(self, name: str, *args: object, prefix: Sequence[object] = ()) -> Tracee:
        tracee = Tracee([*prefix, self.program_of(name), *args])
        self.started.append(tracee)
        return tracee

    def program(self, *argv: object) -> Process:
        if not shutil.which(str(argv[0])):
            skip(f"{argv[0]} is not installed")
        process = Process(argv)
        self.started.append(process)
        return process

    def python(self, code: str, *args: object, needs: str) -> Tracee:
        """A Python program that prints a `ready` line; -I keeps our own modules out of it."""
        found = subprocess.run([PYTHON, "-I", "-c", f"import {needs}"], capture_output=True)
        if found.returncode:
            skip(f"python3-{needs} is not installed")
        tracee = Tracee([PYTHON, "-I", "-c", code, *args])
        self.started.append(tracee)
        return tracee

    def close(self) -> None:
        for process in reversed(self.started):
            process.close()
        shutil.rmtree(self.tmp, ignore_errors=True)


def run_case(name: str, case: Callable[[Env], None]) -> int:
    env = Env()
    try:
        case(env)
    except Skip as why:
        # The virtual machine has all that is needed.
        if os.environ.get("ROBTRACE_VM"):
            print(f"FAIL {name}: cannot be run: {why}", flush=True)
            return 1
        print(f"SKIP {name}: {why}", flush=True)
        return 77
    except Failure as why:
        print(f"FAIL {name}: {why}", flush=True)
        return 1
    except Exception:
        print(f"FAIL {name}: the case itself broke", flush=True)
        traceback.print_exc()
        return 1
    finally:
        env.close()
    print(f"ok   {name}", flush=True)
    return 0


def main() -> NoReturn:
    """Runs the cases named in argv, or all: 0 ok, 1 one failed, 77 the one named was skipped."""
    module = vars(sys.modules["__main__"])
    cases = {name: value for name, value in module.items() if name.startswith("case_")}
    names = sys.argv[1:] or list(cases)
    if unknown := [name for name in names if name not in cases]:
        sys.exit(f"no such case: {', '.join(unknown)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that `finally` runs
    results = [run_case(name, cases[name]) for name in names]
    if 1 in results:
        sys.exit(1)
    sys.exit(77 if results == [77] else 0)
