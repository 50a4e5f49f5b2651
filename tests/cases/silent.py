# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory that does not answer: whoever reads it sleeps until it does. It must hold up nobody."""

from __future__ import annotations

import json
import os
import signal
import time

from harness import (DEADLINE, Env, expect, expect_equal, main, proc_text, skip,
                     wait_until)
from lmdb_writer import new_db, writer
from terminal import Terminal
from tracing import attached

# The first entry of its list lies in a page whose faults nobody serves.
PY_SILENT = """
import ctypes, fcntl, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int,
                      ctypes.c_long]
USERFAULTFD, SET_ROBUST_LIST = 323, 273
UFFDIO_API, UFFDIO_REGISTER, MISSING = 0xC018AA3F, 0xC020AA00, 1
fd = libc.syscall(USERFAULTFD, 0)
if fd < 0:
    print(f"ready error={os.strerror(ctypes.get_errno()).replace(' ', '_')}", flush=True)
    sys.exit()
pages = [libc.mmap(None, 4096, 3, 0x22, -1, 0) for _ in "ab"]
fcntl.ioctl(fd, UFFDIO_API, bytearray(struct.pack("QQQ", 0xAA, 0, 0)))
fcntl.ioctl(fd, UFFDIO_REGISTER, bytearray(struct.pack("QQQQ", pages[0], 4096, MISSING, 0)))
head = (ctypes.c_int64 * 3).from_address(pages[1])
head[0], head[1], head[2] = pages[0] + 32, -32, 0
assert libc.syscall(SET_ROBUST_LIST, ctypes.c_void_p(pages[1]), 24) == 0
print("ready", flush=True)
sys.stdin.read()
os._exit(0)
"""


def case_the_others_are_seen(env: Env) -> None:
    """It is named and left out: by show, and by top, which goes on all the same."""
    db = new_db(env)
    holder = writer(env, db)
    silent = env.python(PY_SILENT, needs="ctypes")
    if "error" in silent.info:
        skip(f"no userfaultfd here: {silent.info['error']}")
    # The search for leaks at the end waits until all threads stand still: one of them cannot.
    os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
    both = f"{silent.pid},{holder.pid}"
    terminal = Terminal(env, 132, 12)
    terminal.top("-p", both, wanted="")
    result = env.tool.run("show", "-J", "-p", both)
    expect_equal(result.status, 0, f"status of {result!r}")
    doc = json.loads(result.out)
    expect_equal([lock["owner"] for lock in doc["locks"]], [holder.pid], "owners")
    expect_equal([(one["pid"], "does not answer" in one["why"]) for one in doc["skipped"]],
                 [(silent.pid, True)], "left out")
    expect(f"robtrace: {silent.pid}: its memory does not answer" in result.err, result.err)
    text = terminal.wait(lambda text: "LMDB writer" in text and " s  " in text, "its lock in top")
    expect("1 without an answer" in text, text)
    terminal.leave()
    silent.check_alive()


def case_a_trace_that_stands_still_can_be_ended(env: Env) -> None:
    """The tracer reads the list of a thread that ends, and gets no answer: a second signal ends it."""
    silent = env.python(PY_SILENT, needs="ctypes")
    if "error" in silent.info:
        skip(f"no userfaultfd here: {silent.info['error']}")
    trace = attached(env, silent.pid, json=False)
    silent.say(b"\n")
    assert silent.popen.stdin
    silent.popen.stdin.close()
    wait_until(lambda: "userfault" in proc_text(f"{trace.pid}/wchan"), "it stands still")
    trace.signal(signal.SIGINT)
    trace.signal(signal.SIGHUP)
    time.sleep(1.2)
    expect_equal(trace.popen.poll(), None, "two in a moment may be one wish")
    trace.signal(signal.SIGTERM)
    trace.expect_status(-signal.SIGTERM)
    expect("the trace stands still" in trace.err, trace.err)
    expect_equal(silent.popen.wait(DEADLINE), 0, "the program ends as it would have")


if __name__ == "__main__":
    main()
