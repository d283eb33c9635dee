"""Events in: sources as they are configured, and what came of their deliveries."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest

from myograph.cli.checks import delivered
from myograph.cli.checks.delivered import judged_deliveries
from myograph.db.embedded import secrets_of
from myograph.db.monitoring import Deliveries

SECRET = f"whsec_{base64.b64encode(b'k' * 24).decode()}"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SOURCES = delivered.CHECKS[:1]
ELSEWHERE = {"database_url": "postgresql://h/d"}


def listed(**source):
    return json.dumps([{"name": "s", "kind": "sha256", "secrets": ["t" * 16]} | source])


def test_no_source_is_told_with_what_becomes_of_deliveries(look):
    found = look(SOURCES, **ELSEWHERE)["sources"]
    assert (found.verdict, "503" in found.found) == ("warning", True)
    assert "MYOGRAPH_WEBHOOK_SECRETS" in found.mend
    named = look(SOURCES, **ELSEWHERE, webhook_secrets=f"{SECRET},{SECRET}")
    assert named["source default"].found == "standard, 2 secrets, of emg_data"
    assert SECRET not in str(named)


def test_a_data_directory_has_one_of_its_own(look, data):
    assert look(SOURCES)["sources"].verdict == "ok"
    assert not (data / "secrets.json").exists()
    secrets_of(data)
    assert look(SOURCES)["source default"].verdict == "ok"


def test_a_source_without_a_secret_does_not_exist(look):
    found = look(SOURCES, **ELSEWHERE, webhook_sources=listed(secrets=[" "]))
    assert "does not exist" in found["source s"].found
    assert found["sources"].verdict == "warning"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"secrets": ["s3cret"]}, "at least 16 bytes"),
        ({"kind": "standard", "secrets": ["s3cret"]}, "begins with whsec_"),
        ({"buckets": ["other"]}, "'other', which MYOGRAPH_BUCKETS does not accept"),
        ({"name": "page"}, "our own programs are"),
    ],
)
def test_each_source_that_is_not_right_is_told_and_the_others_too(look, wrong, said):
    both = json.dumps([*json.loads(listed(**wrong)), *json.loads(listed(name="good"))])
    found = look(SOURCES, **ELSEWHERE, webhook_sources=both)
    bad = found[f"source {wrong.get('name', 's')}"]
    assert (bad.verdict, said in bad.found) == ("problem", True)
    assert found["source good"].verdict == "ok"
    assert "s3cret" not in str(found)


@pytest.mark.parametrize("text", ["[[sources", "{}", "missing.toml", '[{"name": "x"}]'])
def test_a_list_that_is_none_is_told(look, text):
    found = look(SOURCES, **ELSEWHERE, webhook_sources=text)["sources"]
    assert (found.verdict, "MYOGRAPH_WEBHOOK_SOURCES" in found.mend) == ("problem", True)


def test_two_of_one_name_are_told(look):
    twice = json.dumps(json.loads(listed()) * 2)
    assert "two webhook" in look(SOURCES, **ELSEWHERE, webhook_sources=twice)["sources"].found


@pytest.mark.parametrize(("host", "verdict"), [("127.0.0.1", "ok"), ("0.0.0.0", "warning")])  # noqa: S104
def test_a_bearer_off_the_loopback_needs_tls(look, host, verdict):
    found = look(SOURCES, **ELSEWHERE, host=host, webhook_sources=listed(kind="bearer"))
    assert found["source s"].verdict == verdict


def test_what_was_delivered_is_told_without_names(look, addresses, upload, clinic):
    check = delivered.CHECKS[1:]
    assert "none was ever taken" in look(check, **addresses)["deliveries"].found
    upload(name="P001/x.c3d")
    [found] = look(check, **addresses).values()
    assert (found.verdict, "1 within a day, 0 of them ignored" in found.found) == ("ok", True)
    assert "P001" not in str(found)


@pytest.mark.parametrize(
    ("today", "ignored", "verdict"),
    [(10, 6, "warning"), (10, 5, "ok"), (9, 9, "ok"), (0, 0, "ok")],
)
def test_many_that_were_not_wanted_are_told(today, ignored, verdict):
    found = judged_deliveries(Deliveries("s", NOW - timedelta(hours=3), today, ignored), NOW)
    assert (found.verdict, "3 hours ago" in found.found) == (verdict, True)
