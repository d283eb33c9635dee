"""What is over is kept for as long as was said, and not a row goes that is not over."""

from dataclasses import astuple, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import LiteralString
from uuid import uuid4

import pytest
from psycopg import sql
from psycopg_pool import ConnectionPool

from myograph.db import sign_ins
from myograph.services import forget_old as forgetting
from myograph.services.forget_old import Forgotten, Retention, forget_old
from myograph.services.measure_file import Stopped
from myograph.services.receive_upload import Upload, receive_events
from tests.game_files import game_file

OBJECT = Upload(
    "emg_data", "P001/a.c3d", etag="1", version="v1", object_id="o1", source="hook", shape="s3"
)
NOTHING = Forgotten(deliveries=0, outbox=0, told=0, sign_ins=0, links=0, tokens=0)
NOW = datetime.now(UTC)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Kind:
    """Rows of one table, each of them over at some moment.

    never    that moment of one that is not over
    """

    field: str
    table: LiteralString
    days: int
    insert: LiteralString
    never: datetime | None

    def put(self, owner, at):
        """The row's key."""
        return owner.execute(self.insert, {"at": at}).fetchone()[0]

    def left(self, owner):
        key = sql.Identifier("secret_hash" if self.table == "welcome_links" else "id")
        rows = owner.execute(sql.SQL("SELECT {} FROM {}").format(key, sql.Identifier(self.table)))
        return {row for (row,) in rows.fetchall()}


DELIVERY = Kind(
    "deliveries",
    "upload_events",
    30,
    """
    INSERT INTO upload_events (source, delivery_id, outcome, received_at)
    VALUES ('s', gen_random_uuid(), 'ignored', %(at)s) RETURNING id
    """,
    NOW,
)
TOKEN = Kind(
    "tokens",
    "api_tokens",
    90,
    """
    INSERT INTO api_tokens (
           person_id, name, secret_hash, scopes, created_at, expires_at, revoked_at)
    SELECT id, 'x', encode(sha256(random()::text::bytea), 'hex'), '{read}',
           now() - interval '300 days', now() + interval '9 days', %(at)s
      FROM people LIMIT 1 RETURNING id
    """,
    None,
)
KINDS = {
    "deliveries": DELIVERY,
    "outbox": Kind(
        "outbox",
        "storage_outbox",
        30,
        """
        INSERT INTO storage_outbox (operation, bucket, name, at, settled_at)
        VALUES ('INSERT', 'b', 'n', now() - interval '300 days', %(at)s) RETURNING id
        """,
        None,
    ),
    "sign-ins that were ended": Kind(
        "sign_ins",
        "sign_ins",
        90,
        """
        INSERT INTO sign_ins (person_id, begun_at, until, ended_at)
        SELECT id, now() - interval '300 days', now() + interval '9 days', %(at)s
          FROM people LIMIT 1 RETURNING id
        """,
        None,
    ),
    "sign-ins that ran out": Kind(
        "sign_ins",
        "sign_ins",
        90,
        """
        INSERT INTO sign_ins (person_id, begun_at, until)
        SELECT id, now() - interval '300 days', %(at)s FROM people LIMIT 1 RETURNING id
        """,
        NOW + timedelta(days=1),
    ),
    "links that were used": Kind(
        "links",
        "welcome_links",
        90,
        """
        INSERT INTO welcome_links (secret_hash, expires_at, used_at)
        VALUES (encode(sha256(random()::text::bytea), 'hex'), now() + interval '9 days', %(at)s)
        RETURNING secret_hash
        """,
        None,
    ),
    "links that ran out": Kind(
        "links",
        "welcome_links",
        90,
        """
        INSERT INTO welcome_links (secret_hash, expires_at)
        VALUES (encode(sha256(random()::text::bytea), 'hex'), %(at)s) RETURNING secret_hash
        """,
        NOW + timedelta(days=1),
    ),
    "tokens that were revoked": TOKEN,
    "tokens that ran out": Kind(
        "tokens",
        "api_tokens",
        90,
        """
        INSERT INTO api_tokens (person_id, name, secret_hash, scopes, created_at, expires_at)
        SELECT id, 'x', encode(sha256(random()::text::bytea), 'hex'), '{read}',
               now() - interval '300 days', %(at)s
          FROM people LIMIT 1 RETURNING id
        """,
        NOW + timedelta(days=1),
    ),
}


@pytest.fixture
def pool(database, clinic):
    with ConnectionPool(database.url("myograph_work"), min_size=1, max_size=2, open=True) as pool:
        yield pool


@pytest.fixture
def owner(database, clinic):
    with database.connect("postgres", autocommit=True) as conn:
        yield conn


@pytest.fixture
def forget(pool):
    return lambda **days: forget_old(pool, replace(Retention(), **days), beat=lambda: None)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_it_goes_when_its_time_is_over_and_not_before(owner, forget, kind):
    edge = datetime.now(UTC) - timedelta(days=kind.days)
    kind.put(owner, edge - MINUTE)
    younger, never = kind.put(owner, edge + MINUTE), kind.put(owner, kind.never)
    assert forget() == replace(NOTHING, **{kind.field: 1})
    assert kind.left(owner) == {younger, never}
    assert forget() == NOTHING
    shorter = {"events_days": 7} if kind.days == 30 else {"sign_ins_days": 7}
    assert forget(**shorter) == replace(NOTHING, **{kind.field: 1})
    assert kind.left(owner) == {never}


def test_what_others_were_told_goes_too_and_what_waits_stays(owner, forget, upload):
    session = upload(game_file()).session_id
    owner.execute("INSERT INTO event_targets VALUES ('trial', '{session.analysed}', true)")
    edge = datetime.now(UTC) - timedelta(days=30)
    for state, settled in [
        ("sent", edge - MINUTE),
        ("dead", edge - MINUTE),
        ("sent", edge + MINUTE),
        ("waiting", None),
    ]:
        owner.execute(
            """
            INSERT INTO outgoing_events (target, type, session_id, state, created_at, settled_at)
            VALUES ('trial', 'session.analysed', %s, %s, now() - interval '300 days', %s)
            """,
            [session, state, settled],
        )
    assert forget() == replace(NOTHING, told=2)
    left = owner.execute("SELECT state FROM outgoing_events ORDER BY 1").fetchall()
    assert left == [("sent",), ("waiting",)]


def test_more_than_one_step_takes_goes_too(owner, forget, monkeypatch):
    monkeypatch.setattr(forgetting, "BATCH", 10)
    for kind in KINDS.values():
        for _ in range(11):
            kind.put(owner, NOW - timedelta(days=kind.days + 1))
    assert astuple(forget()) == (11, 11, 0, 22, 22, 22)


def test_it_stops_between_two_steps(owner, pool, monkeypatch):
    monkeypatch.setattr(forgetting, "BATCH", 10)
    for _ in range(25):
        DELIVERY.put(owner, NOW - timedelta(days=31))
    steps = iter([True, True, False])

    def beat():
        if not next(steps):
            raise Stopped

    with pytest.raises(Stopped):
        forget_old(pool, Retention(), beat=beat)
    assert len(DELIVERY.left(owner)) == 5


MOVED = replace(OBJECT, name="P002/a.c3d", version="v2", old_name=OBJECT.name, old_version="v1")
BARE = Upload("emg_data", "P001/b.c3d", etag="1", source="hook", shape="s3")
HISTORIES = {
    "it came": [OBJECT],
    "it was moved": [OBJECT, MOVED],
    "it was overwritten": [OBJECT, replace(OBJECT, etag="2", version="v2")],
    "it was removed": [OBJECT, replace(OBJECT, operation="removed")],
    "it was overwritten in a store without versions": [BARE, replace(BARE, etag="2")],
    "it was removed in a store without versions": [BARE, replace(BARE, operation="removed")],
}


@pytest.mark.parametrize("numbers", ["the same number", "another number"])
@pytest.mark.parametrize("history", HISTORIES)
def test_what_is_told_once_more_when_its_delivery_is_forgotten_makes_no_second_session(
    database, owner, forget, history, numbers
):
    def told(upload):
        with database.connect("myograph_web") as conn:
            return receive_events(conn, [upload])[0]

    def sessions():
        return owner.execute("SELECT id FROM therapy_sessions ORDER BY created_at").fetchall()

    deliveries = [replace(upload, delivery_id=str(uuid4())) for upload in HISTORIES[history]]
    first = [told(delivery).session_id for delivery in deliveries]
    before = sessions()
    owner.execute("UPDATE upload_events SET received_at = now() - interval '31 days'")
    assert forget().deliveries == len(deliveries)
    if numbers == "another number":
        deliveries = [replace(delivery, delivery_id=str(uuid4())) for delivery in deliveries]
    again = [told(delivery) for delivery in deliveries]
    assert [one.session_id for one in again] == first
    assert "created" not in {one.outcome for one in again}
    assert sessions() == before


def test_that_a_token_is_gone_stands_in_the_record_of_who_did_what(owner, forget):
    token = TOKEN.put(owner, NOW - timedelta(days=91))
    assert forget().tokens == 1
    noted = owner.execute(
        "SELECT person_id FROM audit_log"
        " WHERE subject = 'api_tokens' AND action = 'delete' AND row_key = %s",
        [str(token)],
    ).fetchall()
    assert noted == [(None,)]


def test_whoever_is_signed_in_stays_so(database, clinic, forget):
    with database.connect("myograph_web", autocommit=True) as web:
        here = sign_ins.begin(web, clinic.therapist.id, lasts_s=60.0)
        assert forget(sign_ins_days=1) == NOTHING
        assert sign_ins.person_of(web, here, idle_s=60.0, attended=True) == clinic.therapist


@pytest.mark.parametrize("login", ["myograph_web", "myograph_work"])
def test_the_web_removes_nothing_and_the_worker_no_sign_in_by_itself(database, clinic, login):
    """But by its functions, which look at the time."""
    with database.connect(login) as conn:
        tables = ("sign_ins", "welcome_links", "api_tokens")
        may = [
            conn.execute("SELECT has_table_privilege(%s, 'DELETE')", [table]).fetchone()
            for table in tables
        ]
        assert may == [(False,)] * 3
        [forgets] = conn.execute(
            "SELECT has_function_privilege('app.forget_sign_ins(integer, integer)', 'EXECUTE')"
        ).fetchone()
        assert forgets == (login == "myograph_work")
