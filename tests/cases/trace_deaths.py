# SPDX-License-Identifier: GPL-2.0-or-later
"""What `robtrace trace` foretells of the locks of the dying, against what the kernel did."""

from __future__ import annotations

import os
import signal
import struct
from pathlib import Path
from typing import Any

from harness import Env, expect, expect_equal, main, wait_until
from tracing import Trace, attached, traced

OWNER_DIED, WAITERS, TID_MASK = 0x40000000, 0x80000000, 0x3FFFFFFF
SLOT, OFFSET, TOO_LONG, LIMIT = 16, 8, 2050, 2048
HOWS = ("return", "pthread_exit", "exit_group", "kill", "segv", "exec")
ENDS = {"kill": -signal.SIGKILL, "segv": -signal.SIGSEGV}

DIES, STAYS, WAKE = "owner-died", "stays-locked", "wake-only"
# Of each list, what must be told: slot -> fate. Slots 1 to 3 are on it, 4 is pending.
LISTS: dict[str, dict[int, str]] = {
    "empty": {},
    "held": {1: DIES, 2: DIES, 3: DIES},
    "pending": {1: DIES, 2: DIES, 3: DIES, 4: DIES},
    "pending_on": {1: DIES, 2: DIES, 3: DIES},
    "pending_free": {1: DIES, 2: DIES, 3: DIES, 4: WAKE},
    "too_long": {i: DIES if i <= LIMIT else STAYS for i in range(1, TOO_LONG + 1)},
    "fault": {1: DIES, 2: DIES, 4: STAYS},
    "misaligned": {1: DIES, 2: DIES, 4: STAYS},
    "loop": {1: DIES, 2: DIES, 3: DIES, 4: DIES},
    "foreign": {1: DIES, 3: DIES},
    "read_only": {1: STAYS, 2: STAYS, 3: STAYS},
}
# Where a list breaks off: the end that it has.
BREAKS = {"fault": "fault", "misaligned": "misaligned", "loop": "loop", "read_only": "fault"}


def words(path: Path) -> dict[int, int]:
    """Slot -> futex word, as the kernel left it."""
    data = path.read_bytes()
    return {i: struct.unpack_from("<I", data, i * SLOT + OFFSET)[0]
            for i in range(len(data) // SLOT)}


def foretold_word(lock: dict[str, Any]) -> int:
    before = int(lock["word"]["value"], 16)
    return before & WAITERS | OWNER_DIED if lock["fate"] == DIES else before


def check_death(trace: Trace, path: Path, wanted: dict[int, str]) -> dict[str, Any] | None:
    """One death is told, all of it; and what was told is what the file says now."""
    now, deaths = words(path), trace.events("death")
    tid = now[0]
    if not wanted:
        expect_equal(deaths, [], "deaths with locks")
        return None
    expect_equal([e["tid"] for e in deaths], [tid], "whose death is told")
    death = deaths[0]["death"]
    locks = {(lock["where"]["offset"] - OFFSET) // SLOT: lock for lock in death["locks"]}
    expect_equal({i: lock["fate"] for i, lock in locks.items()}, wanted, "what is foretold")
    for i, lock in locks.items():
        expect_equal(now[i], foretold_word(lock), f"word {i} ({lock['fate']})")
        expect_equal(lock["after"], None, "nothing is known of the time after it")
    after = trace.events("death-after")
    expect_equal([e["tid"] for e in after], [tid], "what became of the locks")
    for lock in after[0]["death"]["locks"]:
        i = (lock["where"]["offset"] - OFFSET) // SLOT
        expect_equal(int(lock["after"]["value"], 16), now[i], f"the word {i} as it was told")
    # Nobody's word was left out that the kernel touched.
    touched = {i for i, word in now.items() if i and word & OWNER_DIED}
    expect_equal(touched, {i for i, fate in wanted.items() if fate == DIES}, "words marked")
    order = [e["kind"] for e in trace.events() if e["tid"] == tid]
    expect(order.index("death") < order.index("death-after"), f"order {order}")
    # One that execs goes on as another.
    if not death["by_exec"] and "exec" not in order[2:]:
        expect(order[-1] in ("exited", "killed"), f"the end itself is told: {order}")
    return death


def dying(env: Env, how: str, which: str, *options: object, program: str = "dying",
          **more: Any) -> tuple[Trace, Path]:
    path = env.tmp / f"{how}-{which}-{len(env.started)}"
    trace = traced(env, *options, env.program_of(program), path, how, which,
                   status=ENDS.get(how, 0), **more)
    return trace, path


def check_lists(env: Env, how: str) -> None:
    for which, wanted in LISTS.items():
        trace, path = dying(env, how, which)
        death = check_death(trace, path, wanted)
        expect_equal([b["end"] for b in death["breaks"]] if death else [],
                     [BREAKS[which]] if which in BREAKS else [], f"where {which} breaks off")


def case_return(env: Env) -> None:
    check_lists(env, "return")


def case_pthread_exit(env: Env) -> None:
    check_lists(env, "pthread_exit")


def case_exit_group(env: Env) -> None:
    check_lists(env, "exit_group")


def case_sigkill(env: Env) -> None:
    check_lists(env, "kill")


def case_sigsegv(env: Env) -> None:
    check_lists(env, "segv")


def case_exec_by_the_leader(env: Env) -> None:
    """The lists are walked as at an end, and its TID stays."""
    check_lists(env, "exec")


def case_exec_by_another_thread(env: Env) -> None:
    """The kernel looks for the leader's TID: nothing is marked, all stays locked for ever."""
    for which in ("held", "pending", "pending_on", "too_long"):
        trace, path = dying(env, "exec_other", which)
        wanted = {i: STAYS for i in LISTS[which]}
        death = check_death(trace, path, wanted)
        expect(death and death["by_exec"], "told as an exec")
        execs = [e for e in trace.events("exec") if e["path"].endswith("true")]
        expect_equal([e["former_tid"] for e in execs], [words(path)[0]], "whose exec it was")
    text, path = dying(env, "exec_other", "held", json=False)
    expect("execs as a thread that is not the leader: 3 robust locks stay locked for ever"
           in text.text, f"the warning: {text.text!r}")


def case_exec_that_fails(env: Env) -> None:
    """No warning: the thread ends later, and its locks are marked."""
    trace, path = dying(env, "exec_fails", "held")
    death = check_death(trace, path, LISTS["held"])
    expect(death and not death["by_exec"], "not told as an exec")


def case_without_seccomp(env: Env) -> None:
    for how in (*HOWS, "exec_other"):
        trace, path = dying(env, how, "pending", "--no-seccomp")
        by_exec = how == "exec_other"
        check_death(trace, path, {i: STAYS if by_exec else DIES for i in LISTS["pending"]})


def case_musl(env: Env) -> None:
    for how in (*HOWS, "exec_other"):
        trace, path = dying(env, how, "held", program="dying_musl")
        by_exec = how == "exec_other"
        check_death(trace, path, {i: STAYS if by_exec else DIES for i in LISTS["held"]})


def case_after_an_exec_by_another_thread(env: Env) -> None:
    """The first thread of the new program dies too, and that is told."""
    path = env.tmp / "slots"
    code = ("import os, sys, threading\n"
            "t = threading.Thread(target=lambda: os.execv(sys.argv[1], sys.argv[1:]))\n"
            "t.start(); t.join()\n")
    trace = traced(env, "/usr/bin/python3", "-I", "-c", code, env.program_of("dying"), path,
                   "exec", "held")
    expect_equal(len([e for e in trace.events("exec") if e["former_tid"]]), 1, "thread's exec")
    check_death(trace, path, LISTS["held"])


def case_the_leader_is_killed_by_an_exec(env: Env) -> None:
    """Its locks are marked, and told, though its end is not reported."""
    path = env.tmp / "slots"
    trace = traced(env, env.program_of("dying"), path, "exec_over", "held")
    check_death(trace, path, LISTS["held"])


def case_a_waiter_inherits(env: Env) -> None:
    """Who waits is told, and gets the lock."""
    holder = env.tracee("contend", env.tmp / "lock", 2)
    trace = attached(env, holder.pid)
    holder.signal(signal.SIGKILL)
    trace.expect_status(0)
    waiters = holder.numbers("waiters")
    told = [lock["waiters"] for e in trace.events("death") for lock in e["death"]["locks"]]
    expect_equal([sorted(w) for w in told], [sorted(waiters)], "who waits")


def case_text(env: Env) -> None:
    trace, _ = dying(env, "return", "too_long", json=False)
    expect("exits holding 2050 robust locks: 0x" in trace.text, "the line before")
    expect("2048 locks marked FUTEX_OWNER_DIED by the kernel, 2 locks stay locked" in trace.text,
           "the line afterwards")
    expect("2034 more, 2 of them stay locked" in trace.text, "what is not shown is summed up")
    trace, _ = dying(env, "return", "fault", json=False)
    expect("stays locked: the list is broken before it" in trace.text, "behind a broken entry")
    trace, _ = dying(env, "kill", "pending_free", json=False)
    expect("free: one waiter is woken" in trace.text, "a lock that was just given back")
    trace, path = dying(env, "kill", "held", "-y", json=False)
    expect(f"<{path}+0x18>" in trace.text, "the file of each lock")


def case_broken_lists_in_words(env: Env) -> None:
    """Where the kernel loses the way is told, also where nothing of the list can be found."""
    for which, words in (
            ("lost", "holding no robust lock that can be found; the list is unreadable at 0x10: "
                     "what is behind that stays locked +++"),
            ("fault", "; the list is unreadable at 0x10: what is behind that stays locked +++"),
            ("misaligned", "; the list has a misaligned futex word at 0x"),
            ("loop", ": what the circle cuts off stays locked +++"),
            ("read_only", "(stays locked: its page is closed to writing)")):
        trace, _ = dying(env, "return", which, json=False)
        expect(words in trace.text, f"{which}: {trace.text!r}")
        expect("not as foretold" not in trace.text, f"{which}, afterwards: {trace.text!r}")
    # A thread whose head was taken away.
    code = ("import ctypes, mmap\n"
            "libc, page = ctypes.CDLL(None), mmap.mmap(-1, 4096)\n"
            "at = ctypes.addressof(ctypes.c_char.from_buffer(page))\n"
            "libc.syscall(273, ctypes.c_void_p(at), 24)\n"
            "libc.munmap(ctypes.c_void_p(at), 4096)\n"
            "libc.syscall(231, 0)\n")
    trace = traced(env, "/usr/bin/python3", "-I", "-c", code, json=False)
    expect("its head is gone, and what it held stays locked" in trace.text, trace.text)


def case_what_is_so_of_many_is_said_once(env: Env) -> None:
    trace, _ = dying(env, "return", "too_long", json=False)
    expect_equal(trace.text.count("nobody waits"), 1, "nobody waits")
    expect("2 of them stay locked; nobody waits for the others +++" in trace.text, trace.text)
    trace, _ = dying(env, "return", "pending", json=False)
    expect("; nobody waits for them +++" in trace.text, trace.text)


def case_marked_and_taken_over(env: Env) -> None:
    """The next owner may be faster than we: that the kernel marked the word is told all the same."""
    holder = env.tracee("contend", env.tmp / "lock", 2)
    trace = attached(env, holder.pid, json=False)
    holder.signal(signal.SIGKILL)
    trace.expect_status(0)
    expect("+++ 1 lock marked FUTEX_OWNER_DIED by the kernel" in trace.text, trace.text)


BEHIND_A_MODULE = """
import ctypes, sys
libc = ctypes.CDLL(None)
libc.mmap.restype, libc.mmap.argtypes = ctypes.c_void_p, [ctypes.c_void_p] + [ctypes.c_size_t] * 5
maps = [line.split() for line in open("/proc/self/maps")]
ends = [[int(n, 16) for n in m[0].split("-")] for m in maps]
# Behind a library, or its .bss, with nothing in the way: nameless memory of somebody else.
for i, (m, (start, end)) in enumerate(zip(maps, ends)):
    bss = len(m) == 5 and i and ".so" in maps[i - 1][-1] and ends[i - 1][1] == start
    if (bss or ".so" in m[-1]) and m[1] == "rw-p" and ends[i + 1][0] >= end + 65536:
        at = libc.mmap(end, 65536, 3, 0x100022, 2**64 - 1, 0)
        if at == end:
            break
else:
    sys.exit("no library with a gap behind it")
attr, mutex = ctypes.create_string_buffer(64), at + 32768
libc.pthread_mutexattr_init(attr)
libc.pthread_mutexattr_setrobust(attr, 1)
libc.pthread_mutex_init(ctypes.c_void_p(mutex), attr)
libc.pthread_mutex_lock(ctypes.c_void_p(mutex))
print("ready", f"word={mutex:#x}", flush=True)
sys.stdin.readline()
"""


def case_memory_behind_a_module(env: Env) -> None:
    """What the kernel maps behind a library is no variable of it."""
    holder = env.python(BEHIND_A_MODULE, needs="ctypes")
    word = holder.info["word"]
    locks = env.tool.show_json("-p", holder.pid)["locks"]
    expect_equal([(k["address"], k["memory"], k["path"]) for k in locks],
                 [(word, "anonymous", None)], "as show tells it")
    trace = attached(env, holder.pid, json=False)
    holder.say(b"\n")
    trace.expect_status(0)
    expect(f"1 robust lock: {word} (nobody waits) +++" in trace.text, trace.text)


def case_known_homes_are_named(env: Env) -> None:
    """As show names them, whether anybody waits or not."""
    code = ("import lmdb, os, sys\n"
            "db = lmdb.open(sys.argv[1])\n"
            "txn = db.begin(write=True)\n"
            "print('ready', flush=True)\n"
            "sys.stdin.readline()\n"
            "os.kill(os.getpid(), 9)\n")
    holder = env.python(code, env.tmp / "db", needs="lmdb")
    trace = attached(env, holder.pid, json=False)
    holder.say(b"\n")
    trace.expect_status(0)
    expect(f"<LMDB writer {env.tmp}/db/lock.mdb+0x40> (nobody waits)" in trace.text, trace.text)


def case_summary(env: Env) -> None:
    for options, counts in (("too_long", (2050, 2048, 2)), ("fault", (3, 2, 1))):
        trace, _ = dying(env, "kill", options, "-c", json=False)
        expect("locks held at death: {}; owner deaths: {}; stay locked for ever: {}"
               .format(*counts) in trace.text, f"{options}: {trace.text!r}")
        expect("exits holding" not in trace.text, "-c has no log")


def case_private_memory(env: Env) -> None:
    """The words of a private mutex are read in the memory of the threads that live on."""
    code = ("import ctypes, os, sys, threading, time\n"
            "libc = ctypes.CDLL(None)\n"
            "attr, m = ctypes.create_string_buffer(64), ctypes.create_string_buffer(64)\n"
            "libc.pthread_mutexattr_init(attr)\n"
            "libc.pthread_mutexattr_setrobust(attr, 1)\n"
            "libc.pthread_mutex_init(m, attr)\n"
            "t = threading.Thread(target=lambda: libc.pthread_mutex_lock(m))\n"
            "t.start()\n"
            "while os.path.exists(f'/proc/self/task/{t.native_id}'): time.sleep(0.001)\n"
            "print(hex(ctypes.c_uint32.from_buffer(m).value), hex(ctypes.addressof(m)),\n"
            "      flush=True)\n"
            "sys.stdin.read()\n")
    # The memory has to live until it was read: the program ends when the log has told it.
    trace = Trace(env, "-f", "/usr/bin/python3", "-I", "-c", code, stdin=None)
    trace.await_event("death-after")
    assert trace.popen.stdin
    trace.popen.stdin.close()
    trace.expect_status(0)
    word, address = (int(n, 16) for n in trace.out.split())
    expect_equal(word, OWNER_DIED, "what the kernel did")
    after = [lock for e in trace.events("death-after") for lock in e["death"]["locks"]]
    expect_equal([(int(k["address"], 16), int(k["after"]["value"], 16)) for k in after],
                 [(address, word)], "what is told")


def case_log_is_whole_up_to_the_kill(env: Env) -> None:
    """SIGKILL of the tracer itself: the file ends with a whole line, and has the last event."""
    trace = Trace(env, "-f", env.program_of("births"), "children", 3000)
    wait_until(lambda: trace.text.count('"exited"') > 100, "children ended")
    os.kill(trace.tracer(), signal.SIGKILL)
    trace.expect_status(-signal.SIGKILL)
    expect(trace.text.endswith("}\n"), f"the end of the log: {trace.text[-80:]!r}")
    expect(len(trace.events("exited")) > 100, "all lines are JSON")
    expect("killed by signal 9" in trace.err, f"what became of the programs: {trace.err!r}")


if __name__ == "__main__":
    main()
