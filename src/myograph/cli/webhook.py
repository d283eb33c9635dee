"""`myograph webhook send`: a signed event as a store sends it, to see what becomes of it."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from myograph.errors import BadInput, NotFound

if TYPE_CHECKING:
    from myograph.settings import Settings
    from myograph.storage.objects import Stored
    from myograph.web.webhooks.examples import Example
    from myograph.web.webhooks.sources import Source

_EXAMPLE = """\
\b
Examples:
  myograph webhook send recording.c3d
  myograph webhook send recording.c3d --name P001/recording.c3d --repeat 3
  myograph webhook send --name P001/recording.c3d --shape s3 --secret whsec_...
  myograph webhook send --name P001/recording.c3d --late 301
"""
_TIMEOUT_S = 30


class Shape(StrEnum):
    supabase = "supabase"
    s3 = "s3"
    cloudevents = "cloudevents"
    storage = "storage"


def register(app: typer.Typer) -> None:
    part = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    part.command(epilog=_EXAMPLE)(send)
    part.callback()(_events)
    app.add_typer(part, name="webhook", epilog=_EXAMPLE)


def send(
    *,
    file: Annotated[
        Path | None, typer.Argument(help="Put into the store first. [default: nothing is]")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Of the object. [default: the file's]")
    ] = None,
    bucket: Annotated[
        str | None, typer.Option("--bucket", help="[default: the first of MYOGRAPH_BUCKETS]")
    ] = None,
    size: Annotated[int | None, typer.Option("--size", min=0, help="Bytes, as told.")] = None,
    shape: Annotated[
        Shape, typer.Option("--shape", help="As which sender writes it.")
    ] = Shape.supabase,
    url: Annotated[
        str | None, typer.Option("--url", help="[default: the service on this machine]")
    ] = None,
    source: Annotated[
        str, typer.Option("--source", help="Whose secret and kind of signature.")
    ] = "default",
    secret: Annotated[
        str | None, typer.Option("--secret", help="Another one, of kind standard.")
    ] = None,
    repeat: Annotated[
        int, typer.Option("--repeat", min=1, max=1000, help="The very same delivery so often.")
    ] = 1,
    late: Annotated[
        int, typer.Option("--late", help="Signed so many seconds ago, or ahead where below 0.")
    ] = 0,
    data_dir: Annotated[
        Path | None,
        typer.Option("--data-dir", help="Where everything is kept; MYOGRAPH_DATA_DIR."),
    ] = None,
) -> None:
    """Send a signed event to the webhook, as a store does, and print the answer.

    Signs with a secret of MYOGRAPH_WEBHOOK_SOURCES, MYOGRAPH_WEBHOOK_SECRETS or the data
    directory.
    """
    import json
    import time

    from myograph.cli import system
    from myograph.web.webhooks.examples import SHAPES

    settings = system.settings_for(data_dir)
    signer = _source(settings, source, secret)
    example = _example(settings, bucket or settings.accepted_buckets[0], name, size, file)
    body = json.dumps(SHAPES[shape](example)).encode()
    headers = _signed(signer, example.version, int(time.time()) - late, body)
    address = _address(url or f"{settings.host}:{settings.port}")
    for _ in range(repeat):
        typer.echo(_said(address, headers, body))


def _address(url: str) -> str:
    return (url if "://" in url else f"http://{url}").rstrip("/")


def _source(settings: "Settings", name: str, secret: str | None) -> "Source":
    from myograph.cli import system
    from myograph.db import embedded
    from myograph.web.webhooks.sources import default_source

    if secret is not None:
        return default_source(secret, buckets=settings.accepted_buckets)
    folder = system.data_dir_of(settings)
    own = settings.database_url is None and (folder / "secrets.json").exists()
    known = system.webhook_sources(settings, embedded.secrets_of(folder) if own else None)
    for source in known:
        if source.name == name:
            return source
    raise NotFound(
        f"There is no webhook source {name!r} here; there is"
        f" {', '.join(s.name for s in known) or 'none'}. --secret takes a secret, --data-dir names"
        " the data directory of a service that made its own."
    )


def _example(
    settings: "Settings", bucket: str, name: str | None, size: int | None, file: Path | None
) -> "Example":
    """The object to speak of; the file's bytes are in the store when this returns."""
    from datetime import UTC, datetime
    from uuid import uuid4

    from myograph.web.webhooks.examples import Example

    known = name or (file.name if file else None)
    if known is None:
        raise BadInput("Name a file to be sent, or with --name an object that is there already.")
    stored = None if file is None else _put(settings, file, f"{bucket}/{known}")
    return Example(
        bucket=bucket,
        name=known,
        version=str(uuid4()),
        size=stored.size if stored and size is None else size,
        etag=stored.etag if stored else None,
        at=datetime.now(UTC).isoformat(),
    )


def _put(settings: "Settings", file: Path, key: str) -> "Stored":
    from myograph.cli import system
    from myograph.cli.files import chunks_in

    store = system.open_storage(settings, system.data_dir_of(settings))
    return store.put(key, chunks_in(file))


def _signed(source: "Source", delivery_id: str, now: int, body: bytes) -> Mapping[str, str]:
    from myograph.services.standard_webhooks import signed
    from myograph.web.webhooks.signatures import sign_sha256

    key = source.keys[0]
    if source.kind == "standard":
        return signed(key, number=delivery_id, at=now, body=body)
    if source.kind == "sha256":
        return sign_sha256(key, now, body)
    return {"Authorization": f"Bearer {key.decode()}"}


def _said(address: str, headers: Mapping[str, str], body: bytes) -> str:
    """The answer, a line for each thing it says. Raises BadInput where it was refused."""
    import httpx2

    from myograph.web.api.webhooks import ADDRESS

    try:
        answer = httpx2.post(
            address + ADDRESS,
            content=body,
            headers={**headers, "Content-Type": "application/json"},
            timeout=_TIMEOUT_S,
            trust_env=False,
        )
        said: dict[str, Any] = answer.json()
    except httpx2.HTTPError as exc:
        raise NotFound(f"Nobody takes events at {address} ({exc}). --url names another.") from exc
    except ValueError as exc:
        raise NotFound(f"What answers at {address} is not Myograph.") from exc
    if answer.is_error:
        sentence = said.get("detail", answer.reason_phrase)
        raise BadInput(f"The event was not taken ({answer.status_code}): {sentence}")
    lines = [f"  {key}: {_word(key, value)}" for key, value in said.items()]
    if said.get("session_id") is not None:
        lines.append(f"  page: {address}/sessions/{said['session_id']}")
    return "\n".join([f"{answer.status_code} {answer.reason_phrase}", *lines])


def _word(key: str, value: object) -> str:
    import json

    from myograph.web.pages.deliveries import REASONS

    if key == "ignored" and value in REASONS:
        return f"{value} ({REASONS[str(value)]})"
    return value if isinstance(value, str) else json.dumps(value)


def _events() -> None:
    """Events of stores."""
