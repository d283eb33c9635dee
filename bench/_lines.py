"""A sender of requests over open connections, in a process of its own and as lean as can be.

What it costs is missing to the service, which has only the same two cores.
"""

import multiprocessing
import re
import select
import socket
import time
from collections import deque
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from urllib.parse import urlsplit

import psutil

_LENGTH = re.compile(rb"(?i)content-length: (\d+)")


@dataclass(frozen=True, slots=True)
class Answer:
    seconds: float
    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Lines:
    """Connections that stay open."""

    pipe: Pipe
    pid: int

    def at_once(self, requests: Sequence[bytes]) -> list[Answer]:
        """Each over a line of its own; timed from when it was sent."""
        return self._answers(requests, None)

    def steadily(self, requests: Sequence[bytes], *, per_s: float) -> list[Answer]:
        """By the clock, whether those before are answered or not; timed from when each was due."""
        return self._answers(requests, 1 / per_s)

    def cpu_s(self) -> float:
        used = psutil.Process(self.pid).cpu_times()
        return used.user + used.system

    def _answers(self, requests: Sequence[bytes], every_s: float | None) -> list[Answer]:
        self.pipe.send((list(requests), every_s))
        return [Answer(*one) for one in self.pipe.recv()]


@contextmanager
def lines(address: str, count: int) -> Generator[Lines]:
    where = urlsplit(address)
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_work, args=(theirs, (where.hostname, where.port), count)
    )
    process.start()
    try:
        yield Lines(ours, process.pid or 0)
    finally:
        ours.send(None)
        process.join()


def _work(told: Pipe, address: tuple[str, int], count: int) -> None:
    sockets = [socket.create_connection(address) for _ in range(count)]
    while (work := told.recv()) is not None:
        told.send(_sent(sockets, *work))


def _sent(
    sockets: Sequence[socket.socket], requests: Sequence[bytes], every_s: float | None
) -> list[tuple[float, int, bytes]]:
    free = deque(sockets)
    busy: dict[int, tuple[socket.socket, float, list[bytes]]] = {}
    answers: list[tuple[float, int, bytes]] = []
    poll = select.epoll()
    for line in sockets:
        poll.register(line, select.EPOLLIN)
    sent, began = 0, time.perf_counter()
    while len(answers) < len(requests):
        while sent < len(requests) and free:
            now = time.perf_counter()
            since = now if every_s is None else began + sent * every_s
            if since > now:
                break
            line = free.popleft()
            line.sendall(requests[sent])
            busy[line.fileno()] = (line, since, [])
            sent += 1
        wait = 30.0
        if sent < len(requests) and free and every_s is not None:
            wait = max(0.0, began + sent * every_s - time.perf_counter())
        for number, _ in poll.poll(wait):
            line, since, parts = busy[number]
            parts.append(line.recv(65536))
            head, end, body = b"".join(parts).partition(b"\r\n\r\n")
            length = _LENGTH.search(head) if end else None
            if length is not None and len(body) >= int(length[1]):
                answers.append((time.perf_counter() - since, int(head[9:12]), body))
                del busy[number]
                free.append(line)
            elif not parts[-1]:
                raise ConnectionError("the service has hung up")
    poll.close()
    return answers
