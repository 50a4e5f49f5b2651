# SPDX-License-Identifier: GPL-2.0-or-later
"""What is written, where, and how: table, columns, colours, hostile names, write errors."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import termios
from pathlib import Path

from harness import Env, Result, Tracee, expect, expect_equal, main

COLUMNS = ["LOCK", "STATE", "OWNER", "WAITERS", "KIND", "NAME", "PATH", "OFFSET", "ADDRESS",
           "ENTRY", "WORD", "OWNER-TID", "NWAITERS", "PID", "DEV", "INODE", "MEMORY", "BITS",
           "LIBC", "COUNT", "PI"]
DEFAULT = COLUMNS[:5]
WRITE_ERROR = 3
ESC = "\x1b"


def rows(result: Result) -> list[str]:
    """The table: what comes before the first empty line."""
    lines = result.out.splitlines()
    return lines[:lines.index("")] if "" in lines else lines


def held_file(env: Env, name: str = "f", waiters: int = 1) -> tuple[Tracee, Path]:
    return env.tracee("contend", "-o", 64, env.tmp / name, waiters), env.tmp / name


def on_terminal(env: Env, *args: object, columns: int = 80, **variables: str) -> str:
    """What the tool writes when stdout is a terminal."""
    master, slave = pty.openpty()
    try:
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        wanted = {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **variables}
        result = env.tool.run("show", *args, stdout=slave, env=wanted)
        expect_equal(result.status, 0, f"status ({result!r})")
        os.set_blocking(master, False)
        out = b""
        try:
            while chunk := os.read(master, 65536):
                out += chunk
        except BlockingIOError:
            pass
    finally:
        os.close(slave)
        os.close(master)
    return out.decode().replace("\r\n", "\n")


def case_table(env: Env) -> None:
    tracee, path = held_file(env)
    waiter = tracee.numbers("waiters")[0]
    header, *body = rows(env.tool.show(path))
    expect_equal(header.split(), DEFAULT, "header")
    expect_equal(len(body), 1, f"rows of {body}")
    for text in (f"{path}+0x40", "held", f"{tracee.pid} contend", f"{waiter} contend",
                 "robust,shared"):
        expect(text in body[0], f"{text} in {body[0]!r}")


def case_closing_line(env: Env) -> None:
    """The last line says what was looked at."""
    _, path = held_file(env)
    last = env.tool.show(path).out.splitlines()[-1]
    expect(re.search(r"\d+ process.*\d+ thread", last), f"last line {last!r}")


def case_no_heading(env: Env) -> None:
    tracee, path = held_file(env)
    lines = rows(env.tool.show("-n", path))
    expect_equal(len(lines), 1, f"rows of {lines}")
    expect(str(tracee.pid) in lines[0] and "OWNER" not in lines[0], "the row")


def case_columns_for_scripts(env: Env) -> None:
    """-n -r -o: fields between single spaces, spaces in names escaped, nothing else."""
    tracee, path = held_file(env, "with space", 2)
    columns = "STATE,OWNER-TID,NWAITERS,OFFSET,INODE,ADDRESS,WORD,PATH"
    for options in (("-n", "-r", "-o", columns), ("-nro", columns), ("-n", "--raw", "--output",
                                                                     columns.lower())):
        out = rows(env.tool.show(*options, path))
        expect_equal(len(out), 1, f"rows of {out}")
        fields = out[0].split(" ")
        expect_equal(fields[:3], ["held", str(tracee.pid), "2"], "state, owner, waiters")
        expect_equal(int(fields[3], 0), 64, "offset")
        expect_equal(fields[4], str(path.stat().st_ino), "inode")
        expect_equal(int(fields[5], 0), tracee.number("word"), "address")
        expect_equal(int(fields[6], 0), tracee.pid | 0x80000000, "word")
        expect_equal(fields[7:], [str(path).replace(" ", "\\x20")], "path")


def case_columns_added(env: Env) -> None:
    _, path = held_file(env)
    header = rows(env.tool.show("-o", "+PID,BITS", path))[0].split()
    expect_equal(header, [*DEFAULT, "PID", "BITS"], "header")


def case_every_column(env: Env) -> None:
    listed = env.tool.show("--list-columns").out
    tracee, path = held_file(env)
    for column in COLUMNS:
        expect(re.search(rf"^\s*{column}\b", listed, re.M), f"{column} in --list-columns")
        header, row = rows(env.tool.show("-o", f"STATE,{column}", path))
        expect_equal(header.split()[-1], column, "header")
        expect("held" in row, f"row with {column}: {row}")
    names = set(re.findall(r"^\s*([A-Z][A-Z-]+)\b", listed, re.M))
    expect(set(COLUMNS) <= names, f"--list-columns: {names}")
    values = {"BITS": "64", "LIBC": "glibc", "NWAITERS": "1", "MEMORY": "file", "STATE": "held",
              "PATH": str(path), "OWNER-TID": str(tracee.pid), "KIND": "robust,shared"}
    for column, value in values.items():
        expect_equal(rows(env.tool.show("-n", "-r", "-o", column, path)), [value], column)


def case_lists_of_threads(env: Env) -> None:
    tracee = env.tracee("kinds")
    out = env.tool.show("-l", "-p", tracee.pid).out
    entry = f"{tracee.number('normal') + 32:#x}"
    for text in ("-32", "complete", entry, f"{tracee.pid} kinds", "robust", "64-bit"):
        expect(text in out, f"{text} in {out!r}")


def case_ascii_where_there_is_no_utf8(env: Env) -> None:
    tracee = env.tracee("kinds")
    for args in (("-l", "-p", tracee.pid), ("-p", tracee.pid)):
        result = env.tool.show(*args, env={"LC_ALL": "C"})
        expect(all(byte < 0x80 for byte in result.raw), "only ASCII")
        expect(str(tracee.pid) in result.out, "the process is shown")


def case_not_truncated(env: Env) -> None:
    _, path = held_file(env, "n" * 200)
    expect(str(path) in env.tool.show("-u", path).out, "the whole path with -u")
    expect(str(path) in on_terminal(env, "-u", path).replace("\n", ""), "-u on a terminal")
    expect(str(path) in env.tool.show("-n", "-r", "-o", "PATH", path).out, "with -r")


def case_fits_the_terminal(env: Env) -> None:
    _, path = held_file(env, "n" * 200)
    for columns in (80, 120):
        text = on_terminal(env, "--color=never", path, columns=columns)
        table = text.split("\n\n")[0].splitlines()
        expect(max(map(len, table)) <= columns, f"width of {table}")
        expect("held" in text, "the state is still there")


def case_colours(env: Env) -> None:
    path = env.tmp / "f"
    env.tracee("owner_died", "-i", path, 1)  # what is well has no colour
    expect(ESC not in env.tool.show(path).out, "no colours in a pipe")
    expect(ESC in env.tool.show("--color=always", path).out, "--color=always")
    expect(ESC in env.tool.show("--color", path).out, "--color alone means always")
    expect(ESC in on_terminal(env, path), "colours on a terminal")
    expect(ESC not in on_terminal(env, path, NO_COLOR="1"), "NO_COLOR")
    expect(ESC in on_terminal(env, path, NO_COLOR=""), "an empty NO_COLOR does not count")
    expect(ESC not in on_terminal(env, "--color=never", path), "--color=never")
    expect(ESC not in on_terminal(env, path, TERM="dumb"), "a dumb terminal")
    forced = env.tool.show("--color=always", path, env={"NO_COLOR": "1"}).out
    expect(ESC in forced, "an option is stronger than NO_COLOR")
    expect(ESC not in env.tool.show("--color=auto", path).out, "--color=auto in a pipe")
    json.loads(env.tool.show("-J", "--color=always", path).out)


def case_nothing_to_show(env: Env) -> None:
    """A process without locks is no error."""
    tracee = env.tracee("many", 0)
    result = env.tool.show("-p", tracee.pid)
    expect_equal(result.err, "", "stderr")
    doc = env.tool.show_json("-p", tracee.pid)
    expect_equal((doc["problems"], doc["skipped"], doc["waits"], doc["locks"]), ([], [], [], []),
                 "the arrays")
    expect_equal([t["tid"] for t in doc["tasks"]], [tracee.pid], "tasks")


def clean(raw: bytes) -> str:
    """Checks that a terminal cannot be harmed by it."""
    bad = sorted({byte for byte in raw if (byte < 0x20 and byte != 0x0A) or byte == 0x7F})
    expect(not bad, f"control bytes {bad} in {raw!r}")
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        expect(False, f"{error} in {raw!r}")
    c1 = sorted({char for char in text if 0x80 <= ord(char) <= 0x9F})
    expect(not c1, f"C1 control characters {c1!r} in {raw!r}")
    return text


def case_hostile_names(env: Env) -> None:
    path = os.fsencode(env.tmp) + b"/\x1b]0;pwned\x07\x1b[2J\n\r\xff\xfe\xc2\x9b31m \xe2\x80\xae\\"
    tracee = env.tracee("hostile", path)
    waiter = tracee.numbers("waiters")[0]
    for args in ((path,), ("-p", tracee.pid), ("-l", "-p", tracee.pid), ("-r", path), ("-u", path),
                 ("-n", "-o", "LOCK,PATH,OWNER,WAITERS", path), ("-J", path)):
        for locale in ("C", "C.UTF-8"):
            result = env.tool.show(*args, env={"LC_ALL": locale})
            text = clean(result.raw)
            clean(result.err.encode(errors="surrogateescape"))
            expect(str(tracee.pid) in text, f"the owner is named: {text}")
    text = env.tool.show(path).out
    expect_equal(len(rows(Result(0, text.encode(), b""))), 2, f"one heading and one row in {text}")
    doc = env.tool.show_json("-p", tracee.pid)
    expect_equal({t["tid"] for t in doc["tasks"]}, {tracee.pid, waiter}, "tasks")


def case_hostile_arguments(env: Env) -> None:
    for args in ((b"/gone/\x1b[31m\n\xff",), ("-p", "\x1b[31m"), ("-a", "-o", "\x1b[31m\n"),
                 ("-a", "--color=\x1b[31m"), ("--\x1b[31m",)):
        result = env.tool.run("show", *args)
        expect(result.status in (1, 2), f"status {result.status}")
        clean(result.err.encode(errors="surrogateescape"))


def case_full_device(env: Env) -> None:
    tracee, path = held_file(env)
    many = env.tracee("many", 2000)
    for args in ((path,), ("-J", path), ("-l", "-p", tracee.pid), ("-p", many.pid),
                 ("-J", "-p", many.pid), ("--list-columns",), ("--help",)):
        with open("/dev/full", "wb") as full:
            result = env.tool.run("show", *args, stdout=full.fileno())
        expect_equal(result.status, WRITE_ERROR, f"status of show {args} ({result!r})")
        lines = result.err.splitlines()
        expect(len(lines) == 1 and lines[0].startswith("robtrace: ")
               and "no space left" in lines[0].lower(), f"stderr {result.err!r}")


def case_closed_pipe(env: Env) -> None:
    """Who reads has seen enough: the status says so, and no line does."""
    many = env.tracee("many", 2000)
    for args in (("-p", many.pid), ("-J", "-p", many.pid)):
        reader, writer = os.pipe()
        os.close(reader)
        try:
            result = env.tool.run("show", *args, stdout=writer)
        finally:
            os.close(writer)
        expect_equal(result.status, WRITE_ERROR, f"status of show {args} ({result!r})")
        expect_equal(result.err, "", "stderr")


def case_closed_stdout(env: Env) -> None:
    """What the tool opens must not take the place of stdout."""
    tracee, path = held_file(env)
    for args in ((path,), ("-J", "-p", tracee.pid)):
        result = env.tool.run("show", *args, prefix=("sh", "-c", 'exec "$@" >&-', "sh"))
        expect_equal(result.status, WRITE_ERROR, f"status of show {args} ({result!r})")
        expect(result.err.startswith("robtrace: "), f"stderr {result.err!r}")
    tracee.check_alive()


def case_help(env: Env) -> None:
    for args in (("--help",), ("show", "--help"), ("--version",)):
        result = env.tool.run(*args)
        expect_equal((result.status, result.err), (0, ""), f"{args}")
    text = env.tool.run("show", "--help").out
    for option in ("-p", "-a", "-l", "-J", "-o", "-n", "-r", "-u", "--list-columns", "--stop",
                   "--color", "--json", "--output"):
        expect(option in text, f"{option} in --help")


if __name__ == "__main__":
    main()
