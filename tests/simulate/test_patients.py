"""The demonstration's patients: the same for the same seed, plausible, and as their stories say."""

import hashlib
from datetime import datetime, timedelta

import numpy as np
import pytest

from myograph.c3d.recording import facts_of_prefix, parse_upload_name
from myograph.simulate.patients import demo_sessions

NOW = datetime(2026, 11, 20, 15, 0)  # noqa: DTZ001 - the file has no zone


@pytest.fixture(scope="module")
def sessions():
    return list(demo_sessions(1, now=NOW))


def facts(session):
    return facts_of_prefix(session.content[:16384], len(session.content))


def of(sessions, code):
    return [s for s in sessions if s.patient_code == code]


def test_three_patients_play_ten_sessions_each_in_the_order_of_their_days(sessions):
    assert [s.patient_code for s in sessions[:3]] == ["P001", "P002", "P003"]
    for code in ("P001", "P002", "P003"):
        assert [s.number for s in of(sessions, code)] == list(range(1, 11))
    starts = [s.started_local for s in sessions]
    assert starts == sorted(starts)
    assert len({s.file_name for s in sessions}) == 30


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(sessions):
    def digest(made):
        return hashlib.sha256(b"".join(s.content for s in made)).hexdigest()

    assert digest(demo_sessions(1, now=NOW)) == digest(sessions)
    assert digest(demo_sessions(2, now=NOW)) != digest(sessions)


@pytest.mark.parametrize("hour", [0, 11, 12, 23])
def test_they_span_two_weeks_and_end_before_now(hour):
    now = NOW.replace(hour=hour)
    starts = [s.started_local for s in demo_sessions(1, now=now)]
    assert max(starts) < now - timedelta(minutes=50)
    assert max(starts) > now - timedelta(days=2)
    assert starts[-1].date() - starts[0].date() == timedelta(days=13)
    assert len({s.date() for s in starts}) == 10


def test_each_lasts_one_to_two_minutes_and_names_its_patient_and_start(sessions):
    for session in sessions:
        known = facts(session)
        assert 59.9 <= known.duration_s <= 120
        assert known.game.player == session.patient_code
        assert parse_upload_name(session.file_name) == session.started_local
        assert session.sides == {"CH1": "left", "CH2": "right"}


def test_both_builds_of_the_game_occur_and_only_the_newer_knows_rpe_and_mvc(sessions):
    builds = {True: 0, False: 0}
    for session in sessions:
        game = facts(session).game
        newer = game.rpe is not None
        builds[newer] += 1
        for label in ("CH1", "CH2"):
            said = game.channels.get(label)
            assert (said is not None and said.mvc_v is not None) == newer
            assert (said is not None and said.bfr_target_share == 0.5) == newer
        assert (game.difficulty_level == 14) == newer
    assert min(builds.values()) >= 8


def test_amplitudes_are_those_of_elderly_thighs(sessions):
    plateaus = [
        b["plateau_rms_v"] for s in sessions for c in s.truth["channels"] for b in c["bursts"]
    ]
    assert min(plateaus) > 10e-6
    assert max(plateaus) < 100e-6


def strength(session, leg):
    return np.mean([b["rms_v"] for b in session.truth["channels"][leg]["bursts"]])


def test_the_first_patient_grows_stronger_and_holds_longer(sessions):
    mine = of(sessions, "P001")
    for leg in (0, 1):
        assert strength(mine[-1], leg) > 1.3 * strength(mine[0], leg)
    held = [
        np.mean([b["end_s"] - b["start_s"] for b in s.truth["channels"][0]["bursts"]]) for s in mine
    ]
    assert held[-1] > held[0] + 0.5


def test_the_second_patient_spares_the_right_leg(sessions):
    for session in of(sessions, "P002"):
        left, right = session.truth["channels"]
        assert strength(session, 1) < 0.7 * strength(session, 0)
        assert len(right["bursts"]) < len(left["bursts"])


def test_the_third_patient_tires_within_each_session(sessions):
    for session in of(sessions, "P003"):
        for channel in session.truth["channels"]:
            first, last = channel["bursts"][0], channel["bursts"][-1]
            assert last["median_hz"] < 0.9 * first["median_hz"]
            assert last["plateau_rms_v"] > 0


def test_some_days_go_wrong_as_days_do(sessions):
    channels = [c for s in sessions for c in s.truth["channels"]]
    assert sum(bool(c["dropouts"]) for c in channels) == 2
    assert sum(c["mains"]["rms_v"] > 20e-6 for c in channels) == 1
    assert sum(facts(s).game.duration_seconds is None for s in sessions) == 1
