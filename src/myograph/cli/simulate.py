"""`myograph simulate`: recordings whose truth is known, for demos, tests and teaching."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from myograph.errors import BadInput

if TYPE_CHECKING:
    from myograph.simulate.sessions import SimulatedSession

_EXAMPLE = """\
\b
Examples:
  myograph simulate
  myograph simulate --out trial --count 20 --preset holds --seconds 90
  myograph simulate --preset game --snr 10 --dropouts 3 --mains 50
  myograph simulate --unfinalised
"""
_BETWEEN = timedelta(minutes=2)
_PRESETS = "game, holds, sparse, unequal, tired, loose or weak"


def register(app: typer.Typer) -> None:
    app.command(epilog=_EXAMPLE)(simulate)


def simulate(
    *,
    out: Annotated[Path, typer.Option(help="Folder for the files; made if needed.")] = Path(),
    count: Annotated[int, typer.Option(min=1, help="How many sessions.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="The same seed makes the same bytes.")] = 1,
    preset: Annotated[str, typer.Option(help=f"How it is played: {_PRESETS}.")] = "game",
    seconds: Annotated[float, typer.Option(min=1, max=7200, help="Length of a session.")] = 60.0,
    snr: Annotated[
        float | None,
        typer.Option(metavar="DB", help="Strongest contraction over rest noise, in dB."),
    ] = None,
    tonic: Annotated[
        float, typer.Option(metavar="PERCENT", help="Activity that never stops.", min=0, max=100)
    ] = 0.0,
    dropouts: Annotated[int, typer.Option(min=0, help="Drop-outs of 270 samples on CH1.")] = 0,
    spikes: Annotated[int, typer.Option(min=0, help="Knocks on the cable, on each channel.")] = 0,
    mains: Annotated[
        float | None, typer.Option(metavar="HZ", min=1, max=499, help="Hum of 50 or 60 Hz.")
    ] = None,
    wander: Annotated[
        float, typer.Option(metavar="PERCENT", min=0, help="Slow swing of the baseline.")
    ] = 0.0,
    start: Annotated[
        datetime | None, typer.Option(help="When the first session began. [default: now]")
    ] = None,
    new_build: Annotated[
        bool, typer.Option("--new-build", help="66 frames a second of 15 samples.")
    ] = False,
    repeats: Annotated[
        int, typer.Option(min=0, help="Blocks of 15 samples sent twice on CH1, as new builds do.")
    ] = 0,
    unfinalised: Annotated[
        bool, typer.Option("--unfinalised", help="As if the game was closed while it wrote.")
    ] = False,
) -> None:
    """Write GHOSTLY-like C3D files, each with its truth beside it as .truth.json.

    The truth says where each contraction begins and ends, its amplitude and spectrum, and what
    went wrong.
    """
    from myograph.simulate.presets import Faults, Wish, session

    wish = Wish(
        preset=preset,
        seconds=seconds,
        snr_db=snr,
        faults=Faults(
            dropouts=dropouts,
            repeats=repeats,
            mains_hz=mains,
            spikes=spikes,
            wander_share=wander / 100,
            tonic_share=tonic / 100,
        ),
        frames="66x15" if new_build else "33x30",
        finalised=not unfinalised,
    )
    first = start or datetime.now()  # noqa: DTZ005 - local time: the file has no zone
    for number in range(count):
        begun = first + number * (timedelta(seconds=seconds) + _BETWEEN)
        _write(out, session(wish, start=begun, seed=seed + number), seed + number)


def _write(folder: Path, session: "SimulatedSession", seed: int) -> None:
    from myograph.c3d.write import file_name
    from myograph.simulate.sessions import simulate_session

    content, truth = simulate_session(session, seed)
    path = folder / file_name(session.game.start)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.with_suffix(".truth.json").write_text(json.dumps(truth, indent=1), encoding="utf-8")
    except OSError as problem:
        raise BadInput(f"{path} cannot be written: {problem.strerror}.") from problem
    typer.echo(f"{path}  {_summary(truth)}")


def _summary(truth: dict[str, Any]) -> str:
    counts = [f"{c['label']} {len(c['bursts'])}" for c in truth["channels"]]
    return f"{truth['seconds']:.1f} s, contractions: {', '.join(counts)}"
