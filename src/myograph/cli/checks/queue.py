"""Whether work is done: workers, what waits for them, and the last sweeps."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from myograph.cli.checks.connecting import looked_into
from myograph.cli.checks.finding import Check, Finding, ok, problem, warning
from myograph.cli.checks.installation import Installation
from myograph.cli.checks.logins import WORKER
from myograph.cli.checks.words import count, lasting
from myograph.db import monitoring, sweeps
from myograph.db.monitoring import Pulse
from myograph.db.sweeps import LastSweep
from myograph.worker.run import Rhythm

LONG_S: Final = 5 * 60.0
OUTBOX_LONG_S: Final = 10 * 60.0
_RHYTHM: Final = Rhythm()
SWEEP_OLD_S: Final = 4 * _RHYTHM.listing_every_s
_START: Final = "Start one: `myograph work` (or `serve` without --no-worker)."
NEEDS: Final = (WORKER, "migrations")


def _work(of: Installation) -> Iterator[Finding]:
    silent_s = _RHYTHM.stalled_s
    with looked_into(of.worker_url or "") as conn:
        found = monitoring.pulse(conn, silent_s=silent_s)
        waits_s = monitoring.outbox_age_s(conn)
        silence = monitoring.store_silence(conn)
    yield judged_workers(found)
    yield judged_waiting(found)
    yield judged_given_up(found)
    if waits_s is not None and waits_s > OUTBOX_LONG_S:
        yield warning(
            "outbox",
            f"a change in the store has waited for {lasting(waits_s)}",
            "Look at /monitoring why it cannot be dealt with, and whether a worker runs.",
        )
    if silence is not None:
        yield warning(
            "silent store",
            f"{count(silence.sessions, 'session')} wait for a store that does not answer",
            "Mend what is said of storage below; they go on by themselves then.",
        )


def judged_workers(found: Pulse) -> Finding:
    if found.workers:
        return ok("workers", f"{count(found.workers, 'worker')} alive")
    heard = f", the last was heard of {lasting(found.silent_s)} ago" if found.silent_s else ""
    return problem("workers", f"none is alive{heard}: nothing is analysed", _START)


def judged_waiting(found: Pulse) -> Finding:
    if found.waiting == 0:
        return ok("due jobs", "none waits")
    said = f"{count(found.waiting, 'job')} due, the oldest for {lasting(found.waiting_s)}"
    if found.waiting_s <= LONG_S:
        return ok("due jobs", said)
    mend = "Start more workers, or look at their log." if found.workers else _START
    return warning("due jobs", said, mend)


def judged_given_up(found: Pulse) -> Finding:
    lost = [
        count(number, noun)
        for number, noun in ((found.gave_up, "session"), (found.failed_jobs, "job"))
        if number
    ]
    if not lost:
        return ok("dead letters", "none")
    return warning(
        "dead letters",
        f"given up after the last try: {' and '.join(lost)}",
        "Read their reason on /monitoring and have them done again there, or by"
        " `myograph reprocess`.",
    )


def _sweeps(of: Installation) -> Iterator[Finding]:
    with looked_into(of.worker_url or "") as conn:
        last = {one.bucket: one for one in sweeps.last(conn)}
        now = datetime.now(UTC)
    for bucket in of.settings.accepted_buckets:
        yield judged_sweep(bucket, last, now)


def judged_sweep(bucket: str, last: Mapping[str, LastSweep], now: datetime) -> Finding:
    name = f"sweep of {bucket}"
    by_hand = f"Run `myograph sweep --bucket {bucket} --dry-run`, which says why."
    found = last.get(bucket)
    if found is None or found.began_at is None:
        return warning(name, "there was none yet", f"{_START[:-1]}; it sweeps within a minute.")
    ago_s = (now - found.began_at).total_seconds()
    if found.problem is not None:
        return problem(name, f"the last, {lasting(ago_s)} ago, did not see everything", by_hand)
    if ago_s > SWEEP_OLD_S:
        return warning(name, f"the last began {lasting(ago_s)} ago", by_hand)
    seen = "it still runs" if found.ended_at is None else f"{found.listed or 0} recordings seen"
    return ok(name, f"the last began {lasting(ago_s)} ago, {seen}")


CHECKS: Final = (Check("workers", _work, NEEDS), Check("sweeps", _sweeps, NEEDS))
