# SPDX-License-Identifier: GPL-2.0-or-later
"""Finding one's way in the JSON document of `show`. No cases here."""

from __future__ import annotations

from typing import Any, Iterator

from harness import I386, expect, expect_equal, fail

Doc = dict[str, Any]
Futex = dict[str, Any]

WAITERS = 0x80000000
OWNER_DIED = 0x40000000
TID_MASK = 0x3FFFFFFF


def address(futex: Futex) -> int:
    return int(futex["address"], 16)


def word(futex: Futex) -> int:
    return int(futex["word"], 16)


def task(doc: Doc, tid: int) -> dict[str, Any]:
    found = [t for t in doc["tasks"] if t["tid"] == tid]
    expect_equal(len(found), 1, f"tasks with TID {tid}")
    return found[0]


def robust(doc: Doc, tid: int) -> dict[str, Any]:
    """The list that its C library, or its native code, has registered for a thread."""
    kind = "compat" if I386 else "robust"
    found = [entry for entry in task(doc, tid)["lists"] if entry["kind"] == kind]
    expect_equal(len(found), 1, f"{kind} lists of {tid}")
    return found[0]


def entries(doc: Doc, tid: int) -> dict[int, Futex]:
    """Address of the word -> FUTEX, of what is on the native list."""
    listed = robust(doc, tid)["entries"]
    found = {address(f): f for f in listed}
    expect_equal(len(found), len(listed), f"different entries on the list of {tid}")
    return found


def held(doc: Doc, tid: int, word_address: int) -> Futex:
    """The lock at this address: on the thread's list, held by it and by what the word says."""
    found = entries(doc, tid).get(word_address)
    if found is None:
        fail(f"{word_address:#x} is not on the list of {tid}")
    expect_equal(found["state"], "held", f"state of {word_address:#x}")
    expect_equal(found["owner"], tid, f"owner of {word_address:#x}")
    expect_equal(found["on_list"], True, "on_list")
    return found


def waiter_tids(futex: Futex) -> list[int]:
    return sorted(w["tid"] for w in futex["waiters"])


def waits(doc: Doc, tid: int) -> list[dict[str, Any]]:
    return [w for w in doc["waits"] if w["tid"] == tid]


def problems(doc: Doc, kind: str | None = None) -> list[dict[str, Any]]:
    return [p for p in doc["problems"] if kind in (None, p["kind"])]


def problem(doc: Doc, kind: str, tid: int | None = None) -> dict[str, Any]:
    """The only problem of this kind (that names this thread); well said."""
    found = [p for p in problems(doc, kind) if tid is None or tid in p["tids"]]
    expect_equal(len(found), 1, f"problems of kind {kind} for {tid}, of {doc['problems']}")
    expect(found[0]["text"] and found[0]["next"], f"{kind} says what and what next")
    return found[0]


def no_problems(doc: Doc) -> None:
    expect_equal(doc["problems"], [], "problems")


def kind_of(futex: Futex) -> set[str]:
    expect(isinstance(futex["kind"], str), f"kind of {futex['address']} is known")
    return set(futex["kind"].split(","))


def all_futexes(doc: Doc) -> Iterator[Futex]:
    for one in doc["tasks"]:
        for listed in one["lists"]:
            yield from listed["entries"]
            if listed["pending"]:
                yield listed["pending"]
    yield from doc["locks"]


def locks_at(doc: Doc, inode: int, offset: int | None = None) -> list[Futex]:
    """The locks that live in the file with this inode (at this offset)."""
    return [f for f in doc["locks"] if f["where"] and f["where"]["inode"] == inode
            and offset in (None, f["where"]["offset"])]


def lock_at(doc: Doc, inode: int, offset: int) -> Futex:
    found = locks_at(doc, inode, offset)
    expect_equal(len(found), 1, f"locks at offset {offset} of inode {inode}")
    return found[0]
