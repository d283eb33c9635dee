"""What every command about people begins with: the database as its owner, and whom it is about."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from myograph.errors import NotFound

if TYPE_CHECKING:
    from psycopg import Connection

    from myograph.db.people import Member
    from myograph.settings import Settings

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Where everything is kept; MYOGRAPH_DATA_DIR."),
]
Who = Annotated[str, typer.Argument(help="Their login, or their number as `person list` shows it.")]


def settings_of(data_dir: Path | None) -> "Settings":
    from myograph.cli import system

    return system.settings_for(data_dir)


@contextmanager
def owner(settings: "Settings") -> Generator["Connection"]:
    """One transaction of the owner of the tables, as whom nobody signs in."""
    import psycopg

    from myograph.cli import system
    from myograph.db.connections import watched

    with (
        system.owner_url(settings) as url,
        psycopg.connect(watched(url), application_name="myograph person") as conn,
    ):
        yield conn


def found(conn: "Connection", who: str) -> "Member":
    """By login, else by number."""
    from myograph.db import people

    one = people.by_login(conn, who)
    if one is None and _is_number(who):
        one = people.get(conn, UUID(who))
    if one is None:
        raise NotFound(f"There is nobody {who!r} here; `myograph person list` shows everybody.")
    return one


def _is_number(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
