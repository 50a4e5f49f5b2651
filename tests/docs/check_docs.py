#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The manual pages, the completions and the documents say what the program says of itself.

usage: check_docs.py [case_NAME...]      (all of them without an argument)

ROBTRACE is the binary. Each case looks in both directions: what is missing is an error, and so is
what the program does not have. Exit status: 0 ok, 1 failures, 77 nothing could be checked.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Iterable, NamedTuple, NoReturn

ROOT = Path(__file__).resolve().parents[2]
BASH = ROOT / "completions/robtrace.bash"
ZSH = ROOT / "completions/_robtrace"
FISH = ROOT / "completions/robtrace.fish"
MAN = ROOT / "man/robtrace.1"
MAN_SHOW = ROOT / "man/robtrace-show.1"
MAN_CHECK = ROOT / "man/robtrace-check.1"
MAN_TRACE = ROOT / "man/robtrace-trace.1"
SCHEMA = ROOT / "docs/json-schema.json"
JSON = ROOT / "docs/json.md"
PROBLEMS = ROOT / "docs/problems.md"
ARCHITECTURE = ROOT / "docs/architecture.md"
README = ROOT / "README.md"

# Kinds of problems that only `check` finds.
ONLY_CHECK = ("long-hold",)


class Skip(Exception):
    """The case cannot run here."""


failures: list[str] = []


def skip(why: str) -> NoReturn:
    raise Skip(why)


def expect(condition: object, what: str) -> None:
    if not condition:
        failures.append(what)


def same(where: str, got: Iterable[str], wanted: Iterable[str], source: str) -> None:
    """Both directions, and nothing twice."""
    got, wanted = list(got), list(wanted)
    expect(wanted, f"{source}: nothing found there; has its form changed?")
    for name in sorted(set(wanted) - set(got)):
        failures.append(f"{where}: {name} is missing; {source} has it")
    for name in sorted(set(got) - set(wanted)):
        failures.append(f"{where}: {name} is not in {source}")
    for name in sorted({name for name in got if got.count(name) > 1}):
        failures.append(f"{where}: {name} is there twice")


def need(program: str) -> str:
    return shutil.which(program) or skip(f"{program} is not installed")


def run(*command: object, **variables: str) -> str:
    """Standard output; what is said on standard error, and a bad status, are failures."""
    result = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL,
                            capture_output=True, text=True, timeout=50,
                            env={**os.environ, "LC_ALL": "C.UTF-8", **variables}, check=False)
    shown = " ".join(str(word) for word in command)
    shown = shown if len(shown) < 200 else shown[:200] + "..."
    expect(result.returncode == 0, f"{shown}: status {result.returncode}")
    expect(not result.stderr, f"{shown}: {result.stderr.strip()}")
    return result.stdout


def tool(*args: str) -> str:
    binary = os.environ.get("ROBTRACE", "")
    if not os.access(binary, os.X_OK):
        skip("ROBTRACE does not name the program")
    return run(binary, *args)


class Option(NamedTuple):
    short: str  # "-p", or ""
    long: str   # "--pid"

    def __str__(self) -> str:
        return f"{self.short or '(no letter)'}/{self.long}"


def strings(options: Iterable[Option]) -> list[str]:
    return [str(option) for option in options]


# --- What the program says ---


def help_options(*command: str) -> list[Option]:
    text = tool(*command, "--help").split("\nOptions:\n", 1)[-1].split("\n\n")[0]
    found = re.findall(r"^  (?:(-[A-Za-z]), |    )(--[a-z][a-z-]*)", text, re.M)
    return [Option(*names) for names in found]


class Column(NamedTuple):
    name: str
    is_default: bool
    help: str


def help_columns() -> list[Column]:
    text = tool("show", "--help").split("\nColumns of the table", 1)[-1].split("\n\n")[0]
    found = re.findall(r"^ ([ *])([A-Z][A-Z-]*) +(.*(?:\n {6,}.*)*)", text, re.M)
    return [Column(name, star == "*", " ".join(words.split())) for star, name, words in found]


def help_commands() -> list[str]:
    text = tool("--help").split("\nCommands:\n", 1)[-1].split("\n\n")[0]
    return re.findall(r"^  ([a-z][a-z-]*) ", text, re.M)


def help_statuses(command: str) -> list[str]:
    """From 'Exit status: 0 done, 1 ..., 2 ...'."""
    text = tool(command, "--help").split("\nExit status: ", 1)[-1]
    return re.findall(r"(?:^|[,\n] ?)(\d) ", text)


def states() -> list[str]:
    """From the help of the column STATE: 'a, b, c or d'."""
    words = next((column.help for column in help_columns() if column.name == "STATE"), "")
    return re.split(r", | or ", words)


# --- What the manual pages say ---


def section(page: Path, heading: str, macro: str = "Sh", whole: bool = True) -> str:
    """whole: with its subsections."""
    text = page.read_text()
    end = r"\.Sh" if macro == "Sh" and whole else r"\.S[hs]"
    match = re.search(rf"^\.{macro} {heading}\n(.*?)(?=^{end} |\Z)", text, re.M | re.S)
    expect(match, f"{page.name}: no section {heading}")
    return match.group(1) if match else ""


def flags(text: str) -> list[str]:
    """Every option that mdoc text names: 'Fl p', 'Fl -pid', 'Fl lJ' is two, 'Fl l , o' too."""
    found = []
    for line in re.findall(r"^\.(.*\bFl\b.*)$", text, re.M):
        after = False
        for word in line.split():
            if word == "Fl":
                after = True
            elif word in (",", "|") or not after:
                continue
            elif re.fullmatch(r"-[a-z][a-z-]*", word):
                found.append("-" + word)
            elif re.fullmatch(r"[a-zA-Z]+", word) and word not in ("Ar", "Op", "Ns", "Pq", "Cm"):
                found += ["-" + letter for letter in word]
            else:
                after = False
    return found


def item_options(text: str) -> list[Option]:
    found = []
    for line in re.findall(r"^\.It (Fl .*)$", text, re.M):
        names = flags("." + line)
        short = next((name for name in names if not name.startswith("--")), "")
        found.append(Option(short, next((n for n in names if n.startswith("--")), "")))
    return found


def man_of(command: str) -> Path:
    return MAN.parent / f"robtrace-{command}.1"


def item_words(text: str) -> list[str]:
    return re.findall(r"^\.It Cm (\S+)$", text, re.M)


# --- What the completions say ---


def complete_bash(*words: str) -> list[str]:
    """What bash offers behind these words, the last of which is begun."""
    script = ('source "$0" && COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _robtrace; '
              'printf "%s\\n" "${COMPREPLY[@]}"')
    out = run(need("bash"), "--norc", "--noprofile", "-u", "-c", script, BASH, *words)
    return [line for line in out.split("\n") if line]


def bash_options(*words: str) -> list[str]:
    return complete_bash(*words, "-")


def zsh_options(function: str) -> list[Option]:
    """From the specifications for _arguments in one function."""
    match = re.search(rf"^{function}\(\) \{{\n(.*?)^\}}", ZSH.read_text(), re.M | re.S)
    text = match.group(1) if match else ""
    pairs = re.findall(r"\{(-[A-Za-z])\+?,(--[a-z-]+)=?\}'\[", text)
    single = re.findall(r"'(?:\([^)]*\))?\*?(--[a-z][a-z-]*)(?:=-?)?\[", text)
    return [Option(*pair) for pair in pairs] + [Option("", name) for name in single]


def fish_options(condition: str) -> list[Option]:
    found = []
    for line in FISH.read_text().splitlines():
        if not line.startswith(f"complete -c robtrace -n {condition} "):
            continue
        line = re.sub(r" -[ad] ('[^']*'|\S+)", "", line)
        short = re.search(r" -s (\S)", line)
        long = re.search(r" -l (\S+)", line)
        if long:
            found.append(Option(f"-{short.group(1)}" if short else "", f"--{long.group(1)}"))
    return found


def listed(page: Path, before: str, pattern: str) -> list[str]:
    """Names in a list of a completion file that begins behind `before` and ends at a `)` or blank
    line."""
    text = page.read_text()
    expect(before in text, f"{page.name}: no {before!r}")
    rest = text.split(before, 1)[-1]
    return re.findall(pattern, re.split(r"\n\s*\)|\n\s*\n|\n    set ", rest)[0], re.M)


# --- Cases ---


def case_options() -> None:
    """--help of each command against its manual page and the completions."""
    for command in help_commands():
        check_options(command)
        check_examples(command)


def check_options(command: str) -> None:
    options = help_options(command)
    wanted = strings(options)
    letters = {option.long: option.short for option in options}
    names = [name for option in options for name in option if name]
    page = man_of(command)
    source = f"{command} --help"

    if not page.exists():
        failures.append(f"man/{page.name} is missing")
        return
    same(f"man/{page.name}, OPTIONS", strings(item_options(section(page, "OPTIONS"))), wanted,
         source)
    synopsis = flags(section(page, "SYNOPSIS"))
    same(f"man/{page.name}, SYNOPSIS", [letters.get(name) or name for name in synopsis],
         [option.short or option.long for option in options], source)
    for name in sorted(set(flags(page.read_text())) - set(names)):
        failures.append(f"man/{page.name}: {name} is not in {source}")
    same("completions/robtrace.bash", bash_options("robtrace", command), names, source)
    same("completions/_robtrace", strings(zsh_options(f"_robtrace_{command}")), wanted, source)
    same("completions/robtrace.fish", strings(fish_options(f"${command}")), wanted, source)


def check_examples(command: str) -> None:
    """What the documents call the command with must be there."""
    names = {name for option in help_options(command) for name in option if name}
    pages = [README, *sorted(MAN.parent.glob("*.1")), *sorted((ROOT / "docs").glob("*.md"))]
    for page in pages:
        for call in re.findall(rf"\brobtrace {command} ([^|`\n]*)", page.read_text()):
            # Behind two blanks begins what an example is said to do.
            for word in re.split(r"  +|[;#&]", call)[0].split():
                for name in re.findall(r"^(--[a-z][a-z-]*|-[a-zA-Z]+)", word):
                    parts = [name] if name.startswith("--") else ["-" + c for c in name[1:]]
                    for part in parts:
                        expect(part in names, f"{page.name}: 'robtrace {command} {call.strip()}': "
                                              f"there is no {part}")


def case_statuses() -> None:
    """The exit statuses that --help tells, and those of the manual page."""
    for command in help_commands():
        page = man_of(command)
        same(f"man/{page.name}, EXIT STATUS",
             re.findall(r"^\.It (\d)$", section(page, "EXIT STATUS"), re.M),
             help_statuses(command), f"{command} --help")


def case_keys() -> None:
    """The keys in the help of top and in its manual page."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "script")
        script.write_text("key ?\ndump\n")
        text = tool("top", "--script", str(script), "--size", "200x200", "--picture",
                    str(ROOT / "tests/screens/calm.json"))
    shown = re.findall(r"^  (\S.{8}) \S", text.split("\nSigns\n")[0], re.M)
    wanted = [key for keys in shown for key in keys.split()]
    items = re.findall(r"^\.It Ic (.*)$", section(man_of("top"), "KEYS", whole=False) +
                       "".join(section(man_of("top"), name, "Ss")
                               for name in ("Moving", "Views", "Finding", "Doing")), re.M)
    got = [re.sub(r"^\\&", "", key).replace("\\(ha", "^").replace("\\-", "-")
           for item in items for key in item.split(" , ")]
    same("man/robtrace-top.1, KEYS", got, wanted, "the help of top")


def case_columns() -> None:
    """The columns of --help, of --list-columns, of the manual page and of the completions."""
    columns = help_columns()
    names = [column.name for column in columns]
    listed_names = re.findall(r"^([A-Z][A-Z-]*) ", tool("show", "--list-columns"), re.M)

    same("show --list-columns", listed_names, names, "show --help")
    text = section(MAN_SHOW, "COLUMNS")
    same("man/robtrace-show.1, COLUMNS", item_words(text), names, "show --help")
    default = re.search(r"^\.Cm (.*) \.$", text, re.M)
    same("man/robtrace-show.1, default columns",
         default.group(1).split(" , ") if default else [],
         [column.name for column in columns if column.is_default], "show --help")
    same("completions/robtrace.bash", complete_bash("robtrace", "show", "-o", ""), names,
         "show --help")
    same("completions/_robtrace", listed(ZSH, "local -a columns=(", r"^\s*'([A-Z-]+):"), names,
         "show --help")
    same("completions/robtrace.fish", listed(FISH, "set -l columns", r"^\s*'([A-Z-]+)\t"), names,
         "show --help")


def case_commands() -> None:
    """robtrace --help against robtrace(1) and the completions; a page for every command."""
    commands = help_commands()
    options = help_options()
    names = [name for option in options for name in option if name]

    same("man/robtrace.1, Commands", item_words(section(MAN, "Commands", "Ss")), commands, "--help")
    same("man/robtrace.1, Options", strings(item_options(section(MAN, "Options", "Ss"))),
         strings(options), "--help")
    known = {*names, *(n for command in commands for o in help_options(command) for n in o if n)}
    for name in sorted(set(flags(MAN.read_text())) - known):
        failures.append(f"man/robtrace.1: no command has {name}")
    same("man/", [path.stem.split("-", 1)[1] for path in MAN.parent.glob("robtrace-*.1")],
         commands, "--help")
    same("completions/robtrace.bash",
         [word for word in complete_bash("robtrace", "") if not word.startswith("-")], commands,
         "--help")
    same("completions/robtrace.bash", bash_options("robtrace"), names, "--help")
    same("completions/_robtrace", listed(ZSH, "local -a commands=(", r"^\s*'([a-z-]+):"), commands,
         "--help")
    same("completions/_robtrace", strings(zsh_options("_robtrace")), strings(options), "--help")
    same("completions/robtrace.fish",
         re.findall(r"^complete -c robtrace -n __fish_use_subcommand -a (\S+)", FISH.read_text(),
                    re.M), commands, "--help")
    same("completions/robtrace.fish", strings(fish_options("__fish_use_subcommand")),
         strings(options), "--help")


def case_states() -> None:
    """The states of --help, the manual page, the schema and README.md."""
    wanted = states()
    futex = json.loads(SCHEMA.read_text())["$defs"]["futex"]["properties"]

    same("man/robtrace-show.1, STATES", item_words(section(MAN_SHOW, "STATES")), wanted,
         "show --help")
    same("docs/json-schema.json, state", futex["state"]["enum"], wanted, "show --help")
    table = README.read_text().split("\n| state ", 1)[-1].split("\n\n")[0]
    same("README.md", re.findall(r"^\| ([a-z][a-z-]*) +\|", table, re.M),
         [state for state in wanted if state != "waiting"], "show --help (but waiting)")


def case_problems() -> None:
    """The kinds of problems in the schema, the manual pages and docs/problems.md."""
    kinds = json.loads(SCHEMA.read_text())["$defs"]["problem"]["properties"]["kind"]["enum"]
    source = "docs/json-schema.json"

    expect(set(ONLY_CHECK) <= set(kinds), f"{ONLY_CHECK}: not all of them in {source}")
    same("man/robtrace-check.1, PROBLEMS", item_words(section(MAN_CHECK, "PROBLEMS")), kinds, source)
    same("man/robtrace-show.1, PROBLEMS", item_words(section(MAN_SHOW, "PROBLEMS")),
         [kind for kind in kinds if kind not in ONLY_CHECK], f"{source} (but {ONLY_CHECK})")
    same("docs/problems.md", re.findall(r"^## ([a-z-]+)$", PROBLEMS.read_text(), re.M), kinds,
         source)


def case_trace_words() -> None:
    """The events and revisions of trace: --help, the manual page and the completions."""
    text = " ".join(tool("trace", "--help").split())

    for option, heading, bash_option, zsh, fish in (
            ("--events EVENTS", "EVENTS", "-e", "local -a events=(", "set -l events"),
            ("--api REVISION", "REVISIONS", "--api", "", "")):
        word = r"[a-z0-9]+(?: \(default\))?"
        words = re.search(rf"{option} (?:[a-z0-9_ ]+: )?((?:{word}, )+{word} or {word})", text)
        expect(words, f"trace --help: no list of words behind {option}")
        wanted = re.split(", | or ", words.group(1).replace(" (default)", "")) if words else []
        same(f"man/robtrace-trace.1, {heading}", item_words(section(MAN_TRACE, heading)), wanted,
             f"trace --help, {option}")
        same("completions/robtrace.bash", complete_bash("robtrace", "trace", bash_option, ""),
             wanted, f"trace --help, {option}")
        if zsh:
            got = [listed(ZSH, zsh, r"^\s*'([a-z]+):"), listed(FISH, fish, r"^\s*'([a-z]+)\t")]
        else:
            got = [re.search(rf"{what} ?'?\(?([a-z0-9 ]+)", page.read_text()).group(1).split()
                   for page, what in ((ZSH, "--api=.*:revision:"), (FISH, "-l api -x -a"))]
        same("completions/_robtrace", [*got[0]], wanted, f"trace --help, {option}")
        same("completions/robtrace.fish", [*got[1]], wanted, f"trace --help, {option}")


def case_json() -> None:
    """The outer keys of the document in the schema and in docs/json.md."""
    keys = json.loads(SCHEMA.read_text())["properties"]
    table = JSON.read_text().split("\n| key ", 1)[-1].split("\n\n")[0]

    same("docs/json.md", re.findall(r"^\| `([a-z_]+)` +\|", table, re.M),
         [key for key in keys if key != "schema"], "docs/json-schema.json (but schema)")


def case_floors() -> None:
    """The floors of docs/architecture.md and of scripts/check-floors.py, those that have files."""
    spec = importlib.util.spec_from_file_location("floors", ROOT / "scripts/check-floors.py")
    floors = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode = True
    spec.loader.exec_module(floors)
    files = [path.relative_to(ROOT / "src").as_posix() for path in (ROOT / "src").rglob("*.[ch]")]
    table = ARCHITECTURE.read_text().split("\n| floor ", 1)[-1].split("\n\n")[0]
    wanted = [name for name, patterns in floors.FLOORS
              if any(floors.matches(file, patterns) for file in files)]
    got = re.findall(r"^\| ([a-z]+) +\|", table, re.M)

    same("docs/architecture.md, Floors", got, wanted, "scripts/check-floors.py")
    expect(sorted(got) != sorted(wanted) or got == wanted,
           f"docs/architecture.md, Floors: {got} are in another order than {wanted}")


def case_mandoc() -> None:
    """The manual pages are mdoc without a warning."""
    mandoc = need("mandoc")
    pages = sorted(MAN.parent.glob("*.1"))

    expect(pages, "there are no manual pages")
    said = run(mandoc, "-T", "lint", "-W", "warning", *pages)
    expect(not said, f"mandoc: {said.strip()}")


def case_completion_bash() -> None:
    """Completion as bash runs it."""
    def offered(words: list[str], wanted: list[str]) -> None:
        got = complete_bash("robtrace", *words)
        expect(got == wanted, f"bash: 'robtrace {' '.join(words)}' offers {got}, not {wanted}")

    offered(["sh"], ["show"])
    offered(["c"], ["check"])
    offered(["--v"], ["--version"])
    offered(["show", "--not"], ["--notruncate"])
    offered(["show", "-o", "ST"], ["STATE"])
    offered(["show", "-o", "st"], ["STATE"])
    offered(["show", "-a", "-o", "LOCK,STATE,WO"], ["LOCK,STATE,WORD"])
    offered(["show", "-o", "+NW"], ["+NWAITERS"])
    offered(["show", "-ao", "+PID,BI"], ["+PID,BITS"])
    offered(["show", "-o", "PI,P"], ["PI,PATH", "PI,PID"])
    offered(["show", "--output", "=", "LIB"], ["LIBC"])
    offered(["show", "-o", "NOSUCH"], [])
    offered(["show", "--color", "="], ["auto", "always", "never"])
    offered(["show", "--color", "=", "n"], ["never"])
    offered(["show", "--", "-"], [])
    offered(["show", "--st"], ["--stacks", "--stack-depth", "--stop"])
    offered(["check", "--st"], ["--stacks", "--stack-depth", "--stop"])
    offered(["check", "--hold", "-"], [])
    offered(["check", "-a", "--wait", "=", ""], [])
    offered(["check", "-k", "--color", "=", "al"], ["always"])
    offered(["check", "-o", "-"], bash_options("robtrace", "check"))
    offered(["nosuch", "-"], [])
    offered(["trace", "-fe", "mm"], ["mmap"])
    offered(["trace", "-e", "mmap,l"], ["mmap,lists", "mmap,life"])
    offered(["trace", "--api", "=", "st"], ["steamos"])
    offered(["trace", "-s", ""], [])
    offered(["trace", "--snapshot-interval", "2", "--no"], ["--no-seccomp"])
    offered(["trace", "-ttT", "-o", "log", "--color", "=", "al"], ["always"])
    # Where a command is wanted, and behind it, options are the command's.
    for words in (["trace"], ["trace", "-fo", "log"], ["trace", "--api", "=", "v6", "-s", "3"],
                  ["trace", "--"], ["trace", "--color", "=", "never"]):
        got = complete_bash("robtrace", *words, "bas")
        expect("bash" in got, f"bash: 'robtrace {' '.join(words)} bas' does not offer bash: {got}")
        offered([*words, "bash", "--no"], [])
    check_pids(os.getpid())


def check_pids(pid: int) -> None:
    name = Path(f"/proc/{pid}/comm").read_text().rstrip("\n")
    every = complete_bash("robtrace", "show", "-p", "")

    expect(f"{pid} {name}" in every or every == [str(pid)], f"bash: {pid} {name} is not in {every}")
    for words in (["-p", str(pid)], ["--pid", "=", str(pid)], ["-ap", str(pid)]):
        got = complete_bash("robtrace", "show", *words)
        expect(str(pid) in [word.split(" ")[0] for word in got], f"bash: {words} offers {got}")
    got = complete_bash("robtrace", "show", "-p", f"{pid},")
    expect(all(word.startswith(f"{pid},") for word in got) and
           f"{pid},{pid}" not in [word.split(" ")[0] for word in got],
           f"bash: behind '-p {pid},' it offers {got}")


def case_completion_zsh() -> None:
    """The syntax of the zsh completion."""
    run(need("zsh"), "-f", "-n", ZSH)
    expect(ZSH.read_text().startswith("#compdef robtrace\n"), "_robtrace: no #compdef line")


def case_completion_fish() -> None:
    """The syntax of the fish completion, and what it offers."""
    fish = need("fish")

    with tempfile.TemporaryDirectory() as home:
        variables = {name: home for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME",
                                             "XDG_CACHE_HOME", "XDG_RUNTIME_DIR")}

        def offered(line: str) -> list[str]:
            script = 'source $argv[1]; complete -C $argv[2]'
            out = run(fish, "-c", script, FISH, line, **variables)
            return [row.split("\t")[0] for row in out.splitlines()]

        run(fish, "--no-execute", FISH, **variables)
        for line, wanted in (("robtrace sh", ["show"]),
                             ("robtrace show --not", ["--notruncate"]),
                             ("robtrace show -o +LOCK,NWA", ["+LOCK,NWAITERS"]),
                             ("robtrace show --output=WO", ["--output=WORD"]),
                             ("robtrace show --color=n", ["--color=never"]),
                             ("robtrace che", ["check"]),
                             ("robtrace check --wa", ["--wait"]),
                             ("robtrace check --d", []),
                             ("robtrace check --color=al", ["--color=always"]),
                             ("robtrace trace -fe lists,m", ["lists,mmap"]),
                             ("robtrace trace --api=st", ["--api=steamos"]),
                             ("robtrace trace -o log --no", ["--no-seccomp"]),
                             ("robtrace trace -e life nosuchcommand --no", []),
                             ("robtrace show trace --no-s", []),
                             ("robtrace trace -s 3 bas", None),
                             (f"robtrace show -p 1,{os.getpid()}", None),
                             (f"robtrace check -p 1,{os.getpid()}", None)):
            got = offered(line)
            if wanted is None:
                wanted = ["bash"] if "trace" in line.split() else [f"1,{os.getpid()}"]
                got = [word for word in got if word in wanted]
            expect(got == wanted, f"fish: '{line}' offers {got}, not {wanted}")


def main() -> int:
    cases = {name: case for name, case in globals().items() if name.startswith("case_")}
    wanted = sys.argv[1:] or list(cases)
    failed = checked = 0

    for name in wanted:
        if name not in cases:
            print(f"check_docs.py: there is no {name}; there are {', '.join(cases)}",
                  file=sys.stderr)
            return 1
        failures.clear()
        try:
            cases[name]()
        except Skip as why:
            # A case that has failed before it came to what is missing has failed.
            if not failures:
                print(f"skipped {name}: {why}")
                continue
        checked += 1
        failed += bool(failures)
        print(f"{'FAIL' if failures else 'ok':7} {name}")
        for failure in failures:
            print(f"        {failure}")
    if failed:
        return 1
    return 0 if checked else 77


if __name__ == "__main__":
    sys.exit(main())
