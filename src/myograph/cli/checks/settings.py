"""Settings: what nobody reads, what is not right, and what does not go together."""

import difflib
from collections.abc import Callable, Iterable, Iterator
from typing import Final
from zoneinfo import ZoneInfo

from myograph.cli import system
from myograph.cli.checks.finding import Check, Finding, ok, problem, warning
from myograph.cli.checks.installation import Installation, set_by
from myograph.errors import BadInput
from myograph.settings import Settings, variable
from myograph.storage.objects import open_store
from myograph.web.headers import sites

HIGHEST_PORT: Final = 65_535
# What our own tests and tools read.
_OF_DEVELOPERS: Final = ("MYOGRAPH_TEST_DATA", "MYOGRAPH_REQUIRE", "MYOGRAPH_CACHE")
_KNOWN: Final = tuple(variable(name) for name in Settings.model_fields)
_DATA_DIR: Final = variable("data_dir")


def _names(of: Installation) -> Iterator[Finding]:
    """A name that nobody reads has been mistyped: what it says does not count."""
    unknown = [
        (name, place)
        for names, place in ((of.outside, "the environment"), (of.beside, str(of.env_file)))
        for name in names
        if name not in (*_KNOWN, *_OF_DEVELOPERS)
    ]
    for name, place in unknown:
        nearest = difflib.get_close_matches(name, _KNOWN, 1, cutoff=0.7)
        yield warning(
            name,
            f"nobody reads this name, which stands in {place}",
            f"Rename it to {nearest[0]}." if nearest else "Remove it; docs/settings.md has all.",
        )
    if _DATA_DIR in of.beside:
        yield warning(
            _DATA_DIR,
            f"it is not read from {of.env_file}, which lies with the data itself",
            f"Set {_DATA_DIR} in the environment, or name the folder by --data-dir.",
        )
    if not unknown:
        count = len({*of.outside, *of.beside} & set(_KNOWN))
        yield ok("names", f"{count or 'none'} set, and each is read")


def _values(of: Installation) -> Iterator[Finding]:
    """All that are not right, and not the first alone."""
    wrong = [_wrong(of, name, why) for name, why in of.wrong.items()]
    wrong += _beyond_types(of)
    yield from wrong
    if not wrong:
        yield ok("values", "each is of its kind and within its bounds")


def _wrong(of: Installation, name: str, why: str) -> Finding:
    said = set_by(of, name)
    return problem(
        variable(name),
        f"it is not right: {why[:1].lower()}{why[1:]}",
        f"Correct {said}; docs/settings.md says what it takes.",
    )


def _beyond_types(of: Installation) -> list[Finding]:
    """What is of the right type, and still of no use."""
    settings = of.settings
    tries: tuple[tuple[str, Callable[[], object]], ...] = (
        ("timezone", lambda: ZoneInfo(settings.timezone)),
        ("storage_url", lambda: _store(system.storage_url(settings, of.data_dir))),
        ("cors_origins", lambda: sites(settings.allowed_origins)),
    )
    found = [_wrong(of, name, why) for name, do in tries if (why := _refused(do))]
    bounds = {
        "port": (0 <= settings.port <= HIGHEST_PORT, f"a port is 0 to {HIGHEST_PORT}"),
        "pool_size": (settings.pool_size >= 1, "the web needs at least one connection"),
        "pool_timeout": (settings.pool_timeout > 0, "nobody would wait for a connection"),
        "metadata_budget_ms": (settings.metadata_budget_ms >= 0, "no time is less than none"),
        "buckets": (bool(settings.accepted_buckets), "it names no bucket"),
    }
    return found + [_wrong(of, name, why) for name, (fine, why) in bounds.items() if not fine]


def _store(url: str) -> None:
    """The address itself may hold a password."""
    try:
        open_store(url)
    except BadInput:
        raise BadInput("it is neither file:///folder nor s3://bucket") from None


def _refused(do: Callable[[], object]) -> str | None:
    try:
        do()
    except BadInput as wrong:
        return wrong.sentence.rstrip(".")
    except (ValueError, OSError, KeyError):
        return "there is no such thing"
    return None


def _together(of: Installation) -> Iterable[Finding]:
    """What `serve` and `work` ask for before they start, and all of it at once."""
    settings, name = of.settings, "together"
    absent = [
        variable(one)
        for one in ("worker_database_url", "pseudonym_key")
        if not of.own_database and getattr(settings, one) is None
    ]
    if absent:
        return [
            problem(
                name,
                "a database of one's own is named, and what belongs to it is not set:"
                f" {', '.join(absent)}",
                f"Set {' and '.join(absent)}; without them neither web nor worker starts.",
            )
        ]
    where = "its own PostgreSQL" if of.own_database else "a database of one's own"
    return [ok(name, f"with {where}, data in {of.data_dir}")]


CHECKS: Final = (
    Check("names", _names),
    Check("values", _values),
    Check("together", _together),
)
