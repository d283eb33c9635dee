import os
import threading
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from myograph.analysis.measure import METHOD, measure
from myograph.analysis.protocol import Protocol
from myograph.c3d.recording import read_recording
from myograph.c3d.source import BytesSource
from myograph.c3d.write import GameSession, ghostly_bytes
from myograph.db import (
    contractions,
    lease,
    recovery,
    results,
    scores,
    scoring,
    statistics,
    technical,
)
from myograph.db.pool import open_pool
from myograph.errors import LeaseLost, ObjectReplaced, StoreUnavailable, TooShort
from myograph.scoring.evidence import evidence_of
from myograph.services import analyse_session as analysing
from myograph.services.analyse_session import Terms, _paced, analyse_session
from myograph.services.choose_inputs import chosen_inputs, stored_evidence
from myograph.services.measure_file import Stopped, measure_here
from tests.game_files import START, game_file

TERMS = Terms(pseudonym_key="a key")


@pytest.fixture
def pool(database):
    with open_pool(database.url("myograph_work"), size=3) as pool:
        yield pool


@pytest.fixture
def analyse(pool, store):
    def run(received, measure=measure_here, terms=TERMS):
        return analyse_session(pool, store, received.session_id, terms=terms, measure=measure)

    return run


def everything(pool, received):
    with pool.connection() as conn:
        return (
            statistics.of_session(conn, received.session_id),
            contractions.of_session(conn, received.session_id),
            scores.of_session(conn, received.session_id),
        )


def test_a_session_gets_its_results(analyse, upload, look, pool, clinic):
    received = upload(patient_code="P001", left="CH1", right="CH2")
    assert analyse(received) == "analysed"
    session = look(received)
    assert session.processing_status == "completed"
    assert (session.processing_version, session.attempt, session.tries) == (METHOD, 1, 0)
    assert len(session.file_hash) == 64
    channels, found, score = everything(pool, received)
    assert [(c.channel_name, c.side, c.total_contractions) for c in channels] == [
        ("CH1", "left", 3),
        ("CH2", "right", 3),
    ]
    assert [(c.channel, c.number) for c in found] == [
        (channel, number) for channel in ("CH1", "CH2") for number in (1, 2, 3)
    ]
    assert score.compliance_score is not None
    assert [m["contractions"] for m in session.analytics_cache["muscles"]] == [3, 3]


def test_what_is_stored_scores_like_what_was_measured(analyse, upload, pool, clinic):
    received = upload(patient_code="P001", left="CH1", right="CH2")
    analyse(received)
    with pool.connection() as conn:
        channels = scoring.channels_of(conn, received.session_id)
        known = scoring.known_of(conn, received.session_id, channels)
    legs = chosen_inputs(known).legs
    measured = measured_in(game_file())
    for stored, fresh in zip(known.channels, measured.channels, strict=True):
        muscle, side = legs[fresh.label]
        expected = evidence_of(fresh, muscle=muscle, side=side, game_mvc_v=None)
        got = stored_evidence(stored, legs)
        assert [e.strength_v for e in got.efforts] == [e.strength_v for e in expected.efforts]
        assert [e.duration_s for e in got.efforts] == [e.duration_s for e in expected.efforts]
        assert (got.envelope_p95_v, got.quality_score) == (
            expected.envelope_p95_v,
            expected.quality_score,
        )


def test_fatigue_is_stored_as_it_was_measured_and_shared_with_equal_bytes(
    analyse, upload, pool, clinic
):
    content = game_file(bursts=8)
    measured = [channel.fatigue for channel in measured_in(content).channels]
    assert all(fatigue.mdf is not None for fatigue in measured)
    first, again = upload(content), upload(content)
    assert [analyse(first), analyse(again)] == ["analysed", "shared"]
    for received in (first, again):
        channels, _, _ = everything(pool, received)
        assert [channel.fatigue for channel in channels] == measured


def test_why_fatigue_was_not_measured_is_stored(analyse, upload, pool, clinic):
    received = upload(game_file(bursts=3))
    analyse(received)
    channels, _, _ = everything(pool, received)
    expected = [channel.fatigue for channel in measured_in(game_file(bursts=3)).channels]
    assert [channel.fatigue for channel in channels] == expected
    assert all("contractions can be used" in channel.fatigue.reason for channel in channels)


def test_results_from_before_fatigue_was_looked_for_say_so(analyse, upload, pool, clinic):
    received = upload(game_file(bursts=3))
    analyse(received)
    with pool.connection() as conn:
        conn.execute("UPDATE emg_statistics SET fatigue_reason = NULL")
    channels, _, _ = everything(pool, received)
    assert {channel.fatigue.reason for channel in channels} == {
        "it was not looked for when this was measured"
    }


def measured_in(content):
    return measure(read_recording(BytesSource(content)), Protocol())


def test_it_works_without_a_patient(analyse, upload, look, pool, clinic):
    received = upload()
    assert analyse(received) == "analysed"
    _, _, score = everything(pool, received)
    assert score.overall_performance_score is None
    assert "compliance" in score.missing
    assert look(received).pseudonym is None


def test_a_finished_session_is_left_alone(analyse, upload, look, clinic):
    received = upload()
    analyse(received)
    assert analyse(received) == "nothing_to_do"
    assert look(received).attempt == 1


def test_a_session_in_other_hands_is_left_alone(analyse, upload, pool):
    received = upload()
    with pool.connection() as conn:
        assert lease.claim(conn, received.session_id, seconds=60)
    assert analyse(received) == "nothing_to_do"


def test_a_claim_that_ran_out_is_taken_over(analyse, upload, look, pool, clinic):
    received = upload()
    with pool.connection() as conn:
        lease.claim(conn, received.session_id, seconds=-1)
    assert analyse(received) == "analysed"
    assert look(received).attempt == 2


def test_a_stale_write_is_refused(analyse, upload, look, pool, clinic):
    received = upload()

    def overtaken(path, protocol, recover, edits, beat):
        measured = measure_here(path, protocol, recover, edits, beat)
        with pool.connection() as conn:
            conn.execute("UPDATE therapy_sessions SET lease_until = now() - interval '1 s'")
        assert analyse(received) == "analysed"
        with pool.connection() as conn:
            conn.execute("UPDATE emg_statistics SET compliance_reason = 'of the second'")
        return measured

    assert analyse(received, overtaken) == "lease_lost"
    assert look(received).attempt == 2
    channels, _, _ = everything(pool, received)
    assert {c.compliance_reason for c in channels} == {"of the second"}


def test_a_long_measurement_learns_that_its_claim_is_gone(analyse, upload, pool):
    received = upload()

    def slow(_path, _protocol, _recover, _edits, beat):
        beat()
        with pool.connection() as conn:
            conn.execute("UPDATE therapy_sessions SET attempt = attempt + 1")
        beat()

    assert analyse(received, slow) == "lease_lost"


def test_a_beat_keeps_the_claim_and_is_no_news(analyse, upload, look, pool, clinic):
    received = upload()
    seen = []

    def slow(path, protocol, recover, edits, beat):
        for _ in range(2):
            with pool.connection() as conn:
                seen.append(
                    conn.execute(
                        "SELECT lease_until, changed_xid::text, updated_at FROM therapy_sessions"
                    ).fetchone()
                )
            beat()
        return measure_here(path, protocol, recover, edits, beat)

    analyse(received, slow)
    (first_until, *first), (second_until, *second) = seen
    assert second_until > first_until
    assert first == second


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"not a recording at all" * 100, "not_c3d"),
        (game_file()[:1016], "truncated"),
        (game_file()[: len(game_file()) // 2], "truncated"),
        (game_file(finalised=False), "unfinalised"),
    ],
    ids=["empty", "text", "header", "half", "unfinalised"],
)
def test_a_file_that_cannot_be_read_fails_with_a_sentence(
    analyse, upload, look, clinic, content, code
):
    received = upload(content)
    assert analyse(received) == "failed"
    session = look(received)
    assert (session.processing_status, session.failure_kind) == ("failed", "unreadable")
    assert session.failure_code == code
    assert session.processing_error_message.endswith(".")
    assert session.analytics_cache is None


def test_an_unfinished_file_is_read_where_recovery_was_asked_for(analyse, upload, look, pool):
    received = upload(game_file(finalised=False))
    with pool.connection() as conn:
        conn.execute("UPDATE therapy_sessions SET recovered = true")
    assert analyse(received) == "analysed"


def test_a_file_that_is_gone_says_so(analyse, upload, look, store, clinic):
    received = upload(name="unassigned/gone.c3d")
    store.delete("emg_data/unassigned/gone.c3d")
    assert analyse(received) == "failed"
    session = look(received)
    assert session.failure_kind == "file_gone"
    assert session.object_gone_at is not None


def test_a_store_that_shows_other_bytes_is_tried_again(analyse, upload, look, store, clinic):
    received = upload(name="unassigned/a.c3d")
    path = store.root / "emg_data/unassigned/a.c3d"
    written = path.stat().st_mtime_ns
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(StoreUnavailable, match="announced"):
        analyse(received)
    session = look(received)
    assert (session.processing_status, session.tries) == ("pending", 1)
    assert "announced" in session.processing_error_message
    path.write_bytes(game_file())
    os.utime(path, ns=(written, written))
    assert analyse(received) == "analysed"
    assert look(received).processing_error_message is None


def test_other_bytes_of_the_same_size_are_not_taken_for_those_announced(
    analyse, upload, look, store, clinic
):
    received = upload(name="unassigned/a.c3d")
    path = store.root / "emg_data/unassigned/a.c3d"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    os.utime(path, ns=(0, 0))
    with pytest.raises(ObjectReplaced, match="announced"):
        analyse(received)
    assert (look(received).processing_status, look(received).file_hash) == ("pending", None)


@pytest.mark.parametrize("same", [True, False])
def test_a_recording_that_was_read_before_is_known_by_its_bytes(
    analyse, upload, look, store, pool, clinic, same
):
    """As after a backup was restored: every etag of a folder is another one then."""
    received = upload(name="unassigned/a.c3d")
    assert analyse(received) == "analysed"
    path = store.root / "emg_data/unassigned/a.c3d"
    content = path.read_bytes()
    path.write_bytes(content if same else content[:-1] + b"x")
    os.utime(path, ns=(0, 0))
    with pool.connection() as conn:
        recovery.analyse_again(conn, received.session_id)
    if same:
        assert analyse(received) in {"analysed", "shared"}
    else:
        with pytest.raises(ObjectReplaced):
            analyse(received)


def test_a_long_fetch_keeps_the_claim():
    asked = []
    _paced(lambda: asked.append("now"), every_s=0.0)()
    _paced(lambda: asked.append("later"), every_s=3600.0)()
    assert asked == ["now"]


def test_an_object_nobody_measured_the_size_of_is_taken_as_it_is(analyse, upload, pool):
    received = upload()
    with pool.connection() as conn:
        conn.execute("UPDATE therapy_sessions SET file_size_bytes = NULL")
    assert analyse(received) == "analysed"


def test_an_unexpected_error_is_tried_again_and_given_up_with_its_reason(
    analyse, upload, look, clinic
):
    received = upload()

    def broken(*_):
        raise ZeroDivisionError("P001 has a name")

    terms = Terms(pseudonym_key="a key", max_tries=3)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            analyse(received, broken, terms)
        assert look(received).processing_status == "pending"
    assert analyse(received, broken, terms) == "gave_up"
    session = look(received)
    assert (session.processing_status, session.failure_kind) == ("failed", "gave_up")
    assert "ZeroDivisionError" in session.processing_error_message
    assert "P001" not in session.processing_error_message


def test_an_error_of_someone_who_lost_the_claim_is_nobodys(analyse, upload, look, pool, clinic):
    received = upload()

    def overtaken(error):
        def measure(*_):
            with pool.connection() as conn:
                conn.execute("UPDATE therapy_sessions SET attempt = attempt + 1")
            raise error

        return measure

    assert analyse(received, overtaken(ZeroDivisionError())) == "lease_lost"
    assert look(received).processing_status == "processing"
    with pool.connection() as conn:
        conn.execute("UPDATE therapy_sessions SET lease_until = NULL")
    assert analyse(received, overtaken(TooShort("too short"))) == "lease_lost"
    assert look(received).processing_status == "processing"


def test_a_session_that_is_superseded_meanwhile_keeps_nothing(analyse, upload, look, pool, clinic):
    received = upload(name="unassigned/a.c3d")

    def overwritten(path, protocol, recover, edits, beat):
        upload(game_file(seed=2), name="unassigned/a.c3d")
        return measure_here(path, protocol, recover, edits, beat)

    assert analyse(received, overwritten) == "lease_lost"
    assert look(received).failure_kind == "superseded"
    assert everything(pool, received) == ([], [], None)


def test_equal_bytes_are_measured_once_and_shown_as_a_duplicate(
    analyse, upload, look, pool, clinic
):
    first = upload(patient_code="P001", left="CH1", right="CH2")
    second = upload(patient_code="P002", left="CH2", right="CH1")
    assert analyse(first) == "analysed"

    def never(*_):
        raise AssertionError("measured twice")

    assert analyse(second, never) == "shared"
    assert look(second).duplicate_of == first.session_id
    assert look(first).duplicate_of is None
    (one_a, *_), found_a, _ = everything(pool, first)
    (one_b, *_), found_b, _ = everything(pool, second)
    assert (one_a.rms, one_a.side, one_b.rms, one_b.side) == (one_a.rms, "left", one_a.rms, "right")
    assert [c.strength for c in found_a] == [c.strength for c in found_b]


def test_the_session_that_came_first_is_the_original_whoever_is_analysed_first(
    analyse, upload, look, clinic
):
    first, second = upload(), upload()
    analyse(second)
    assert look(second).duplicate_of is None
    analyse(first)
    assert look(second).duplicate_of == first.session_id
    assert look(first).duplicate_of is None


def test_twins_that_are_identified_at_once_do_not_lock_each_other_out(upload, pool, store, clinic):
    received = [upload() for _ in range(3)]
    meeting = threading.Barrier(3)

    def run(one, outcomes):
        meeting.wait()
        outcomes.append(
            analyse_session(pool, store, one.session_id, terms=TERMS, measure=measure_here)
        )

    outcomes = []
    threads = [threading.Thread(target=run, args=[one, outcomes]) for one in received]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(outcomes) <= {"analysed", "shared"}
    with pool.connection() as conn:
        rows = conn.execute("SELECT duplicate_of FROM therapy_sessions ORDER BY created_at, id")
        assert [row[0] for row in rows] == [None, received[0].session_id, received[0].session_id]


def test_another_protocol_measures_anew(analyse, upload, clinic):
    first, second = upload(), upload()
    analyse(first)
    other = Terms(pseudonym_key="a key", protocol=Protocol(merge_ms=100.0))
    assert analyse(second, terms=other) == "analysed"


def test_results_are_replaced_as_a_whole_and_edits_stay(analyse, upload, pool, clinic):
    received = upload()
    analyse(received)
    before = everything(pool, received)
    with pool.connection() as conn:
        conn.execute(
            """
            INSERT INTO contraction_edits (session_id, channel, action, after_start_s, after_end_s,
                                           author)
            VALUES (%s, 'CH1', 'add', 1, 2, %s)
            """,
            [received.session_id, clinic.therapist.id],
        )
        conn.execute("UPDATE therapy_sessions SET processing_status = 'reprocessing'")
        conn.execute("UPDATE emg_statistics SET rms = 0")
    analyse(received)
    after = everything(pool, received)
    assert [c.rms for c in after[0]] == [c.rms for c in before[0]]
    assert [c.number for c in after[1]] == [c.number for c in before[1]]
    with pool.connection() as conn:
        assert conn.execute("SELECT count(*) FROM contraction_edits").fetchone() == (1,)


def test_a_reanalysis_that_fails_keeps_the_old_numbers(analyse, upload, look, pool, clinic):
    received = upload()
    analyse(received)
    with pool.connection() as conn:
        conn.execute("UPDATE therapy_sessions SET processing_status = 'reprocessing'")

    def broken(*_):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        analyse(received, broken)
    assert look(received).processing_status == "reprocessing"
    channels, _, score = everything(pool, received)
    assert channels
    assert score is not None


def test_a_channel_that_cannot_be_measured_is_a_finding(analyse, upload, look, pool, clinic):
    rng = np.random.default_rng(1)
    samples = 33 * 30 * 8
    channels = {
        "CH1 Raw": np.full(samples, np.nan),
        "CH2 Raw": rng.normal(0, 1e-5, samples),
        "CH1 activated": np.zeros(samples),
        "CH2 activated": np.zeros(samples),
    }
    received = upload(ghostly_bytes(GameSession(start=START), channels))
    assert analyse(received) == "analysed"
    assert [c.channel_name for c in everything(pool, received)[0]] == ["CH2"]
    assert ("too_short", "CH1") in {(f["code"], f["channel"]) for f in look(received).findings}


def test_facts_are_there_before_the_samples_are_read(analyse, upload, pool):
    received = upload()
    seen = []

    def watch(path: Path, protocol, recover, edits, beat):
        with pool.connection() as conn:
            seen.append(technical.of_session(conn, received.session_id))
        return measure_here(path, protocol, recover, edits, beat)

    analyse(received, watch)
    assert seen[0].sampling_rate == 1000


def test_no_copy_of_the_file_stays(analyse, upload, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    analyse(upload())
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_claim_that_is_lost_cannot_be_extended(pool, upload):
    received = upload()
    with pool.connection() as conn:
        claim = lease.claim(conn, received.session_id, seconds=60)
        conn.execute("UPDATE therapy_sessions SET attempt = attempt + 1")
        with pytest.raises(LeaseLost):
            lease.extend(conn, claim, seconds=60)
        with pytest.raises(LeaseLost):
            lease.hold(conn, claim)


def test_who_is_stopped_leaves_the_session_to_the_next_as_it_was(analyse, upload, look):
    received = upload()

    def stopped(_path, _protocol, _recover, _edits, _beat):
        raise Stopped

    for _ in range(TERMS.max_tries + 1):
        with pytest.raises(Stopped):
            analyse(received, measure=stopped)
        found = look(received)
        assert (found.processing_status, found.tries) == ("pending", 0)
    assert analyse(received) == "analysed"


def test_who_is_stopped_when_the_claim_is_lost_changes_nothing(analyse, upload, look, pool):
    received = upload()

    def overtaken(_path, _protocol, _recover, _edits, _beat):
        with pool.connection() as conn:
            conn.execute("UPDATE therapy_sessions SET attempt = attempt + 1")
        raise Stopped

    with pytest.raises(Stopped):
        analyse(received, measure=overtaken)
    assert look(received).processing_status == "processing"


def test_each_row_of_a_result_is_written_once(analyse, upload, pool, clinic):
    """A row that was changed by the transaction that made it has an older version beside it."""
    received = upload(game_file(bursts=5), left="CH1", right="CH2")
    analyse(received)
    with pool.connection() as conn:
        for table, rows in {
            "contractions": 10,
            "emg_statistics": 2,
            "performance_scores": 1,
        }.items():
            places = conn.execute(f"SELECT ctid::text FROM {table}").fetchall()  # noqa: S608, of ours
            assert {(f"(0,{n})",) for n in range(1, rows + 1)} == set(places), table


def test_what_is_scored_before_it_is_stored_is_what_will_be_stored(analyse, upload, pool):
    content = game_file(bursts=4)
    received = upload(content)
    analyse(received)
    recording = read_recording(BytesSource(content))
    measured = measure(recording, Protocol())
    with pool.connection() as conn:
        stored = scoring.channels_of(conn, received.session_id)
    assert stored == results.channels_of(measured, recording.facts)


def test_a_session_does_not_share_with_itself(analyse, upload, pool, clinic):
    received = upload()
    analyse(received)
    with pool.connection() as conn:
        conn.execute("UPDATE therapy_sessions SET processing_status = 'reprocessing'")
        session = conn.execute("SELECT file_hash FROM therapy_sessions").fetchone()
        found = partial(results.measured_before, conn, session[0], METHOD, Protocol().digest)
        assert found(recovered=False) is None
    assert analyse(received) == "analysed"


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM therapy_sessions WHERE id = %s",
        "UPDATE therapy_sessions SET processing_status = 'reprocessing' WHERE id = %s",
        "UPDATE emg_statistics SET method = 'a newer one' WHERE session_id = %s",
    ],
    ids=["deleted", "analysed again", "of a newer method"],
)
def test_what_is_no_longer_there_to_be_shared_is_measured(
    analyse, upload, pool, database, clinic, monkeypatch, change
):
    first, second = upload(), upload()
    analyse(first)
    shared = analysing._shared

    def meanwhile(*how):
        with database.connect("postgres") as conn:
            conn.execute(change, [first.session_id])
        return shared(*how)

    monkeypatch.setattr(analysing, "_shared", meanwhile)
    assert analyse(second) == "analysed"
    channels, found, _ = everything(pool, second)
    assert (len(channels), len(found)) == (2, 6)
    with pool.connection() as conn:
        hits = conn.execute(
            "SELECT cache_hits FROM therapy_sessions WHERE id = %s", [first.session_id]
        ).fetchall()
    assert hits in ([], [(0,)])


def test_a_superseded_session_still_gives_what_was_measured_in_it(analyse, upload, pool, clinic):
    first = upload(name="unassigned/same.c3d")
    analyse(first)
    upload(game_file(seed=2), name="unassigned/same.c3d")
    second = upload()
    assert analyse(second) == "shared"
    assert everything(pool, second)[0][0].rms == everything(pool, first)[0][0].rms


def test_equal_bytes_measured_at_the_same_moment_end_the_same(analyse, upload, pool, clinic):
    """Each measures since the other has not finished: the numbers are equal to the last bit."""
    first, second = upload(), upload()

    def meanwhile(*how):
        assert analyse(second) == "analysed"
        return measure_here(*how)

    assert analyse(first, meanwhile) == "analysed"
    with pool.connection() as conn:
        for table in ("emg_statistics", "contractions"):
            rows = conn.execute(
                f"""
                SELECT to_jsonb(t) - 'session_id' - 'processed_at' - 'processing_time_ms'
                  FROM {table} t WHERE session_id = %s ORDER BY 1
                """,  # noqa: S608, of ours
                [first.session_id],
            ).fetchall()
            others = conn.execute(
                f"""
                SELECT to_jsonb(t) - 'session_id' - 'processed_at' - 'processing_time_ms'
                  FROM {table} t WHERE session_id = %s ORDER BY 1
                """,  # noqa: S608, of ours
                [second.session_id],
            ).fetchall()
            assert rows == others


def test_a_hit_is_counted_at_the_session_that_was_measured(analyse, upload, pool, clinic):
    first, *others = upload(), upload(), upload()
    for received in (first, *others):
        analyse(received)
    with pool.connection() as conn:
        hits = dict(conn.execute("SELECT id, cache_hits FROM therapy_sessions").fetchall())
    assert hits == {first.session_id: 2} | {one.session_id: 0 for one in others}
