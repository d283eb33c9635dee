"""The processes of a PostgreSQL of our own: which one it is, whether it works, and its end.

Only /proc says what a process does. Where there is none nobody can tell a server that hangs from
one that is busy.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psycopg

Answer = Literal["yes", "not yet", "silence"]

ANSWERS_WITHIN_S = 2
QUITS_WITHIN_S = 10.0  # PostgreSQL itself kills after 5 s what does not follow it
_POLL_S = 0.02
_PROC = Path("/proc")
_NOT_YET = "the database system is"  # starting up, in recovery mode, shutting down, ...
_RECOVERING = ("postgres: startup", "postgres: checkpointer", "postgres: io worker")


@dataclass(frozen=True, slots=True)
class Postmaster:
    pid: int
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Effort:
    """What a server that does not answer has done until now.

    ticks       of processor time, by process
    at_it       one of them runs, or waits for a disk
    """

    ticks: frozenset[tuple[int, int]]
    at_it: bool

    def goes_on_after(self, earlier: "Effort | None") -> bool:
        return self.at_it or earlier is None or self.ticks != earlier.ticks


@dataclass(frozen=True, slots=True)
class _Process:
    """As its line in /proc says; `state` R: it runs, D: it waits for a disk."""

    pid: int
    parent: int
    state: str
    ticks: int


# ── which one it is


def find(cluster: Path) -> Postmaster | None:
    """What postmaster.pid says, where that process lives and is a server of this cluster."""
    try:
        lines = (cluster / "postmaster.pid").read_text("utf-8").splitlines()
        pid, port, folder, address = int(lines[0]), int(lines[3]), lines[4], lines[5]
    except (FileNotFoundError, ValueError, IndexError):
        return None
    if not is_alive(pid):
        return None
    # After a crash the number may be another program's. One that is just dying has no command any
    # more; it is waited for, since PostgreSQL refuses to start beside it.
    command = _command_of(pid)
    if command and str(cluster) not in command:
        return None
    return Postmaster(pid, folder or address, port)


def is_alive(pid: int) -> bool:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)  # our own child would stay as a zombie
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _command_of(pid: int) -> str:
    try:
        return (_PROC / str(pid) / "cmdline").read_text("utf-8", "replace")
    except FileNotFoundError:  # no Linux
        asked = ["/bin/ps", "-ww", "-p", str(pid), "-o", "command="]
        return subprocess.run(asked, capture_output=True, text=True, check=False).stdout  # noqa: S603, of our own making


# ── whether it works


def ask(url: str) -> Answer:
    """A refusal is an answer: of a password, of one connection too many."""
    try:
        psycopg.connect(url, connect_timeout=ANSWERS_WITHIN_S).close()
    except psycopg.OperationalError as exc:
        if "FATAL" not in str(exc):
            return "silence"
        return "not yet" if _NOT_YET in str(exc) else "yes"
    return "yes"


def effort(pid: int, answer: Answer) -> Effort | None:
    """Of the server and of those of its processes that recover; None: nobody can tell.

    answer    "not yet" costs the server itself some time, which is no sign that it recovers
    """
    processes = list(_processes())
    if not processes:
        return None
    own = {p for p in processes if p.parent == pid and _command_of(p.pid).startswith(_RECOVERING)}
    if answer == "silence":
        own |= {p for p in processes if p.pid == pid}
    return Effort(frozenset((p.pid, p.ticks) for p in own), any(p.state in "RD" for p in own))


def _processes() -> Iterator[_Process]:
    for folder in _PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            # The name, in brackets, may hold anything.
            after = (folder / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
            ticks = int(after[11]) + int(after[12])  # for itself, and in the kernel
            yield _Process(int(folder.name), int(after[1]), after[0], ticks)


# ── its end


def put_down(pid: int) -> None:
    """As after a power cut: what is committed stays. Whoever does not follow is killed."""
    for number in (signal.SIGQUIT, signal.SIGCONT):  # one that was stopped hears nothing before
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
    if not within(QUITS_WITHIN_S, lambda: not is_alive(pid)):
        _kill_all(pid)


def _kill_all(pid: int) -> None:
    """Each is a group of its own. The server stops first, so that it forks nobody meanwhile."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
    family = [p.pid for p in _processes() if p.parent == pid] + [pid]
    for member in family:
        with contextlib.suppress(ProcessLookupError):
            os.kill(member, signal.SIGKILL)
    # One that waits for a disk dies when that answers; PostgreSQL does not start beside it.
    within(QUITS_WITHIN_S, lambda: not any(is_alive(member) for member in family))


def within(seconds: float, happened: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True
