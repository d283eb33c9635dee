"""`myograph analyse`: recordings to numbers, without any server or database."""

import json as json_
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from myograph.cli.files import named
from myograph.cli.protocol import protocol_in
from myograph.errors import BadInput

if TYPE_CHECKING:
    from myograph.api import Leg
    from myograph.cli.batch import Job, Outcome, Refused

REFUSED = 1
_EXAMPLE = """\
\b
Examples:
  myograph analyse Ghostly_Emg_20230321_17-33-14-0785.c3d
  myograph analyse recording.c3d --left CH1 --right CH2 --rpe 5
  myograph analyse recordings/ --json > results.json
  myograph analyse "march/*.c3d" --xlsx march.xlsx --csv march-tables
  myograph analyse recording.c3d --protocol my.toml
  myograph analyse unfinalised.c3d --recover --plot picture.svg
"""


def register(app: typer.Typer) -> None:
    app.command(epilog=_EXAMPLE)(analyse)


def analyse(
    context: typer.Context,
    files: Annotated[list[str], typer.Argument(help="C3D files, folders or patterns.")],
    *,
    json: Annotated[
        bool, typer.Option("--json", help="For programs: an object for one file, else a list.")
    ] = False,
    csv: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Write the tables as CSV files.")
    ] = None,
    xlsx: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the tables as one workbook.")
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw to an SVG; a folder where there are many files."),
    ] = None,
    left: Annotated[str | None, typer.Option(metavar="CHANNEL", help="The left leg's.")] = None,
    right: Annotated[str | None, typer.Option(metavar="CHANNEL", help="The right leg's.")] = None,
    rpe: Annotated[
        int | None, typer.Option(min=0, max=10, help="Perceived exertion after the session.")
    ] = None,
    protocol: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Parameters of the method, see `myograph protocol`."),
    ] = None,
    recover: Annotated[
        bool, typer.Option("--recover", help="Read what there is of unfinalised files.")
    ] = False,
) -> None:
    """Analyse recordings: quality, contractions, amplitude, spectrum and scores.

    Ends with 1 where any file was refused; each is told on stderr.
    """
    from myograph.cli.batch import Job, Refused

    chosen = {} if protocol is None else {"protocol": protocol_in(protocol)}
    legs = _legs(left, right)
    asked = named(files)
    jobs = [
        Job(name, recover=recover, legs=legs, rpe=rpe, with_plot=plot is not None, **chosen)
        for name, problem in asked
        if problem is None
    ]
    done = iter(_run(jobs))
    found = [
        next(done) if problem is None else Refused(name, problem.code, problem.sentence)
        for name, problem in asked
    ]
    if json:
        _print_json(found)
    else:
        _print_reports(found)
    _save(found, csv=csv, xlsx=xlsx, plot=plot)
    refused = [outcome for outcome in found if isinstance(outcome, Refused)]
    _explain(refused, debug=bool(context.obj))
    if refused:
        raise typer.Exit(REFUSED)


def _legs(left: str | None, right: str | None) -> "dict[str, Leg]":
    from myograph.api import Leg

    if left is not None and left == right:
        raise BadInput(f"{left} cannot be the left and the right leg.")
    legs = {} if left is None else {left: Leg(side="left")}
    return legs if right is None else legs | {right: Leg(side="right")}


def _run(jobs: "Sequence[Job]") -> "list[Outcome]":
    """With a bar where somebody watches and there is something to wait for."""
    from rich.console import Console
    from rich.progress import track

    from myograph.cli.batch import outcomes

    console = Console(stderr=True)
    quiet = not console.is_terminal or len(jobs) < 2  # noqa: PLR2004 - one file is done at once
    bar = track(
        outcomes(jobs),
        "Analysing",
        total=len(jobs),
        console=console,
        transient=True,
        disable=quiet,
    )
    return list(bar)


def _print_json(found: "Sequence[Outcome]") -> None:
    documents = [outcome.to_dict() for outcome in found]
    shown = documents[0] if len(documents) == 1 else documents
    typer.echo(json_.dumps(shown, indent=2, allow_nan=False, ensure_ascii=False))


def _print_reports(found: "Sequence[Outcome]") -> None:
    from rich.console import Console

    from myograph.cli.batch import Analysed
    from myograph.cli.report import report, shown

    console = Console(highlight=False)
    for outcome in found:
        if isinstance(outcome, Analysed):
            parts = report(outcome.result, outcome.sketches, console.width)
            typer.echo(shown(console, parts), color=True)  # the console knows whether it has any


def _save(
    found: "Sequence[Outcome]", *, csv: Path | None, xlsx: Path | None, plot: Path | None
) -> None:
    try:
        if csv or xlsx:
            _save_tables(found, csv, xlsx)
        if plot:
            _save_plots(found, plot)
    except OSError as problem:
        raise BadInput(f"{problem.filename} cannot be written: {problem.strerror}.") from problem


def _save_tables(found: "Sequence[Outcome]", csv: Path | None, xlsx: Path | None) -> None:
    from myograph.export.delimited import write_folder
    from myograph.export.tables import tables_of
    from myograph.export.workbook import write_workbook

    tables = tables_of([outcome.to_dict() for outcome in found])
    if csv:
        write_folder(tables, csv)
    if xlsx:
        write_workbook(tables, xlsx)


def _save_plots(found: "Sequence[Outcome]", plot: Path) -> None:
    from myograph.cli.batch import Analysed

    for outcome in found:
        if isinstance(outcome, Analysed) and outcome.plot:
            target = plot if len(found) == 1 else plot / f"{Path(outcome.result.file).stem}.svg"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(outcome.plot, encoding="utf-8")


def _explain(refused: "Sequence[Refused]", *, debug: bool) -> None:
    for outcome in refused:
        if debug and outcome.trace:
            typer.echo(outcome.trace, err=True)
        typer.echo(f"{outcome.file}: {outcome.sentence}", err=True)
