"""Is it alive, and can it work? Strangers learn only yes or no."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Literal

import psycopg
from fastapi import APIRouter, Request, Response

from myograph.errors import MyographError
from myograph.web.deps import TheSite, visitor_of
from myograph.web.site import Site

router = APIRouter(tags=["health"])
OK: Final = "ok"


@dataclass(frozen=True, slots=True)
class Health:
    """`checks` says what is wrong with each part, "ok" where nothing is; None for strangers."""

    status: Literal["ok", "not ok"]
    checks: dict[str, str] | None = None


@router.get("/livez")
async def livez() -> Health:
    """The process answers. Says nothing of what it depends on, and waits for none of it."""
    return Health("ok")


@router.get("/readyz", responses={503: {"model": Health}})
def readyz(request: Request, response: Response, site: TheSite) -> Health:
    checks = {"database": _said_by(_database, site), "storage": _said_by(_storage, site)}
    status: Literal["ok", "not ok"] = "ok" if set(checks.values()) == {OK} else "not ok"
    if status != "ok":
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    return Health(status, checks if _is_admin(request) else None)


def _said_by(check: Callable[[Site], None], site: Site) -> str:
    try:
        check(site)
    except (MyographError, psycopg.OperationalError) as exc:
        return f"{type(exc).__name__}: {exc}"
    return OK


def _database(site: Site) -> None:
    with site.pool.connection() as conn:
        conn.execute("SELECT 1")


def _storage(site: Site) -> None:
    for bucket in site.settings.accepted_buckets:
        site.store.answer_for(bucket)


def _is_admin(request: Request) -> bool:
    try:
        return visitor_of(request).role == "admin"
    except (MyographError, psycopg.OperationalError):
        return False
