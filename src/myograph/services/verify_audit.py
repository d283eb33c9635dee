"""Whether the log of who did what is still what was sealed: docs/audit.md says how it is made."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, Literal

from psycopg import Connection

from myograph.db import audit_chain
from myograph.db.audit_chain import Gap, Head, Link, Unsealed
from myograph.services.anchor_audit import EVERY, Anchor, Kept
from myograph.services.audit_key import AuditKey
from myograph.services.retain_audit import said

GENESIS: Final = bytes(32)
SHOWN: Final = 100  # findings; a chain of which everything was changed says no more than that


def _unwatched(done: int, of: int) -> None:
    pass


Code = Literal[
    "changed",
    "row_missing",
    "seal_missing",
    "inserted",
    "cut",
    "rewritten",
    "gap_forged",
    "anchor_forged",
    "anchor_missing",
    "not_anchored",
]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that nobody should have been able to do, and where."""

    code: Code
    position: int | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What the walk came to.

    rows        that were compared with their seals
    head        None: nothing has been sealed yet
    count       of all findings; `findings` are the first of them
    """

    rows: int
    head: Head | None
    unsealed: Unsealed
    gaps: list[Gap]
    anchors: list[Anchor]
    findings: list[Finding]
    count: int

    @property
    def whole(self) -> bool:
        return self.count == 0


def verify_audit(
    conn: Connection,
    key: AuditKey,
    kept: Sequence[Kept],
    *,
    beat: Callable[[int, int], None] = _unwatched,
) -> Verified:
    """Walk the whole chain, in a transaction that sees one moment.

    kept    anchors, read before this transaction began: the chain only grows
    beat    is told how many rows are done, of how many
    """
    head = audit_chain.head(conn)
    gaps = audit_chain.gaps(conn)
    anchors = [k.anchor for k in kept if k.anchor is not None]
    walk = _Walk(key, {a.position: a for a in anchors})
    walk.pass_gaps(gaps)
    last = head.position if head else walk.position
    first = walk.position
    for batch in audit_chain.links(conn):
        for link in batch:
            walk.pass_link(link)
        beat(walk.position - first, last - first)
    unsealed = audit_chain.unsealed(conn, head)
    for finding in _ends(walk, kept, anchors, unsealed):
        walk.found(finding)
    anchored = max((a.position for a in anchors), default=first)
    walk.judge_age(audit_chain.age_s(conn, after=anchored), anchored)
    return Verified(walk.rows, head, unsealed, gaps, anchors, walk.findings, walk.count)


@dataclass(eq=False)
class _Walk:
    """Where one is on the chain, and what was found on the way."""

    key: AuditKey
    anchored: Mapping[int, Anchor]
    position: int = 0
    hash: bytes = GENESIS
    rows: int = 0
    count: int = 0
    findings: list[Finding] = field(default_factory=list[Finding])

    def found(self, finding: Finding) -> None:
        self.count += 1
        if self.count <= SHOWN:
            self.findings.append(finding)

    def pass_gaps(self, gaps: Sequence[Gap]) -> None:
        """What retention removed is at the beginning, piece after piece."""
        for gap in gaps:
            if gap.from_position != self.position + 1 or not self.key.fits(
                "gap", said(gap), gap.signature
            ):
                self.found(
                    Finding(
                        "gap_forged",
                        gap.from_position,
                        f"Positions {gap.from_position} to {gap.to_position} are said to have been"
                        " removed by retention, but nobody with the key has signed that.",
                    )
                )
            self._go_to(gap.to_position, gap.end_hash)

    def pass_link(self, link: Link) -> None:
        if link.position != self.position + 1:
            self.found(
                Finding(
                    "seal_missing",
                    self.position + 1,
                    f"Positions {self.position + 1} to {link.position - 1} are gone.",
                )
            )
        elif link.row is None:
            self.found(
                Finding(
                    "row_missing",
                    link.position,
                    f"The row sealed at position {link.position} (number {link.audit_id}) is gone.",
                )
            )
        elif sha256(self.hash + link.row).digest() != link.hash or not link.same_transaction:
            self.found(
                Finding(
                    "changed",
                    link.position,
                    f"What stands at position {link.position} (number {link.audit_id}) is not what"
                    " was sealed there.",
                )
            )
        self.rows += link.row is not None
        self._go_to(link.position, link.hash)

    def _go_to(self, position: int, chain_hash: bytes) -> None:
        self.position, self.hash = position, chain_hash
        anchor = self.anchored.get(position)
        if anchor is not None and anchor.hash != chain_hash.hex():
            self.found(
                Finding(
                    "rewritten",
                    position,
                    f"The chain at position {position} is another one than was anchored at"
                    f" {anchor.at}: it was rewritten.",
                )
            )

    def judge_age(self, age_s: float | None, anchored: int) -> None:
        if age_s is not None and age_s > 2 * EVERY.total_seconds():
            self.found(
                Finding(
                    "not_anchored",
                    anchored + 1,
                    f"Nothing from position {anchored + 1} on has an anchor, for"
                    f" {age_s / 86_400:.0f} days: either no worker could write one, or they"
                    " were taken away.",
                )
            )


def _ends(
    walk: _Walk, kept: Sequence[Kept], anchors: Sequence[Anchor], unsealed: Unsealed
) -> Iterator[Finding]:
    for audit_id in unsealed.inserted:
        yield Finding(
            "inserted",
            None,
            f"Row number {audit_id} has no seal and lies before the last one: it was put there"
            " afterwards.",
        )
    for anchor in anchors:
        if anchor.position > walk.position:
            yield Finding(
                "cut",
                walk.position + 1,
                f"The chain ends at position {walk.position}, but at {anchor.at} it reached"
                f" {anchor.position}: its end was cut off, or the database is an older copy.",
            )
    for name in (k.key for k in kept if k.anchor is None):
        yield Finding("anchor_forged", None, f"{name} is no anchor that the key has signed.")
    places = {a.position for a in anchors}
    for anchor in anchors:
        if anchor.previous is not None and anchor.previous not in places:
            yield Finding(
                "anchor_missing",
                anchor.previous,
                f"The anchor of position {anchor.previous} is gone; that of {anchor.position}"
                " names it.",
            )
