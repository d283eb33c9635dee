"""What a pooler in transaction mode does to LISTEN: it is taken, and nothing is ever told.

Between two transactions the server's connection is another's, so what it is notified of there
reaches no client; what a client notifies itself comes within its own transaction, and reaches it.
Here the former alone is left out of what the server sends.
"""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_NOTIFICATION = b"A"
_READY = b"Z"
_REFUSE_TLS = b"N"
_TLS_REQUESTS = (80877103, 80877104)


@contextmanager
def transaction_pooler(socket_path: str) -> Iterator[int]:
    """Its port on the loopback, before the server that listens at that path."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_accept, args=[listener, socket_path], daemon=True).start()
        yield listener.getsockname()[1]


def _accept(listener: socket.socket, path: str) -> None:
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            threading.Thread(target=_serve, args=[client, path], daemon=True).start()


def _serve(client: socket.socket, path: str) -> None:
    with client, socket.socket(socket.AF_UNIX) as server, suppress(OSError, EOFError):
        server.connect(path)
        first = _start(client)
        server.sendall(first)
        asked = threading.Event()  # and not yet answered to the end
        threading.Thread(target=_copy, args=[client, server, asked], daemon=True).start()
        while True:
            kind = _exactly(server, 1)
            length = _exactly(server, 4)
            body = _exactly(server, struct.unpack("!I", length)[0] - 4)
            if kind == _READY:
                asked.clear()
            if kind != _NOTIFICATION or asked.is_set():
                client.sendall(kind + length + body)


def _start(client: socket.socket) -> bytes:
    while True:
        length = _exactly(client, 4)
        body = _exactly(client, struct.unpack("!I", length)[0] - 4)
        if struct.unpack("!I", body[:4])[0] not in _TLS_REQUESTS:
            return length + body
        client.sendall(_REFUSE_TLS)


def _copy(client: socket.socket, server: socket.socket, asked: threading.Event) -> None:
    with suppress(OSError):
        while piece := client.recv(65536):
            asked.set()
            server.sendall(piece)
        server.shutdown(socket.SHUT_WR)


def _exactly(line: socket.socket, length: int) -> bytes:
    read = b""
    while len(read) < length:
        piece = line.recv(length - len(read))
        if not piece:
            raise EOFError
        read += piece
    return read
