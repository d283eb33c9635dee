"""Where a list goes on: behind the time and the key of the last row that was shown."""

import base64
import binascii
from datetime import datetime
from uuid import UUID

from myograph.errors import BadInput

NOT_OURS = "This is not a cursor that this list gave out."


def behind(at: datetime, key: UUID) -> str:
    return base64.urlsafe_b64encode(f"{at.isoformat()} {key}".encode()).decode()


def place(cursor: str) -> tuple[datetime, UUID]:
    """What `behind` was made of. Raises BadInput."""
    try:
        at, _, key = base64.urlsafe_b64decode(cursor).decode().partition(" ")
        found = datetime.fromisoformat(at), UUID(key)
    except (binascii.Error, ValueError) as exc:
        raise BadInput(NOT_OURS) from exc
    if found[0].tzinfo is None:
        raise BadInput(NOT_OURS)
    return found
