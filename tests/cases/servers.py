# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that people run: what is wrong with them is told, and what only looks so is not.

Each runs from the case's own folder, by a configuration of its own, as a process of the case.
"""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import time
from pathlib import Path
from typing import Any, Sequence

from checking import QUIET, await_status, check, check_json, only_problem
from harness import (Env, Process, Tracee, blocked_in_futex, children_of, expect, expect_equal,
                     main, proc_text, skip, task_states, wait_until)
from look import lock_at, waiter_tids, waits
from tdb_chains import FREELIST, PY_ALLRECORD, chain_offset

PR_SET_CHILD_SUBREAPER = 36


class Daemon(Process):
    """A server in the foreground: a session of its own, of which nothing is left over."""

    def __init__(self, env: Env, argv: Sequence[object]) -> None:
        # What its dead parents leave behind comes to us, to be waited for.
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
        self.log = env.tmp / f"{Path(str(argv[0])).name}.log"
        with open(self.log, "wb") as log:
            super().__init__(["/usr/bin/setsid", "/bin/sh", "-c", 'exec "$@" 2>&1', "-", *argv],
                             stdout=log.fileno())
        env.started.append(self)
        wait_until(lambda: self.check_alive() and session_of(self.pid) == self.pid,
                   "it has its session")

    def await_log(self, text: str) -> None:
        wait_until(lambda: self.check_alive() and text in self.log.read_text(errors="replace"),
                   f"{self.log.name} has {text!r}")

    def family(self) -> list[int]:
        """All that is alive of it, also what a parent has left."""
        members = []
        for name in os.listdir("/proc"):
            if name.isdigit() and session_of(int(name)) == self.pid:
                members.append(int(name))
        return sorted(members)

    def kill(self) -> None:
        for pid in self.family():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        super().kill()
        wait_until(self.is_reaped, "all of it has ended")

    def is_reaped(self) -> bool:
        for pid in self.family():
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                pass  # of another process, which has to die first
        return not self.family()


def session_of(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return 0


def installed(name: str) -> str:
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    return path or skip(f"{name} is not installed")


def send(number: int, *pids: int) -> None:
    for pid in pids:
        os.kill(pid, number)
    letters = {signal.SIGSTOP: {"T"}, signal.SIGCONT: {"S", "R"}}.get(signal.Signals(number))
    for pid in pids if letters else ():
        wait_until(lambda: set(task_states(pid).values()) <= letters, f"{pid} is in {letters}")


# ---- OpenLDAP: slapd and slapadd share an LMDB -------------------------------------------------

SLAPD_CONF = """
include {schema}/core.schema
modulepath {modules}
moduleload back_mdb
pidfile {tmp}/slapd.pid
database mdb
suffix "dc=x"
rootdn "cn=root,dc=x"
rootpw secret
directory {tmp}/db
maxsize 10485760
"""

SUFFIX = b"dn: dc=x\nobjectClass: organization\nobjectClass: dcObject\no: x\ndc: x\n\n"
UNIT = b"dn: ou=%s,dc=x\nobjectClass: organizationalUnit\nou: %s\n\n"
WRITER = 64


def ber(tag: int, content: bytes) -> bytes:
    return bytes([tag, len(content)]) + content


class Ldap:
    """Just enough of a client: bind, and delete what is not there."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        wait_until(lambda: self.socket.connect_ex(str(path)) == 0, f"somebody listens on {path}")
        self.number = 0

    def close(self) -> None:
        self.socket.close()

    def ask(self, operation: bytes) -> None:
        self.number += 1
        self.socket.sendall(ber(0x30, ber(2, bytes([self.number])) + operation))

    def result(self, timeout: float = 30) -> int:
        self.socket.settimeout(timeout)
        answer = self.socket.recv(4096)
        return answer[9]  # 30 LEN 02 01 ID TAG LEN 0a 01 CODE

    def bind(self) -> None:
        self.ask(ber(0x60, ber(2, b"\3") + ber(4, b"cn=root,dc=x") + ber(0x80, b"secret")))
        expect_equal(self.result(), 0, "result of the bind")

    def delete(self, name: bytes) -> None:
        self.ask(ber(0x4A, name))


class Slapd:
    """A slapd on a socket file, and a slapadd that has the writer lock and waits for more."""

    def __init__(self, env: Env) -> None:
        slapadd, slapd = installed("slapadd"), installed("slapd")
        modules = [p for p in (Path("/usr/lib/ldap"), Path("/usr/lib64/openldap"))
                   if list(p.glob("back_mdb*"))]
        schemas = [p for p in (Path("/etc/ldap/schema"), Path("/etc/openldap/schema"))
                   if (p / "core.schema").exists()]
        if not modules or not schemas:
            skip("slapd is here without back_mdb or its schemas")
        (env.tmp / "db").mkdir()
        conf = env.tmp / "slapd.conf"
        conf.write_text(SLAPD_CONF.format(tmp=env.tmp, modules=modules[0], schema=schemas[0]))
        subprocess.run([slapadd, "-q", "-f", conf], input=SUFFIX, check=True, capture_output=True,
                       timeout=60)
        path = env.tmp / "ldap.sock"
        self.server = Daemon(env, [slapd, "-d", "0", "-f", conf, "-h",
                                   "ldapi://" + str(path).replace("/", "%2F")])
        self.lock = env.tmp / "db" / "lock.mdb"
        self.client = Ldap(path)
        self.client.bind()
        # Quick mode: one transaction for many entries. It reads on until stdin ends.
        self.adder = Process([slapadd, "-q", "-f", conf])
        env.started.append(self.adder)
        self.adder.say(UNIT % (b"p", b"p") + UNIT % (b"q", b"q"))
        wait_until(lambda: self.adder.check_alive() and self.word() & 0x3FFFFFFF == self.adder.pid,
                   "slapadd has the writer lock")

    def word(self) -> int:
        with open(self.lock, "rb") as lock:
            lock.seek(WRITER)
            return int(struct.unpack("<I", lock.read(4))[0])

    def block(self, env: Env) -> int:
        """Has slapd want the writer lock; returns the thread that waits."""
        self.client.delete(b"ou=nobody,dc=x")

        def waiting() -> list[int]:
            doc = env.tool.show_json(self.lock)
            return waiter_tids(lock_at(doc, self.lock.stat().st_ino, WRITER))

        found: list[int] = wait_until(waiting, "slapd waits for slapadd")
        expect_equal(len(found), 1, "threads that wait")
        return found[0]


def case_slapd_idle(env: Env) -> None:
    """Its threads sleep in condition variables."""
    server = Slapd(env)
    check(env, "-p", server.server.pid, status=QUIET)
    check(env, server.lock, status=QUIET)


def case_slapd_behind_slapadd(env: Env) -> None:
    server = Slapd(env)
    tid = server.block(env)
    check(env, server.lock, status=QUIET)  # slapadd may be busy: just waiting is no problem
    for args in (("-p", server.server.pid), (server.lock,)):
        said, text = only_problem(env, "long-hold", "--hold", 1, "--interval", 0.2, *args)
        expect_equal(said["tids"], [server.adder.pid, tid], "who holds and who waits")
        for part in ("LMDB writer", f"{server.lock}+0x40", f"{server.adder.pid} slapadd",
                     f"{server.server.pid}/{tid} slapd"):
            expect(part in text, f"{part} in {text}")


def case_slapd_behind_a_stopped_slapadd(env: Env) -> None:
    server = Slapd(env)
    tid = server.block(env)
    send(signal.SIGSTOP, server.adder.pid)
    said, text = only_problem(env, "owner-stopped", "-p", server.server.pid)
    expect_equal(said["tids"], [server.adder.pid, tid], "who holds and who waits")
    expect("kill -CONT" in text and "slapadd" in text, f"what to do: {text}")
    expect(re.search(rf"If process {server.adder.pid} ends, .* {tid} gets EOWNERDEAD", text),
           f"what happens when slapadd dies: {text}")
    # As it says: slapd gets EOWNERDEAD, recovers and answers.
    server.adder.kill()
    expect_equal(server.client.result(), 32, "slapd's answer: no such object")
    await_status(env, QUIET, server.lock)


# ---- Samba: smbd on a loopback address of its own ----------------------------------------------

SMB_CONF = """
[global]
 server role = standalone server
 interfaces = {address}/8
 bind interfaces only = yes
 smb ports = 445
 private dir = {tmp}/private
 smb passwd file = {tmp}/private/smbpasswd
 passdb backend = smbpasswd
 lock directory = {tmp}/lock
 state directory = {tmp}/state
 cache directory = {tmp}/cache
 pid directory = {tmp}/pid
 ncalrpc dir = {tmp}/ncalrpc
 log file = {tmp}/smbd.txt
 logging = file
 disable netbios = yes
 load printers = no
 disable spoolss = yes
 rpc start on demand helpers = no
 map to guest = Bad User
 guest account = nobody
[share]
 path = {tmp}/share
 guest ok = yes
 read only = no
"""

# Opens and closes a file for each line.
PY_SMB = """
import os, sys
from samba import credentials
from samba.samba3 import libsmb_samba_internal as libsmb, param
lp = param.get_context()
lp.load(sys.argv[1])
guest = credentials.Credentials()
guest.set_anonymous()
guest.set_kerberos_state(credentials.DONT_USE_KERBEROS)
share = libsmb.Conn(sys.argv[2], "share", lp=lp, creds=guest)
print(f"ready pid={os.getpid()}", flush=True)
for line in sys.stdin:
    share.close(share.create(line.strip(), DesiredAccess=3, ShareAccess=7, CreateDisposition=3))
    print("ready", flush=True)
"""

# Has the mutex at that offset of a file until there is a line.
PY_MUTEX = """
import ctypes, mmap, os, sys
with open(sys.argv[1], "r+b") as file:
    view = mmap.mmap(file.fileno(), 0)
mutex = ctypes.byref(ctypes.c_char.from_buffer(view, int(sys.argv[2])))
assert ctypes.CDLL(None).pthread_mutex_lock(mutex) == 0
print(f"ready pid={os.getpid()}", flush=True)
sys.stdin.readline()
assert ctypes.CDLL(None).pthread_mutex_unlock(mutex) == 0
print("ready", flush=True)
sys.stdin.read()
"""


class Smbd:
    def __init__(self, env: Env) -> None:
        smbd = installed("smbd")
        if os.geteuid():
            skip("smbd listens on port 445: that is for root")
        self.address = f"127.45.{os.getpid() >> 8 & 255}.{os.getpid() & 255 | 1}"
        self.conf = env.tmp / "smb.conf"
        for name in ("private", "lock", "state", "cache", "pid", "ncalrpc", "share"):
            (env.tmp / name).mkdir()
        (env.tmp / "share").chmod(0o777)
        (env.tmp / "share" / "f").touch()
        (env.tmp / "share" / "f").chmod(0o666)
        self.conf.write_text(SMB_CONF.format(tmp=env.tmp, address=self.address))
        self.server = Daemon(env, [smbd, "-F", "--no-process-group", "-s", self.conf])
        wait_until(self.listens, "smbd listens")
        self.locking = env.tmp / "lock" / "locking.tdb"

    def listens(self) -> bool:
        self.server.check_alive()
        with socket.socket() as probe:
            return probe.connect_ex((self.address, 445)) == 0

    def client(self, env: Env) -> tuple[Tracee, int]:
        """A client, and the smbd that serves it."""
        before = set(children_of(self.server.pid))
        client = env.python(PY_SMB, self.conf, self.address,
                            needs="samba.samba3.libsmb_samba_internal")

        def served_by() -> int | None:
            new = set(children_of(self.server.pid)) - before
            new = {pid for pid in new if has_socket(pid, self.address)}
            return new.pop() if len(new) == 1 else None

        return client, wait_until(served_by, "it is clear which smbd serves the client")


def has_socket(pid: int, address: str) -> bool:
    """Whether it has the other end of a connection to that address."""
    packed = "%08X:01BD" % struct.unpack("<I", socket.inet_aton(address))[0]
    with open("/proc/net/tcp") as table:
        rows = [line.split() for line in table]
    inodes = {f"socket:[{row[9]}]" for row in rows if row[1] == packed and row[3] == "01"}
    try:
        return any(os.readlink(f"/proc/{pid}/fd/{fd}") in inodes
                   for fd in os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return False


def case_smbd_idle(env: Env) -> None:
    server = Smbd(env)
    client, _ = server.client(env)
    client.say(b"f\n")
    client.read_ready()
    pids = ",".join(str(pid) for pid in server.server.family())
    check(env, "-p", pids, status=QUIET)
    check(env, server.locking, status=QUIET)


def case_smbd_behind_a_stopped_smbd(env: Env) -> None:
    """One smbd is stopped within the chain of a file; another wants the same file."""
    server = Smbd(env)
    (first, victim), (second, blocked) = server.client(env), server.client(env)
    # A chain is held for microseconds, but for as long as the list of free places is taken: nothing
    # has been deleted yet whose place could be had without it.
    freelist = env.python(PY_MUTEX, server.locking, FREELIST, needs="ctypes")
    first.say(b"f\n")
    wait_until(lambda: blocked_in_futex(victim), "an smbd wants a free place for its chain")
    send(signal.SIGSTOP, victim)
    freelist.say(b"\n")
    freelist.read_ready()
    doc = env.tool.show_json("-p", victim)
    mine = [lock for lock in doc["locks"] if lock["owner"] == victim]
    expect_equal(len(mine), 1, f"locks that the stopped smbd has, of {doc['locks']}")
    place = mine[0]["where"]["offset"]
    chain = (place - FREELIST) // 40 - 1
    expect_equal(chain_offset(chain), place, "offset of its chain")
    check(env, server.locking, status=QUIET)  # nobody waits for it yet
    second.say(b"f\n")
    wait_until(lambda: blocked_in_futex(blocked), "the other smbd waits")
    for args in (("-p", blocked), ("-p", victim), (server.locking,)):
        said, text = only_problem(env, "owner-stopped", *args)
        expect_equal(said["tids"], [victim, blocked], f"who is named by {args}")
        for part in (f"tdb chain {chain}", f"{server.locking}+0x{place:x}", f"{victim} smbd",
                     f"{blocked} smbd", "kill -CONT"):
            expect(part in text, f"{part} in {text}")
    send(signal.SIGCONT, victim)  # as it says
    first.read_ready()
    second.read_ready()
    await_status(env, QUIET, "-p", blocked)


def case_tdb_behind_a_stopped_one(env: Env) -> None:
    """The same without Samba: python3-tdb has the whole database."""
    path = env.tmp / "x.tdb"
    holder = env.python(PY_ALLRECORD, path, needs="tdb")
    waiter = env.tracee("tdb_hold", "-j", "-w", path)
    check(env, path, status=QUIET)
    send(signal.SIGSTOP, holder.pid)
    said, text = only_problem(env, "owner-stopped", path)
    expect_equal(said["tids"], [holder.pid, waiter.pid], "who")
    expect("tdb allrecord" in text and "kill -CONT" in text, text)
    send(signal.SIGCONT, holder.pid)
    await_status(env, QUIET, path)


# ---- uWSGI: a PI robust mutex in shared memory, for whoever accepts ------------------------------

class Uwsgi:
    def __init__(self, env: Env) -> None:
        program = shutil.which("uwsgi-core") or installed("uwsgi")
        self.server = Daemon(env, [program, "--socket", env.tmp / "uwsgi.sock", "--processes", 3,
                                   "--thunder-lock"])
        self.server.await_log("spawned uWSGI worker 3")
        if "pthread robust mutexes" not in self.server.log.read_text(errors="replace"):
            skip("this uwsgi has no robust mutexes")
        self.env = env
        self.workers = self.server.family()
        expect_equal(len(self.workers), 3, "workers")
        self.lock: dict[str, Any] = wait_until(self.settled, "one accepts and two wait")
        self.owner: int = self.lock["owner"]
        self.waiters = waiter_tids(self.lock)

    def settled(self) -> dict[str, Any] | None:
        for lock in self.env.tool.show_json("-p", ",".join(map(str, self.workers)))["locks"]:
            if len(lock["waiters"]) == 2:
                return lock
        return None


def case_uwsgi_idle(env: Env) -> None:
    """Who does not accept waits for who does: that is what the lock is for."""
    server = Uwsgi(env)
    expect_equal(server.lock["kind"], "robust,pi,shared", "kind")
    check(env, "-p", ",".join(map(str, server.workers)), status=QUIET)


def case_uwsgi_dead_owner(env: Env) -> None:
    """The owner dies while nobody can take over; then uWSGI recovers by itself."""
    server = Uwsgi(env)
    send(signal.SIGSTOP, *server.waiters)
    os.kill(server.owner, signal.SIGKILL)
    wait_until(lambda: "Z" in task_states(server.owner).values(), "the owner is dead")
    for pid in server.waiters:
        said, text = only_problem(env, "owner-dead", "-p", pid)
        expect(server.owner in said["tids"], f"who died: {said}")
        expect(set(server.waiters) <= set(said["tids"]), f"who waits: {said}")
        expect(f"thread {server.owner} died" in text and "EOWNERDEAD" in text, text)
        expect("but are stopped" in text and "were not woken" not in text, text)
        found = re.search(r"kill -CONT ([\d ]+)\)", text)
        expect(found and set(map(int, found[1].split())) == set(server.waiters), text)
    send(signal.SIGCONT, *server.waiters)
    wait_until(lambda: "a process holding a robust mutex died. recovering" in
               server.server.log.read_text(errors="replace"), "uWSGI recovers")
    await_status(env, QUIET, "-p", ",".join(map(str, server.waiters)))


def case_uwsgi_stopped_owner(env: Env) -> None:
    server = Uwsgi(env)
    send(signal.SIGSTOP, server.owner)
    said, text = only_problem(env, "owner-stopped", "-p", server.waiters[0])
    expect_equal(said["tids"][0], server.owner, "the owner")
    expect_equal(sorted(said["tids"][1:]), server.waiters, "the waiters")
    expect("uwsgi" in text, text)
    send(signal.SIGCONT, server.owner)
    await_status(env, QUIET, "-p", server.waiters[0])


# ---- Apache: the accept mutex -------------------------------------------------------------------

APACHE_CONF = """
ServerRoot {tmp}
ServerName localhost
PidFile {tmp}/pid
DefaultRuntimeDir {tmp}
ErrorLog {tmp}/error.log
LoadModule mpm_worker_module {modules}/mod_mpm_worker.so
LoadModule authz_core_module {modules}/mod_authz_core.so
User nobody
Mutex pthread default
Listen 127.0.0.1:{ports[0]}
Listen 127.0.0.1:{ports[1]}
StartServers 3
ServerLimit 3
MinSpareThreads 2
MaxSpareThreads 6
ThreadsPerChild 2
MaxRequestWorkers 6
"""


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def case_apache_accept_mutex(env: Env) -> None:
    """Two of three children wait for the one that listens, as long as nobody connects."""
    apache = installed("apache2")
    modules = Path("/usr/lib/apache2/modules")
    if not (modules / "mod_mpm_worker.so").exists():
        skip("apache2 is here without mpm_worker")
    conf = env.tmp / "apache.conf"
    conf.write_text(APACHE_CONF.format(tmp=env.tmp, modules=modules, ports=free_ports(2)))
    server = Daemon(env, [apache, "-DFOREGROUND", "-f", conf])

    def family() -> str:
        server.check_alive()
        return ",".join(map(str, server.family()))

    def accept_mutex() -> dict[str, Any] | None:
        locks = env.tool.show_json("-p", family())["locks"]
        return next((lock for lock in locks if len(lock["waiters"]) == 2), None)

    lock = wait_until(accept_mutex, "two wait for the one that accepts")
    expect_equal(lock["state"], "held", "state")
    doc = check_json(env, "-p", family(), status=QUIET)
    expect(len(doc["waits"]) > 2, "other threads of it sleep too")
    for args in (("-p", family()), ("-p", lock["owner"]) if lock["owner"] in server.family()
                 else ("-p", lock["pid"])):
        check(env, *args, status=QUIET)


# ---- Programs that sleep in futexes of their own -------------------------------------------------

def asleep(env: Env, process: Process, least: int) -> None:
    """A program whose threads sleep: no problem, no owner, at any moment of its beginning."""
    def sleepers() -> dict[int, str]:
        """TID -> schedstat of the threads that sleep in a futex: equal again, it slept on."""
        process.check_alive()
        return {tid: proc_text(f"{process.pid}/task/{tid}/schedstat")
                for tid in task_states(process.pid) if blocked_in_futex(process.pid, tid)}

    end = time.monotonic() + 1
    while time.monotonic() < end:  # it starts its threads meanwhile
        check(env, "-p", process.pid, status=QUIET)
    wait_until(lambda: len(sleepers()) >= least, f"{least} threads sleep in futexes")
    before = sleepers()
    doc = check_json(env, "-p", process.pid, status=QUIET)
    slept_on = before.items() & sleepers().items()
    expect(slept_on, "a thread slept while it was looked at")
    for tid, _ in slept_on:
        expect(waits(doc, tid), f"the wait of {tid} is seen")
    expect_equal([w for w in doc["waits"] if w["owner"]], [], "waits that have an owner")


def case_node(env: Env) -> None:
    asleep(env, env.program("node", "-e", "process.stdin.resume()"), 4)


def case_go(env: Env) -> None:
    """fzf is written in Go, and reads its input to the end before it filters."""
    asleep(env, env.program("fzf", "--filter", "x"), 2)


PY_ASLEEP = """
import os, sys, threading, queue, concurrent.futures
jobs, event, condition = queue.Queue(), threading.Event(), threading.Condition()
def condition_wait():
    with condition:
        condition.wait()
pool = concurrent.futures.ThreadPoolExecutor(3)
for _ in range(3):
    pool.submit(event.wait)
for wait in (jobs.get, condition_wait, threading.Barrier(2).wait, event.wait):
    threading.Thread(target=wait, daemon=True).start()
print(f"ready pid={os.getpid()}", flush=True)
sys.stdin.read()
os._exit(0)
"""


def case_python(env: Env) -> None:
    asleep(env, env.python(PY_ASLEEP, needs="threading"), 7)


if __name__ == "__main__":
    main()
