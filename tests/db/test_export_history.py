"""What was given out: the database itself says who may write it down, and how."""

from uuid import UUID

import psycopg
import pytest

from myograph.db import audit, export_history
from myograph.db.audit import Wanted
from myograph.db.export_history import Said

WHO = ("therapist", "other_therapist", "researcher", "admin")
NOBODYS = UUID(int=1)
DENIED = psycopg.errors.InsufficientPrivilege
UNFIT = psycopg.errors.CheckViolation

GOOD = {
    "session_id": None,
    "query": {"session_type": "training"},
    "export_type": "statistics_only",
    "data_format": "csv",
    "export_options": {"delimiter": ","},
    "processing_time_ms": 12,
    "identifiers": False,
    "reason": None,
    "export_status": "success",
    "session_count": 3,
    "row_counts": {"sessions": 3},
    "file_size_bytes": 99,
    "export_hash": "a" * 64,
    "validation_checks": {"no_code": True},
}
BAD = {
    **dict.fromkeys(("session_count", "row_counts", "file_size_bytes", "export_hash")),
    "export_status": "failed",
    "error_code": "not_found",
    "error_message": "There is no such session.",
}


@pytest.fixture
def add(database, clinic):
    """In one transaction of somebody's own."""

    def added(who, **said):
        person = getattr(clinic, who)
        with database.as_person(person) as conn:
            return export_history.add(conn, Said(**GOOD | {"exported_by": person.id} | said))

    return added


@pytest.mark.parametrize("who", WHO)
def test_everybody_adds_their_own(add, database, clinic, who):
    for said in (GOOD, BAD):
        number = add(who, **said)
        with database.as_person(getattr(clinic, who)) as conn:
            found = export_history.get(conn, number)
        for name, value in said.items():
            assert getattr(found, name) == value, name
        assert (found.processing_method, found.data_source) == (
            "database_query",
            "cached_statistics",
        )
        assert found.export_timestamp == found.created_at


@pytest.mark.parametrize("who", WHO)
def test_nobody_adds_one_in_anothers_name(add, clinic, who):
    other = clinic.researcher if who != "researcher" else clinic.admin
    with pytest.raises(DENIED):
        add(who, exported_by=other.id)


@pytest.mark.parametrize("who", ["therapist", "researcher"])
def test_with_identifiers_it_takes_an_admin(add, who):
    with pytest.raises(DENIED):
        add(who, identifiers=True, reason="asked for by the ethics board")


@pytest.mark.parametrize("reason", [None, "", " ", "\n\t"])
def test_with_identifiers_it_takes_a_reason(add, reason):
    with pytest.raises(UNFIT, match="export_history_identifiers"):
        add("admin", identifiers=True, reason=reason)
    add("admin", identifiers=True, reason=".")
    add("admin", identifiers=False, reason=reason)


@pytest.mark.parametrize(
    "said",
    [
        {"export_hash": None},
        {"file_size_bytes": None},
        {"row_counts": None},
        {"session_count": None},
        {"export_hash": "a" * 63},
        {"export_hash": "A" * 64},
        {"file_size_bytes": 0},
        {"session_count": 0},
        {"error_code": "bug", "error_message": "x"},
        {"export_type": "everything"},
        {"data_format": "pdf"},
        {"processing_time_ms": -1},
        BAD | {"error_code": None},
        BAD | {"error_message": None},
        BAD | {"export_hash": "a" * 64, "file_size_bytes": 1, "row_counts": {}, "session_count": 1},
    ],
)
def test_it_says_what_was_given_out_or_why_not(add, said):
    with pytest.raises(UNFIT):
        add("admin", **said)


def test_a_session_that_is_hidden_is_refused_as_one_that_is_not_there(add, upload, database):
    hidden = upload(patient_code="P003").session_id
    told = []
    for number in (hidden, NOBODYS):
        with pytest.raises(DENIED) as refused:
            add("therapist", session_id=number, query=None)
        told.append(str(refused.value))
    assert told[0] == told[1]
    assert add("other_therapist", session_id=hidden, query=None)
    with pytest.raises(UNFIT, match="one_or_many"):
        add("other_therapist", session_id=hidden)


def test_everybody_sees_their_own_and_an_admin_all(add, database, clinic):
    added = {who: add(who) for who in WHO}
    for who in WHO:
        with database.as_person(getattr(clinic, who)) as conn:
            found = {e.id for e in export_history.newest(conn, limit=9)}
            other = export_history.get(conn, added["other_therapist"])
        assert found == ({added[who]} if who != "admin" else set(added.values()))
        assert (other is not None) == (who in {"other_therapist", "admin"})


def test_it_goes_on_where_a_page_ended_and_may_be_of_one_session(add, database, clinic, upload):
    session = upload(patient_code="P001").session_id
    added = [add("admin") for _ in range(3)] + [add("admin", session_id=session, query=None)]
    with database.as_person(clinic.admin) as conn:
        whole = export_history.newest(conn, limit=9)
        assert [e.id for e in whole] == added[::-1]
        place = (whole[1].export_timestamp, whole[1].id)
        assert export_history.newest(conn, limit=9, before=place) == whole[2:]
        of_session = export_history.newest(conn, limit=9, session_id=session)
    assert [e.id for e in of_session] == added[-1:]


@pytest.mark.parametrize("who", WHO)
def test_nobody_changes_or_removes_one(add, database, clinic, who):
    add(who)
    for statement in ("UPDATE export_history SET reason = 'x'", "DELETE FROM export_history"):
        with database.as_person(getattr(clinic, who)) as conn, pytest.raises(DENIED):
            conn.execute(statement)


@pytest.mark.parametrize("column", ["id", "export_timestamp", "created_at"])
def test_when_it_was_is_said_by_the_database(database, clinic, column):
    with database.as_person(clinic.admin) as conn, pytest.raises(DENIED):
        conn.execute(
            psycopg.sql.SQL("INSERT INTO export_history ({}) VALUES (DEFAULT)").format(
                psycopg.sql.Identifier(column)
            )
        )


def test_whoever_adds_one_by_whatever_way_stands_in_the_record(add, database, clinic, upload):
    session = upload(patient_code="P003").session_id
    number = add("other_therapist", session_id=session, query=None)
    failed = add("admin", **BAD)
    with database.connect("postgres") as conn:
        second, first = audit.newest(conn, Wanted(action="export"), limit=9)
    assert (first.person_id, first.subject, first.row_key) == (
        clinic.other_therapist.id,
        "export_history",
        str(number),
    )
    assert first.facts == {
        "session": str(session),
        "type": "statistics_only",
        "format": "csv",
        "status": "success",
        "identifiers": False,
        "sessions": 3,
        "bytes": 99,
    }
    assert (second.row_key, second.facts["status"], second.facts["error"]) == (
        str(failed),
        "failed",
        "not_found",
    )


def test_of_one_session_it_goes_with_that(add, database, clinic, upload):
    session = upload(patient_code="P001").session_id
    kept, gone = add("admin"), add("admin", session_id=session, query=None)
    with database.connect("postgres") as conn:
        conn.execute("DELETE FROM therapy_sessions WHERE id = %s", [session])
    with database.as_person(clinic.admin) as conn:
        assert export_history.get(conn, kept) is not None
        assert export_history.get(conn, gone) is None
