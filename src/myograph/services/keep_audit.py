"""What a worker does for the log of who did what now and then: anchor it, and remove the old."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg import Connection
from psycopg_pool import ConnectionPool

from myograph.db import audit_chain
from myograph.db.audit_chain import Gap
from myograph.services.anchor_audit import Anchor, anchor_audit
from myograph.services.audit_key import AuditKey
from myograph.services.retain_audit import retain_audit
from myograph.storage.objects import ObjectStore

REASON = "MYOGRAPH_AUDIT_KEEP_DAYS"


@dataclass(frozen=True, slots=True)
class Keeping:
    """How it is kept.

    key          None: nothing is anchored or removed
    keep_days    what is older is removed; None: nothing is
    """

    key: AuditKey | None = None
    keep_days: int | None = None


def keep_audit(
    pool: ConnectionPool[Connection], store: ObjectStore, keeping: Keeping, now: datetime
) -> tuple[Anchor | None, Gap | None]:
    """What was anchored and what was removed, if it was time for either."""
    if keeping.key is None:
        return None, None
    with pool.connection() as conn:
        head = audit_chain.head(conn)
    anchor = anchor_audit(store, keeping.key, head, now) if head else None
    if keeping.keep_days is None:
        return anchor, None
    with pool.connection() as conn:
        gap = retain_audit(
            conn,
            keeping.key,
            older_than=now - timedelta(days=keeping.keep_days),
            now=now,
            by="myograph work",
            reason=REASON,
        )
    return anchor, gap
