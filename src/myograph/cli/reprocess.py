"""`myograph reprocess`: analyse stored sessions once more, from their files, in the background."""

import contextlib
import tempfile
import time
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from myograph.errors import BadInput, NotFound

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg_pool import ConnectionPool

    from myograph.db.reprocessing import Ended, Wanted
    from myograph.settings import Settings

    Pool = ConnectionPool[Connection]

LOOK_EVERY_S = 0.2


def register(app: typer.Typer) -> None:
    app.command()(reprocess)


def reprocess(
    *,
    session: Annotated[
        UUID | None, typer.Argument(help="One session, as its page's address names it.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every session with a file.")] = False,
    patient: Annotated[
        str | None, typer.Option("--patient", metavar="CODE", help="Those of this patient.")
    ] = None,
    older: Annotated[
        bool,
        typer.Option("--older-than-method", help="Those measured by another method than today's."),
    ] = False,
    wait: Annotated[
        bool,
        typer.Option("--wait/--no-wait", help="Follow them to the end; Ctrl-C ends only that."),
    ] = True,
    data_dir: Annotated[
        Path | None,
        typer.Option("--data-dir", help="Where everything is kept; MYOGRAPH_DATA_DIR."),
    ] = None,
) -> None:
    """Analyse sessions again from their files; what people entered and corrected stays.

    Results are replaced once the new ones are there. Fresh uploads come first. Ends with 1 where
    any session failed; each is told on stderr.

    Examples:
      myograph reprocess 5f0c1f5e-4c44-4f3a-9a51-6f2b7f0e2a11
      myograph reprocess --older-than-method --no-wait
      myograph reprocess --patient P001
    """
    from myograph.cli import system
    from myograph.db.pool import open_pool
    from myograph.db.reprocessing import Wanted

    chosen = sum([session is not None, everything, patient is not None or older])
    if chosen != 1:
        raise BadInput("Please name one session, or say --all, --patient or --older-than-method.")
    settings = system.settings_for(data_dir)
    with (
        system.bench(settings) as bench,
        open_pool(bench.url, size=2, timeout=30, application="myograph reprocess") as pool,
    ):
        system.keep_pseudonym_key(bench)
        sessions, jobs = _queue(pool, Wanted(session, patient, older))
        typer.echo(f"{len(sessions)} queued")
        if wait:
            _follow(pool, settings, sessions, jobs)
        elif sessions and not _working(pool):
            typer.echo("No worker is running; they wait for `myograph work` or `serve`.", err=True)


def _queue(pool: "Pool", wanted: "Wanted") -> tuple[list[UUID], list[int]]:
    """The sessions and their jobs. One session that is named goes before what nobody waits for."""
    from myograph.db import recovery
    from myograph.services.reprocess_sessions import reprocess_sessions

    if wanted.session is not None:
        with pool.connection() as conn:
            recovery.analyse_again(conn, wanted.session)
        return [wanted.session], []
    sessions, jobs = reprocess_sessions(pool.connection, wanted)
    if not sessions and wanted.patient is not None and not wanted.older:
        raise NotFound(f"There is no session with a file of a patient {wanted.patient!r}.")
    return sessions, jobs


def _follow(
    pool: "Pool", settings: "Settings", sessions: Sequence[UUID], jobs: Sequence[int]
) -> None:
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress

    console = Console(stderr=True)
    columns = (*Progress.get_default_columns(), MofNCompleteColumn())
    try:
        with (
            _worker(pool, settings),
            Progress(*columns, console=console, disable=not console.is_terminal) as progress,
        ):
            task = progress.add_task("analysing", total=len(sessions))
            for open_ in _remaining(pool, sessions, jobs):
                progress.update(task, completed=len(sessions) - open_)
    except KeyboardInterrupt:
        typer.echo("The rest goes on being analysed by the workers.", err=True)
        return
    _tell(pool, sessions)


@contextlib.contextmanager
def _worker(pool: "Pool", settings: "Settings") -> Generator[None]:
    """Where nobody works, somebody must: for as long as we wait."""
    from myograph.cli import children, system

    if _working(pool):
        yield
        return
    environment = {"MYOGRAPH_DATA_DIR": str(system.data_dir_of(settings))}
    with tempfile.TemporaryDirectory(prefix="myograph-") as folder:
        log = str(Path(folder) / "worker.log")
        command = children.myograph("work", "--with-parent", "--log-file", log)
        with children.running(command, environment):
            yield


def _working(pool: "Pool") -> bool:
    from myograph.db import reprocessing

    with pool.connection() as conn:
        return reprocessing.workers(conn) > 0


def _remaining(pool: "Pool", sessions: Sequence[UUID], jobs: Sequence[int]) -> Generator[int]:
    """How many are still to be done, now and then until there are none."""
    from myograph.db import reprocessing

    while True:
        with pool.connection() as conn:
            jobs = reprocessing.unfinished(conn, jobs)
            if not jobs:
                break
        yield len(jobs)
        time.sleep(LOOK_EVERY_S)
    while open_ := [one.id for one in _ended(pool, sessions) if not one.settled]:
        yield len(open_)
        sessions = open_
        time.sleep(LOOK_EVERY_S)
    yield 0


def _ended(pool: "Pool", sessions: Sequence[UUID]) -> "list[Ended]":
    from myograph.db import reprocessing

    with pool.connection() as conn:
        return reprocessing.ended(conn, sessions)


def _tell(pool: "Pool", sessions: Sequence[UUID]) -> None:
    failed = [one for one in _ended(pool, sessions) if one.reason is not None]
    for one in failed:
        typer.echo(f"{one.id}: {one.reason}, as its page says", err=True)
    typer.echo(f"{len(sessions) - len(failed)} analysed, {len(failed)} failed")
    if failed:
        raise typer.Exit(1)
