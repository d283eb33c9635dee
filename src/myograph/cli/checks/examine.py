"""One check after the other, each for a few seconds at most and none in the way of the others."""

import threading
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import psycopg

from myograph.cli.checks import (
    announced,
    database,
    delivered,
    filesystem,
    keys,
    logins,
    machine,
    queue,
    settings,
    signing_in,
    storage,
)
from myograph.cli.checks.finding import Check, Finding, not_looked_at, problem
from myograph.cli.checks.installation import Installation
from myograph.errors import MyographError

WITHIN_S: Final = 8.0
GROUPS: Final[dict[str, Sequence[Check]]] = {
    "settings": (*settings.CHECKS, *filesystem.CHECKS),
    "database": (*logins.CHECKS, *database.CHECKS),
    "queue": queue.CHECKS,
    "storage": storage.CHECKS,
    "events in": delivered.CHECKS,
    "sign-in": signing_in.CHECKS,
    "keys": keys.CHECKS,
    "events out": announced.CHECKS,
    "machine": machine.CHECKS,
}


def examine(of: Installation, *, within_s: float | None = None) -> Generator[Finding]:
    """Everything there is to be said, in the order of the groups."""
    failed: dict[str, str] = {}
    for group, checks in GROUPS.items():
        for check in checks:
            missing = next((need for need in check.needs if need in failed), None)
            if missing is not None:
                failed[check.name] = failed[missing]
                yield replace(not_looked_at(check.name, failed[missing]), group=group)
                continue
            for finding in _looked(check, of, within_s or WITHIN_S):
                if finding.verdict == "problem":
                    failed[check.name] = f"{finding.name} ({group})"
                yield replace(finding, group=group)


@dataclass(slots=True)
class _Answer:
    findings: list[Finding] = field(default_factory=list[Finding])


def _looked(check: Check, of: Installation, within_s: float) -> Iterable[Finding]:
    """A look that hangs is left behind: it changes nothing, and ends with the program."""
    answer = _Answer()
    look = threading.Thread(target=_look, args=[check, of, answer], daemon=True)
    look.start()
    look.join(within_s)
    if look.is_alive():
        return [
            problem(
                check.name,
                f"there was no answer within {within_s:g} seconds",
                "Look whether the other side is overloaded, or a firewall drops what is sent.",
            )
        ]
    return answer.findings


def _look(check: Check, of: Installation, answer: _Answer) -> None:
    try:
        answer.findings = list(check.look(of))
    except MyographError as exc:
        answer.findings = [problem(check.name, exc.sentence, "Do what that sentence says.")]
    except psycopg.Error as exc:  # whose words may hold rows
        answer.findings = [
            problem(
                check.name,
                f"the database refused to say it ({type(exc).__name__})",
                "Run `myograph migrate`, then ask again.",
            )
        ]
    except Exception as exc:  # noqa: BLE001 - the edge of a check: the others go on
        answer.findings = [
            problem(
                check.name,
                f"this check has a fault of its own ({type(exc).__name__})",
                "Please report it.",
            )
        ]
