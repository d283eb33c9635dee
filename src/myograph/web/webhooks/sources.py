"""Who may announce uploads: named sources, each with its kind of proof and its secrets."""

import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from myograph.errors import BadInput
from myograph.services.standard_webhooks import PREFIX, key_of, long_enough

Kind = Literal["standard", "sha256", "bearer"]
DEFAULT: Final = "default"
# The names under which our own programs announce uploads: no stranger may take one.
OURS: Final = frozenset({"page", "sweep", "outbox", "simulate", "cli", "replay"})
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_SOURCES: Final = "MYOGRAPH_WEBHOOK_SOURCES"
_SECRETS: Final = "MYOGRAPH_WEBHOOK_SECRETS"


@dataclass(frozen=True, slots=True)
class Source:
    """Who sends.

    standard   the keys of HMAC-SHA256 after https://www.standardwebhooks.com
    sha256     the same of X-Webhook-Signature
    bearer     tokens: they prove who sends, never what

    keys      all of them good at once, so that they can be changed without a gap
    buckets   what it may speak of
    """

    name: str
    kind: Kind
    keys: tuple[bytes, ...] = field(repr=False)
    buckets: tuple[str, ...]


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    name: Annotated[str, Field(min_length=1)]
    kind: Kind
    secrets: list[str]
    buckets: list[str] | None = None


def sources_of(
    secrets: str | None, sources: str | None, *, buckets: Sequence[str]
) -> tuple[Source, ...]:
    """The sources that the two settings name; a source without a secret does not exist.

    buckets    that are accepted at all
    """
    written = _written_in(secrets, sources)
    made = tuple(_source(one, buckets) for one in written if _has_secret(one))
    _refuse_repeated(source.name for source in made)
    return made


def each_source(
    secrets: str | None, sources: str | None, *, buckets: Sequence[str]
) -> list[tuple[str, Source | BadInput | None]]:
    """Each source that the settings name, or what is wrong with it; None: it has no secret."""
    found: list[tuple[str, Source | BadInput | None]] = []
    for one in _written_in(secrets, sources):
        try:
            found.append((one.name, _source(one, buckets) if _has_secret(one) else None))
        except BadInput as wrong:
            found.append((one.name, wrong))
    return found


def default_source(secret: str, *, buckets: Sequence[str]) -> Source:
    """The one source of a data directory that made its own secret."""
    return _source(_Written(name=DEFAULT, kind="standard", secrets=[secret]), buckets)


def _written_in(secrets: str | None, sources: str | None) -> list[_Written]:
    return _short(secrets) + (_read(sources) if sources and sources.strip() else [])


def _has_secret(written: _Written) -> bool:
    return any(map(str.strip, written.secrets))


def _short(secrets: str | None) -> list[_Written]:
    named = [s.strip() for s in (secrets or "").split(",") if s.strip()]
    return [_Written(name=DEFAULT, kind="standard", secrets=named)] if named else []


def _read(text: str) -> list[_Written]:
    found = _parsed(_content(text.strip()))
    listed = found.get("sources") if isinstance(found, dict) else found  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - of anything
    try:
        return TypeAdapter(list[_Written]).validate_python(listed)
    except ValidationError as exc:
        said = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in exc.errors())
        raise BadInput(f"{_SOURCES} does not list sources as it should: {said}.") from None


def _content(text: str) -> str:
    """The text itself, or that of the file whose path it is."""
    if "\n" in text or "=" in text or not text.lower().endswith((".toml", ".json")):
        return text
    try:
        return Path(text).expanduser().read_text("utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise BadInput(f"{_SOURCES} names {text}, which cannot be read: {exc}.") from exc


def _parsed(text: str) -> Any:  # noqa: ANN401, JSON is anything
    for read in (json.loads, tomllib.loads):
        with suppress(ValueError, RecursionError):  # which may quote a secret
            return read(text)
    raise BadInput(f"{_SOURCES} is neither TOML nor JSON nor the path of such a file.")


def _source(written: _Written, accepted: Sequence[str]) -> Source:
    if not _NAME.fullmatch(written.name):
        raise BadInput(
            f"The webhook source {written.name[:64]!r} needs a name of letters, digits, - _ and ."
        )
    if written.name in OURS:
        raise BadInput(f"No webhook source may be named {written.name!r}: our own programs are.")
    foreign = sorted(set(written.buckets or ()) - set(accepted))
    if foreign:
        raise BadInput(
            f"The webhook source {written.name!r} names the bucket {foreign[0]!r}, which"
            " MYOGRAPH_BUCKETS does not accept."
        )
    try:
        keys = tuple(_key(written.kind, s.strip()) for s in written.secrets if s.strip())
    except BadInput as exc:
        raise BadInput(f"The webhook source {written.name!r}: {exc.sentence}") from None
    return Source(written.name, written.kind, keys, tuple(written.buckets or accepted))


def _key(kind: Kind, secret: str) -> bytes:
    if kind != "standard":
        return long_enough(secret.encode())
    if not secret.startswith(PREFIX):
        raise BadInput(f"A secret of kind standard begins with {PREFIX}, and one does not.")
    return key_of(secret)


def _refuse_repeated(names: Iterable[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise BadInput(
            f"There are two webhook sources named {twice[0]!r}"
            f" ({_SECRETS} makes one named {DEFAULT!r})."
        )
