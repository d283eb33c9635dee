"""`myograph audit`: whether the record of who did what is whole, and what may leave it."""

import getpass
import json
import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from myograph.errors import BadInput

if TYPE_CHECKING:
    from psycopg import Connection

    from myograph.db.audit_chain import Gap
    from myograph.services.audit_key import AuditKey
    from myograph.services.verify_audit import Verified
    from myograph.storage.objects import ObjectStore

_EXAMPLE = """\
\b
Examples:
  myograph audit verify
  myograph audit anchor
  myograph audit retain --older-than 10y --reason "The study's archive period is over."
"""
_DAYS = {"d": 1, "y": 365.25}

DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="Where everything is kept; MYOGRAPH_DATA_DIR.")
]


def register(app: typer.Typer) -> None:
    part = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    part.command()(verify)
    part.command()(anchor)
    part.command()(retain)
    part.callback()(_audit)
    app.add_typer(part, name="audit", epilog=_EXAMPLE)


def _audit() -> None:
    """The record of who did what: whether it is whole, and what may leave it."""


def verify(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Walk the record from its beginning and say whatever is not as it was sealed.

    Ends with 1 where anything was found.

    Example: myograph audit verify --json
    """
    from psycopg import IsolationLevel

    from myograph.services.anchor_audit import anchors
    from myograph.services.verify_audit import verify_audit

    with _opened(data_dir) as (conn, store, key), _bar() as beat:
        kept = anchors(store, key)
        conn.isolation_level = IsolationLevel.REPEATABLE_READ
        conn.read_only = True
        found = verify_audit(conn, key, kept, beat=beat)
    if as_json:
        typer.echo(json.dumps(_as_json(found), indent=2))
    else:
        _tell(found)
    if not found.whole:
        raise typer.Exit(1)


def anchor(*, data_dir: DataDir = None) -> None:
    """Write the end of the record down in the store now; a worker does so once a day.

    Example: myograph audit anchor
    """
    from myograph.db import audit_chain
    from myograph.services.anchor_audit import anchors, write_anchor

    with _opened(data_dir) as (conn, store, key):
        while audit_chain.seal(conn) > 0:
            conn.commit()
        head = audit_chain.head(conn)
        if head is None:
            typer.echo("Nothing has been recorded yet.")
            return
        ours = [kept.anchor for kept in anchors(store, key) if kept.anchor is not None]
        last = ours[-1] if ours else None
        if last is None or last.position < head.position:
            last = write_anchor(store, key, head, datetime.now(UTC), last)
    typer.echo(f"position {last.position}, hash {last.hash}")


def retain(
    *,
    older_than: Annotated[
        str, typer.Option("--older-than", metavar="AGE", help="10y or 3650d; at least a year.")
    ],
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept in their place.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be removed; remove nothing.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Remove the oldest entries, and leave a signed note of how many, by whom and why.

    Example: myograph audit retain --older-than 10y --reason "The archive period is over."
    """
    from myograph.services.retain_audit import retain_audit

    now = datetime.now(UTC)
    if not 1 <= len(reason) <= 1000:  # noqa: PLR2004 - as the table says
        raise BadInput("The reason has 1 to 1000 characters.")
    with _opened(data_dir) as (conn, _, key):
        gap = retain_audit(
            conn,
            key,
            older_than=now - _age(older_than),
            now=now,
            by=getpass.getuser(),
            reason=reason,
        )
        if dry_run:
            conn.rollback()
    if gap is None:
        typer.echo(f"Nothing is older than {older_than}.")
        return
    verb = "would be" if dry_run else "were"
    typer.echo(
        f"{gap.row_count} entries {verb} removed, positions {gap.from_position} to"
        f" {gap.to_position}."
    )


def _age(text: str) -> timedelta:
    match = re.fullmatch(r"(\d{1,5})([dy])", text)
    if match is None:
        raise BadInput(f"{text!r} is no age; 10y are ten years and 3650d so many days.")
    return timedelta(days=int(match[1]) * _DAYS[match[2]])


@contextmanager
def _opened(data_dir: Path | None) -> "Generator[tuple[Connection, ObjectStore, AuditKey]]":
    """The database as the worker sees it; the block is one transaction."""
    import psycopg

    from myograph.cli import system
    from myograph.db.connections import be_missed, watched
    from myograph.services.audit_key import audit_key_of

    settings = system.settings_for(data_dir)
    with system.bench(settings) as bench:
        if bench.audit_key is None:
            raise BadInput(
                "MYOGRAPH_AUDIT_KEY must be set, to what the workers have: it alone tells our"
                " anchors from forged ones."
            )
        with psycopg.connect(watched(bench.url), application_name="myograph audit") as conn:
            be_missed(conn)
            yield conn, bench.store, audit_key_of(bench.audit_key)


@contextmanager
def _bar() -> Generator[Callable[[int, int], None]]:
    """Where somebody watches."""
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress

    console = Console(stderr=True)
    columns = (*Progress.get_default_columns(), MofNCompleteColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("verifying", total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)


def _as_json(found: "Verified") -> dict[str, Any]:
    head = found.head
    return {
        "schema": "myograph.audit/1",
        "whole": found.whole,
        "rows": found.rows,
        "head": {"position": head.position, "hash": head.hash.hex()} if head else None,
        "unsealed": {"count": found.unsealed.waiting, "oldest_s": found.unsealed.waiting_s},
        "anchors": {
            "count": len(found.anchors),
            "last": found.anchors[-1].said if found.anchors else None,
        },
        "removed": [
            {
                "from": gap.from_position,
                "to": gap.to_position,
                "count": gap.row_count,
                "at": gap.removed_at.isoformat(),
                "by": gap.removed_by,
                "reason": gap.reason,
            }
            for gap in found.gaps
        ],
        "finding_count": found.count,
        "findings": [
            {"code": one.code, "position": one.position, "sentence": one.sentence}
            for one in found.findings
        ],
    }


def _tell(found: "Verified") -> None:
    if found.head is None:
        typer.echo("Nothing has been sealed yet.")
    else:
        typer.echo(
            f"{found.rows} entries were compared, up to position {found.head.position},"
            f" hash {found.head.hash.hex()}."
        )
    typer.echo(_unsealed(found.unsealed.waiting, found.unsealed.waiting_s))
    typer.echo(_anchors(found))
    for gap in found.gaps:
        typer.echo(_removed(gap))
    for one in found.findings:
        typer.echo(one.sentence, err=True)
    if found.count > len(found.findings):
        typer.echo(f"... and {found.count - len(found.findings)} findings more.", err=True)


def _unsealed(count: int, oldest_s: float | None) -> str:
    if count == 0:
        return "None waits for its seal."
    return f"{count} wait for their seals, the oldest for {oldest_s or 0:.1f} s."


def _anchors(found: "Verified") -> str:
    if not found.anchors:
        return "There is no anchor yet: that its end was cut off could not be seen."
    last = found.anchors[-1]
    return (
        f"Anchors: {len(found.anchors)}. The last, of {last.at}, is of position {last.position}:"
        " what was cut off after it could not be seen."
    )


def _removed(gap: "Gap") -> str:
    return (
        f"Positions {gap.from_position} to {gap.to_position} were removed on"
        f" {gap.removed_at:%Y-%m-%d} by {gap.removed_by}: {gap.reason}"
    )
