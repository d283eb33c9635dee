"""The web application, built from what it stands on."""

import time
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from threading import BoundedSemaphore
from typing import Final, TypedDict
from zoneinfo import ZoneInfo

from anyio import CapacityLimiter, Semaphore
from anyio.to_thread import current_default_thread_limiter
from argon2 import PasswordHasher
from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp

from myograph.db.pool import open_pool
from myograph.services.read_signal import Outlines
from myograph.settings import Settings
from myograph.storage.objects import ObjectStore
from myograph.web import problems, static_files
from myograph.web.api import (
    audit,
    contractions,
    entries,
    events,
    exports,
    health,
    notes,
    outgoing,
    patient_course,
    patient_records,
    patients,
    people,
    reprocessing,
    schema,
    scoring,
    sessions,
    sign_in,
    signals,
    tokens,
    upload_events,
    uploads,
    webhooks,
)
from myograph.web.auth import Attempts, Doorkeeper
from myograph.web.headers import (
    AddressRate,
    Aside,
    BodyLimit,
    Bugs,
    InTurn,
    RequestLog,
    SameOrigin,
    SecurityHeaders,
    sites,
)
from myograph.web.live import Live
from myograph.web.pages import (
    account,
    corrections,
    exporting,
    monitoring,
    overview,
    session,
    signal,
    theme,
    upload,
    welcome,
)
from myograph.web.pages import help as help_page
from myograph.web.pages import sessions as session_list
from myograph.web.provider.subjects import provider_of
from myograph.web.rates import Rates
from myograph.web.site import Limits, Site
from myograph.web.templating import environment
from myograph.web.webhooks.inbox import Inbox, open_inbox
from myograph.web.webhooks.reception import Reception
from myograph.web.webhooks.sources import Source


class State(TypedDict):
    site: Site


def create_app(
    settings: Settings,
    *,
    web_url: str,
    store: ObjectStore,
    secret: bytes,
    sources: Sequence[Source] = (),
    limits: Limits | None = None,
    hasher: PasswordHasher | None = None,
    clock: Callable[[], float] = time.time,
) -> FastAPI:
    """The application; its pool and its listener live as long as its lifespan.

    web_url   the web's login to the database
    secret    signs the session cookie, at least 32 bytes, the same in every process
    sources   may announce uploads
    hasher    of passwords; None: Argon2id as strong as the library advises
    """
    live = Live()
    bounds = limits or Limits()
    rates = Rates(per_person=settings.rate_per_person, per_address=settings.rate_per_address)
    provider = provider_of(settings)
    attempts = Attempts(of_address=bounds.failures_of_address)
    doorkeeper = Doorkeeper(secret, hasher=hasher, attempts=attempts)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[State, None]:
        size, timeout_s = settings.pool_size, settings.pool_timeout
        # More would only wait for a connection, and for each other: decision 103.
        current_default_thread_limiter().total_tokens = size
        with open_pool(web_url, size=size, timeout=timeout_s) as pool:
            async with (
                live.listening(web_url),
                open_inbox(web_url, size=size, timeout_s=timeout_s) as inbox,
            ):
                yield {
                    "site": Site(
                        settings=settings,
                        pool=pool,
                        store=store,
                        templates=environment(ZoneInfo(settings.timezone)),
                        doorkeeper=doorkeeper,
                        live=live,
                        outlines=Outlines(),
                        upload_slots=CapacityLimiter(bounds.uploads_at_once),
                        upload_turns=Semaphore(bounds.pieces_at_once),
                        export_turns=BoundedSemaphore(bounds.exports_at_once),
                        limits=bounds,
                        rates=rates,
                        reception=_reception(settings, store, sources, inbox),
                        provider=provider,
                        clock=clock,
                    )
                }

    app = FastAPI(
        title="Myograph", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None
    )
    app.state.live = live
    problems.install(app)
    for part in PARTS:
        app.include_router(part.router)
    _surround(app, bounds, rates, elsewhere=sites(settings.allowed_origins))
    return app


def connections(settings: Settings) -> int:
    """To the database, at most: for requests, for deliveries, and one that hears of changes."""
    return 2 * settings.pool_size + 1


def _reception(
    settings: Settings, store: ObjectStore, sources: Sequence[Source], inbox: Inbox
) -> Reception:
    return Reception(
        sources=sources,
        inbox=inbox,
        store=store,
        budget_s=settings.metadata_budget_ms / 1000,
        zone=settings.timezone,
    )


def end_streams(app: FastAPI) -> None:
    """Ends every open event stream. Call it when the server begins to stop: it waits for them."""
    live: Live = app.state.live
    live.end()


PARTS: Final = (
    webhooks,  # first: what comes in bursts is found without asking all others
    static_files,
    # Their addresses are names of files that could be uploaded, too.
    upload_events,
    *(health, sign_in, uploads, sessions, contractions, entries, events, outgoing, signals, schema),
    exports,
    *(patients, patient_records, patient_course, notes, scoring, audit),
    reprocessing,
    *(
        overview,
        upload,
        session_list,
        session,
        corrections,
        exporting,
        signal,
        monitoring,
        theme,
        help_page,
    ),
    # Coming in, for people and for programs.
    *(welcome, account, tokens, people),
)


def _surround(app: FastAPI, limits: Limits, rates: Rates, *, elsewhere: Collection[str]) -> None:
    """Innermost first, as Starlette adds them.

    elsewhere    sites whose scripts may use a token here; a visitor's cookie is never theirs
    """
    app.add_middleware(BodyLimit, limit_of=limits.of_path)
    app.add_middleware(SameOrigin)
    app.add_middleware(AddressRate, rates=rates, uncounted={"/livez"})
    app.add_middleware(Bugs)
    if elsewhere:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=elsewhere,
            allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["Authorization", "If-Match", "If-None-Match", "X-Request-ID"],
            expose_headers=[
                "Content-Disposition",
                "ETag",
                "Location",
                "Retry-After",
                "X-Request-ID",
            ],
        )
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=6)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(InTurn, at_once={"/livez"})
    app.add_middleware(RequestLog)
    app.add_middleware(Aside, addresses=frozenset(webhooks.ADDRESSES), to=_deliveries(limits))


def _deliveries(limits: Limits) -> ASGIApp:
    """What comes in bursts passes only what it needs: it has no cookie and gets short answers."""
    limited = BodyLimit(webhooks.deliver, limits.of_path)
    return RequestLog(SecurityHeaders(Bugs(limited)))
