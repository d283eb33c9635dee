"""A proxy on the loopback that breaks connections as it is told.

One stands between a program and its database or store; the program is told the proxy's port. Each
new connection takes the next fault of the programme, and the last one goes on for ever:

    with fault_proxy(server) as proxy:
        proxy.from_now_on(reset(after_bytes=1000), PASS)   # one connection breaks, then all is well
        proxy.cut()                                        # whatever is open ends now
        proxy.close_door()                                 # the port refuses, until open_door()

It counts how often a program waited for an answer: `proxy.round_trips`. Bytes are counted from the
server to the program: that is where a recording is on its way.
"""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from functools import partial
from typing import Literal

PIECE = 64 * 1024
PATIENCE_S = 20

Address = str | tuple[str, int]  # a socket's path, or host and port


@dataclass(frozen=True, slots=True)
class Fault:
    """What becomes of one connection.

    end             how it ends once `after_bytes` came from the server; None: it is left alone
    round_trip_s    what a message there and its answer take longer
    answer          said in the server's place to whatever is asked
    unnoticed       the server hears nothing of it when the program is gone
    """

    end: Literal["close", "reset", "stall"] | None = None
    after_bytes: int = 0
    round_trip_s: float = 0.0
    answer: bytes | None = None
    unnoticed: bool = False


PASS = Fault()


def truncate(after_bytes: int) -> Fault:
    """The stream ends there, as if that were all."""
    return Fault("close", after_bytes)


def reset(after_bytes: int) -> Fault:
    return Fault("reset", after_bytes)


def stall(after_bytes: int) -> Fault:
    """Nothing more comes, and the line stays open."""
    return Fault("stall", after_bytes)


def half_open() -> Fault:
    """Of a program whose machine loses its power: its lines stay, and nothing comes of them."""
    return Fault(unnoticed=True)


def slow(round_trip_s: float) -> Fault:
    return Fault(round_trip_s=round_trip_s)


def http_answer(status: str, body: bytes = b"", **headers: str) -> Fault:
    """`http_answer("503 Slow Down")`: whatever is asked for, and the line is closed."""
    named = {"Content-Length": str(len(body)), "Connection": "close", **headers}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in named.items())
    return Fault(answer=f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body)


class Proxy:
    """Use `fault_proxy`. Its methods may be called from any thread and have happened on return.

    round_trips    how often a program spoke, and was answered, before it spoke again
    """

    host = "127.0.0.1"

    def __init__(self, server: Address) -> None:
        self.port = 0
        self.connections = 0
        self.round_trips = 0
        self._server = server
        self._faults: tuple[Fault, ...] = (PASS,)
        self._open: set[asyncio.Task[None]] = set()
        self._left_open: list[asyncio.StreamWriter] = []
        self._loop = asyncio.new_event_loop()
        self._door: socket.socket | None = None

    def from_now_on(self, *faults: Fault) -> None:
        """The next connection gets the first, and so on; what is open is cut, so as not to last."""
        self._do(self._plan, faults)

    def cut(self) -> int:
        """Reset every open connection; how many there were."""
        return self._do(self._cut)

    def close_door(self) -> None:
        """Connections are refused, and those there are end."""
        self._do(self._close_door)

    def open_door(self) -> None:
        self._do(self._open_door)

    # in the loop's thread

    async def _plan(self, faults: tuple[Fault, ...]) -> None:
        self._faults = faults
        await self._cut()

    async def _cut(self) -> int:
        tasks = tuple(self._open)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return len(tasks)

    async def _open_door(self) -> None:
        self._door = socket.create_server((self.host, self.port), backlog=100)
        self._door.setblocking(False)
        self.port = self._door.getsockname()[1]
        self._loop.add_reader(self._door, self._let_in, self._door)

    async def _close_door(self) -> None:
        if self._door is not None:
            self._loop.remove_reader(self._door)
            self._door.close()
            self._door = None
        await self._cut()

    def _let_in(self, door: socket.socket) -> None:
        """Not by a server of asyncio: that one loses who comes in just as it closes."""
        try:
            line, _ = door.accept()
        except OSError:
            return  # who knocked is gone
        self.connections += 1
        task = self._loop.create_task(self._serve(line))
        self._open.add(task)
        task.add_done_callback(self._open.discard)
        task.add_done_callback(lambda _: line.close())  # one that is cut before it began, too

    def _next_fault(self) -> Fault:
        first, *others = self._faults
        self._faults = tuple(others) or (first,)
        return first

    async def _serve(self, line: socket.socket) -> None:
        try:
            reader, writer = await asyncio.open_connection(sock=line)
        except (asyncio.CancelledError, OSError):
            return
        try:
            await self._through(self._next_fault(), reader, writer)
            writer.close()
            await writer.wait_closed()  # who does not read what is left for them is cut like others
        except (asyncio.CancelledError, OSError):
            _reset(writer)

    async def _through(
        self, fault: Fault, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if fault.answer is not None:
            await _answer(fault.answer, reader, writer)
            return
        there, back = await self._connected()
        half_s = fault.round_trip_s / 2
        asked = asyncio.Event()  # and not answered yet
        sending = asyncio.create_task(_pump(reader, back, half_s, None, asked.set))
        hang_up = partial(self._left_open.append, back) if fault.unnoticed else back.close
        sending.add_done_callback(lambda _: hang_up())
        try:
            left = fault.after_bytes if fault.end else None
            ended_by_us = await _pump(there, writer, half_s, left, partial(self._count, asked))
            if ended_by_us and fault.end == "stall":
                await sending
            if ended_by_us and fault.end == "reset":
                _reset(writer)
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            if not fault.unnoticed:
                back.transport.abort()

    def _count(self, asked: asyncio.Event) -> None:
        self.round_trips += asked.is_set()
        asked.clear()

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._server, str):
            return await asyncio.open_unix_connection(self._server)
        return await asyncio.open_connection(*self._server)

    def _do(self, act: Callable[..., Awaitable[object]], *args: object):
        return asyncio.run_coroutine_threadsafe(act(*args), self._loop).result(PATIENCE_S)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.run_until_complete(asyncio.sleep(0.01))  # what was aborted says goodbye
        self._loop.close()

    async def _end(self) -> None:
        await self._close_door()
        for line in self._left_open:
            line.transport.abort()
        self._loop.call_soon(self._loop.stop)


@contextlib.contextmanager
def fault_proxy(server: Address) -> Generator[Proxy]:
    proxy = Proxy(server)
    thread = threading.Thread(target=proxy._run)
    thread.start()
    try:
        proxy.open_door()
        yield proxy
    finally:
        proxy._do(proxy._end)
        thread.join(PATIENCE_S)


async def _pump(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    delay_s: float,
    left: int | None,
    notice: Callable[[], None],
) -> bool:
    """Pass on what comes until it ends, or `left` bytes of it; True where that was the end.

    `notice` is called before a piece is passed on.
    A delayed piece does not hold up the next: each goes out so long after it came.
    """
    loop = asyncio.get_running_loop()
    due = loop.time()
    while left is None or left > 0:
        piece = await reader.read(PIECE if left is None else min(left, PIECE))
        if not piece:
            break
        if left is not None:
            left -= len(piece)
        notice()
        if delay_s:
            due = loop.time() + delay_s
            loop.call_at(due, writer.write, piece)
        else:
            writer.write(piece)
            await writer.drain()
    # What ends does so as late as the rest: whoever closes would lose what is still on its way.
    await asyncio.sleep(due - loop.time())
    return left == 0


async def _answer(
    answer: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Once a request is there, with its body: what is left unread would reset the line."""
    head = await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(_content_length(head))
    writer.write(answer)
    await writer.drain()


def _content_length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name == b"content-length":
            return int(value)
    return 0


def _reset(writer: asyncio.StreamWriter) -> None:
    """Let the end be a reset, as of a machine that is gone."""
    with contextlib.suppress(OSError):
        sock: socket.socket = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
