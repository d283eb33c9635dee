"""Where a list goes on: behind the time and the key of the last row that was shown."""

import base64
import binascii
from collections.abc import Callable
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID

from myograph.errors import BadInput

Key = TypeVar("Key")

NOT_OURS: Final = "This is not a cursor that this list gave out."


def behind(at: datetime, key: UUID | int) -> str:
    return base64.urlsafe_b64encode(f"{at.isoformat()} {key}".encode()).decode()


def place(cursor: str, key_of: Callable[[str], Key]) -> tuple[datetime, Key]:
    """What `behind` was made of; `key_of` raises ValueError for what is no key. Raises BadInput."""
    try:
        at, _, key = base64.urlsafe_b64decode(cursor).decode().partition(" ")
        found = datetime.fromisoformat(at), key_of(key)
    except (binascii.Error, ValueError) as exc:
        raise BadInput(NOT_OURS) from exc
    if found[0].tzinfo is None:
        raise BadInput(NOT_OURS)
    return found
