"""Remove the beginning of the log of who did what, and leave a signed gap in its place."""

from dataclasses import asdict, replace
from datetime import datetime

from psycopg import Connection

from myograph.db import audit_chain
from myograph.db.audit_chain import Gap
from myograph.services.audit_key import AuditKey


def retain_audit(
    conn: Connection,
    key: AuditKey,
    *,
    older_than: datetime,
    now: datetime,
    by: str,
    reason: str,
) -> Gap | None:
    """What was removed; None: nothing is that old. Raises BadInput for less than a year."""
    prefix = audit_chain.prefix(conn, older_than)
    if prefix is None:
        return None
    gap = Gap(**asdict(prefix), removed_at=now, removed_by=by, reason=reason)
    signed = replace(gap, signature=key.signature("gap", said(gap)))
    audit_chain.remove(conn, older_than, signed)
    return signed


def said(gap: Gap) -> dict[str, object]:
    """What is signed of it."""
    return {
        "from": gap.from_position,
        "to": gap.to_position,
        "count": gap.row_count,
        "hash": gap.end_hash.hex(),
        "at_us": round(gap.removed_at.timestamp() * 1_000_000),
        "by": gap.removed_by,
        "reason": gap.reason,
    }
