"""`myograph protocol`: the parameters of the method, as a file to read and to change."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from myograph.cli.files import text_in

if TYPE_CHECKING:
    from myograph.analysis.protocol import Protocol

_EXAMPLE = """\
\b
Examples:
  myograph protocol show
  myograph protocol show > my.toml
  myograph protocol show my.toml
"""


def register(app: typer.Typer) -> None:
    part = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    part.command(epilog=_EXAMPLE)(show)
    part.callback()(_parameters)
    app.add_typer(part, name="protocol", epilog=_EXAMPLE)


def show(
    file: Annotated[
        Path | None, typer.Argument(help="Show what this file asks for. [default: the default]")
    ] = None,
) -> None:
    """Print every parameter as TOML, with its meaning, unit and bounds."""
    from myograph.analysis.protocol import DEFAULT
    from myograph.analysis.protocol_text import text_of

    typer.echo(text_of(DEFAULT if file is None else protocol_in(file)), nl=False)


def protocol_in(file: Path) -> "Protocol":
    from myograph.analysis.protocol_text import protocol_of

    return protocol_of(text_in(file), str(file))


def _parameters() -> None:
    """The parameters of the method."""
