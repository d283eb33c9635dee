"""`myograph sweep`: look through the store by hand for what nobody announced."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from myograph.errors import BadInput

if TYPE_CHECKING:
    from myograph.services.look_into_store import Progress, Stage
    from myograph.services.sweep_uploads import Swept

_COLUMNS = {
    "listed": "recordings",
    "created": "new",
    "overwritten": "overwritten",
    "moved": "moved",
    "restored": "back",
    "gone": "gone",
    "refused": "bad name",
}
_STAGES: "dict[Stage, str]" = {
    "listing": "Listing",
    "comparing": "Taking up",
    "missing": "Asking for what is missing",
}


def register(app: typer.Typer) -> None:
    app.command()(sweep)


def sweep(
    *,
    bucket: Annotated[
        str | None, typer.Option("--bucket", help="This one alone; else all of MYOGRAPH_BUCKETS.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be found; change nothing.")
    ] = False,
    data_dir: Annotated[
        Path | None,
        typer.Option("--data-dir", help="Where everything is kept; MYOGRAPH_DATA_DIR."),
    ] = None,
) -> None:
    """Compare what lies in the store with the sessions; a worker does so every 15 minutes.

    Ends with 1 where a bucket could not be seen whole.

    Example: myograph sweep --bucket emg_data --dry-run
    """
    from myograph.cli import system
    from myograph.db.pool import open_pool
    from myograph.services.sweep_uploads import survey_uploads, sweep_uploads

    settings = system.settings_for(data_dir)
    look = survey_uploads if dry_run else sweep_uploads
    with (
        system.bench(settings) as bench,
        open_pool(bench.url, size=3, timeout=30, application="myograph sweep") as pool,
        _bar() as beat,
    ):
        swept = {
            name: look(pool, bench.store, name, beat=beat)
            for name in _chosen(bucket, settings.accepted_buckets)
        }
    _print(swept, dry_run=dry_run)


def _chosen(bucket: str | None, accepted: Sequence[str]) -> Sequence[str]:
    if bucket is None:
        return accepted
    if bucket not in accepted:
        raise BadInput(f"{bucket!r} is not among MYOGRAPH_BUCKETS: {', '.join(accepted)}.")
    return [bucket]


@contextmanager
def _bar() -> "Generator[Callable[[Progress], None]]":
    """Where somebody watches."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    bar = Bar(
        *columns,
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with bar:
        task = bar.add_task("", total=None)
        yield lambda at: bar.update(
            task, description=_STAGES[at.stage], completed=at.done, total=at.total
        )


def _print(swept: "dict[str, Swept | None]", *, dry_run: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("bucket", *_COLUMNS.values())
    for name, found in swept.items():
        if found is not None:
            table.add_row(name, *(str(getattr(found.counts, column)) for column in _COLUMNS))
    Console().print(table)
    if dry_run:
        typer.echo("Nothing was changed.")
    for name in (name for name, found in swept.items() if found is None):
        typer.echo(f"{name}: left to the sweep that runs already")
    problems = [found.problem for found in swept.values() if found and found.problem]
    if problems:
        raise BadInput(" ".join(problems))
