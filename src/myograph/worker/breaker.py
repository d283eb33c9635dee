"""A store that does not answer is left alone for a while, and asked now and then by one alone."""

import random
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from myograph.errors import ObjectGone, ObjectReplaced, StoreResting, StoreUnavailable
from myograph.storage.objects import Head, ObjectStore, Stored

log = structlog.get_logger()

_ANSWERS = (ObjectGone, ObjectReplaced)  # no is an answer, too


@dataclass(eq=False)
class Breaker:
    """Closed: everybody asks. Open: nobody does, for `rest_s`. Then one asks, for all.

    after    silences in a row, whoever asked, until it opens
    """

    after: int = 3
    rest_s: float = 30.0
    clock: Callable[[], float] = time.monotonic
    _silences: int = 0
    _rests_until: float = 0.0
    _asking: bool = False
    _changing: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def asking(self) -> Generator[None]:
        """Ask the store in here. Raises StoreResting where it is, or is from now on, left alone."""
        self._admit()
        try:
            yield
        except _ANSWERS:
            self._answered()
            raise
        except StoreUnavailable as exc:
            self._silent(exc)
            raise
        except BaseException:
            self._nobody_knows()
            raise
        self._answered()

    @property
    def open(self) -> bool:
        return self._silences >= self.after

    def _admit(self) -> None:
        with self._changing:
            if not self.open:
                return
            wait_s = self._rests_until - self.clock()
            if wait_s > 0 or self._asking:
                raise self._resting(max(wait_s, self.rest_s / 4))
            self._asking = True

    def _silent(self, exc: StoreUnavailable) -> None:
        with self._changing:
            self._asking = False
            self._silences += 1
            if not self.open:
                return
            self._rests_until = self.clock() + self.rest_s
            log.warning("storage", breaker="open", silences=self._silences, rest_s=self.rest_s)
            raise self._resting(self.rest_s) from exc

    def _answered(self) -> None:
        with self._changing:
            if self.open:
                log.info("storage", breaker="closed", silences=self._silences)
            self._asking = False
            self._silences = 0

    def _nobody_knows(self) -> None:
        """It ended for another reason: the next may ask."""
        with self._changing:
            self._asking = False

    def _resting(self, wait_s: float) -> StoreResting:
        # Spread out, so that not all come back at once.
        return StoreResting(wait_s + random.uniform(0, self.rest_s / 4))  # noqa: S311, no secret


@dataclass(frozen=True)
class GuardedStore(ObjectStore):
    """The same store, read through a breaker."""

    breaker: Breaker = field(default_factory=Breaker)
    _own: threading.local = field(default_factory=threading.local)

    @contextmanager
    def _asking(self) -> Generator[None]:
        """Once, however many questions of this thread's it takes: the first answers for all."""
        if getattr(self._own, "asks", False):
            yield
            return
        with self.breaker.asking():
            self._own.asks = True
            try:
                yield
            finally:
                self._own.asks = False

    def head(self, key: str) -> Head:
        with self._asking():
            return super().head(key)

    def fetch(self, key: str, target: Path, *, beat: Callable[[], None] = lambda: None) -> Stored:
        with self._asking():
            return super().fetch(key, target, beat=beat)

    def digest(self, key: str) -> Stored:
        with self._asking():
            return super().digest(key)

    def read_range(self, head: Head, start: int, stop: int) -> bytes:
        with self._asking():
            return super().read_range(head, start, stop)


def guarded(store: ObjectStore, breaker: Breaker) -> ObjectStore:
    return GuardedStore(store.open_bucket, store.root, store.account, breaker=breaker)
