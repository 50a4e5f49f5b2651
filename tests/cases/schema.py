# SPDX-License-Identifier: GPL-2.0-or-later
"""Every document of `show -J` is as docs/json-schema.json says, and the schema says something."""

from __future__ import annotations

import copy
from typing import Any, Callable

from harness import Env, expect, main, validator
from look import all_futexes

SCHEMA = "json-schema.json"


def check(env: Env, *args: object) -> dict[str, Any]:
    doc = env.tool.show_json(*args)
    errors = [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:300]}"
              for e in validator(SCHEMA).iter_errors(doc)]
    expect(not errors, f"show -J {args}: {errors[:5]}")
    return doc


def case_kinds_and_memory(env: Env) -> None:
    validator(SCHEMA)
    tracees = [env.tracee("kinds"), env.tracee("several_zero"), env.tracee("leader_exit"),
               env.tracee("forked")]
    check(env, *[f"-p{t.pid}" for t in tracees])


def case_states(env: Env) -> None:
    tracees = [env.tracee("owner_died", *args) for args in
               (("-z", env.tmp / "z", 2), ("-i", env.tmp / "i", 1), ("-n", env.tmp / "n"))]
    tracees += [env.tracee("orphan", env.tmp / "o"), env.tracee("many"),
                env.tracee("waitv", env.tmp / "w"), env.tracee("contend", env.tmp / "c", 2)]
    check(env, *[f"-p{t.pid}" for t in tracees])
    check(env, env.tmp / "z", env.tmp / "o", env.tmp / "w", env.tmp / "gone")


def case_broken(env: Env) -> None:
    modes = ("self_loop", "chain_null", "count", "unmapped", "kernel_half", "head_unmapped",
             "misaligned", "cross_page", "read_only", "foreign", "free_word", "offset_min",
             "pending_only", "pending_unmapped", "pi")
    check(env, *[f"-p{env.tracee('broken', mode).pid}" for mode in modes])


def case_busy(env: Env) -> None:
    tracees = [env.tracee("churn", "-c", 4), env.tracee("thread_storm", 4)]
    for _ in range(5):
        check(env, *[f"-p{t.pid}" for t in tracees])


def case_all_and_refused(env: Env) -> None:
    env.tracee("contend", env.tmp / "f", 1)
    check(env, "-a")
    check(env, "-p", f"{env.tracee('kinds').pid},4194305")


def case_hostile(env: Env) -> None:
    tracee = env.tracee("hostile", bytes(env.tmp) + b"/\x1b[31m\n\xff\xc2\x9b\"\\")
    check(env, "-p", tracee.pid)


def case_numbers_are_numbers(env: Env) -> None:
    """Addresses and words are hex strings, all other numbers are numbers."""
    tracee = env.tracee("contend", env.tmp / "f", 1)
    doc = env.tool.show_json("-p", tracee.pid)
    expect(list(all_futexes(doc)), "there is one")
    for futex in all_futexes(doc):
        for key in ("address", "word"):
            expect(str(futex[key]).startswith("0x") and int(futex[key], 16) >= 0, f"{key}")
        expect(type(futex["owner"]) is int, "owner")
        expect(type(futex["where"]["offset"]) is int, "offset")
        expect(type(futex["where"]["inode"]) is int, "inode")
        expect(all(type(w[k]) is int for w in futex["waiters"] for k in ("pid", "tid")), "waiters")


def case_schema_refuses_what_is_wrong(env: Env) -> None:
    """A schema that lets everything pass would test nothing."""
    tracee = env.tracee("contend", env.tmp / "f", 1)
    doc, valid = check(env, "-p", tracee.pid), validator(SCHEMA)

    def entry(d: dict[str, Any]) -> dict[str, Any]:
        return d["tasks"][0]["lists"][0]["entries"][0]

    def drop(path: Callable[[dict[str, Any]], dict[str, Any]], key: str) -> None:
        wrong = copy.deepcopy(doc)
        del path(wrong)[key]
        expect(not valid.is_valid(wrong), f"a document without {key} is refused")

    def put(path: Callable[[dict[str, Any]], dict[str, Any]], key: str, value: object) -> None:
        wrong = copy.deepcopy(doc)
        path(wrong)[key] = value
        expect(not valid.is_valid(wrong), f"{key} = {value!r} is refused")

    for key in ("schema", "tasks", "waits", "problems", "skipped", "locks"):
        drop(lambda d: d, key)
    for key in ("pid", "tid", "comm", "lists"):
        drop(lambda d: d["tasks"][0], key)
    for key in ("kind", "index", "bits", "bits_from", "head", "futex_offset", "end", "entries", "pending"):
        drop(lambda d: d["tasks"][0]["lists"][0], key)
    for key in ("entry", "address", "word", "owner", "waiters_bit", "owner_died", "pi", "state",
                "kind", "where", "name", "waiters"):
        drop(entry, key)
    put(lambda d: d, "schema", 2)
    put(entry, "state", "stuck")
    put(entry, "owner", "12")
    put(entry, "address", 4096)
    put(entry, "address", "12")
    put(lambda d: d["tasks"][0]["lists"][0], "end", "somewhere")
    put(lambda d: d["tasks"][0]["lists"][0], "bits", 16)
    put(lambda d: d["tasks"][0]["lists"][0], "bits_from", "hearsay")


if __name__ == "__main__":
    main()
