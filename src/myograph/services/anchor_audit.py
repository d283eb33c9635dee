"""Anchors: the head of the chain, written down daily where the database cannot reach it."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from myograph.db.audit_chain import Head
from myograph.services.audit_key import AuditKey
from myograph.storage import documents
from myograph.storage.objects import ObjectStore

EVERY: Final = timedelta(days=1)
FOLDER: Final = "anchors/audit"


@dataclass(frozen=True, slots=True)
class Anchor:
    """At this time the chain was so long, and this was the hash of its last seal.

    previous    position of the anchor before it; None: it is the first
    """

    position: int
    hash: str
    at: str
    previous: int | None

    @property
    def said(self) -> dict[str, object]:
        return {
            "position": self.position,
            "hash": self.hash,
            "at": self.at,
            "previous": self.previous,
        }

    @property
    def key(self) -> str:
        """The same for every worker that anchors the same head."""
        return f"{FOLDER}/{self.position:015}.json"


@dataclass(frozen=True, slots=True)
class Kept:
    """An object that says it is an anchor. `anchor` is None where it is none of ours."""

    key: str
    anchor: Anchor | None


def anchor_audit(store: ObjectStore, key: AuditKey, head: Head, now: datetime) -> Anchor | None:
    """The new anchor, or None where the last is younger than a day or of this very head."""
    last = _last(store, key)
    if last is not None and (
        last.position >= head.position or now - datetime.fromisoformat(last.at) < EVERY
    ):
        return None
    return write_anchor(store, key, head, now, last)


def write_anchor(
    store: ObjectStore, key: AuditKey, head: Head, now: datetime, last: Anchor | None
) -> Anchor:
    at = now.astimezone(UTC).isoformat(timespec="seconds")
    anchor = Anchor(head.position, head.hash.hex(), at, last.position if last else None)
    signed = anchor.said | {"signature": key.signature("anchor", anchor.said)}
    documents.write(store, anchor.key, json.dumps(signed, indent=2) + "\n")
    return anchor


def anchors(store: ObjectStore, key: AuditKey) -> list[Kept]:
    """All of them, by position. One that somebody has touched says so."""
    return [Kept(name, _read(store, key, name)) for name in documents.below(store, FOLDER)]


def _last(store: ObjectStore, key: AuditKey) -> Anchor | None:
    for name in reversed(documents.below(store, FOLDER)):
        anchor = _read(store, key, name)
        if anchor is not None:
            return anchor
    return None


def _read(store: ObjectStore, key: AuditKey, name: str) -> Anchor | None:
    try:
        said = json.loads(documents.read(store, name))
        signature = str(said.pop("signature"))
        anchor = Anchor(**said)
        # A signed anchor under another name would hide that its own is gone.
        ours = key.fits("anchor", anchor.said, signature) and anchor.key == name
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return anchor if ours else None
