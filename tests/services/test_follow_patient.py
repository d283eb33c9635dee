"""What is said of a patient across sessions, of rows whose numbers were chosen."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest

from myograph.db import patients
from myograph.services import follow_patient
from myograph.services.follow_patient import course_of

ZONE = ZoneInfo("Europe/Brussels")
START = datetime(2026, 3, 2, 10, tzinfo=UTC)
FIRST_DAY = date(2026, 3, 2)
_number = count(1)


@pytest.fixture
def played(database, clinic):
    """Store a session of P001 that somebody played, with these numbers; its id."""
    with database.connect("postgres") as conn:
        conn.execute(
            "INSERT INTO processing_parameters (digest, method, protocol)"
            " VALUES (repeat('0', 64), 'm', '{}') ON CONFLICT DO NOTHING"
        )

    def store(*, day, legs=("left", "right"), verdict="good", seconds=60.0, kind=None, **said):
        said = {
            "symmetry": 90.0,
            "overall": 80.0,
            "missing": [],
            "compliance": 0.5,
            "mvc": 1e-4,
            "source": "user_defined",
            "slope": -1.0,
            "good": 5,
            "gate": 1,
            "pressure": 50.0,
            "share": 0.4,
            "method": "m",
            "version": 1,
            "masked": 0.0,
        } | said
        with database.connect("postgres") as conn:
            session_id = conn.execute(
                """
                INSERT INTO therapy_sessions (file_path, storage_bucket, storage_version,
                    patient_id, pseudonym, session_date, session_type, processing_status,
                    game_metadata)
                SELECT %s, 'b', '1', patient_code, pseudonym, %s, %s, 'completed',
                       jsonb_build_object('prescribed_mvc_share', %s::float)
                  FROM patients WHERE patient_code = 'P001'
                RETURNING id
                """,
                [f"P001/{next(_number)}", START + timedelta(days=day), kind, said["share"]],
            ).fetchone()[0]
            of = said | {"id": session_id, "verdict": verdict, "seconds": seconds}
            conn.execute(
                "INSERT INTO c3d_technical_data (session_id, duration_seconds) VALUES"
                " (%(id)s, %(seconds)s)",
                of,
            )
            for number, leg in enumerate(legs, 1):
                conn.execute(
                    """
                    INSERT INTO emg_statistics (session_id, channel_name, channel_number, muscle,
                        side, mvc_peak_value, mvc_calculation_method, total_contractions,
                        good_contractions_both, muscle_compliance_score, rms, mdf,
                        fatigue_mdf_slope_per_min_percent, signal_quality_score, quality_verdict,
                        quality_reasons, masked_share, dropouts, saturated_share, repeats, spikes,
                        artifacts_detected, processing_pipeline, processing_version, method,
                        protocol_digest, file_hash)
                    VALUES (%(id)s, 'CH' || %(number)s, %(number)s, 'quadriceps', %(leg)s, %(mvc)s,
                        %(source)s, 12, %(good)s, %(compliance)s, 5e-5, 80, %(slope)s, 1,
                        %(verdict)s, '{}', %(masked)s, 0, 0, 0, 0, 0, '', '', %(method)s,
                        repeat('0', 64), '')
                    """,
                    of | {"number": number, "leg": leg},
                )
                conn.execute(
                    "INSERT INTO bfr_monitoring (session_id, leg, actual_pressure_aop,"
                    " measurement_method) VALUES (%(id)s, %(leg)s, %(pressure)s, 'manual')"
                    " ON CONFLICT DO NOTHING",
                    of | {"leg": leg or "left"},
                )
            conn.execute(
                "INSERT INTO scoring_configuration (id, version, name, weights, component_weights,"
                " rpe_mapping, scope) SELECT id, 2, name, weights, component_weights, rpe_mapping,"
                " 'session' FROM scoring_configuration WHERE (id, version) = ('default', 1)"
                " ON CONFLICT DO NOTHING"
            )
            conn.execute(
                """
                INSERT INTO performance_scores (session_id, overall_performance_score,
                    symmetry_score, performance_weights, configuration_id, configuration_version,
                    missing, missing_reasons, targets, pressure_verified, bfr_compliance_gate,
                    input_sources, method, protocol_digest)
                VALUES (%(id)s, %(overall)s, %(symmetry)s, '{}', 'default', %(version)s,
                    %(missing)s, '{}', 'fixed', true, %(gate)s, '{}', %(method)s, repeat('0', 64))
                """,
                of,
            )
        return session_id

    return store


@pytest.fixture
def course(database, clinic):
    def read(person=None, patient="P001"):
        person = person or clinic.therapist
        with database.as_person(person) as conn:
            return course_of(conn, person, patient)

    return read


@pytest.fixture
def patient(database, clinic):
    with database.as_person(clinic.therapist) as conn:
        found = patients.get(conn, clinic.therapist, "P001")
    return replace(found, treatment_start=FIRST_DAY)


def mark(database, session_id, column, other):
    with database.connect("postgres") as conn:
        conn.execute(
            f"UPDATE therapy_sessions SET {column} = %s WHERE id = %s",  # noqa: S608 - a test's own
            [other, session_id],
        )


def followed(progress):
    return {(f.number, f.muscle): f.trend for f in progress.followed}


def test_a_number_is_followed_by_the_week(played, course):
    for week, mvc in enumerate((1e-4, 2e-4, 3e-4, 4e-4)):
        played(day=7 * week, mvc=mvc, overall=60 + 5 * week, good=week, slope=-week)
    found = followed(follow_patient.progress(course()))
    assert len(found) == 2 + 2 * 6
    slopes = {key: trend.line.slope for key, trend in found.items()}
    for leg in ("left quadriceps", "right quadriceps"):
        assert slopes["mvc", leg] == pytest.approx(1e-4)
        assert slopes["good_contractions", leg] == pytest.approx(1)
        assert slopes["fatigue_slope", leg] == pytest.approx(-1)
        assert slopes["rms_at_matched_intensity", leg] == pytest.approx(0, abs=1e-12)
    assert slopes["overall", None] == pytest.approx(5)
    assert [p.value for p in found["overall", None].used] == [60, 65, 70, 75]
    assert all(trend.marks == () for trend in found.values())


def test_two_sessions_are_no_trend_and_none_is_no_number(played, course, clinic):
    nothing = follow_patient.progress(course())
    assert (nothing.sessions, len(nothing.followed)) == (0, 2)
    played(day=0)
    played(day=1)
    trend = followed(follow_patient.progress(course()))["symmetry", None]
    assert (trend.line, trend.reason) == (None, "2 sessions can be compared and 3 are needed")


def test_overall_scores_are_compared_only_where_they_are_made_alike(played, course):
    for day, said in enumerate(({}, {}, {"missing": ["game"]}, {"version": 2}, {}, {})):
        played(day=day, overall=float(day), **said)
    trend = followed(follow_patient.progress(course()))["overall", None]
    assert ([p.value for p in trend.used], trend.left_out) == ([0, 1, 4, 5], 2)


def test_a_matched_intensity_is_one_that_is_known_and_the_same(played, course, clinic, database):
    for day, share in enumerate((0.4, 0.4, 0.4, 0.6, None, 0.4)):
        played(day=day, share=share)
    key = ("rms_at_matched_intensity", "left quadriceps")
    trend = followed(follow_patient.progress(course()))[key]
    assert (len(trend.used), trend.left_out) == (4, 1)
    # It stands beside names, so a researcher does not have it.
    with database.as_person(clinic.admin) as conn:
        pseudonym = patients.get(conn, clinic.admin, "P001").pseudonym
    seen = course(clinic.researcher, pseudonym)
    assert len(seen.sessions) == 6
    assert followed(follow_patient.progress(seen))[key].used == ()
    assert len(followed(follow_patient.progress(seen))["overall", None].used) == 6


def test_what_differs_in_method_or_source_of_the_maximum_is_marked(played, course):
    played(day=0)
    played(day=1, method="n")
    played(day=2, source="backend_95percentile")
    found = followed(follow_patient.progress(course()))
    left = found["compliance", "left quadriceps"]
    assert "methods differ: m, n" in left.marks
    assert any(mark.startswith("sources of the MVC differ") for mark in left.marks)
    assert any(
        mark.startswith("sources of the MVC differ") for mark in found["overall", None].marks
    )
    assert found["mdf", "left quadriceps"].marks == ("methods differ: m, n",)


def test_copies_overwritten_ones_and_baselines_are_not_progress(played, course, database):
    ids = [played(day=day) for day in range(5)]
    mark(database, ids[1], "duplicate_of", ids[0])
    mark(database, ids[2], "superseded_by", ids[0])
    mark(database, ids[3], "session_type", "baseline")
    progress = follow_patient.progress(course())
    found = followed(progress)
    assert progress.sessions == 3
    assert len(found["mvc", "left quadriceps"].used) == 3
    assert len(found["compliance", "left quadriceps"].used) == 2
    assert len(found["overall", None].used) == 2
    assert progress.remarks == (
        "1 session with the content of another",
        "1 session whose recording was overwritten",
    )


def test_what_lies_on_no_leg_or_twice_on_one_is_not_followed(played, course):
    played(day=0, legs=("left", None))
    played(day=1, legs=("left", "left"))
    progress = follow_patient.progress(course())
    assert {f.muscle for f in progress.followed} == {None, "left quadriceps"}
    assert len(followed(progress)["mvc", "left quadriceps"].used) == 1
    [remark] = progress.remarks
    assert remark.startswith("2 sessions with channels on no leg, or two of one muscle")


# ── adherence


def adherence(course, patient, today):
    return follow_patient.adherence(course, patient, today=today, zone=ZONE)


def test_adherence_counts_what_was_trained_up_to_today(played, course, patient, database):
    ids = [played(day=day % 4) for day in range(9)]
    mark(database, ids[0], "duplicate_of", ids[1])
    mark(database, ids[1], "superseded_by", ids[2])
    mark(database, ids[2], "session_type", "baseline")
    found = adherence(course(), patient, FIRST_DAY + timedelta(6))
    assert (found.day, found.completed, found.planned) == (7, 6, 15)
    assert found.percent == pytest.approx(40)


def test_a_second_of_signal_is_needed(played, course, patient):
    played(day=0, seconds=2.0, masked=0.5)
    played(day=0, seconds=2.0, masked=0.51)
    played(day=0, legs=())
    assert adherence(course(), patient, FIRST_DAY + timedelta(2)).completed == 1


def test_the_day_of_a_session_is_the_local_one(played, course, patient, database):
    late = played(day=2)
    # 23:30 on the day before in Brussels; by the file's own clock the day itself.
    mark(database, late, "session_date", datetime(2026, 3, 1, 22, 30, tzinfo=UTC))
    assert adherence(course(), patient, FIRST_DAY + timedelta(2)).completed == 0
    mark(database, late, "started_local", datetime(2026, 3, 2, 0, 30))  # noqa: DTZ001 - no zone
    assert adherence(course(), patient, FIRST_DAY + timedelta(2)).completed == 1


def test_the_last_day_of_the_treatment_ends_the_plan(course, patient):
    late = FIRST_DAY + timedelta(100)
    assert adherence(course(), patient, late).day == 14
    ending = replace(patient, treatment_end=FIRST_DAY + timedelta(20))
    assert adherence(course(), ending, late).day == 21
    without = adherence(course(), replace(patient, treatment_start=None), late)
    assert (without.percent, without.reason) == (None, "the treatment has no start date")


# ── alerts


def test_alerts_carry_the_numbers_that_fired_them(played, course, patient):
    for day in range(7):
        played(day=day, slope=-1.0 - 0.1 * (day % 2))
    played(day=7, slope=-9.0, symmetry=60.0, verdict="poor", legs=("left",))
    calm = course()
    assert {a.code for a in follow_patient.alerts(calm, adherence(calm, patient, FIRST_DAY))} == {
        "fatigue"
    }
    played(day=8, slope=-9.0, symmetry=69.9, verdict="poor", gate=0, pressure=60.0, legs=("left",))
    now = course()
    done = adherence(now, patient, FIRST_DAY + timedelta(13))
    found = {a.code: a.numbers for a in follow_patient.alerts(now, done)}
    assert found.keys() == {"adherence", "symmetry", "pressure", "quality", "fatigue"}
    assert found["pressure"] == {"left": 60.0}
    assert found["symmetry"] == {"before": 60.0, "latest": 69.9, "below": 70.0}
    assert found["fatigue"]["earlier_sessions"] == 8


def test_a_baseline_alarms_nobody(played, course, patient):
    for day in (0, 1):
        played(day=day, symmetry=10.0, verdict="poor", gate=0, kind="baseline")
    now = course()
    assert follow_patient.alerts(now, adherence(now, patient, FIRST_DAY)) == ()
