"""From a delivery to what is written down: proven, read, looked up where needed, announced."""

import asyncio
import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from myograph.c3d.header import FIRST_READ
from myograph.c3d.recording import NeedMore, facts_of_prefix
from myograph.errors import (
    BadName,
    NotReadable,
    NoWebhookSource,
    ObjectGone,
    StoreUnavailable,
)
from myograph.recording import Facts
from myograph.services.receive_upload import Received, Refused, Upload, event_of
from myograph.storage.objects import ObjectStore, Peek
from myograph.web.webhooks.hints import Hint, hints_of
from myograph.web.webhooks.inbox import Inbox
from myograph.web.webhooks.interest import Judged, judged
from myograph.web.webhooks.signatures import Delivery, verify
from myograph.web.webhooks.sources import Source

LOOK_S: Final = 5.0  # where nothing can be written down without a look into the store
LOOKS_AT_ONCE: Final = 8
AT_A_TIME: Final = 8
AHEAD: Final = timedelta(seconds=300)  # as far as any clock may be wrong
_NO_SOURCE: Final = (
    "Nobody may announce uploads here yet: neither MYOGRAPH_WEBHOOK_SECRETS nor"
    " MYOGRAPH_WEBHOOK_SOURCES is set."
)
_NO_LOOK: Final = "The store does not answer, and without it this event says too little."

log = structlog.get_logger("myograph.web")


@dataclass(frozen=True, slots=True)
class Reception:
    """From deliveries to announcements.

    budget_s   how long after it came a delivery's recording may be read for its answer; where half
               of it has gone in waiting for others none is begun, since those behind wait for it
    zone       of its start
    turns      of a burst only so many are read before others are looked after: so the first are
               being written down while the last are still to be read
    """

    sources: Sequence[Source]
    inbox: Inbox
    store: ObjectStore
    budget_s: float
    zone: str
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_A_TIME))

    async def receive(
        self, headers: Mapping[str, str], body: bytes, *, now: float, private: bool
    ) -> list[tuple[Upload, Received]]:
        """Each announcement of the delivery and what became of it, once that is durable."""
        if not self.sources:
            raise NoWebhookSource(_NO_SOURCE)
        until = time.monotonic() + self.budget_s
        async with self.turns:
            await asyncio.sleep(0)
        delivery = verify(self.sources, headers, body, now=now, private=private)
        fits = delivery.signed and headers.get("ce-id", "") == delivery.id
        found = [judged(hint, delivery.source) for hint in hints_of(body, binary_id_fits=fits)]
        uploads = await self._uploads(delivery, found, body, now, until)
        received = await self.inbox.receive([event_of(upload) for upload in uploads])
        return list(zip(uploads, received, strict=True))

    async def _uploads(
        self, delivery: Delivery, found: Sequence[Judged], body: bytes, now: float, until: float
    ) -> list[Upload]:
        """One for each hint, with a delivery number of its own."""
        digest = hashlib.sha256(body).hexdigest()
        latest = datetime.fromtimestamp(now, UTC) + AHEAD
        told = [_upload(one, delivery, digest, latest) for one in found]
        number = delivery.id or digest
        if len(told) == 1:
            proven = _proven(delivery, found[0])
            return [await self._looked_up(told[0], number, proven=proven, until=until)]
        looks = asyncio.Semaphore(LOOKS_AT_ONCE)

        async def one_of_many(n: int) -> Upload:
            async with looks:
                proven = _proven(delivery, found[n])
                return await self._looked_up(told[n], f"{number}/{n}", proven=proven)

        return await asyncio.gather(*map(one_of_many, range(len(told))))

    async def _looked_up(
        self, told: Upload, number: str, *, proven: bool, until: float = 0.0
    ) -> Upload:
        """With what the store says: what it must tell us, and until then what it can.

        Who names neither version nor etag tells no two uploads of a name apart: the store does.
        """
        named = replace(told, delivery_id=number)
        if told.ignored or told.refused:
            return named
        if not proven:
            seen = _as_seen(named, await self._look(named), self.zone)
            # Not signed, so it may come again at any time: what was found makes it another one.
            return replace(seen, delivery_id=f"{number}@{seen.etag or seen.ignored}")
        if told.operation == "removed":
            return named
        if told.version is None and told.etag is None:
            return _as_seen(named, await self._look(named), self.zone)
        return await self._begun(named, until - time.monotonic())

    async def _begun(self, upload: Upload, left_s: float) -> Upload:
        """With its first bytes read, where that is done in time."""
        if left_s <= self.budget_s / 2:
            return upload
        try:
            async with asyncio.timeout(left_s):
                return _with_start(upload, await self._peek(upload), self.zone)
        except (TimeoutError, StoreUnavailable, BadName):
            return upload

    async def _look(self, upload: Upload) -> Peek | None:
        """The object as the store has it; None: it has none."""
        try:
            async with asyncio.timeout(LOOK_S):
                return await self._peek(upload)
        except (ObjectGone, BadName):
            return None
        except TimeoutError as exc:
            raise StoreUnavailable(_NO_LOOK) from exc

    async def _peek(self, upload: Upload) -> Peek:
        return await self.store.peek(f"{upload.bucket}/{upload.name}", FIRST_READ)


def _proven(delivery: Delivery, one: Judged) -> bool:
    return delivery.signed and one.hint.proven


def _upload(one: Judged, delivery: Delivery, digest: str, latest: datetime) -> Upload:
    """What is told of the object, as far as it is proven."""
    hint = one.hint
    told = Upload(
        hint.bucket,
        hint.name,
        source=delivery.source.name,
        shape=hint.shape,
        operation=hint.operation,
        body_digest=digest,
        ignored=one.ignored,
    )
    if not _proven(delivery, one):
        return told if one.refused is None else replace(told, ignored="bad_name")
    refused = one.refused and Refused(one.refused.code, one.refused.sentence)
    nameless = refused and hint.version is None and hint.etag is None
    return replace(
        told,
        size_bytes=hint.size_bytes,
        etag=hint.etag,
        version=hint.version,
        object_id=hint.object_id,
        old_name=hint.old_name,
        old_version=hint.old_version,
        modified_at=_possible(hint, latest),
        sequencer=hint.sequencer,
        refused=None if nameless else refused,
        ignored="bad_name" if nameless else one.ignored,
    )


def _possible(hint: Hint, latest: datetime) -> datetime | None:
    """A time to come would make every later version look older."""
    at = hint.modified_at
    return at if at is not None and at <= latest else None


def _as_seen(upload: Upload, seen: Peek | None, zone: str) -> Upload:
    """What is only claimed counts as far as the store shows it."""
    if upload.operation == "removed":
        return upload if seen is None else replace(upload, ignored="still_there")
    if seen is None:
        return replace(upload, ignored="no_such_object")
    return replace(
        upload,
        size_bytes=seen.size,
        etag=seen.etag,
        modified_at=seen.modified_at,
        facts=_facts(seen),
        zone=zone,
    )


def _with_start(upload: Upload, seen: Peek, zone: str) -> Upload:
    """With what its first bytes say; what lies there may be other bytes by now."""
    if upload.etag not in {None, seen.etag} or upload.size_bytes not in {None, seen.size}:
        return upload
    return replace(upload, size_bytes=seen.size, etag=seen.etag, facts=_facts(seen), zone=zone)


def _facts(seen: Peek) -> Facts | None:
    """None where they cannot be read: the worker will, or the analysis says why not."""
    try:
        return facts_of_prefix(seen.start, seen.size)
    except (NeedMore, NotReadable):
        return None
    except Exception as exc:  # noqa: BLE001 - whatever the bytes do to the reader, they arrived
        log.error("bug", part="first bytes of a recording", error=type(exc).__name__)  # noqa: TRY400
        return None
