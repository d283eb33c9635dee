"""A sender that dribbles is sent away: a connection is not held for its sake."""

import socket
from urllib.parse import urlsplit

import pytest

from myograph.services.standard_webhooks import signed
from myograph.web.api.webhooks import ADDRESS, OLDER
from myograph.web.site import Limits
from tests.web.servers import PATIENCE_S, running
from tests.web.webhooks.bodies import encoded
from tests.web.webhooks.conftest import KEY, NOW, SOURCES, inserted


@pytest.fixture
def hurried(make_app):
    """A server that waits half a second for a body."""
    limits = Limits(delivery_s=0.5)
    with running(make_app(sources=SOURCES, clock=lambda: NOW, limits=limits)) as server:
        yield server


def begun(server, body, arrives, address=ADDRESS):
    """A connection with a delivery on it, of which so many bytes arrive."""
    headers = signed(KEY, number=f"slow-{arrives}-{address}", at=NOW, body=body)
    lines = [f"POST {address} HTTP/1.1", "Host: clinic", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    where = urlsplit(server.address)
    connection = socket.create_connection((where.hostname, where.port), timeout=PATIENCE_S)
    connection.sendall("\r\n".join([*lines, "", ""]).encode() + body[:arrives])
    return connection


def answer_on(connection):
    """All that comes until the server closes the connection."""
    return b"".join(iter(lambda: connection.recv(65536), b"")).decode()


@pytest.mark.parametrize("address", [ADDRESS, OLDER[0]])
@pytest.mark.parametrize("arrives", [0, 1, -1])
def test_a_body_that_does_not_end_is_answered_and_its_connection_closed(
    hurried, everything, new_name, arrives, address
):
    before = everything()
    with begun(hurried, encoded(inserted(new_name())), arrives, address) as connection:
        answer = answer_on(connection)
    assert answer.startswith("HTTP/1.1 408 ")
    assert '"code":"slow_delivery"' in answer
    assert "did not arrive within 0.5 seconds. Please send this again." in answer
    assert ("deprecation: " in answer) == (address != ADDRESS)
    assert everything() == before


def test_a_body_that_comes_in_two_parts_is_taken(make_app, new_name):
    body = encoded(inserted(new_name()))
    with (
        running(make_app(sources=SOURCES, clock=lambda: NOW)) as server,
        begun(server, body, 10) as connection,
    ):
        connection.sendall(body[10:])
        assert connection.recv(65536).startswith(b"HTTP/1.1 202 ")
