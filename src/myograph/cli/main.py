"""The command `myograph`: its parts, and what becomes of an error that reaches the top."""

import sys
import traceback
from typing import Annotated

import typer

from myograph import __version__
from myograph.cli import (
    analyse,
    audit,
    doctor,
    info,
    person,
    person_data,
    protocol,
    reprocess,
    serve,
    simulate,
    sweep,
    webhook,
)
from myograph.errors import MyographError

REFUSED = 1
STARTING = (["serve"], ["work"])  # whoever mends one thing after the other starts often
BUG = 70  # EX_SOFTWARE of sysexits.h

app = typer.Typer(
    name="myograph",
    help="From the muscle recordings of a rehabilitation game to numbers a therapist can act on.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: quick, narrow and the same in a pipe
    context_settings={"help_option_names": ["-h", "--help"]},
)


def run() -> None:
    """Errors are one sentence and an exit code; `--debug`, anywhere, shows the traceback."""
    debug, sys.argv[1:] = _without_debug(sys.argv[1:])
    try:
        app(prog_name="myograph", obj=debug)
    except MyographError as problem:
        _explain(problem.sentence, debug=debug)
        if sys.argv[1:2] in STARTING:
            _explain("`myograph doctor` looks at all the rest, too.", debug=False)
        sys.exit(REFUSED)
    except Exception as problem:  # noqa: BLE001 - the edge: whatever gets here is a bug, told as one
        _explain(
            f"This is a fault in myograph itself ({type(problem).__name__}: {problem})."
            " Please report it with what --debug shows.",
            debug=debug,
        )
        sys.exit(BUG)


def _without_debug(arguments: list[str]) -> tuple[bool, list[str]]:
    own = arguments.index("--") if "--" in arguments else len(arguments)
    kept = [a for a in arguments[:own] if a != "--debug"]
    return len(kept) < own, kept + arguments[own:]


def _explain(sentence: str, *, debug: bool) -> None:
    if debug:
        traceback.print_exc()
    print(f"myograph: {sentence}", file=sys.stderr)  # noqa: T201 - this is where a person reads it


def _version(wanted: bool) -> None:  # noqa: FBT001 - the shape Typer calls
    if wanted:
        typer.echo(f"myograph {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
    debug: Annotated[
        bool,
        typer.Option("--debug", help="Show where an error comes from. May stand anywhere."),
    ] = False,
) -> None:
    """Both are dealt with before this is called."""


for _part in (
    analyse,
    info,
    protocol,
    simulate,
    serve,
    person,
    person_data,
    reprocess,
    sweep,
    webhook,
    audit,
    doctor,
):
    _part.register(app)
