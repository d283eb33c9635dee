"""An identity provider on the loopback: its keys, its tokens, and the place where passwords go.

It speaks HTTP as Supabase's does (https://supabase.com/docs/guides/auth): a key set at its
well-known address and `POST /auth/v1/token?grant_type=password`.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

SECRET = "an older secret that all tokens were signed with"
AUDIENCE = "authenticated"
KEY = "sb_publishable_tests"


@dataclass(frozen=True, eq=False)
class Key:
    """A private key, and how its public half stands in the key set."""

    number: str
    algorithm: str
    private: Any
    said: dict[str, Any] = field(default_factory=dict)

    @property
    def public(self) -> dict[str, Any]:
        kind = ECAlgorithm if self.algorithm.startswith("ES") else RSAAlgorithm
        made = kind.to_jwk(self.private.public_key(), as_dict=True)
        return {**made, "kid": self.number, "alg": self.algorithm, "use": "sig", **self.said}

    @property
    def public_pem(self) -> bytes:
        return self.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )


def elliptic(number: str, **said: Any) -> Key:
    return Key(number, "ES256", ec.generate_private_key(ec.SECP256R1()), said)


def rsa_key(number: str, bits: int = 2048, **said: Any) -> Key:
    return Key(number, "RS256", rsa.generate_private_key(65537, bits), said)


@dataclass(eq=False)
class IdentityProvider:
    """What it answers may be changed while it runs.

    asked     how often somebody asked for the keys
    document  instead of the key set
    answer    instead of what becomes of a password
    status    of every answer
    silent    set: it takes the question and says nothing
    users     {email: (password, claims)}
    """

    address: str
    keys: list[Key]
    asked: int = 0
    document: bytes | None = None
    answer: bytes | None = None
    status: int = 200
    silent: Event = field(default_factory=Event)
    let_go: Event = field(default_factory=Event)
    users: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    posted: list[dict[str, str]] = field(default_factory=list)

    @property
    def issuer(self) -> str:
        return f"{self.address}/auth/v1"

    @property
    def keys_url(self) -> str:
        return f"{self.issuer}/.well-known/jwks.json"

    def claims(self, **changed: Any) -> dict[str, Any]:
        """As Supabase writes them; None leaves one out."""
        now = int(time.time())
        said = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "exp": now + 3600,
            "iat": now,
            "role": "authenticated",
            "aal": "aal1",
            "is_anonymous": False,
            "app_metadata": {"provider": "email"},
            "user_metadata": {},
        } | changed
        return {k: v for k, v in said.items() if v is not None}

    def token(self, key: Key | None = None, headers: dict[str, Any] | None = None, **claims) -> str:
        signing = key or self.keys[0]
        return jwt.encode(
            self.claims(**claims),
            signing.private,
            algorithm=signing.algorithm,
            headers={"kid": signing.number} | (headers or {}),
        )

    def key_set(self) -> bytes:
        if self.document is not None:
            return self.document
        return json.dumps({"keys": [k.public for k in self.keys]}).encode()


@contextmanager
def identity_provider() -> Iterator[IdentityProvider]:
    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            provider.asked += 1
            self.say(provider.status, provider.key_set())

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            provider.posted.append({"path": self.path, "apikey": self.headers["apikey"]})
            known = provider.users.get(body["email"])
            if provider.status != 200 or provider.answer is not None:
                self.say(provider.status, provider.answer or b"{}")
            elif known is None or known[0] != body["password"]:
                refusal = {"code": 400, "error_code": "invalid_credentials"}
                self.say(400, json.dumps(refusal).encode())
            else:
                token = provider.token(**known[1])
                said = {"access_token": token, "token_type": "bearer", "refresh_token": "r"}
                self.say(200, json.dumps(said).encode())

        def say(self, status: int, body: bytes) -> None:
            if provider.silent.is_set():
                provider.let_go.wait(30)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    address = f"http://127.0.0.1:{server.server_address[1]}"
    provider = IdentityProvider(address, [elliptic("one"), rsa_key("two")])
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        provider.let_go.set()
        server.shutdown()
        server.server_close()
        thread.join()
