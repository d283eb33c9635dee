"""Events in: who may announce recordings, and what came of it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from myograph.cli import system
from myograph.cli.checks.connecting import looked_into
from myograph.cli.checks.finding import Check, Finding, ok, problem, warning
from myograph.cli.checks.installation import Installation, set_by
from myograph.cli.checks.queue import NEEDS
from myograph.cli.checks.words import count, lasting
from myograph.cli.serving import LOOPBACK
from myograph.db import monitoring
from myograph.db.monitoring import Deliveries
from myograph.errors import BadInput
from myograph.web.webhooks.sources import Source, default_source, each_source, sources_of

MANY_IGNORED: Final = 0.5
FEW: Final = 10


def _sources(of: Installation) -> Iterator[Finding]:
    settings = of.settings
    buckets = settings.accepted_buckets
    secrets = system.revealed(settings.webhook_secrets)
    listed = system.revealed(settings.webhook_sources)
    variable = set_by(of, "webhook_sources" if listed else "webhook_secrets")
    try:
        named = each_source(secrets, listed, buckets=buckets)
    except BadInput as wrong:
        yield problem("sources", _lowered(wrong), f"Correct {variable}; docs/settings.md has one.")
        return
    for name, source in named:
        yield _judged(name, source, of, variable)
    good = [source for _, source in named if isinstance(source, Source)]
    if not good and not named and settings.database_url is None:
        yield from _own(of)
    elif not good:
        yield warning(
            "sources",
            "nobody may announce recordings: the webhook answers 503, and the sweep finds them"
            " within 15 minutes",
            "Set MYOGRAPH_WEBHOOK_SECRETS or MYOGRAPH_WEBHOOK_SOURCES to what the sender signs"
            " with.",
        )
    else:
        yield from _twice(secrets, listed, of, variable)


def _judged(name: str, source: Source | BadInput | None, of: Installation, at: str) -> Finding:
    said = f"source {name[:64]}"
    if source is None:
        return warning(said, "it has no secret, so it does not exist", f"Give it one in {at}.")
    if isinstance(source, BadInput):
        return problem(said, _lowered(source), f"Correct it in {at}; the service does not start.")
    found = f"{source.kind}, {count(len(source.keys), 'secret')}, of {', '.join(source.buckets)}"
    if source.kind == "bearer" and of.settings.host not in LOOPBACK:
        return warning(
            said,
            f"{found}; its token is taken over TLS alone, and the service itself speaks none",
            "Put a proxy that speaks TLS before it, and name that in MYOGRAPH_TRUSTED_PROXIES.",
        )
    return ok(said, found)


def _own(of: Installation) -> Iterator[Finding]:
    """That of a data directory."""
    if of.kept is None:
        yield ok("sources", "a secret is made with the data directory")
        return
    buckets = of.settings.accepted_buckets
    source = default_source(of.kept.webhook_secret, buckets=buckets)
    yield _judged(source.name, source, of, str(of.data_dir / "secrets.json"))


def _twice(secrets: str | None, listed: str | None, of: Installation, at: str) -> Iterator[Finding]:
    """What is right by itself, and not together with the others."""
    try:
        sources_of(secrets, listed, buckets=of.settings.accepted_buckets)
    except BadInput as wrong:
        if "two webhook sources" in wrong.sentence:
            yield problem("sources", _lowered(wrong), f"Rename one of them in {at}.")


def _lowered(wrong: BadInput) -> str:
    return (wrong.sentence[:1].lower() + wrong.sentence[1:]).rstrip(".")


def _deliveries(of: Installation) -> Iterator[Finding]:
    with looked_into(of.worker_url or "") as conn:
        found = monitoring.deliveries(conn)
    now = datetime.now(UTC)
    for one in found:
        yield judged_deliveries(one, now)
    if not found:
        yield ok("deliveries", "none was ever taken, or all of them are forgotten")


def judged_deliveries(found: Deliveries, now: datetime) -> Finding:
    """A delivery whose signature was refused is written down nowhere but in the log."""
    name = f"from {found.source}"
    last = f"the last {lasting((now - found.last_at).total_seconds())} ago"
    said = f"{last}, {found.today} within a day, {found.ignored} of them ignored"
    if found.today >= FEW and found.ignored > MANY_IGNORED * found.today:
        return warning(
            name,
            said,
            "Look at /monitoring for the reason, and at MYOGRAPH_BUCKETS; let the sender announce"
            " recordings alone.",
        )
    return ok(name, said)


CHECKS: Final = (Check("sources", _sources), Check("deliveries", _deliveries, NEEDS))
