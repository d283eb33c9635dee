"""What people enter of a session, and what comes of it."""

from pathlib import Path

import pytest

from myograph.storage.objects import folder_store
from myograph.web.api.entries import CuffSaid, Settings
from myograph.worker.run import run_until_empty

HEADING = "time_s,pressure_mmhg,leg\n"
STEADY = HEADING + "".join(f"{t},{100 if t < 60 else 0},left\n" for t in range(62))
LEAKING = HEADING + "".join(f"{t},{100 if t < 40 else 70},left\n" for t in range(61))


@pytest.fixture
def work(served, site_database):
    def run():
        run_until_empty(
            site_database.url("myograph_work"), folder_store(served.root), pseudonym_key="k" * 32
        )

    return run


@pytest.fixture
def session(served, new_recording, work):
    """A session of P101 with both legs and all its results."""
    legs = {"patient": "P101", "left": "CH1", "right": "CH2"}
    answer = served.as_("ann").put("/api/uploads/a.c3d", content=new_recording(20), params=legs)
    work()
    return f"/api/sessions/{answer.json()['session_id']}"


@pytest.fixture
def ann(served):
    return served.as_("ann")


def test_what_is_entered_is_scored_and_read_back(ann, session, work):
    for part, said in {
        "rpe": {"rpe": 5},
        "game": {"points_maximum": 1000, "difficulty_level": 3},
        "settings": {
            "mvc_user_left_quad": 2e-4,
            "performance_weights": {"compliance": 1, "symmetry": 0, "effort": 0, "game": 0},
        },
        "bfr": {"enabled": True, "left": {"actual_pressure_aop": 50, "cuff_size": "11 cm"}},
    }.items():
        answer = ann.patch(f"{session}/{part}", json=said)
        assert answer.status_code == 200, answer.text
    work()
    read = ann.get(f"{session}/settings")
    tag = {"if-none-match": read.headers["etag"]}
    assert ann.get(f"{session}/settings", headers=tag).status_code == 304
    entered = read.json()
    assert entered == answer.json()
    settings, [cuff] = entered["settings"], entered["cuffs"]
    assert (settings["rpe_post_session"], settings["game_difficulty_level"]) == (5, 3)
    assert (cuff["leg"], cuff["measurement_method"], cuff["safety_gate_status"]) == (
        "left",
        "manual",
        True,
    )
    score = ann.get(f"{session}/performance").json()
    assert score["effort_score"] == 100
    assert score["game_points_maximum"] == 1000
    assert score["overall_performance_score"] == score["compliance_score"]
    assert score["bfr_compliance_gate"] is None  # the right cuff was not measured
    assert score["input_sources"]["mvc_left"] == "person"


def test_whatever_can_be_said_of_a_session_is_read_back(ann, session, served):
    settings = {
        "mvc_calculation_method": "user_defined",
        "mvc_threshold_percentage": 0.5,
        "mvc_user_left_quad": 2e-4,
        "mvc_user_right_quad": 3e-4,
        "performance_weights": {"compliance": 0.5, "symmetry": 0.5, "effort": 0, "game": 0},
        "duration_threshold_seconds": 3,
        "duration_threshold_left_quad": 4,
        "duration_threshold_right_quad": 5,
        "targets": "prescribed",
        "target_contractions_per_muscle": 7,
        "rest_period_between_contractions_seconds": 6,
        "rest_period_between_sets_seconds": 90,
        "bfr_target_pressure_aop": 52,
        "visual_feedback_enabled": True,
        "audio_feedback_enabled": False,
        "real_time_mvc_display": True,
        "accepted_poor_channels": ["CH1"],
        "own_session": False,
    }
    assert settings.keys() == Settings.model_fields.keys() - {"session_type"}
    assert ann.patch(f"{session}/settings", json=settings).status_code == 200
    written = {
        "cuff_size": "11 cm",
        "cuff_position": "proximal thigh",
        "monitoring_device": "a sensor",
        "device_serial_number": "SN-1",
    }
    cuff = {
        "target_pressure_aop": 51,
        "actual_pressure_aop": 50,
        "patient_aop_baseline_mmhg": 180,
        "patient_limb_circumference_cm": 52.5,
        "device_calibration_date": "2026-01-02",
    } | written
    assert cuff.keys() == CuffSaid.model_fields.keys()
    assert ann.patch(f"{session}/bfr", json={"left": cuff}).status_code == 200
    read = ann.get(f"{session}/settings").json()
    assert read["settings"].items() >= settings.items()
    assert read["cuffs"][0].items() >= cuff.items()
    [shown] = served.as_("rae").get(f"{session}/settings").json()["cuffs"]
    assert shown.items() >= (cuff | dict.fromkeys(written)).items()


def test_the_configuration_of_ones_own_is_read_back(ann, session):
    chosen = {"version": 1, "session": session.rpartition("/")[2]}
    assert ann.post("/api/scoring/ghostly-trial/activate", json=chosen).status_code == 202
    settings = ann.get(f"{session}/settings").json()["settings"]
    assert settings["scoring_configuration_id"] == "ghostly-trial"
    assert settings["scoring_configuration_version"] == 1


def test_what_is_left_out_stays_and_null_takes_back(ann, session):
    ann.patch(
        f"{session}/settings", json={"targets": "prescribed", "mvc_threshold_percentage": 0.5}
    )
    settings = ann.patch(f"{session}/settings", json={"targets": None}).json()["settings"]
    assert (settings["targets"], settings["mvc_threshold_percentage"]) == (None, 0.5)
    assert settings["entered"] == ["mvc_threshold_percentage"]


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("rpe", {"rpe": 11}),
        ("rpe", {"rpe": 4.5}),
        ("rpe", {}),
        ("game", {}),
        ("game", {"points_maximum": 0}),
        ("game", {"difficulty_level": 28}),
        ("settings", {}),
        ("settings", {"file_path": "elsewhere"}),
        ("settings", {"mvc_threshold_percentage": 75}),
        ("settings", {"performance_weights": {"compliance": 1}}),
        (
            "settings",
            {"performance_weights": {"compliance": 1, "symmetry": 1, "effort": 0, "game": 0}},
        ),
        ("bfr", {}),
        ("bfr", {"left": {}}),
        ("bfr", {"left": {"actual_pressure_aop": 101}}),
        ("bfr", {"enabled": False, "left": {"actual_pressure_aop": 50}}),
    ],
)
def test_what_cannot_be_right_is_refused_and_nothing_is_stored(ann, session, part, said):
    before = ann.get(f"{session}/settings").json()
    answer = ann.patch(f"{session}/{part}", json=said)
    assert answer.status_code == 422
    assert answer.json()["detail"]
    assert ann.get(f"{session}/settings").json() == before


def test_a_series_gives_stability_violations_and_their_duration(ann, served, session, work):
    answer = ann.put(f"{session}/bfr/series", content=LEAKING.encode(), params={"left_mmhg": 200.0})
    assert answer.status_code == 200, answer.text
    [cuff] = answer.json()["cuffs"]
    assert cuff["measurement_method"] == "sensor"
    assert cuff["safety_violations_count"] == 1
    assert cuff["safety_violations_duration_seconds"] == 20
    assert cuff["max_pressure_deviation_aop"] == 15
    assert cuff["pressure_stability_coefficient"] == pytest.approx(50**0.5 / 45)
    assert cuff["bfr_session_duration_minutes"] == 1
    assert cuff["monitoring_frequency_hz"] == 1
    assert cuff["patient_aop_baseline_mmhg"] == 200
    [kept] = [path for path in Path(served.root).rglob("*.csv") if session[-36:] in path.name]
    assert kept.read_text() == LEAKING
    work()
    score = ann.get(f"{session}/performance").json()
    assert (score["bfr_pressure_aop"], score["bfr_compliance_gate"]) == (50, None)
    page = ann.get(session.removeprefix("/api")).text
    assert "Left cuff: 50.0 % of occlusion pressure in the middle of 1 min 00 s" in page
    assert "Left cuff: outside once for 20 s, 33 % of the time: a violation" in page


def test_a_series_of_an_hour_at_ten_hertz_is_taken(ann, session):
    rows = (f"{tenth / 10:.1f},100,{leg}\n" for tenth in range(36_001) for leg in ("left", "right"))
    cuffs = ann.put(
        f"{session}/bfr/series",
        content=(HEADING + "".join(rows)).encode(),
        params={"left_mmhg": 200.0, "right_mmhg": 160.0},
    ).json()["cuffs"]
    assert [(c["leg"], c["actual_pressure_aop"]) for c in cuffs] == [("left", 50), ("right", 62.5)]
    assert [c["monitoring_frequency_hz"] for c in cuffs] == pytest.approx([10, 10])


def test_the_occlusion_pressure_may_have_been_entered_before(ann, session):
    refused = ann.put(f"{session}/bfr/series", content=STEADY.encode())
    assert (refused.status_code, "occlusion pressure" in refused.json()["detail"]) == (422, True)
    ann.patch(f"{session}/bfr", json={"left": {"patient_aop_baseline_mmhg": 200}})
    [cuff] = ann.put(f"{session}/bfr/series", content=STEADY.encode()).json()["cuffs"]
    assert (cuff["actual_pressure_aop"], cuff["safety_gate_status"]) == (50, True)
    assert cuff["pressure_stability_coefficient"] == 0


def test_a_pressure_by_hand_takes_the_place_of_a_series(ann, session):
    ann.put(f"{session}/bfr/series", content=STEADY.encode(), params={"left_mmhg": 200.0})
    [cuff] = ann.patch(f"{session}/bfr", json={"left": {"actual_pressure_aop": 60}}).json()["cuffs"]
    assert (cuff["actual_pressure_aop"], cuff["safety_gate_status"]) == (60, False)
    assert cuff["measurement_method"] == "manual"
    assert cuff["safety_violations_count"] is None
    assert cuff["patient_aop_baseline_mmhg"] == 200


def test_a_cuff_that_was_never_inflated_was_not_measured(ann, session):
    flat = HEADING + "0,0,left\n"
    [cuff] = ann.put(
        f"{session}/bfr/series", content=flat.encode(), params={"left_mmhg": 200.0}
    ).json()["cuffs"]
    assert (cuff["actual_pressure_aop"], cuff["safety_gate_status"]) == (None, None)
    assert (cuff["bfr_session_duration_minutes"], cuff["monitoring_frequency_hz"]) == (0, None)


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"\xff\xfe", 422), (b"time_s,leg\n", 422), (b"x" * (8 * 1024 * 1024 + 1), 413)],
)
def test_what_is_no_series_is_refused(ann, session, content, status):
    answer = ann.put(f"{session}/bfr/series", content=content, params={"left_mmhg": 200.0})
    assert answer.status_code == status


def test_more_than_occludes_the_artery_is_refused(ann, session):
    answer = ann.put(f"{session}/bfr/series", content=STEADY.encode(), params={"left_mmhg": 90.0})
    assert (answer.status_code, "111 %" in answer.json()["detail"]) == (422, True)


@pytest.mark.parametrize("mmhg", [5e-324, 19.9, 600.1, 1e308])
def test_what_occludes_no_artery_is_refused(ann, session, mmhg):
    answer = ann.put(f"{session}/bfr/series", content=STEADY.encode(), params={"left_mmhg": mmhg})
    assert (answer.status_code, "left_mmhg" in answer.json()["detail"]) == (422, True)
    told = ann.patch(f"{session}/bfr", json={"left": {"patient_aop_baseline_mmhg": mmhg}})
    assert told.status_code == 422


def test_a_session_is_analysed_again_and_keeps_what_people_said(ann, session, work):
    ann.patch(f"{session}/rpe", json={"rpe": 5})
    work()
    before = ann.get(f"{session}/performance").json()
    answer = ann.post(f"{session}/reprocess")
    assert (answer.status_code, answer.json()["processing_status"]) == (202, "reprocessing")
    assert ann.post(f"{session}/reprocess").status_code == 202  # it is on its way already
    assert ann.get(f"{session}/performance").json() == before  # shown until there is better
    work()
    assert ann.get(f"{session}/status").json()["processing_status"] == "completed"
    after = ann.get(f"{session}/performance").json()
    assert after.pop("calculated_at") > before.pop("calculated_at")
    assert after == before


def test_a_duplicate_is_a_session_of_its_own_where_a_person_says_so(
    served, ann, session, new_recording, work
):
    content = new_recording(20)
    first, second = (
        ann.put(f"/api/uploads/{n}.c3d", content=content, params={"patient": "P101"}).json()
        for n in (1, 2)
    )
    work()
    address = f"/api/sessions/{second['session_id']}"
    assert ann.get(address).json()["duplicate_of"] == first["session_id"]
    said = ann.patch(f"{address}/settings", json={"own_session": True, "targets": "fixed"})
    assert said.json()["settings"]["own_session"] is True
    assert said.json()["settings"]["targets"] == "fixed"
    assert ann.get(address).json()["duplicate_of"] is None
    ann.patch(f"{address}/settings", json={"own_session": None})
    assert ann.get(address).json()["duplicate_of"] == first["session_id"]
