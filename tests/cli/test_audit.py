"""The record of who did what, verified and shortened by hand."""

import pytest

from tests.sealing import seal_all

KEY = "a key"


@pytest.fixture
def audit(command, database, store, tmp_path):
    def run(*arguments, **settings):
        return command(
            "audit",
            *arguments,
            columns=140,
            MYOGRAPH_DATA_DIR=str(tmp_path / "data"),
            MYOGRAPH_STORAGE_URL=store.root.as_uri(),
            MYOGRAPH_WORKER_DATABASE_URL=database.url("myograph_work"),
            MYOGRAPH_PSEUDONYM_KEY="another key",
            **{"MYOGRAPH_AUDIT_KEY": KEY, **settings},
        )

    return run


@pytest.fixture
def sealed(database, clinic):
    """What was written while the clinic settled."""
    return seal_again(database)


def seal_again(database):
    with database.connect("myograph_work", autocommit=True) as conn:
        return seal_all(conn)


def by_hand(database, *statements):
    with database.connect("postgres") as conn:
        for statement in statements:
            conn.execute(statement)


def test_a_record_that_is_whole(audit, sealed):
    answer = audit("verify")
    assert (answer.code, answer.err) == (0, "")
    assert f"{sealed.position} entries were compared" in answer.out
    assert sealed.hash.hex() in answer.out
    assert "None waits for its seal." in answer.out
    assert "There is no anchor yet" in answer.out
    anchored = audit("anchor")
    assert anchored.out == f"position {sealed.position}, hash {sealed.hash.hex()}\n"
    assert audit("anchor").out == anchored.out
    assert "Anchors: 1. The last, of" in audit("verify").out


def test_what_is_found_is_told_on_stderr_and_ends_with_1(audit, sealed, database):
    by_hand(
        database,
        "UPDATE audit_log SET reason = 'x' WHERE id ="
        " (SELECT audit_id FROM audit_seals WHERE position = 2)",
    )
    answer = audit("verify")
    assert answer.code == 1
    assert "What stands at position 2" in answer.err
    by_hand(database, "UPDATE audit_log SET reason = 'x'")
    as_json = audit("verify", "--json")
    assert as_json.code == 1
    assert as_json.json["whole"] is False
    assert as_json.json["rows"] == as_json.json["finding_count"] == sealed.position
    assert as_json.json["findings"][0]["code"] == "changed"
    assert as_json.json["findings"][0]["position"] == 1


def test_of_very_many_findings_it_says_how_many(audit, sealed, database):
    by_hand(
        database,
        "INSERT INTO audit_seals SELECT n, -n, '1', sha256('x') FROM generate_series(1000, 1150) n",
    )
    answer = audit("verify")
    assert answer.code == 1
    assert "findings more." in answer.err


def test_the_oldest_are_removed_and_it_is_told(audit, sealed, database):
    by_hand(
        database, "UPDATE audit_log SET at = at - interval '3 years'", "DELETE FROM audit_seals"
    )
    seal_again(database)
    gone = sealed.position - 1
    asked = ("retain", "--older-than", "2y", "--reason", "The archive period is over.")
    said = f"{gone} entries {{}} removed, positions 1 to {gone}.\n"
    assert audit(*asked, "--dry-run").out == said.format("would be")
    assert audit(*asked).out == said.format("were")
    assert audit(*asked).out == "Nothing is older than 2y.\n"
    assert audit("anchor").code == 0
    answer = audit("verify")
    assert (answer.code, answer.err) == (0, "")
    assert f"Positions 1 to {gone} were removed on" in answer.out
    assert "The archive period is over." in answer.out
    [told] = audit("verify", "--json").json["removed"]
    assert (told["from"], told["to"], told["count"]) == (1, gone, gone)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--older-than", "ten", "--reason", "x"), "'ten' is no age"),
        (("--older-than", "10y", "--reason", ""), "1 to 1000 characters"),
        (("--older-than", "364d", "--reason", "x"), "within a year stays"),
    ],
)
def test_what_cannot_be_meant_is_refused(audit, sealed, database, arguments, sentence):
    by_hand(database, "UPDATE audit_log SET at = at - interval '3 years'")
    answer = audit("retain", *arguments)
    assert answer.code == 1
    assert sentence in answer.err


def test_of_an_empty_record(audit, database):
    assert "Nothing has been sealed yet." in audit("verify").out
    assert audit("anchor").out == "Nothing has been recorded yet.\n"


def test_without_the_key_nothing_can_be_said(command, database, store, tmp_path):
    answer = command(
        "audit",
        "verify",
        MYOGRAPH_DATA_DIR=str(tmp_path / "data"),
        MYOGRAPH_STORAGE_URL=store.root.as_uri(),
        MYOGRAPH_WORKER_DATABASE_URL=database.url("myograph_work"),
        MYOGRAPH_PSEUDONYM_KEY="another key",
    )
    assert answer.code == 1
    assert "MYOGRAPH_AUDIT_KEY must be set" in answer.err
