# SPDX-License-Identifier: GPL-2.0-or-later
"""How `robtrace trace` ends, and what it says where it cannot begin."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import signal
import subprocess
from pathlib import Path

from harness import PYTHON, Env, children_of, expect, expect_equal, main, skip, wait_until
from tracing import Trace, alive, traced

FAILED, USAGE, OUTPUT = 1, 2, 3
WAYS: tuple[tuple[str, ...], ...] = ((), ("--no-seccomp",), ("-f",), ("-c",), ("-D",))


def refused(env: Env, status: int, *args: object, says: tuple[object, ...] = (),
            **options: object) -> str:
    """One line on standard error that says these things, and this status."""
    trace = Trace(env, *args, log=False, json=False, **options)  # type: ignore[arg-type]
    trace.expect_status(status)
    lines = trace.err.splitlines()
    expect(len(lines) == 1 and lines[0].startswith("robtrace: "),
           f"{args}: want one line from robtrace, got {trace.err!r}")
    for text in says:
        expect(str(text) in lines[0], f"{text} in {lines[0]!r}")
    expect_equal(trace.out, "", "stdout")
    return lines[0]


def case_exit_status(env: Env) -> None:
    for way in WAYS:
        for status in (0, 1, 2, 3, 77, 126, 127, 128, 137, 255):
            traced(env, *way, "sh", "-c", f"exit {status}", status=status)


def case_death_by_signal(env: Env) -> None:
    for way in WAYS:
        for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT,
                       signal.SIGSEGV, signal.SIGABRT, signal.SIGUSR1, signal.SIGPIPE, 40):
            traced(env, *way, "bash", "-c", f"kill -{int(number)} $$", status=-number)


def case_no_core_of_ours(env: Env) -> None:
    """The command dumps where it may; robtrace dies of the same signal and does not."""
    code = "import os, resource as r; r.setrlimit(r.RLIMIT_CORE, (-1, -1)); os.abort()"
    status = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY if status[1] == -1
                                              else status[1], status[1]))
    try:
        trace = Trace(env, PYTHON, "-I", "-c", code)
        _, raw = os.waitpid(trace.pid, 0)
        trace.popen.returncode = os.waitstatus_to_exitcode(raw)
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, status)
    expect_equal(os.WTERMSIG(raw), signal.SIGABRT, "signal of robtrace")
    expect(not os.WCOREDUMP(raw), "robtrace dumped no core")


def case_signals_are_passed_on(env: Env) -> None:
    """SIGTERM and others to robtrace are the command's; it decides."""
    script = "trap 'echo term; exit 9' TERM; trap 'echo hup; exit 8' HUP; echo up; " \
             "trap 'echo int; exit 7' INT; while :; do read -t 0.05 x <> <(:); done"
    for number, status, text in ((signal.SIGTERM, 9, "term"), (signal.SIGHUP, 8, "hup"),
                                 (signal.SIGINT, 7, "int")):
        for way in ((), ("--no-seccomp",)):
            trace = Trace(env, *way, "bash", "-c", script)
            wait_until(lambda: trace.out, "the command is up")
            trace.signal(number)
            trace.expect_status(status)
            expect_equal(trace.out, f"up\n{text}\n", f"output with {way}")
    # By default they end it, and us with the same signal.
    trace = Trace(env, "sh", "-c", "echo up; exec sleep 60")
    wait_until(lambda: trace.out, "the command is up")
    trace.signal(signal.SIGTERM)
    trace.expect_status(-signal.SIGTERM)


def case_the_second_signal_leaves(env: Env) -> None:
    """A command that ignores SIGTERM goes on, and is let go when we are told twice."""
    script = "trap '' TERM; echo $$; read x; echo $x; exec sleep 60"
    for way in ((), ("--no-seccomp",)):
        fifo = env.tmp / f"fifo{len(way)}"
        os.mkfifo(fifo)
        trace = Trace(env, *way, "sh", "-c", f"exec < {fifo}; {script}")
        with open(fifo, "w", encoding="ascii") as pipe:
            wait_until(lambda: trace.out, "the command is up")
            pid = int(trace.out)
            trace.signal(signal.SIGTERM)
            wait_until(lambda: trace.events("signal"), "it is passed on")
            expect(trace.popen.poll() is None, "the trace goes on")
            trace.signal(signal.SIGTERM)
            trace.expect_status(0)
            expect(alive(pid), "the command goes on")
            pipe.write("later\n")
        wait_until(lambda: trace.out == f"{pid}\nlater\n", "it does what it did")
        os.kill(pid, signal.SIGKILL)


def case_keys_of_the_terminal(env: Env) -> None:
    """Ctrl-C goes to all in the foreground: the command decides, and gets it once."""
    code = ("import os, pty, signal, subprocess, sys\n"
            "pid, fd = pty.fork()\n"
            "if pid == 0: os.execv(sys.argv[1], sys.argv[1:])\n"
            "got = b''\n"
            "while b'up' not in got: got += os.read(fd, 1000)\n"
            "os.write(fd, b'\\x03')\n"
            "try:\n"
            "    while True:\n"
            "        more = os.read(fd, 1000)\n"
            "        if not more: break\n"
            "        got += more\n"
            "except OSError: pass\n"
            "print(got.count(b'int'), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))\n")
    # Not bash: a SIGINT in the moment between two commands can have it kill itself without end.
    script = ("import signal, subprocess, sys, time\n"
              "got = []\n"
              "signal.signal(2, lambda *_: got.append('int'))\n"
              "print('up', flush=True)\n"
              "while not got: time.sleep(0.05)\n"
              "for _ in range(5): subprocess.run('true')\n"
              "print(*got)\n"
              "sys.exit(6)\n")
    for way in ((), ("--no-seccomp",)):
        done = subprocess.run(
            [PYTHON, "-I", "-c", code, env.tool.path, "trace", *way, "-o", env.tmp / "log",
             PYTHON, "-I", "-c", script], capture_output=True, text=True, timeout=60, check=True)
        expect_equal(done.stdout, "1 6\n", f"times and status with {way}")


def case_command_not_found(env: Env) -> None:
    for way in WAYS:
        refused(env, 127, *way, "no-such-command", says=("no-such-command", "not found"))
        refused(env, 127, *way, "/no/such/file", says=("/no/such/file", "not found"))
        refused(env, 126, *way, "/etc/passwd", says=("/etc/passwd", "Permission denied"))
        refused(env, 126, *way, "/", says=("/", "Permission denied"))
    bad = env.tmp / "bad"
    bad.write_text("#!/no/such/interpreter\n")
    bad.chmod(0o755)
    refused(env, 127, bad, says=(bad,))
    # A script without #! is run by the shell, as execvp does it.
    plain = env.tmp / "plain"
    plain.write_text("exit 12\n")
    plain.chmod(0o755)
    traced(env, plain, status=12)


def case_traced_ourselves(env: Env) -> None:
    """strace -f takes our child before we can: then its name stands in the one line."""
    strace = shutil.which("strace") or skip("strace is not here")
    log = env.tmp / "strace.log"
    # The search for leaks cannot be traced.
    environ = {"ASAN_OPTIONS": f"{os.environ.get('ASAN_OPTIONS', '')}:detect_leaks=0"}
    line = refused(env, 1, "true", prefix=(strace, "-f", "-qq", "-o", log), says=("strace (",),
                   environ=environ)
    expect("strace without -f" in line, line)


def case_no_seccomp_here(env: Env) -> None:
    """It says so in a line and traces all the same."""
    for error in (errno.EINVAL, errno.ENOSYS, errno.EPERM, errno.EACCES):
        trace = traced(env, "sh", "-c", "exit 9", status=9,
                       prefix=(env.program_of("own_filter"), "without", error))
        lines = trace.err.splitlines()
        expect(len(lines) == 1 and "seccomp is not to be had here" in lines[0], f"{trace.err!r}")
        expect_equal(len(trace.calls("set_robust_list")), 1, "calls")


def case_kernel_that_does_not_tell_of_calls(env: Env) -> None:
    """As before Linux 5.3: what still works does, what does not is refused, each in one line."""
    blind = (env.program_of("own_filter"), "blind")
    command = ("sh", "-c", "exit 9")
    for way in ((), ("--no-seccomp",)):
        trace = traced(env, *way, *command, status=9, prefix=blind)
        notes = [e["text"] for e in trace.events("note")]
        expect(len(notes) == 1 and "PTRACE_GET_SYSCALL_INFO" in notes[0], f"notes: {notes}")
        expect_equal((trace.events("exited")[0]["status"], trace.err), (9, ""), "its end")
        refused(env, 1, "--emulate", "-o", env.tmp / "log", *way, *command, prefix=blind,
                says=("emulated", "PTRACE_GET_SYSCALL_INFO"))


def case_nothing_to_trace(env: Env) -> None:
    for args in ((), ("-f",), ("-p",), ("-p", "1", "true"), ("-p", "nonsense"), ("-p", "0"),
                 ("-p", "-5"), ("-e", "nonsense", "true"), ("-e", "", "true"),
                 ("-e", "lists,", "true"), ("--api", "v7", "true"), ("--api-nr", "x", "true"),
                 ("--api-nr", "470,470", "true"), ("--api-nr", "-1", "true"), ("-s", "x", "true"),
                 ("--snapshot-interval", "0", "true"), ("--snapshot-interval", "x", "true"),
                 ("--color=some", "true"), ("-Z", "true"), ("--no-such", "true"),
                 ("--inject-filter", "true"), ("-D", "-p", os.getpid())):
        line = refused(env, USAGE, *args)
        for arg in args:
            if arg in ("nonsense", "v7", "-Z", "--no-such", "some"):
                expect(arg in line, f"{arg} in {line!r}")
    line = refused(env, USAGE, "-e", "nonsense", "true")
    for event in ("lists", "futex", "life", "mmap", "all"):
        expect(event in line, f"{event} in {line!r}")
    line = refused(env, USAGE, "--api", "nonsense", "true")
    for revision in ("lpc2025", "steamos", "v6", "v5"):
        expect(revision in line, f"{revision} in {line!r}")


def case_process_is_gone(env: Env) -> None:
    gone = int(Path("/proc/sys/kernel/pid_max").read_text()) + 1
    refused(env, FAILED, "-p", gone, says=(gone, "no such process"))
    with subprocess.Popen(["true"]) as child:
        wait_until(lambda: not alive(child.pid), "a zombie")
        refused(env, FAILED, "-p", child.pid, says=(child.pid,))
    tracee = env.tracee("asleep")
    refused(env, FAILED, "-p", f"{tracee.pid},{gone}", says=(gone,))
    tracee.check_alive()


def case_kernel_thread(env: Env) -> None:
    threads = [pid for pid in children_of(2)] if Path("/proc/2/comm").exists() else []
    if not threads or Path("/proc/2/comm").read_text() != "kthreadd\n":
        skip("no kernel thread is to be seen here")
    refused(env, FAILED, "-p", threads[0], says=(threads[0],))


def case_log_cannot_be_written(env: Env) -> None:
    proof = env.tmp / "proof"
    for path in ("/no/such/folder/log", "/", env.tmp):
        refused(env, OUTPUT, "-o", path, "touch", proof, says=(path, "cannot write"))
    expect(not proof.exists(), "the command was not started")
    if os.getuid():
        refused(env, OUTPUT, "-o", "/proc/version", "true", says=("/proc/version",))


def case_full_disk(env: Env) -> None:
    """Told, with a status; the command runs to its end all the same."""
    proof = env.tmp / "proof"
    for options in ((), ("-J",), ("-c",), ("-f", "--no-seccomp")):
        proof.unlink(missing_ok=True)
        trace = Trace(env, *options, "-o", "/dev/full", "sh", "-c", f"true; echo a > {proof}",
                      log=False, json=False)
        trace.expect_status(OUTPUT)
        expect("/dev/full: cannot write the log: No space left" in trace.err, f"{trace.err!r}")
        wait_until(lambda: proof.exists() and proof.read_text() == "a\n", "the command ends")


def case_standard_error_is_a_closed_pipe(env: Env) -> None:
    read, write = os.pipe()
    os.close(read)
    proof = env.tmp / "proof"
    done = subprocess.run([env.tool.path, "trace", "sh", "-c", f"exec 2>&-; echo a > {proof}"],
                          stderr=write, timeout=60, check=False)
    os.close(write)
    expect_equal(done.returncode, OUTPUT, "status")
    wait_until(proof.exists, "the command ends")


def case_daemonized(env: Env) -> None:
    """-D: the command is the caller's own child, with its PID."""
    trace = Trace(env, "-D", "sh", "-c", "echo $$ $PPID; exit 3")
    trace.expect_status(3)
    expect_equal(trace.out.split(), [str(trace.pid), str(os.getpid())], "PID and parent")
    wait_until(lambda: trace.events("exited"), "its end is in the log")
    trace = Trace(env, "sh", "-c", "echo $$ $PPID")
    trace.expect_status(0)
    expect(trace.out.split()[0] != str(trace.pid), "without -D it is a grandchild")


if __name__ == "__main__":
    main()
