"""docs/supabase.md runs, line by line, and check.sql tells what is missing."""

import re

import pytest
from standardwebhooks import Webhook

from tests.needs import ROOT
from tests.supabase.project import DEPLOY, INSTALL, migrated

GUIDE = (ROOT / "docs" / "supabase.md").read_text("utf-8")
WAITING = """
    INSERT INTO storage_outbox (operation, bucket, name, at)
    VALUES ('INSERT', 'emg_data', 'a.c3d', now() - interval '11 minutes')
    """
PARTS = {
    "recordings are noted",
    "hints can be sent",
    "hints have an address",
    "hints are signed",
    "the buckets exist",
    "the outbox is read",
}


def missing(project):
    text = (DEPLOY / "check.sql").read_text("utf-8")
    rows = project.ask(text, role="postgres")
    assert {part for part, *_ in rows} == PARTS
    return {part for part, there, _ in rows if not there}


def test_the_guide_from_its_first_line_to_its_last(new_project):
    files = re.findall(r"deploy/supabase/\S+\.sql", GUIDE)
    assert [ROOT / f for f in files] == [INSTALL[0], DEPLOY / "check.sql", DEPLOY / "uninstall.sql"]
    migrated(new_project)
    new_project.run(INSTALL[0])
    secrets = []
    with new_project.storage() as storage:
        for text in re.findall(r"```sql\n(.*?)```", GUIDE, re.DOTALL):
            with new_project.connect() as conn:
                cursor = conn.execute(text)
            if "add_storage_secret" in text:
                while cursor.nextset():
                    pass
                secrets += [secret for (secret,) in cursor]
                storage.upload()
        assert missing(new_project) == set()
        storage.upload()
    assert len(secrets) == 2
    first, both, last = new_project.hints()
    assert first.url.startswith("https://myograph.example/")
    for secret, hint in ((0, first), (0, both), (1, both), (1, last)):
        assert Webhook(secrets[secret]).verify(hint.body, hint.headers)
    new_project.run(DEPLOY / "uninstall.sql")


def test_where_all_is_there_the_check_misses_nothing(project):
    assert missing(project) == set()


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ("UPDATE app.storage_hook SET url = NULL", "hints have an address"),
        ("SELECT app.retire_storage_secret('first')", "hints are signed"),
        ("UPDATE app.storage_hook SET buckets = '{emg_data, lost}'", "the buckets exist"),
        (WAITING, "the outbox is read"),
    ],
)
def test_what_is_missing_is_named(project, change, part):
    with project.connect() as conn:
        conn.execute(change)
    assert missing(project) == {part}


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (
            "ALTER TABLE storage.objects DISABLE TRIGGER myograph_announces",
            "recordings are noted",
        ),
        ("DROP SCHEMA net CASCADE", "hints can be sent"),
    ],
)
def test_what_supabase_itself_took_away_is_named(own_project, change, part):
    with own_project.connect("supabase_admin") as conn:
        conn.execute(change)
    assert missing(own_project) == {part}
