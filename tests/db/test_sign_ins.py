"""Sign-ins, links and tokens, asked of the database itself."""

from uuid import UUID, uuid4

import psycopg
import pytest

from myograph.db import links, sign_ins, tokens
from myograph.db.identity import Person, become
from myograph.errors import NotAllowed, NotFound

HASH = "ab" * 32
LASTS = {"lasts_s": 60.0}
LOOK = {"idle_s": 7200.0, "attended": True}


@pytest.fixture
def web(database, clinic):
    with database.connect("myograph_web", autocommit=True) as conn:
        yield conn


def seen_at(database, sign_in):
    with database.connect("postgres") as conn:
        return conn.execute("SELECT seen_at FROM sign_ins WHERE id = %s", [sign_in]).fetchone()


def test_nobody_and_whoever_is_switched_off_begin_no_sign_in(database, web, clinic):
    assert sign_ins.begin(web, uuid4(), **LASTS) is None
    with database.as_person(clinic.admin) as conn:
        conn.execute("UPDATE people SET active = false WHERE id = %s", [clinic.therapist.id])
    assert sign_ins.begin(web, clinic.therapist.id, **LASTS) is None


def test_a_database_that_only_reads_lets_people_look(database, web, clinic):
    sign_in = sign_ins.begin(web, clinic.therapist.id, **LASTS)
    with database.connect("postgres") as conn:
        conn.execute("UPDATE sign_ins SET seen_at = seen_at - interval '1 hour'")
        conn.execute(
            "INSERT INTO api_tokens (person_id, name, secret_hash, scopes, expires_at)"
            " VALUES (%s, 'x', %s, '{read}', now() + interval '1 day')",
            [clinic.therapist.id, HASH],
        )
    before = seen_at(database, sign_in)
    with web.transaction():
        web.execute("SET TRANSACTION READ ONLY")
        assert sign_ins.person_of(web, sign_in, **LOOK) == clinic.therapist
        assert tokens.bearer(web, HASH).id == clinic.therapist.id
    assert seen_at(database, sign_in) == before
    assert sign_ins.person_of(web, sign_in, **LOOK) == clinic.therapist
    assert seen_at(database, sign_in) > before


def test_whoever_is_seen_often_is_written_down_once_a_minute(database, web, clinic):
    sign_in = sign_ins.begin(web, clinic.therapist.id, **LASTS)
    before = seen_at(database, sign_in)
    sign_ins.person_of(web, sign_in, **LOOK)
    assert seen_at(database, sign_in) == before


def test_a_look_does_not_wait_for_whoever_changes_the_sign_in(database, web, clinic):
    sign_in = sign_ins.begin(web, clinic.therapist.id, **LASTS)
    with database.connect("postgres") as conn:
        conn.execute("UPDATE sign_ins SET seen_at = seen_at - interval '1 hour'")
        conn.commit()
        conn.execute("SELECT FROM sign_ins WHERE id = %s FOR UPDATE", [sign_in])
        web.execute("SET statement_timeout = '10s'")
        assert sign_ins.person_of(web, sign_in, **LOOK) == clinic.therapist


@pytest.mark.parametrize("who", ["therapist", "researcher"])
def test_nobody_gives_a_link_by_saying_they_are_an_admin(database, clinic, who):
    person = getattr(clinic, who)
    with database.connect("myograph_web") as conn:
        become(conn, Person(person.id, person.name, "admin"))
        with pytest.raises(NotAllowed):
            links.offer(conn, clinic.admin.id, HASH, **LASTS)


@pytest.mark.parametrize("who", ["therapist", "researcher"])
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT app.offer_link(gen_random_uuid(), '', 1)",
        "SELECT app.make_link(gen_random_uuid(), '', 1)",
        "SELECT app.make_token(gen_random_uuid(), 'x', '', '{read}', 1)",
        "SELECT app.withdraw_token(gen_random_uuid())",
        "SELECT app.set_password(gen_random_uuid(), '', NULL)",
        "SELECT app.end_sign_ins_of(gen_random_uuid(), NULL)",
        "SELECT app.begin_sign_in(gen_random_uuid(), 1)",
        "SELECT app.account_of(gen_random_uuid())",
        "SELECT * FROM sign_ins",
        "SELECT * FROM welcome_links",
        "SELECT secret_hash FROM api_tokens",
        "UPDATE api_tokens SET scopes = '{write}'",
    ],
)
def test_a_person_has_no_way_to_the_sign_ins_of_others(database, clinic, who, statement):
    with (
        database.as_person(getattr(clinic, who)) as conn,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        conn.execute(statement)


def test_a_person_sees_their_own_tokens_alone(database, clinic):
    for person, secret_hash in ((clinic.therapist, HASH), (clinic.admin, "cd" * 32)):
        with database.as_person(person) as conn:
            tokens.add(conn, person.name, secret_hash, scopes=["read"], lasts_s=60)
    for person in (clinic.therapist, clinic.admin):
        with database.as_person(person) as conn:
            seen = conn.execute("SELECT name FROM api_tokens").fetchall()
        assert seen == [(person.name,)]


def test_nobody_makes_a_token_as_nobody(database, clinic):
    with database.connect("myograph_web") as conn:
        become(conn, Person(UUID(int=7), "Nobody", "admin"))
        with pytest.raises(NotFound):
            tokens.add(conn, "x", HASH, scopes=["read"], lasts_s=60)


@pytest.mark.parametrize(("days", "good"), [(365, True), (367, False)])
def test_no_token_is_good_for_more_than_a_year(database, clinic, days, good):
    with database.as_person(clinic.therapist) as conn:
        if good:
            assert tokens.add(conn, "x", HASH, scopes=["read"], lasts_s=days * 86400)
        else:
            with pytest.raises(psycopg.errors.CheckViolation):
                tokens.add(conn, "x", HASH, scopes=["read"], lasts_s=days * 86400)
