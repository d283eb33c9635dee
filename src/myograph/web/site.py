"""What one running web process stands on: built once by `create_app` and passed along."""

from collections.abc import Callable
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import Final, TypeAlias

from anyio import CapacityLimiter, Semaphore
from fastapi import Request
from jinja2 import Environment
from psycopg import Connection
from psycopg_pool import ConnectionPool

from myograph.services.read_signal import Outlines
from myograph.settings import UPLOAD_LIMIT_BYTES, Settings
from myograph.storage.objects import ObjectStore
from myograph.web.auth import Doorkeeper
from myograph.web.live import Live
from myograph.web.provider.subjects import Provider
from myograph.web.rates import Rates
from myograph.web.webhooks.reception import Reception

FORMS: Final = ("/api/upload", "/upload")
SERIES: Final = "/bfr/series"
NOTES: Final = "/api/notes"
MEDICAL: Final = "/medical"

Pool: TypeAlias = ConnectionPool[Connection]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may bring.

    upload_bytes   one file
    form_bytes     one multipart form, which is spooled to disk before any file of it is looked at
    series_bytes   pressures of the cuffs of one session
    text_bytes     what people write at length: a character may take twelve bytes in JSON
    body_bytes     any other body
    delivery_s     the body of a delivery to the webhook is here within so many seconds
    failures_of_address    sign-ins may fail from one address within five minutes
    exports_at_once    each holds a connection to the database for as long as it takes
    keep_alive_s   an open stream says at least that it is still there, and looks anew, so often
    """

    upload_bytes: int = UPLOAD_LIMIT_BYTES
    form_bytes: int = 2 * UPLOAD_LIMIT_BYTES
    series_bytes: int = 8 * 1024 * 1024
    text_bytes: int = 256 * 1024
    body_bytes: int = 64 * 1024
    uploads_at_once: int = 16
    pieces_at_once: int = 2
    delivery_s: float = 10.0
    failures_of_address: int = 30
    exports_at_once: int = 2
    keep_alive_s: float = 15.0

    def of_path(self, path: str) -> int | None:
        """What a body sent to this address may hold; None: the endpoint counts for itself."""
        if path.startswith("/api/uploads/"):
            return None
        if path.endswith(SERIES):
            return self.series_bytes
        if path.startswith(NOTES) or path.endswith(MEDICAL):
            return self.text_bytes
        return self.form_bytes if path in FORMS else self.body_bytes


@dataclass(frozen=True, slots=True)
class Site:
    """What every request may lean on.

    outlines       of the recordings looked at last
    upload_slots   bound how many uploads are written at once: each holds a thread for as long as
                   its sender takes, and pages must not wait for those
    rates          bound how often one person, and one address, may ask
    upload_turns   bound how many of them have something to do at this moment: whoever only asks
                   whether we are alive must not wait for sixteen
    export_turns   bound how many exports are made at once
    reception      of events from stores
    provider       who else may say who somebody is; None: nobody
    clock          seconds since 1970
    """

    settings: Settings
    pool: Pool
    store: ObjectStore
    templates: Environment
    doorkeeper: Doorkeeper
    live: Live
    outlines: Outlines
    upload_slots: CapacityLimiter
    upload_turns: Semaphore
    export_turns: BoundedSemaphore
    limits: Limits
    rates: Rates
    reception: Reception
    provider: Provider | None
    clock: Callable[[], float]

    @property
    def idle_s(self) -> float:
        """How long a sign-in may go unused."""
        return self.settings.idle_minutes * 60


def site_of(request: Request) -> Site:
    site: Site = request.state.site
    return site
