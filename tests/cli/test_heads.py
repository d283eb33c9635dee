"""A server of our own protocol, spoken to byte by byte."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from uvicorn.server import ServerState

from myograph.cli import heads
from myograph.cli.serving import config_of

GET = b"GET / HTTP/1.1\r\nHost: clinic.example\r\n"
PUT = b"PUT / HTTP/1.1\r\nHost: clinic.example\r\nTransfer-Encoding: chunked\r\n\r\n"
PATIENCE_S = 20


async def counting(_scope, receive, send):
    """Answers with the number of bytes of the body."""
    came, more = 0, True
    while more:
        message = await receive()
        came += len(message.get("body", b""))
        more = message.get("more_body", False)
    text = f"{came}".encode()
    length = [(b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": length})
    await send({"type": "http.response.body", "body": text})


@asynccontextmanager
async def connected():
    config = config_of(counting, trusted_proxies="")
    config.load()
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: config.http_protocol_class(config=config, server_state=state, app_state={}),
        "127.0.0.1",
        0,
    )
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    try:
        yield reader, writer
    finally:
        writer.close()
        server.close()


async def answered(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    [length] = [line for line in head.split(b"\r\n") if line.startswith(b"content-length")]
    body = await reader.readexactly(int(length.split(b":")[1]))
    return int(head.split()[1]), body.decode()


def told(*parts, answers=1):
    """What the server says to these bytes, sent in these parts."""

    async def talk():
        async with connected() as (reader, writer):
            for part in parts:
                writer.write(part)
                await writer.drain()
            return [await answered(reader) for _ in range(answers)]

    async def within_patience():
        return await asyncio.wait_for(talk(), PATIENCE_S)

    return asyncio.run(within_patience())


def of_size(size):
    return GET + b"X-Long: " + b"a" * (size - len(GET) - len(b"X-Long: \r\n\r\n")) + b"\r\n\r\n"


def test_a_head_up_to_the_limit_is_read():
    assert told(of_size(heads.LIMIT_BYTES)) == [(200, "0")]


ENDLESS = {
    "header": [GET + b"X-Long: ", *[b"a" * 65536] * 30],
    "headers": [GET, *[b"X-Long: aaaa\r\n" * 5000] * 30],
    "address": [b"GET /", *[b"a" * 65536] * 30],
    "trailer": [PUT, b"1\r\nx\r\n0\r\nX-Long: ", *[b"a" * 65536] * 30],
}


@pytest.mark.parametrize("parts", ENDLESS.values(), ids=ENDLESS)
def test_one_without_end_is_refused(parts):
    """Or the connection is broken off before anybody could read why."""
    try:
        refused = told(*parts)
    except (ConnectionError, asyncio.IncompleteReadError):
        return
    assert refused == [(400, heads.TOO_LARGE)]


def test_a_body_of_any_size_and_any_number_of_parts_is_no_head():
    parts = [b"400\r\n" + b"x" * 1024 + b"\r\n"] * 2000
    assert told(PUT, *parts, b"0\r\n\r\n") == [(200, str(2000 * 1024))]


def test_each_request_of_a_connection_is_counted_by_itself():
    assert told(*[of_size(heads.LIMIT_BYTES // 2)] * 5, answers=5) == [(200, "0")] * 5


@pytest.mark.parametrize("begun", [b"", GET, GET + b"\r\n" + GET], ids=["none", "half", "second"])
def test_a_head_that_does_not_come_loses_its_connection(monkeypatch, begun):
    monkeypatch.setattr(heads, "PATIENCE_S", 0.1)

    async def talk():
        async with connected() as (reader, writer):
            writer.write(begun)
            if begun.endswith(b"\r\n\r\n" + GET):
                assert await answered(reader) == (200, "0")
            return await reader.read()

    assert asyncio.run(asyncio.wait_for(talk(), PATIENCE_S)) == b""


def test_a_body_may_take_longer_than_its_head(monkeypatch):
    monkeypatch.setattr(heads, "PATIENCE_S", 0.1)

    async def talk():
        async with connected() as (reader, writer):
            async with connected() as (other, _):
                writer.write(PUT + b"1\r\nx\r\n")
                assert await other.read() == b""  # so long has passed
            writer.write(b"1\r\ny\r\n0\r\n\r\n")
            return await answered(reader)

    assert asyncio.run(asyncio.wait_for(talk(), PATIENCE_S)) == (200, "2")
