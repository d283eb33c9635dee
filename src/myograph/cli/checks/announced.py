"""Events out: whom we tell what becomes of sessions."""

from collections.abc import Iterator
from typing import Final

from myograph.cli import system
from myograph.cli.checks.connecting import looked_into
from myograph.cli.checks.finding import Check, Finding, ok, problem, warning
from myograph.cli.checks.installation import Installation, set_by
from myograph.cli.checks.queue import NEEDS
from myograph.cli.checks.words import count
from myograph.db import monitoring, outgoing
from myograph.errors import BadInput

TARGETS: Final = "targets"


def _targets(of: Installation) -> Iterator[Finding]:
    try:
        targets = system.event_targets(of.settings)
    except BadInput as wrong:
        yield problem(
            TARGETS,
            wrong.sentence.rstrip("."),
            f"Correct {set_by(of, 'event_targets')} and {set_by(of, 'event_hosts')}: no worker"
            " starts with them.",
        )
        return
    if not targets:
        yield ok(TARGETS, "nobody is told")
    for target in targets:
        yield ok(f"target {target.name[:64]}", f"told of {', '.join(target.events)}")


def _told(of: Installation) -> Iterator[Finding]:
    wanted = {target.name for target in system.event_targets(of.settings)}
    with looked_into(of.worker_url or "") as conn:
        known = set(outgoing.active_targets(conn))
        unheard = monitoring.unheard(conn)
    if wanted != known:
        yield warning(
            "workers",
            f"the workers tell {', '.join(sorted(known)) or 'nobody'}, and the settings here name"
            f" {', '.join(sorted(wanted)) or 'nobody'}",
            "Restart the workers, each with the same MYOGRAPH_EVENT_TARGETS.",
        )
    for name, events in unheard.items():
        yield warning(
            f"target {name[:64]}",
            f"{count(events, 'event')} nobody took, however often it was tried",
            "Look at /monitoring for what it answered, and send them again there.",
        )


CHECKS: Final = (Check(TARGETS, _targets), Check("what was told", _told, (TARGETS, *NEEDS)))
