"""`myograph doctor`: what is wrong with this installation, and how it is mended."""

import json
import re
import shutil
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from myograph.cli.checks.finding import Finding

SCHEMA: Final = "myograph.doctor/1"
_WIDEST: Final = 100
_QUOTED: Final = re.compile(r"`[^`]*`")
_EXAMPLE = """\
\b
Examples:
  myograph doctor
  myograph doctor --data-dir ./data
  myograph doctor --json
"""


def register(app: typer.Typer) -> None:
    app.command(epilog=_EXAMPLE)(doctor)


def doctor(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    data_dir: Annotated[
        Path | None,
        typer.Option("--data-dir", help="Where everything is kept; MYOGRAPH_DATA_DIR."),
    ] = None,
    host: Annotated[
        str | None, typer.Option("--host", help="Where the service listens; MYOGRAPH_HOST.")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65535, help="MYOGRAPH_PORT.")
    ] = None,
    concurrency: Annotated[
        int | None, typer.Option("--concurrency", min=1, help="Of the worker; one per core.")
    ] = None,
) -> None:
    """Check every setting and all that the service depends on, and say how to mend it.

    Run it where the service runs, as its user and with its settings. It leaves nothing
    behind: a small object is put into each bucket and removed, a megabyte written to the
    database and rolled back. Ends with 1 where there is a problem.
    """
    from myograph.cli.checks.examine import examine
    from myograph.cli.checks.installation import installation

    looked_at = installation(data_dir, concurrency=concurrency, host=host, port=port)
    findings: list[Finding] = []
    for group, found in groupby(examine(looked_at), key=lambda finding: finding.group):
        here = list(found)
        if not as_json:
            _print(group, here)
        findings += here
    if as_json:
        typer.echo(json.dumps(_as_json(findings), indent=2))
    else:
        typer.echo(f"\n{_sum(findings)}")
    if any(finding.verdict == "problem" for finding in findings):
        raise typer.Exit(1)


def _print(group: str, findings: "Sequence[Finding]") -> None:
    typer.echo(f"\n{group}")
    width = min(shutil.get_terminal_size().columns, _WIDEST)
    for finding in together(findings):
        typer.echo("\n".join(lines(finding, width)))


def together(findings: "Sequence[Finding]") -> "Iterator[Finding]":
    """What could not be looked at for the same reason is one line: only one thing is to be done."""
    from myograph.cli.checks.finding import NOT_LOOKED_AT

    for found, same in groupby(findings, key=lambda finding: finding.found):
        several = list(same)
        if not found.startswith(NOT_LOOKED_AT):
            yield from several
        else:
            yield replace(several[0], name=", ".join(one.name for one in several))


def lines(finding: "Finding", width: int) -> Iterator[str]:
    """The word, what was found, and below it what is to be done."""
    said = f"{finding.name}: {finding.found}"
    yield from _wrapped(said, width, first=f"  {finding.verdict:9}")
    if finding.mend is not None:
        yield from _wrapped(finding.mend, width, first=f"{'':11}-> ")


def _wrapped(text: str, width: int, *, first: str) -> list[str]:
    """What stands in backticks is to be copied: it is not broken."""
    wrapped = textwrap.wrap(
        _QUOTED.sub(lambda found: found[0].replace(" ", "\0"), text),
        width,
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace("\0", " ") for line in wrapped]


def _sum(findings: "Sequence[Finding]") -> str:
    counted = Counter(finding.verdict for finding in findings)
    words = {"problem": "problems", "warning": "warnings"}
    told = [f"{counted[one]} {one if counted[one] == 1 else many}" for one, many in words.items()]
    return f"{', '.join(told)}, {counted['ok']} ok."


def _as_json(findings: "Sequence[Finding]") -> dict[str, object]:
    return {"schema": SCHEMA, "checks": [asdict(finding) for finding in findings]}
