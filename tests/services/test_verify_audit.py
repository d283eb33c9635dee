"""What was done to the record of who did what is found, whoever did it."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import psycopg
import pytest
from psycopg import sql

from myograph.db import audit, audit_chain
from myograph.db.pool import open_pool
from myograph.errors import BadInput, Conflict, StoreUnavailable
from myograph.services.anchor_audit import FOLDER, anchor_audit, anchors, write_anchor
from myograph.services.audit_key import AuditKey, audit_key_of
from myograph.services.keep_audit import Keeping, keep_audit
from myograph.services.retain_audit import retain_audit
from myograph.services.verify_audit import SHOWN, verify_audit
from myograph.storage import documents
from tests import sealing
from tests.sealing import seal_all

KEY = AuditKey(b"a key")
NOW = datetime.now(UTC)
LONG_AGO = "UPDATE audit_log SET at = at - interval '3 years'"


@pytest.fixture
def owner(database):
    """Whoever owns the tables and stops at nothing."""
    with database.connect("postgres", autocommit=True) as conn:
        yield conn


@pytest.fixture
def worker(database):
    with database.connect("myograph_work", autocommit=True) as conn:
        yield conn


@pytest.fixture
def seal(worker):
    return partial(seal_all, worker)


@pytest.fixture
def chain(clinic, seal):
    """What was written while the clinic settled, sealed."""
    head = seal()
    assert head.position > 10
    return head


@pytest.fixture
def verify(worker, store):
    def run(key=KEY):
        return verify_audit(worker, key, anchors(store, key))

    return run


@pytest.fixture
def anchor(worker, store):
    def run(at=NOW, *, last=None):
        return write_anchor(store, KEY, audit_chain.head(worker), at, last)

    return run


def act(database, clinic, times=1):
    for _ in range(times):
        with database.as_person(clinic.admin) as conn:
            audit.note(conn, "export", "sessions", None, {"count": 3})


def codes(verified):
    return [(f.code, f.position) for f in verified.findings]


# ── whole


def test_what_was_sealed_is_whole(database, clinic, chain, verify, anchor):
    anchor()
    verified = verify()
    assert (verified.whole, verified.findings) == (True, [])
    assert verified.rows == verified.head.position == chain.position
    assert (verified.unsealed.waiting, verified.unsealed.waiting_s) == (0, None)
    act(database, clinic, 2)
    verified = verify()
    assert verified.whole
    assert verified.unsealed.waiting == 2
    assert verified.unsealed.waiting_s >= 0


def test_of_nothing_nothing_is_missing(database, verify):
    verified = verify()
    assert (verified.whole, verified.head, verified.rows) == (True, None, 0)


def test_it_tells_how_far_it_is(database, chain, worker):
    told = []
    verify_audit(worker, KEY, [], beat=lambda done, of: told.append((done, of)))
    assert told == [(chain.position, chain.position)]


def test_the_two_ways_of_writing_a_row_down_are_one(chain, owner, worker):
    [batch] = audit_chain.links(worker)
    written = owner.execute(
        "SELECT convert_to(app.audit_text(a), 'UTF8') FROM audit_log a ORDER BY a.xid, a.id"
    )
    assert [link.row for link in batch] == [text for (text,) in written]


def test_every_column_is_part_of_what_is_sealed(owner):
    [[columns]] = owner.execute(
        "SELECT count(*) FROM pg_attribute WHERE attrelid = 'audit_log'::regclass AND attnum > 0"
    ).fetchall()
    [[written]] = owner.execute(
        "SELECT jsonb_array_length(app.audit_text(NULL::audit_log)::jsonb)"
    ).fetchall()
    assert written == columns


# ── what somebody does to it

OTHER = {
    "at": "at + interval '1 us'",
    "xid": "'7'::xid8",
    "person_id": "gen_random_uuid()",
    "login": "'somebody'",
    "role": "'admin'",
    "action": "'read'",
    "subject": "'people'",
    "row_key": "'P999'",
    "changed": """'{"x": [1, 2]}'""",
    "facts": """'{"count": 1}'""",
    "address": "'192.0.2.9'",
    "request_id": "'another'",
    "via": "'another'",
    "reason": "'Because.'",
}


@pytest.mark.parametrize("column", OTHER)
def test_a_changed_value_is_found(chain, owner, verify, column):
    [[audit_id]] = owner.execute("SELECT audit_id FROM audit_seals WHERE position = 5").fetchall()
    statement = sql.SQL("UPDATE audit_log SET {} = {} WHERE id = %s").format(
        sql.Identifier(column), sql.SQL(OTHER[column])
    )
    owner.execute(statement, [audit_id])
    assert codes(verify()) == [("changed", 5)]


def test_the_table_of_changes_names_every_column(owner):
    rows = owner.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'audit_log'::regclass AND attnum > 0"
    )
    assert {name for (name,) in rows} == {"id", *OTHER}


SWAP = """
    UPDATE audit_log a SET {} FROM audit_log b, audit_seals s, audit_seals t
     WHERE s.audit_id = a.id AND t.audit_id = b.id AND (s.position, t.position) IN ((4, 7), (7, 4))
    """
FOURTH = "(SELECT audit_id FROM audit_seals WHERE position = 4)"
FREE = "ALTER TABLE audit_log ALTER id SET GENERATED BY DEFAULT"

ATTACKS = {
    "a row is removed": ("DELETE FROM audit_log WHERE id = FOURTH", [("row_missing", 4)]),
    "its seal is removed with it": (
        "DELETE FROM audit_log WHERE id = FOURTH; DELETE FROM audit_seals WHERE position = 4",
        [("seal_missing", 4)],
    ),
    "a row has another number": (
        "UPDATE audit_log SET id = 999999 WHERE id = FOURTH",
        [("row_missing", 4), ("inserted", None)],
    ),
    "a row has another number in its seal, too": (
        """
        UPDATE audit_log SET id = 999999 WHERE id = FOURTH;
        UPDATE audit_seals SET audit_id = 999999 WHERE position = 4
        """,
        [("changed", 4)],
    ),
    "two rows are exchanged": (
        SWAP.format(
            """(action, subject, row_key, changed, facts) =
               ROW (b.action, b.subject, b.row_key, b.changed, b.facts)"""
        ),
        [("changed", 4), ("changed", 7)],
    ),
    "two seals are exchanged": (
        """
        UPDATE audit_seals SET position = 999 WHERE position = 4;
        UPDATE audit_seals SET position = 4 WHERE position = 7;
        UPDATE audit_seals SET position = 7 WHERE position = 999
        """,
        [("changed", 4), ("changed", 5), ("changed", 7), ("changed", 8)],
    ),
    "a hash is another": (
        "UPDATE audit_seals SET hash = sha256('x') WHERE position = 4",
        [("changed", 4), ("changed", 5)],
    ),
    "the transaction of a seal is another": (
        "UPDATE audit_seals SET xid = '99999999' WHERE position = 4",
        [("changed", 4)],
    ),
    "the beginning is removed": (
        """
        DELETE FROM audit_log WHERE id IN (SELECT audit_id FROM audit_seals WHERE position <= 3);
        DELETE FROM audit_seals WHERE position <= 3
        """,
        [("seal_missing", 1)],
    ),
    "the beginning is removed and a note forged": (
        """
        INSERT INTO audit_gaps
        SELECT 1, 3, 3, hash, now(), 'nobody', 'tidy', 'x' FROM audit_seals WHERE position = 3;
        DELETE FROM audit_log WHERE id IN (SELECT audit_id FROM audit_seals WHERE position <= 3);
        DELETE FROM audit_seals WHERE position <= 3
        """,
        [("gap_forged", 1)],
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_the_owner_of_the_tables_does_is_found(chain, owner, attack):
    statements, expected = ATTACKS[attack]
    with owner.transaction(force_rollback=True):
        for statement in (FREE, *statements.replace("FOURTH", FOURTH).split(";")):
            owner.execute(statement)
        assert codes(verify_audit(owner, KEY, [])) == expected


def test_a_row_that_is_put_in_between_is_found(chain, owner, verify, seal):
    owner.execute(
        """
        INSERT INTO audit_log (xid, action, subject)
        SELECT xid, 'export', 'sessions' FROM audit_log WHERE action = 'insert' LIMIT 1
        """
    )
    [[number]] = owner.execute("SELECT max(id) FROM audit_log").fetchall()
    seal()
    [finding] = verify().findings
    assert finding.code == "inserted"
    assert f"number {number} " in finding.sentence


def test_a_function_that_is_exchanged_hides_nothing(chain, owner):
    with owner.transaction(force_rollback=True):
        owner.execute(
            """
            CREATE TEMPORARY TABLE honest AS
            SELECT a.id, app.audit_text(a) AS said FROM audit_log a;
            CREATE OR REPLACE FUNCTION app.audit_text(one public.audit_log) RETURNS text
            LANGUAGE sql AS 'SELECT said FROM honest h WHERE h.id = one.id';
            UPDATE audit_log SET reason = 'x' WHERE id IN
                   (SELECT audit_id FROM audit_seals WHERE position = 4)
            """
        )
        assert codes(verify_audit(owner, KEY, [])) == [("changed", 4)]


def test_of_very_many_findings_the_first_are_told(chain, owner, clinic, database, seal, verify):
    act(database, clinic, SHOWN)
    seal()
    owner.execute("UPDATE audit_log SET login = 'x'")
    verified = verify()
    assert len(verified.findings) == SHOWN < verified.count == verified.rows


# ── the end, which only anchors hold


def cut(owner, position):
    owner.execute(
        """
        DELETE FROM audit_log WHERE id IN (SELECT audit_id FROM audit_seals WHERE position > %s)
        """,
        [position],
    )
    owner.execute("DELETE FROM audit_seals WHERE position > %s", [position])


def forge(owner, seal):
    """Change the past and seal everything anew, as the program itself would."""
    owner.execute("UPDATE audit_log SET reason = 'Because.' WHERE subject = 'patients'")
    owner.execute("TRUNCATE audit_seals")
    seal()


def test_an_end_that_was_cut_off_is_found_by_its_anchor(chain, owner, verify, anchor):
    anchor()
    cut(owner, chain.position - 2)
    assert codes(verify()) == [("cut", chain.position - 1)]


def test_a_record_that_is_emptied_is_found(chain, owner, verify, anchor):
    anchor()
    owner.execute("TRUNCATE audit_log, audit_seals")
    assert codes(verify()) == [("cut", 1)]


def test_a_chain_that_was_made_anew_is_found_by_its_anchor(chain, owner, verify, anchor, seal):
    anchor()
    forge(owner, seal)
    assert codes(verify()) == [("rewritten", chain.position)]


def test_what_happened_after_the_last_anchor_cannot_be_found(
    database, clinic, chain, owner, verify, anchor, seal
):
    """As docs/audit.md says."""
    anchor()
    act(database, clinic, 3)
    seal()
    cut(owner, chain.position + 1)
    assert verify().whole


def test_an_anchor_that_is_taken_away_is_missed(
    database, clinic, chain, store, anchor, seal, verify
):
    first = anchor()
    act(database, clinic)
    seal()
    anchor(last=first)
    store.delete(first.key)
    assert codes(verify()) == [("anchor_missing", first.position)]


def test_long_without_an_anchor_is_said(database, clinic, owner, seal, verify, anchor):
    owner.execute("UPDATE audit_log SET at = at - interval '3 days'")
    head = seal()
    assert codes(verify()) == [("not_anchored", 1)]
    anchor()
    assert verify().whole
    act(database, clinic)
    seal()
    assert verify().whole
    assert head.position == verify().anchors[-1].position


FORGED = {
    "no JSON": "{",
    "not ours": "{}",
    "a list": "[]",
    "another hash": None,
    "no signature": None,
    "of odd kinds": '{"position": null, "hash": 1, "at": 2, "previous": "x", "signature": 3}',
    "half a letter": '{"position": 1, "hash": "", "at": "", "previous": 1, "signature": "\\ud800"}',
}


@pytest.mark.parametrize("what", FORGED)
def test_an_anchor_that_somebody_touched_is_none(chain, store, verify, anchor, what):
    made = anchor()
    said = json.loads(documents.read(store, made.key))
    if what == "another hash":
        said["hash"] = "0" * 64
    elif what == "no signature":
        del said["signature"]
    documents.write(store, made.key, FORGED[what] or json.dumps(said))
    assert codes(verify()) == [("anchor_forged", None)]


def test_an_anchor_in_the_place_of_another_is_none(chain, store, verify, anchor):
    made = anchor()
    documents.write(store, f"{FOLDER}/000000000000001.json", documents.read(store, made.key))
    assert codes(verify()) == [("anchor_forged", None)]


def test_another_key_signed_nothing_of_ours(chain, verify, anchor):
    anchor()
    assert codes(verify(AuditKey(b"another"))) == [("anchor_forged", None)]


def test_what_an_older_key_signed_is_good_while_it_is_named_behind_the_new_one(
    chain, verify, anchor, store, worker
):
    made = anchor()
    both, new = audit_key_of(f"another, {KEY.secret.decode()}"), audit_key_of("another")
    assert codes(verify(both)) == []
    assert codes(verify(new)) == [("anchor_forged", None)]
    head = audit_chain.head(worker)
    again = write_anchor(store, both, head, NOW, None)
    assert again.key == made.key
    assert codes(verify(new)) == []


def test_a_day_passes_between_two_anchors(database, clinic, chain, store, worker, seal):
    def due(at):
        return anchor_audit(store, KEY, audit_chain.head(worker), at)

    first = due(NOW)
    assert (first.position, first.hash, first.previous) == (
        chain.position,
        chain.hash.hex(),
        None,
    )
    day = timedelta(days=1)
    assert due(NOW + day) is None  # nothing came since
    act(database, clinic)
    seal()
    assert due(NOW + day - timedelta(seconds=1)) is None
    second = due(NOW + day)
    assert (second.position, second.previous) == (first.position + 1, first.position)
    assert [k.anchor for k in anchors(store, KEY)] == [first, second]
    documents.write(store, second.key, "{}")
    assert due(NOW + day).position == second.position, "what is no anchor is not the last one"


def test_anchors_lie_where_no_recording_does(chain, store, anchor):
    made = anchor()
    assert (store.root / made.key).exists()
    assert [p.name for p in store.root.iterdir()] == ["anchors"]


def test_in_s3_they_lie_in_a_bucket_of_their_own(chain, s3, worker):
    s3.create("anchors")
    made = anchor_audit(s3.store, KEY, chain, NOW)
    assert [k.anchor for k in anchors(s3.store, KEY)] == [made]


def test_a_store_without_that_bucket_is_an_error_and_no_missing_anchor(chain, s3):
    with pytest.raises(StoreUnavailable, match="'anchors/audit' cannot be listed"):
        anchors(s3.store, KEY)


# ── the order of the seals


def test_who_commits_late_gets_a_later_position(database, clinic, chain, seal, worker, verify):
    with database.as_person(clinic.admin) as late:
        audit.note(late, "export", "late")
        act(database, clinic, 3)
        assert audit_chain.seal(worker) == 0, "what began before could still come"
        late.commit()
    head = seal()
    assert head.position == chain.position + 4
    assert verify().whole


def test_what_is_rolled_back_leaves_no_gap(database, clinic, chain, seal, verify):
    with database.as_person(clinic.admin) as conn:
        audit.note(conn, "export", "never")
        conn.rollback()
    act(database, clinic)
    assert seal().position == chain.position + 1
    assert verify().whole


def test_only_one_seals_at_a_time(database, clinic, chain, worker, seal):
    act(database, clinic)
    with database.connect("myograph_work") as other:
        other.execute("SELECT pg_advisory_xact_lock(hashtextextended('seal the audit', 0))")
        assert audit_chain.seal(worker) == 0
    assert seal().position == chain.position + 1


def test_many_are_sealed_in_pieces(database, clinic, worker, verify, monkeypatch):
    monkeypatch.setattr(sealing.audit_chain, "seal", partial(audit_chain.seal, most=3))
    seal_all(worker)
    verified = verify()
    assert verified.whole
    assert verified.rows == verified.head.position > 10


def test_after_a_restore_from_a_dump_it_goes_on(database, clinic, chain, owner, seal, verify):
    """A new server counts transactions from the beginning: all that is known lies in its future."""
    act(database, clinic, 2)
    owner.execute("TRUNCATE audit_seals")
    owner.execute("UPDATE audit_log SET xid = (xid::text::bigint + 4000000000)::text::xid8")
    restored = seal()
    assert restored.position == chain.position + 2
    assert verify().whole
    act(database, clinic, 3)
    assert seal().position == restored.position + 3
    act(database, clinic, 1)
    assert seal().position == restored.position + 4
    assert verify().whole


# ── retention


@pytest.fixture
def old_chain(database, clinic, owner, seal):
    """The clinic settled three years ago, and something was done today."""
    owner.execute(LONG_AGO)
    old = seal()
    act(database, clinic, 3)
    seal()
    return old


def year_ago():
    return datetime.now(UTC) - timedelta(days=366)


def removed(conn, **other):
    said = {"older_than": year_ago(), "now": datetime.now(UTC), "by": "ann", "reason": "Over."}
    return retain_audit(conn, KEY, **(said | other))


def test_what_retention_removed_is_told_and_the_rest_is_whole(
    old_chain, worker, verify, seal, owner, anchor
):
    anchor()
    gap = removed(worker)
    assert (gap.from_position, gap.to_position, gap.row_count) == (
        1,
        old_chain.position,
        old_chain.position,
    )
    seal()
    verified = verify()
    assert verified.whole
    assert verified.gaps == [gap]
    assert verified.rows == 3 + 1
    [entry] = audit.newest(owner, audit.Wanted(action="retain"), limit=9)
    assert entry.facts["reason"] == "Over."
    assert entry.facts["row_count"] == old_chain.position
    assert removed(worker) is None


def test_it_is_done_again_years_later(database, clinic, old_chain, worker, owner, seal, verify):
    removed(worker)
    seal()
    # The rest grows old, too: sealed anew, since its times are other ones now.
    owner.execute("UPDATE audit_log SET at = at - interval '2 years'")
    owner.execute("DELETE FROM audit_seals")
    owner.execute("INSERT INTO audit_seals SELECT to_position, 0, '0', end_hash FROM audit_gaps")
    seal()
    owner.execute("DELETE FROM audit_seals WHERE audit_id = 0")
    gap = removed(worker)
    assert (gap.from_position, gap.row_count) == (old_chain.position + 1, 3)
    seal()
    verified = verify()
    assert codes(verified) == [("not_anchored", gap.to_position + 1)]
    assert [g.row_count for g in verified.gaps] == [old_chain.position, 3]


def test_the_newest_entry_always_stays(database, clinic, owner, seal, worker, verify):
    owner.execute(LONG_AGO)
    head = seal()
    assert removed(worker).to_position == head.position - 1
    assert verify().rows == 1


def test_nothing_is_removed_that_is_younger_than_a_year(old_chain, worker, verify):
    with pytest.raises(BadInput, match="year"):
        removed(worker, older_than=datetime.now(UTC) - timedelta(days=364))
    assert verify().gaps == []


def test_a_note_about_other_rows_removes_nothing(old_chain, worker, verify):
    prefix = audit_chain.prefix(worker, year_ago())
    gap = removed_note(prefix)
    with pytest.raises(Conflict):
        audit_chain.remove(worker, year_ago(), replace(gap, row_count=1))
    assert verify().gaps == []


def removed_note(prefix):
    return audit_chain.Gap(
        prefix.from_position,
        prefix.to_position,
        prefix.row_count,
        prefix.end_hash,
        datetime.now(UTC),
        "ann",
        "Over.",
        "x",
    )


def test_a_note_without_the_key_is_found(old_chain, worker, verify):
    prefix = audit_chain.prefix(worker, year_ago())
    audit_chain.remove(worker, year_ago(), removed_note(prefix))
    assert ("gap_forged", 1) in codes(verify())


def test_a_note_that_is_changed_afterwards_is_found(old_chain, worker, owner, verify, seal):
    removed(worker)
    seal()
    owner.execute("UPDATE audit_gaps SET reason = 'Another.'")
    assert codes(verify()) == [("gap_forged", 1)]


# ── what a worker does of it


def test_a_worker_anchors_and_removes_what_its_settings_say(database, old_chain, store):
    with open_pool(database.url("myograph_work"), size=2) as pool:
        now = datetime.now(UTC)
        assert keep_audit(pool, store, Keeping(), now) == (None, None)
        anchor, gap = keep_audit(pool, store, Keeping(KEY), now)
        assert (anchor.position, gap) == (old_chain.position + 3, None)
        anchor, gap = keep_audit(pool, store, Keeping(KEY, 366), now)
        assert (anchor, gap.row_count) == (None, old_chain.position)
        assert keep_audit(pool, store, Keeping(KEY, 366), now) == (None, None)


def test_a_worker_of_an_empty_record_anchors_nothing(database, store):
    with open_pool(database.url("myograph_work"), size=2) as pool:
        assert keep_audit(pool, store, Keeping(KEY, 366), NOW) == (None, None)


def test_a_worker_cannot_seal_what_it_likes(worker):
    for statement in (
        "INSERT INTO audit_seals VALUES (1, 1, '1', sha256('x'))",
        "INSERT INTO audit_gaps VALUES (1, 1, 1, 'x', now(), 'x', 'x', 'x')",
        "DELETE FROM audit_log",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            worker.execute(statement)
