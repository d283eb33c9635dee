"""`myograph reprocess`: analyse a stored session once more, from its file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from myograph.errors import BadInput

if TYPE_CHECKING:
    from myograph.services.analyse_session import Outcome

_SAID: "dict[Outcome, str]" = {
    "analysed": "analysed",
    "shared": "taken over from a session with the same bytes",
    "nothing_to_do": "left to the worker that has it already",
    "lease_lost": "left to the worker that took it meanwhile",
}


def register(app: typer.Typer) -> None:
    app.command()(reprocess)


def reprocess(
    *,
    session: Annotated[UUID, typer.Argument(help="The session, as its page's address names it.")],
    data_dir: Annotated[
        Path | None,
        typer.Option("--data-dir", help="Where everything is kept; MYOGRAPH_DATA_DIR."),
    ] = None,
) -> None:
    """Analyse a session again from its file; what people entered and corrected stays.

    Example: myograph reprocess 5f0c1f5e-4c44-4f3a-9a51-6f2b7f0e2a11
    """
    from myograph.cli import system
    from myograph.db import recovery
    from myograph.db.pool import open_pool
    from myograph.services.analyse_session import Terms, analyse_session
    from myograph.services.measure_file import measure_here
    from myograph.settings import Settings

    given = {} if data_dir is None else {"data_dir": data_dir}
    settings = Settings().model_copy(update=given)
    with (
        system.bench(settings) as bench,
        open_pool(bench.url, size=3, timeout=30, application="myograph reprocess") as pool,
    ):
        with pool.connection() as conn:
            recovery.analyse_again(conn, session)
        terms = Terms(pseudonym_key=bench.pseudonym_key, zone=settings.timezone)
        outcome = analyse_session(pool, bench.store, session, terms=terms, measure=measure_here)
    said = _SAID.get(outcome)
    if said is None:
        raise BadInput(f"The file of session {session} cannot be analysed; its page says why.")
    typer.echo(f"{session}: {said}")
