"""`myograph analyse`: recordings to numbers, without any server or database."""

import json as json_
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from myograph.cli.files import named, text_in
from myograph.cli.protocol import protocol_in
from myograph.errors import BadInput

if TYPE_CHECKING:
    from myograph.api import Leg
    from myograph.cli.batch import Job, Outcome, Refused
    from myograph.scoring.entered import Entered
    from myograph.scoring.pressure import CuffPressure
    from myograph.scoring.results import Side

REFUSED = 1
_EXAMPLE = """\
\b
Examples:
  myograph analyse Ghostly_Emg_20230321_17-33-14-0785.c3d
  myograph analyse recording.c3d --left CH1 --right CH2 --rpe 5
  myograph analyse recording.c3d --left CH1 --mvc-left 85 --bfr-left 52 --target 10
  myograph analyse recordings/ --json > results.json
  myograph analyse "march/*.c3d" --xlsx march.xlsx --csv march-tables
  myograph analyse recording.c3d --protocol my.toml
  myograph analyse unfinalised.c3d --recover --plot picture.svg
"""


_Mvc = Annotated[
    float | None, typer.Option(metavar="UV", help="Maximum of that leg's envelope, in µV.")
]
_Pressure = Annotated[
    float | None,
    typer.Option(metavar="PERCENT", help="Measured, of arterial occlusion pressure."),
]
_Occlusion = Annotated[
    float | None, typer.Option(metavar="MMHG", help="Occlusion pressure, for the series.")
]


class Switch(StrEnum):
    ON = "on"
    OFF = "off"


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
    game_maximum: Annotated[
        float | None, typer.Option(metavar="POINTS", help="The most the game gives.")
    ] = None,
    target: Annotated[
        int | None, typer.Option(metavar="COUNT", help="Contractions asked for, per leg.")
    ] = None,
    mvc_left: _Mvc = None,
    mvc_right: _Mvc = None,
    bfr: Annotated[
        Switch | None, typer.Option(help="Whether cuffs were worn. [default: not known]")
    ] = None,
    bfr_left: _Pressure = None,
    bfr_right: _Pressure = None,
    bfr_series: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="CSV of pressures: time_s, pressure_mmhg, leg."),
    ] = None,
    aop_left: _Occlusion = None,
    aop_right: _Occlusion = None,
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
    entered = _entered(
        rpe=rpe,
        game_maximum=game_maximum,
        target=target,
        mvc_uv=_sided(mvc_left, mvc_right),
        bfr=bfr,
        percent=_sided(bfr_left, bfr_right),
        series=bfr_series,
        occlusion_mmhg=_sided(aop_left, aop_right),
    )
    asked = named(files)
    jobs = [
        Job(name, recover=recover, legs=legs, entered=entered, with_plot=plot is not None, **chosen)
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


def _sided(left: float | None, right: float | None) -> "dict[Side, float]":
    sides: dict[Side, float | None] = {"left": left, "right": right}
    return {side: value for side, value in sides.items() if value is not None}


def _entered(
    *,
    rpe: int | None,
    game_maximum: float | None,
    target: int | None,
    mvc_uv: "dict[Side, float]",
    bfr: Switch | None,
    percent: "dict[Side, float]",
    series: Path | None,
    occlusion_mmhg: "dict[Side, float]",
) -> "Entered":
    """Checked before any file is read, so that a slip is told once."""
    from myograph.scoring.entered import Entered, with_entered
    from myograph.scoring.session import SessionInputs

    if series is None and occlusion_mmhg:
        raise BadInput("An occlusion pressure is for a series: --bfr-series names its file.")
    entered = Entered(
        rpe=rpe,
        game_maximum=game_maximum,
        target=target,
        mvc_v={side: value * 1e-6 for side, value in mvc_uv.items()},
        bfr_enabled=None if bfr is None else bfr == Switch.ON,
        pressures=percent,
        series={} if series is None else _pressures(series, occlusion_mmhg),
    )
    with_entered(SessionInputs(), entered)
    return entered


def _pressures(
    file: Path, occlusion_mmhg: "dict[Side, float]"
) -> "Mapping[Side, CuffPressure | None]":
    from myograph.scoring.pressure_series import pressures_of, series_of

    return pressures_of(series_of(text_in(file), str(file)), occlusion_mmhg)


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
    from myograph.export.analysed import tables_of
    from myograph.export.delimited import write_folder
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
