"""`myograph info`: what a recording says of itself, from its first blocks."""

import json as json_
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from myograph.errors import MyographError

if TYPE_CHECKING:
    from rich.table import Table

    from myograph.recording import Facts

_EXAMPLE = """\
\b
Examples:
  myograph info Ghostly_Emg_20230321_17-33-14-0785.c3d
  myograph info recording.c3d --json
"""


def register(app: typer.Typer) -> None:
    app.command(epilog=_EXAMPLE)(info)


def info(
    file: Annotated[Path, typer.Argument(help="A C3D file.")],
    *,
    json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show header, channels, game facts and findings of a recording.

    Reads only the file's first blocks, whatever its size.
    """
    from myograph.api import facts, info_dict

    try:
        known = facts(file)
    except MyographError as problem:
        if json:
            error = {"code": problem.code, "sentence": problem.sentence}
            _print_json({"file": str(file), "error": error})
        raise
    if json:
        _print_json(info_dict(str(file), known))
    else:
        _print(str(file), known)


def _print_json(value: dict[str, Any]) -> None:
    typer.echo(json_.dumps(value, indent=2, allow_nan=False, ensure_ascii=False))


def _print(file: str, known: "Facts") -> None:
    from rich.console import Console, Group, RenderableType

    from myograph.cli.report import about, shown

    parts: list[RenderableType] = [about(file, known), "", _channels(known)]
    if known.game:
        parts += ["", _game(known)]
    typer.echo(shown(Console(highlight=False), Group(*parts)), color=True)


def _channels(known: "Facts") -> "Table":
    from rich.table import Table

    table = Table("channel", "unit", "", box=None, pad_edge=False, header_style="dim")
    for channel in known.channels:
        emg = next((e for e in known.emg_labels if channel.label in (e, f"{e} Raw")), None)
        table.add_row(channel.label, channel.unit or "not stated", f"EMG {emg}" if emg else "")
    return table


def _game(known: "Facts") -> "Table":
    """Every fact the game wrote; what it left open is not shown."""
    from dataclasses import asdict

    from rich.table import Table

    table = Table("the game says", "", box=None, pad_edge=False, header_style="dim")
    facts = asdict(known.game) if known.game else {}
    channels: dict[str, dict[str, Any]] = facts.pop("channels", {})
    facts |= {f"{c} {name}": v for c, said in channels.items() for name, v in said.items()}
    for name, value in facts.items():
        if value is not None:
            table.add_row(name.replace("_", " "), f"{value}")
    return table
