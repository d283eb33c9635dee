"""All checks: none stops the others, and what cannot be looked at is no green light."""

import threading

import psycopg
import pytest

from myograph.cli.checks import examine as module
from myograph.cli.checks.examine import GROUPS, examine
from myograph.cli.checks.finding import Check, ok, problem
from myograph.cli.checks.installation import installation
from myograph.errors import StoreUnavailable


@pytest.fixture
def found(monkeypatch, data):
    """found({group: checks}) -> what is said of them."""

    def run(groups, within_s=30.0):
        monkeypatch.setattr(module, "GROUPS", groups)
        return list(examine(installation(data), within_s=within_s))

    return run


def fails(exc):
    def look(_):
        raise exc

    return look


def test_a_check_that_fails_does_not_stop_the_others(found):
    checks = [
        Check("known", fails(StoreUnavailable("The store is away."))),
        Check("database", fails(psycopg.errors.UndefinedTable("DETAIL: s3cret"))),
        Check("bug", fails(ZeroDivisionError("s3cret"))),
        Check("well", lambda _: [ok("well", "it is")]),
    ]
    said = found({"group": checks})
    assert [one.verdict for one in said] == ["problem", "problem", "problem", "ok"]
    assert said[0].found == "The store is away."
    assert "UndefinedTable" in said[1].found
    assert "ZeroDivisionError" in said[2].found
    assert "s3cret" not in str(said)
    assert {one.group for one in said} == {"group"}


def test_one_that_hangs_is_left_behind(found):
    let_go = threading.Event()
    hangs = Check("hangs", lambda _: [ok("hangs", str(let_go.wait(60)))])
    said = found({"group": [hangs, Check("well", lambda _: [ok("well", "it is")])]}, within_s=0.2)
    let_go.set()
    assert [(one.name, one.verdict) for one in said] == [("hangs", "problem"), ("well", "ok")]
    assert "0.2 seconds" in said[0].found


def test_what_needs_another_is_not_looked_at_and_says_which_is_to_be_mended(found):
    said = found(
        {
            "first": [Check("line", lambda _: [problem("line", "cut", "Join it.")])],
            "second": [
                Check("water", fails(AssertionError()), ("line",)),
                Check("glass", fails(AssertionError()), ("water",)),
            ],
        }
    )
    assert [one.verdict for one in said] == ["problem", "warning", "warning"]
    assert {one.found for one in said[1:]} == {"not looked at, because of line (first)"}
    assert said[2].mend == "Mend line (first) first, then ask again."


def test_whatever_a_check_needs_is_looked_at_before_it():
    seen = set()
    for checks in GROUPS.values():
        for check in checks:
            assert set(check.needs) <= seen, check.name
            assert check.name not in seen
            seen.add(check.name)


def test_a_database_that_is_away_is_said_once_and_its_rest_is_not_green(monkeypatch, data):
    for name in ("DATABASE_URL", "WORKER_DATABASE_URL"):
        monkeypatch.setenv(f"MYOGRAPH_{name}", "postgresql://u:s3cret@127.0.0.1:1/none")
    monkeypatch.setenv("MYOGRAPH_PSEUDONYM_KEY", "s3cret" * 6)
    monkeypatch.setenv("MYOGRAPH_SIGN_IN", "local")
    said = list(examine(installation(data)))
    assert [one.name for one in said if one.verdict == "problem"] == [
        "web's login",
        "worker's login",
    ]
    blind = {one.name for one in said if one.found.startswith("not looked at")}
    assert {"migrations", "LISTEN", "workers", "administrator", "pseudonyms"} <= blind
    assert "s3cret" not in str(said)
    assert not list(data.iterdir())
