"""How the server is set up: whose word counts about where a request comes from."""

import asyncio

import httpx2
import pytest

from myograph.cli.serving import config_of


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
