"""How often one person, and one address, may ask. In memory, so per process.

An address is judged before anything else is done for it, a person once it is known who asks: many
people may share the address of one hospital.
"""

import ipaddress
import math
import time
from typing import Final
from uuid import UUID

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from myograph.errors import TooManyRequests

REMEMBERED: Final = 100_000
NETWORK_BITS: Final = 64  # what one subscriber has of IPv6: each may take any address within


class Rates:
    """Counts the requests of the last minute.

    per_person, per_address    so many are answered within any minute; 0: any number

    The library keeps an empty entry of everybody who ever asked, so all is forgotten where these
    become too many.
    """

    def __init__(self, *, per_person: int, per_address: int, remembered: int = REMEMBERED) -> None:
        self._person = RateLimitItemPerMinute(per_person) if per_person else None
        self._address = RateLimitItemPerMinute(per_address) if per_address else None
        self._remembered = remembered
        self._counts = MemoryStorage()
        self._window = MovingWindowRateLimiter(self._counts)

    def of_person(self, person_id: UUID) -> None:
        """Count a request of this person; one too many raises."""
        if self._person is not None:
            self._count(self._person, f"person {person_id}", "You")

    def of_address(self, address: str) -> None:
        """The same of whoever asks from this address."""
        if self._address is not None:
            self._count(self._address, f"address {network_of(address)}", "Your network")

    def _count(self, allowed: RateLimitItemPerMinute, who: str, named: str) -> None:
        if len(self._counts.events) > self._remembered:
            self._counts.reset()
        if not self._window.hit(allowed, who):
            free_at = self._window.get_window_stats(allowed, who).reset_time
            wait_s = max(1, math.ceil(free_at - time.time()))
            raise TooManyRequests(named, allowed.amount, wait_s)


def network_of(address: str) -> str:
    """What counts as one address: all that one subscriber may choose from."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if known.version == 4:  # noqa: PLR2004 - IPv4
        return address
    return str(ipaddress.ip_network((known, NETWORK_BITS), strict=False))
