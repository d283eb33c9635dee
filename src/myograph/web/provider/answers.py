"""What an identity provider answers: within seconds, and no more than fits."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import httpx2

from myograph.errors import SignInUnavailable

TIMEOUT_S: Final = 3.0
ANSWER_BYTES: Final = 256 * 1024
UNREACHABLE: Final = "What checks sign-ins does not answer. Please try again in a moment."


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    content: bytes


def got(client: httpx2.Client, url: str) -> Answer:
    """Nothing but a 200 counts."""
    answer = asked(client, url, headers={})
    if answer.status != HTTPStatus.OK:
        raise SignInUnavailable(UNREACHABLE)
    return answer


def asked(client: httpx2.Client, url: str, *, headers: Mapping[str, str]) -> Answer:
    """Whatever its status is."""
    return _answer(client, client.build_request("GET", url, headers=dict(headers)))


def posted(
    client: httpx2.Client, url: str, body: Mapping[str, str], *, headers: Mapping[str, str]
) -> Answer:
    return _answer(client, client.build_request("POST", url, json=body, headers=dict(headers)))


def _answer(client: httpx2.Client, request: httpx2.Request) -> Answer:
    """Or SignInUnavailable: it is away, slow, or says too much."""
    give_up = time.monotonic() + TIMEOUT_S
    content = b""
    try:
        response = client.send(request, stream=True)
        try:
            for part in response.iter_bytes():
                content += part
                if len(content) > ANSWER_BYTES or time.monotonic() > give_up:
                    raise SignInUnavailable(UNREACHABLE)
        finally:
            response.close()
    except httpx2.HTTPError as exc:
        raise SignInUnavailable(UNREACHABLE) from exc
    return Answer(response.status_code, content)
