# SPDX-License-Identifier: GPL-2.0-or-later
"""`top` as a person has it: in a terminal, with real programs."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from typing import Callable

from checking import knot, tie
from harness import (Env, Process, blocked_in_futex, expect, expect_equal, main, task_states,
                     tracer_of, wait_until)
from lmdb_writer import HEADER, new_db, writer
from terminal import Terminal, normalise


class Workload:
    """LMDB: one writer has the lock, two programs wait; a second database has a writer alone."""

    def __init__(self, env: Env) -> None:
        self.env = env
        self.db, self.other = new_db(env, "one"), new_db(env, "two")
        self.holder = writer(env, self.db)
        self.copy = env.program("mdb_copy", self.db).await_blocked()
        self.load = env.program("mdb_load", self.db)
        self.load.say(HEADER)
        self.load.await_blocked()
        self.second = writer(env, self.other)
        self.names = {self.holder.pid: "HOLDER", self.copy.pid: "COPY", self.load.pid: "LOAD",
                      self.second.pid: "SECOND"}

    def pids(self) -> str:
        return ",".join(str(pid) for pid in self.names)

    def normal(self, terminal: Terminal) -> list[str]:
        return normalise(terminal.screen(), self.names, self.env)


TITLE = " robtrace top  1 locks  2 threads  3 graph  4 problems  -p HOLDER,COPY,LOAD,SECOND  TIME"
STATUS = " every 1 s  0 problems  2 locks  4 processes  4 threads  N ms"


def expect_screen(work: Workload, terminal: Terminal, *wanted: str) -> None:
    """The rows of the view, with title and status around them."""
    rows: list[str] = []

    def look(_: str) -> bool:
        rows[:] = work.normal(terminal)
        return rows[1:-2] == list(wanted)

    terminal.wait(look, f"the rows are {wanted}")
    expect_equal((rows[0], rows[-2]), (TITLE, STATUS), "title and status")


def case_views(env: Env) -> None:
    """Each view of a live LMDB workload, as a person goes through them."""
    work = Workload(env)
    terminal = Terminal(env, 220, 40)
    terminal.top("-p", work.pids())
    expect_screen(work, terminal,
                  "LOCK  STATE  OWNER  HELD FOR  WAIT  WHERE  OWNER IS  PROCESS  WAITERS",
                  "LMDB writer  held  HOLDER mdb_load  TIME  2  TMP/one/lock.mdb+0x40  in read"
                  "  HOLDER mdb_load  COPY mdb_copy, LOAD mdb_load",
                  "LMDB writer  held  SECOND mdb_load  TIME  0  TMP/two/lock.mdb+0x40"
                  "  SECOND mdb_load")
    terminal.keys("g")
    expect_screen(work, terminal, "HOLDER mdb_load", "└─ held  LMDB writer TMP/one/lock.mdb+0x40",
                  "  ├─ COPY mdb_copy  TIME", "  └─ LOAD mdb_load  TIME")
    terminal.keys("q", "t")
    terminal.wait("list_op_pending")
    rows = work.normal(terminal)
    for row in ("▾ HOLDER mdb_load  1 thread, 1 lock on lists", "▾ COPY mdb_copy  1 thread, 0 locks "
                "on lists, 1 waiting", "  robust 64-bit  1 entry, complete  head 0xADDRESS  offset -32",
                "  held  HOLDER|WAITERS  LMDB writer TMP/one/lock.mdb+0x40  entry 0xADDRESS",
                "  waits in futex  LMDB writer TMP/one/lock.mdb+0x40  for TIME"):
        expect(row in rows, f"{row!r} in {rows}")
    terminal.keys("q", "p")
    terminal.wait("nothing is wrong")
    terminal.keys("q", "?")
    terminal.wait("freeze the picture")
    terminal.keys("q", "Enter")
    terminal.wait("2 threads wait")
    rows = work.normal(terminal)
    for row in ("owner  HOLDER mdb_load (in read)", "kind  robust,shared", "  TID  HOLDER",
                "where  TMP/one/lock.mdb+0x40", "memory  file, device D, inode I",
                "  TIME  COPY mdb_copy  in futex", "  TIME  LOAD mdb_load  in futex"):
        expect(row in rows, f"{row!r} in {rows}")
    terminal.keys("K")
    terminal.wait("mdb_txn_begin" if "liblmdb" in terminal.screen() else "mutex_lock")
    terminal.leave()


def case_moves_searches_and_filters(env: Env) -> None:
    work = Workload(env)
    terminal = Terminal(env, 100, 30)
    terminal.top(work.db / "lock.mdb", work.other / "lock.mdb")
    terminal.wait(lambda text: text.count("LMDB writer") == 2, "two locks")
    terminal.keys("/")
    terminal.type("two/")
    terminal.wait("Search: two/")
    terminal.keys("Enter", "Enter")
    terminal.wait("Nobody waits")
    terminal.keys("q", "k", "Enter")
    terminal.wait("2 threads wait")
    terminal.keys("Escape")
    terminal.wait("WHERE")
    terminal.keys("&")
    terminal.type(f"pid:{work.copy.pid}")
    terminal.keys("Enter")
    text = terminal.wait("filter: pid:")
    expect_equal(text.count("LMDB writer"), 1, f"locks in {text}")
    terminal.keys("&", "C-u")
    terminal.type("state:nosuch")
    terminal.keys("Enter")
    terminal.wait("the filter lets nothing through")
    terminal.keys("&", "C-u", "Enter")
    terminal.wait(lambda text: text.count("LMDB writer") == 2, "all again")
    terminal.keys("s", "s")
    terminal.wait("STATE▼")
    terminal.keys("S")
    terminal.wait("STATE▲")
    terminal.leave()


def case_mouse(env: Env) -> None:
    work = Workload(env)
    terminal = Terminal(env, 100, 30, term="xterm")
    terminal.top("-p", work.pids())
    terminal.wait(lambda text: text.count("LMDB writer") == 2, "two locks")
    expect_equal(terminal.state("mouse_any_flag"), "1", "the mouse is asked for")

    def press(button: int, y: int, x: int) -> None:
        if terminal.state("mouse_sgr_flag") == "1":
            terminal.type(f"\033[<{button};{x + 1};{y + 1}M")
            if button < 64:  # the wheel is not let go
                terminal.type(f"\033[<{button};{x + 1};{y + 1}m")
        else:
            terminal.type(f"\033[M{chr(32 + button)}{chr(33 + x)}{chr(33 + y)}")
            if button < 64:
                terminal.type(f"\033[M{chr(32 + 3)}{chr(33 + x)}{chr(33 + y)}")

    def chosen() -> int:
        """Which line is reversed; the title, line 0, always is."""
        lines = terminal.colored().splitlines()[2:4]
        found = [number for number, line in enumerate(lines, 2) if re.search(r"\x1b\[[0-9;]*7m", line)]
        return found[0] if len(found) == 1 else 0

    press(0, 3, 5)
    wait_until(lambda: chosen() == 3, "the second lock is chosen")
    press(64, 5, 5)
    wait_until(lambda: chosen() == 2, "the wheel goes up")
    press(65, 5, 5)
    wait_until(lambda: chosen() == 3, "and down")
    press(0, 3, 5)
    terminal.wait("Nobody waits")
    press(0, 0, 18)
    terminal.wait("OWNER IS")
    press(0, 1, 15)
    terminal.wait("STATE▼")
    terminal.leave()


def case_freeze_and_delay(env: Env) -> None:
    work = Workload(env)
    terminal = Terminal(env, 100, 12)
    terminal.top("-d", "0.2", "-p", work.pids())
    terminal.wait(lambda text: text.count("LMDB writer") == 2, "two locks")
    terminal.keys("f")
    terminal.wait("FROZEN")
    work.second.kill()
    terminal.keys("j")  # it still lives
    expect_equal(terminal.screen().count("LMDB writer"), 2, "locks while it is frozen")
    terminal.keys("f")
    terminal.wait(lambda text: text.count("LMDB writer") == 1 and "every 0.2 s" in text,
                  "the picture goes on")
    terminal.keys("d", "C-u")
    terminal.type("0.5")
    terminal.keys("Enter")
    terminal.wait("every 0.5 s")
    terminal.leave()


def case_targets_that_die(env: Env) -> None:
    """One after the other; the last leaves a screen that says so, and nothing ends."""
    work = Workload(env)
    terminal = Terminal(env, 100, 30)
    terminal.top("-d", "0.1", "-p", work.pids())
    terminal.wait(lambda text: text.count("LMDB writer") == 2, "two locks")
    terminal.keys("Enter")
    terminal.wait("threads wait")
    work.holder.kill()
    terminal.wait(lambda text: f"owner     {work.holder.pid}" not in text, "another owner")
    for process in (work.copy, work.load, work.second):
        process.kill()
    terminal.wait("in this picture nobody has it")
    terminal.keys("q")
    terminal.wait("none of the processes is there any more")
    terminal.keys("j", "Enter", "g", "q", "t", "q", "p", "q", "K")
    terminal.leave()


def case_processes_that_sleep_on(env: Env) -> None:
    """Of a process that has not run only the memory is read again: what others do to it is seen."""
    db = new_db(env)
    holder = writer(env, db)
    first = env.program("mdb_copy", db).await_blocked()
    terminal = Terminal(env, 100, 30)
    terminal.top("-d", "0.1", db / "lock.mdb")
    terminal.wait("LMDB writer")
    terminal.keys("Enter")
    terminal.wait("1 thread waits")
    second = env.program("mdb_copy", db).await_blocked()
    terminal.wait("2 threads wait")
    first.kill()
    terminal.wait(lambda text: "1 thread waits" in text and f"{second.pid} mdb_copy" in text,
                  "the other one waits")
    holder.kill()
    terminal.wait(lambda text: f"{holder.pid} mdb_load" not in text.split("Since we look")[0],
                  "the lock has gone on")
    terminal.leave()


def case_deadlock_appears(env: Env) -> None:
    """While one watches: it is seen, rings once, and stays until one of the threads ends."""
    ring = [knot(env, "r0:r1"), knot(env, "r1:r0")]
    terminal = Terminal(env, 100, 16)
    terminal.top("-d", "0.1", "--bell", "-p", ",".join(str(one.pid) for one in ring))
    terminal.wait(" 0 problems")
    tie(*ring)
    terminal.wait("4 problems(1)")
    terminal.keys("p")
    terminal.wait("deadlock: 2 threads wait for each other")
    terminal.keys("Enter")
    terminal.wait("circle 1 of 1")
    looks = terminal.state("history_size")
    clock = terminal.lines()[0][-9:]
    terminal.wait(lambda text: text.splitlines()[0][-9:] != clock, f"looks after {looks}")
    # What the pane prints reaches this file in its own time.
    wait_until(lambda: b"\a" in terminal.raw.read_bytes(), "it rings")
    expect_equal(terminal.raw.read_bytes().count(b"\a"), 1, "rings")
    ring[0].kill()
    terminal.wait(lambda text: "circle 1 of 1" not in text and "4 problems(1)" not in text,
                  "no circle any more")
    terminal.leave()


def case_what_is_wrong_stands_on_top(env: Env) -> None:
    """Above what is merely wanted, even by more: the locks of a circle, and that of a stopped owner."""
    work = Workload(env)
    waiter = env.program("mdb_copy", work.other).await_blocked()
    ring = [knot(env, "r0:r1"), knot(env, "r1:r0")]
    terminal = Terminal(env, 132, 12)
    terminal.top("-p", ",".join([work.pids(), *(str(one.pid) for one in [waiter, *ring])]))
    terminal.wait(lambda text: "/one/lock.mdb" in text.splitlines()[2], "the lock that two wait for")

    def stand(wanted: tuple[str, ...]) -> Callable[[str], bool]:
        return lambda text: all(part in line for part, line in zip(wanted, text.splitlines()[2:]))

    tie(*ring)
    terminal.wait(stand(("/f+", "/f+", "/one/lock.mdb", "/two/lock.mdb")), "the circle is on top")
    work.second.signal(signal.SIGSTOP)
    terminal.wait(stand(("/", "/", "/", "/one/lock.mdb")), "that of the stopped owner too")
    terminal.leave()


def case_resize(env: Env) -> None:
    work = Workload(env)
    terminal = Terminal(env)
    terminal.top("-p", work.pids())
    for width, height in ((40, 10), (300, 60), (80, 24), (20, 5), (3, 2), (1, 1), (80, 24)):
        terminal.resize(width, height)
        wait_until(lambda: terminal.state("window_width") == str(width), "the new size")
        if width >= 40:
            text = terminal.wait(lambda text: text.splitlines()[-1].startswith("? help")
                                 and len(text.splitlines()) == height, f"{width}x{height}")
            expect("mdb_load" in text or width == 40, text)
            expect(all(len(line) <= width for line in text.splitlines()), text)
    terminal.leave()


def case_another_size_and_back(env: Env) -> None:
    """A terminal may have lost the text though the size is as before: it is drawn anew."""
    work = Workload(env)
    terminal = Terminal(env)
    terminal.top("-d", "3600", "-p", work.pids())
    terminal.wait("LMDB writer")
    before = wait_until(lambda: terminal.raw.read_bytes().count(b"1 locks"), "the title is written")
    os.kill(terminal.pid(), signal.SIGWINCH)
    wait_until(lambda: terminal.raw.read_bytes().count(b"1 locks") > before, "it is written again")
    terminal.leave()


def case_stop_and_go_on(env: Env) -> None:
    """^Z gives the terminal back; fg takes it again; so after a SIGSTOP, that nobody can catch."""
    work = Workload(env)
    terminal = Terminal(env, 100, 30)
    terminal.top("-p", work.pids())
    terminal.wait("LMDB writer")
    pid = terminal.pid()
    for stop in ("key", "signal", "sigstop"):
        if stop == "key":
            terminal.keys("C-z")
        else:
            os.kill(pid, signal.SIGTSTP if stop == "signal" else signal.SIGSTOP)
        wait_until(lambda: task_states(pid)[pid] == "T", "it is stopped")
        # A SIGSTOP leaves no time to give back the screen: the shell writes into it.
        terminal.wait(lambda text: "Stopped" in text and PROMPT in text, "the shell goes on")
        if stop != "sigstop":
            expect_equal(terminal.state("alternate_on"), "0", "the screen of the shell")
            expect_equal(terminal.state("cursor_flag"), "1", "the cursor")
            expect_equal(terminal.state("mouse_any_flag"), "0", "the mouse")
        terminal.resize(100, 28 if stop == "key" else 30)
        terminal.command("fg")
        terminal.wait(lambda text: "LMDB writer" in text and "Enter lock" in text, "it goes on")
        expect_equal(terminal.state("alternate_on"), "1", "its screen")
        # Each key is seen to be read: one that is not would be the shell's.
        terminal.keys("End", "Enter")
        terminal.wait("Nobody waits")
        terminal.keys("q")
        terminal.wait("WHERE")
    terminal.keys("q")
    terminal.wait("status")
    expect(work.holder.check_alive(), "the targets live")


PROMPT = "ready>"
SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1,
           signal.SIGALRM, signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGRTMIN)


def case_killed(env: Env) -> None:
    """Whatever it dies of, the terminal is as before and the status tells."""
    work = Workload(env)
    terminal = Terminal(env, 100, 12)
    terminal.command("ulimit -c 0")
    sanitized = b"__asan_init" in env.tool.path.read_bytes()
    for number in SIGNALS:
        terminal.top("-p", work.pids())
        os.kill(terminal.pid(), number)
        if number == signal.SIGINT:
            # The shell ends the whole line then, and what follows is typed anew.
            terminal.wait(lambda text: text.rstrip().endswith(PROMPT), "the shell goes on")
            terminal.command('echo "status $?"; stty -g > modes.after')
        if sanitized and number in (signal.SIGSEGV, signal.SIGBUS):
            continue_after_report(terminal)
        else:
            terminal.expect_as_before(128 + number)
    expect(work.copy.check_alive() and blocked_in_futex(work.copy.pid), "the targets live on")


def continue_after_report(terminal: Terminal) -> None:
    """AddressSanitizer turns these faults into a report and a status of its own."""
    terminal.wait("status ")
    expect_equal(terminal.state("alternate_on"), "0", "the screen of the shell")
    (terminal.env.tmp / "modes.after").unlink(missing_ok=True)


def case_terminal_goes_away(env: Env) -> None:
    """The window is closed: it ends, and leaves nobody behind."""
    work = Workload(env)
    terminal = Terminal(env)
    terminal.top("-p", work.pids())
    pid = terminal.pid()
    terminal.tmux("kill-server")
    wait_until(lambda: not os.path.exists(f"/proc/{pid}") or task_states(pid) == {}
               or "Z" in task_states(pid).values(), "it has ended")


def case_refusals(env: Env) -> None:
    """Without a terminal that can be used: one clear line, nothing else."""
    held = env.tracee("contend", env.tmp / "f", 1)
    result = env.tool.run("top", "-p", held.pid)
    expect_equal((result.status, result.out), (1, ""), f"{result!r}")
    expect("standard input is no terminal" in result.err and "show -J" in result.err, result.err)
    terminal = Terminal(env, 100, 24)
    tool = env.tool.path
    refused = ((f"{tool} top < /dev/null", "standard input is no terminal"),
               (f"{tool} top | cat", "standard output is no terminal"),
               (f"TERM=nosuch {tool} top", "'nosuch' (TERM) is not known"),
               (f"TERM= {tool} top", "TERM is not set"),
               (f"TERM=dumb {tool} top", "cannot place its cursor"),
               (f"{tool} top -p 999999999", "999999999: "),
               (f"{tool} top /nosuch/file", "No such file"),
               (f"{tool} top {env.tmp}/raw*", "no process"))
    for number, (command, said) in enumerate(refused):
        terminal.command(f"clear; {command}; echo \"status ${{PIPESTATUS[0]}} of {number}\"")
        text = terminal.wait(f"status 1 of {number}\n")
        expect(said in text, f"{command}: {said!r} in {text}")
        expect_equal(text.count("robtrace: "), 1, f"{command}: one line in {text}")
        expect_equal(terminal.state("alternate_on"), "0", f"{command}: the screen of the shell")


# On the console ncurses loads libgpm, which leaks a few bytes of its own.
GPM = "ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0"


def case_terminals(env: Env) -> None:
    """Many colours, few, none; UTF-8 and ASCII."""
    work = Workload(env)
    (env.tmp / "test.ti").write_text("test-16color|xterm with 16 colours,\n"
                                     "\tcolors#16, pairs#256, use=xterm,\n")
    subprocess.run(["tic", "-o", env.tmp / "terminfo", env.tmp / "test.ti"], check=True)
    for term, locale, before, color in (("xterm-256color", "C.UTF-8", "", "38;5"),
                                        ("test-16color", "C.UTF-8", "TERMINFO=$PWD/terminfo", r"\x1b\[[0-9;]*36"),
                                        ("xterm", "C.UTF-8", "", r"\x1b\[[0-9;]*36"),
                                        ("linux", "C.UTF-8", GPM, r"\x1b\[[0-9;]*36"),
                                        ("vt100", "C.UTF-8", "", None),
                                        ("xterm-256color", "C.UTF-8", "NO_COLOR=1", None),
                                        ("xterm-256color", "C", "", "38;5")):
        terminal = Terminal(env, 100, 12, term=term, locale=locale)
        terminal.top("-p", work.pids(), before=before)
        terminal.wait(lambda text: text.count("LMDB writer") == 2, f"{term}: two locks")
        terminal.keys("j", "g")
        text = terminal.wait("held  LMDB writer")
        expect(("└─" in text) == (locale != "C"), f"{term}, {locale}: {text}")
        shown = terminal.colored()
        if color:
            expect(re.search(color, shown), f"{term}: colours in {shown!r}")
        else:
            expect(not re.search(r"\x1b\[[0-9;]*(3[0-7]|9[0-7]|4[0-7])[;m]", shown),
                   f"{term} {before}: no colours in {shown!r}")
            expect("\x1b[7m" in shown or ";7m" in shown, f"{term}: the cursor is seen in {shown!r}")
        terminal.leave()
        terminal.tmux("kill-server")


def case_export(env: Env) -> None:
    work = Workload(env)
    terminal = Terminal(env, 100, 12)
    terminal.top("-p", work.pids())
    terminal.wait("LMDB writer")
    terminal.keys("f", "e", "C-u")
    terminal.type("out.json")
    terminal.keys("Enter")
    terminal.wait("written to out.json")
    doc = json.loads((env.tmp / "out.json").read_text())
    expect_equal(sorted(lock["owner"] for lock in doc["locks"]),
                 sorted([work.holder.pid, work.second.pid]), "owners")
    terminal.leave()


def case_untouched(env: Env) -> None:
    """Nobody who sleeps is woken by being watched, not even for a stack."""
    work = Workload(env)
    processes: list[Process] = [work.holder, work.copy, work.load, work.second]

    def switches() -> list[str]:
        found = []
        for process in processes:
            with open(f"/proc/{process.pid}/status") as status:
                found.append("".join(line for line in status if "ctxt_switches" in line))
        return found

    wait_until(lambda: all(set(task_states(p.pid).values()) == {"S"} for p in processes), "all sleep")
    before = switches()
    terminal = Terminal(env, 100, 60)
    terminal.top("-d", "0.1", "-p", work.pids())
    terminal.wait("LMDB writer")
    terminal.keys("K")
    terminal.wait("waiter")
    clock = terminal.lines()[0][-9:]
    terminal.wait(lambda text: text.splitlines()[0][-9:] != clock, "more looks")
    expect_equal([tracer_of(p.pid) for p in processes], [0] * 4, "nobody is traced")
    terminal.leave()
    expect_equal(switches(), before, "how often they ran")


if __name__ == "__main__":
    main()
