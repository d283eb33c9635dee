"""A refusal reaches a browser that is still sending; else it would report a broken connection."""

import socket

import httpx2
import pytest

from myograph.web.auth import COOKIE
from tests.web.servers import PATIENCE_S, running

MB = 1024 * 1024


@pytest.fixture(scope="module")
def door(make_app):
    with running(make_app()) as door:
        yield door


def spoken(door, head, body):
    """What a sender hears that does not listen before it has sent everything."""
    url = httpx2.URL(door.address)
    lines = [*head, f"Host: {url.host}:{url.port}", "", ""]
    with socket.create_connection((url.host, url.port), timeout=PATIENCE_S) as sender:
        sender.sendall("\r\n".join(lines).encode() + body)
        return sender.recv(MB).decode().partition("\r\n")[0]


@pytest.mark.parametrize(
    ("name", "login", "more", "status"),
    [
        ("notes.txt", "ann", (), "422"),
        ("a.c3d", "rae", (), "403"),
        ("a.c3d", "ann", ("Origin: https://evil.example",), "403"),
        ("a.c3d", "ann", (), "413"),
    ],
)
def test_a_refusal_is_heard_however_early_it_is_said(served, door, name, login, more, status):
    length = 12 * MB
    cookie = f"Cookie: {COOKIE}={served.cookie(login)}"
    head = [f"PUT /api/uploads/{name} HTTP/1.1", cookie, f"Content-Length: {length}", *more]
    assert spoken(door, head, bytes(length)).startswith(f"HTTP/1.1 {status} ")
