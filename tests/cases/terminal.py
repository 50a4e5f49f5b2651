# SPDX-License-Identifier: GPL-2.0-or-later
"""A terminal to run `top` in: a shell in a pane of a tmux server of its own."""

from __future__ import annotations

import itertools
import os
import re
import shlex
import shutil
import subprocess
from typing import Callable

from harness import DEADLINE, Env, Process, expect, fail, skip, wait_until

PROMPT = "ready>"
_numbers = itertools.count()


class Terminal:
    """`run` types a command, `wait` looks at the screen until it is as wanted."""

    def __init__(self, env: Env, width: int = 80, height: int = 24, term: str = "screen-256color",
                 locale: str = "C.UTF-8") -> None:
        if not shutil.which("tmux"):
            skip("tmux is not installed")
        self.env = env
        self.socket = env.tmp / f"tmux{next(_numbers)}"
        # In the foreground it is our child and ends with us, whatever happens.
        self.server: Process = env.program("tmux", "-D", "-S", self.socket, "-f", "/dev/null")
        wait_until(lambda: self.server.check_alive() and self.socket.exists(), "tmux is there")
        shell = ["env", "-u", "NO_COLOR", f"TERM={term}", f"LC_ALL={locale}", f"PS1={PROMPT}",
                 "HISTFILE=", *(f"{k}={v}" for k, v in os.environ.items() if "SAN_OPTIONS" in k),
                 "bash", "--norc", "--noprofile", "-i"]
        self.tmux("new-session", "-d", "-x", str(width), "-y", str(height), "-c", str(env.tmp),
                  shlex.join(shell))
        self.tmux("set-option", "-g", "remain-on-exit", "on")
        self.raw = env.tmp / f"raw{next(_numbers)}"
        self.tmux("pipe-pane", f"cat > {shlex.quote(str(self.raw))}")
        self.wait(lambda text: PROMPT in text, "the shell is ready")

    def tmux(self, *args: str) -> str:
        done = subprocess.run(["tmux", "-S", self.socket, *args], capture_output=True, text=True,
                              timeout=DEADLINE, check=False)
        expect(done.returncode == 0, f"tmux {args}: {done.stderr}")
        return done.stdout

    def screen(self) -> str:
        return self.tmux("capture-pane", "-p")

    def lines(self) -> list[str]:
        return self.screen().splitlines()

    def colored(self) -> str:
        return self.tmux("capture-pane", "-p", "-e")

    def state(self, name: str) -> str:
        return self.tmux("display-message", "-p", f"#{{{name}}}").strip()

    def wait(self, wanted: Callable[[str], object] | str, what: str = "") -> str:
        """The screen, as soon as it has that text, or as soon as `wanted` of it is true."""
        seen = [""]

        def look() -> bool:
            seen[0] = self.screen()
            return wanted in seen[0] if isinstance(wanted, str) else bool(wanted(seen[0]))

        try:
            wait_until(look, what or f"{wanted!r} is on the screen")
        except Exception as error:
            fail(f"{error}; the screen was:\n{seen[0]}")
        return seen[0]

    def keys(self, *names: str) -> None:
        self.tmux("send-keys", *names)

    def type(self, text: str) -> None:
        self.tmux("send-keys", "-l", text)

    def command(self, text: str) -> None:
        self.type(text)
        self.keys("Enter")

    def top(self, *args: object, before: str = "", wanted: str = "every ") -> str:
        """Starts `top`, waits for its first picture, gives the screen."""
        words = shlex.join([str(word) for word in (self.env.tool.path, "top", *args)])
        self.command(f"clear; stty -g > modes; {before} {words} 2> errors; "
                     "echo \"status $?\"; stty -g > modes.after")
        return self.wait(wanted)

    def pid(self) -> int:
        """Of the `top` that runs."""
        shell = int(self.state("pane_pid"))
        done = subprocess.run(["pgrep", "-P", str(shell), "-f", "robtrace top"],
                              capture_output=True, text=True, check=False)
        found = [int(word) for word in done.stdout.split()]
        expect(len(found) == 1, f"one top runs: {found}")
        return found[0]

    def expect_as_before(self, status: int) -> None:
        """It has ended with this status and left the terminal as it was."""
        self.wait(lambda text: f"status {status}" in text and text.count(PROMPT) >= 1
                  and text.rstrip().endswith(PROMPT), f"top ends with status {status}")
        wait_until(lambda: (self.env.tmp / "modes.after").exists(), "the modes are known")
        modes = [(self.env.tmp / name).read_text() for name in ("modes", "modes.after")]
        expect(modes[0] == modes[1], f"modes of the terminal: {modes}")
        for name, wanted in (("alternate_on", "0"), ("cursor_flag", "1"), ("mouse_any_flag", "0"),
                             ("keypad_cursor_flag", "0"), ("keypad_flag", "0")):
            expect(self.state(name) == wanted, f"{name} is {self.state(name)}, not {wanted}")
        errors = (self.env.tmp / "errors").read_text()
        expect("Sanitizer" not in errors, errors)
        (self.env.tmp / "modes.after").unlink()

    def leave(self) -> None:
        self.keys("1", "q")  # from whatever view to the first, and out
        self.expect_as_before(0)

    def resize(self, width: int, height: int) -> None:
        self.tmux("resize-window", "-x", str(width), "-y", str(height))


def normalise(text: str, names: dict[int, str], env: Env) -> list[str]:
    """Without what differs from run to run: numbers become names, blanks between columns two."""
    text = text.replace(str(env.tmp), "TMP")
    for number, name in names.items():
        text = re.sub(rf"\b{number}\b", name, text)
    text = re.sub(r"0x[0-9a-f]{6,}", "0xADDRESS", text)
    text = re.sub(r"device \S+, inode \d+", "device D, inode I", text)
    text = re.sub(r"~?\d\d:\d\d:\d\d", "TIME", text)
    text = re.sub(r"\d+ ms", "N ms", text)
    text = re.sub(r"  \d+ (not readable|ended)", "", text)
    return [re.sub(r" {2,}", "  ", line).rstrip() for line in text.splitlines() if line.strip()]
