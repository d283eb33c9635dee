"""How the server is set up: who is let in when, and who is believed about where they come from."""

import asyncio
import gc
import socket
from contextlib import ExitStack

import httpx2
import pytest
import uvloop
from fastapi import APIRouter, FastAPI

from myograph.cli.serving import DOORS, config_of, doors, listening, settle


async def shown(scope, _receive, send):
    """Answers with what the application is told of the connection."""
    text = f"{scope['scheme']} {scope['client'][0]}"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": text.encode()})


@pytest.mark.parametrize(
    ("proxies", "told"),
    [
        ("127.0.0.1", "http 10.1.2.3"),
        ("10.1.2.3", "https 192.0.2.7"),
        ("127.0.0.1, 10.0.0.0/8", "https 192.0.2.7"),
        ("", "http 10.1.2.3"),
    ],
)
def test_only_a_proxy_that_is_named_is_believed(proxies, told):
    config = config_of(shown, trusted_proxies=proxies)
    config.load()
    transport = httpx2.ASGITransport(config.loaded_app, client=("10.1.2.3", 5000))

    async def ask():
        async with httpx2.AsyncClient(transport=transport, base_url="http://clinic.example") as web:
            said = {"X-Forwarded-For": "203.0.113.9, 192.0.2.7", "X-Forwarded-Proto": "https"}
            return (await web.get("/", headers=said)).text

    assert asyncio.run(ask()) == told


def turns_until_let_in(listeners, callers):
    """How often the loop has turned before the last of these callers, who all wait, is let in."""

    class Guest(asyncio.Protocol):
        def connection_made(self, transport):
            let_in.append(turn)
            transport.abort()

    turn, let_in = 0, []

    async def welcome():
        nonlocal turn
        loop = asyncio.get_running_loop()
        servers = [await loop.create_server(Guest, sock=each, backlog=256) for each in listeners]
        with ExitStack() as stack:
            for _ in range(callers):
                stack.enter_context(socket.create_connection(listeners[0].getsockname()))
            while len(let_in) < callers:
                turn += 1
                await asyncio.sleep(0)
        for server in servers:
            server.close()

    uvloop.run(asyncio.wait_for(welcome(), 30))
    return let_in[-1]


def test_a_hundred_who_come_at_once_are_let_in_by_many_doors():
    by_one = turns_until_let_in([listening("127.0.0.1", 0)], 96)
    by_all = turns_until_let_in(doors(listening("127.0.0.1", 0)), 96)
    assert by_one >= 96
    assert by_all <= by_one / DOORS * 2


def test_routes_are_built_before_the_first_request_and_never_searched_for_garbage():
    app, router = FastAPI(), APIRouter()
    router.add_api_route("/here", lambda: "here")
    app.include_router(router)
    usual = gc.get_threshold()
    try:
        settle(app)
        assert gc.get_threshold()[0] > usual[0]
        assert gc.get_freeze_count() > 10_000
        assert not any(one is app for one in gc.get_objects())  # frozen ones are not among these
        assert "/here" in app.openapi_schema["paths"]
    finally:
        gc.unfreeze()
        gc.set_threshold(*usual)
