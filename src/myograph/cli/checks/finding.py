"""What one look showed."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Literal

from myograph.cli.checks.installation import Installation

Verdict = Literal["ok", "warning", "problem"]
NOT_LOOKED_AT: Final = "not looked at"


@dataclass(frozen=True, slots=True)
class Finding:
    """No secret, no code of a patient and no name of one stands in it.

    mend    the next step, as one sentence; None: there is none to be done
    group   set by whoever runs the check
    """

    name: str
    verdict: Verdict
    found: str
    mend: str | None = None
    group: str = ""


Look = Callable[[Installation], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Check:
    """name     also of what is said where the look itself fails
    needs    names of checks: where one of these found a problem, this one cannot look
    """

    name: str
    look: Look
    needs: tuple[str, ...] = ()


def ok(name: str, found: str) -> Finding:
    return Finding(name, "ok", found)


def warning(name: str, found: str, mend: str) -> Finding:
    return Finding(name, "warning", found, mend)


def problem(name: str, found: str, mend: str) -> Finding:
    return Finding(name, "problem", found, mend)


def not_looked_at(name: str, because_of: str) -> Finding:
    """No green light. because_of: the check that found a problem."""
    return warning(
        name,
        f"{NOT_LOOKED_AT}, because of {because_of}",
        f"Mend {because_of} first, then ask again.",
    )
