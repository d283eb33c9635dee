"""From a file to a result, and from a result to the JSON that programs rely on."""

import hashlib
import json
import math
from dataclasses import replace

import numpy as np
import pytest

import myograph
from myograph import api
from myograph.analysis.protocol import Protocol
from myograph.api import Leg, analyse, info_dict
from myograph.c3d.write import scientific
from myograph.errors import BadInput, NotFound, NotReadable, TooShort, Unfinalised
from myograph.recording import Recording
from myograph.simulate.detector import expected_activity
from myograph.simulate.signals import Burst, Fatigue, Mains, Muscle
from tests.generated import LEFT, Made, content_of, recording_in

LEGS = {"CH1": Leg("left", "quadriceps"), "CH2": Leg("right", "quadriceps")}

# interfaces.md, word for word: more may be added, none renamed.
INFO = {
    "schema", "file", "size_bytes", "sampling_rate", "original_sampling_rate", "sample_count",
    "duration_seconds", "channels", "game", "findings",
}  # fmt: skip
GAME = {
    "system", "name", "level", "level_name", "score", "duration_seconds", "start", "player",
    "therapist", "rpe",
}  # fmt: skip
ANALYSIS = {
    "schema", "file", "sha256", "method", "protocol", "recording", "channels", "scores",
}  # fmt: skip
CHANNEL = {
    "label", "muscle", "side", "statistics", "whole_recording", "contractions",
    "game_contractions", "mvc", "fatigue", "quality",
}  # fmt: skip
STATISTICS = {"rms", "mav", "iemg", "mpf", "mdf", "fi_nsm5"}
CONTRACTION = {
    "number", "start_s", "end_s", "peak", "mean", "rms", "mav", "mpf", "mdf", "fi_nsm5",
    "meets_intensity", "meets_duration", "is_good", "masked_share",
}  # fmt: skip
QUALITY = {
    "verdict", "score", "reasons", "dropouts", "saturated_share", "snr_db", "powerline_share",
    "masked_share",
}  # fmt: skip
SCORES = {
    "overall", "compliance", "symmetry", "effort", "game", "missing", "bfr_gate", "weights",
}  # fmt: skip


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return recording_in(tmp_path_factory.mktemp("made"))


@pytest.fixture(scope="module")
def document(path):
    return analyse(path, legs=LEGS).to_dict()


def test_info_has_every_key_that_programs_rely_on(path):
    info = info_dict("x.c3d", api.facts(path))
    assert info.keys() >= INFO
    assert info["schema"] == "myograph.info/1"
    assert info["game"].keys() >= GAME
    assert {frozenset(c) for c in info["channels"]} == {frozenset({"label", "unit"})}
    assert all(f.keys() >= {"code", "sentence"} for f in info["findings"])
    assert info["findings"]


def test_analysis_has_every_key_that_programs_rely_on(document):
    assert document.keys() >= ANALYSIS
    assert document["schema"] == "myograph.analysis/1"
    assert document["scores"].keys() >= SCORES
    assert len(document["channels"]) == 2
    for channel in document["channels"]:
        assert channel.keys() >= CHANNEL
        assert channel["statistics"].keys() >= STATISTICS
        assert channel["whole_recording"].keys() >= STATISTICS
        assert channel["game_contractions"].keys() >= {"count", "matched", "missed", "extra"}
        assert channel["mvc"].keys() >= {"value", "source", "confidence"}
        assert channel["quality"].keys() >= QUALITY
        assert channel["contractions"]
        assert all(c.keys() >= CONTRACTION for c in channel["contractions"])


def test_fatigue_has_every_key_and_its_reason_where_it_was_not_measured(document):
    for channel in document["channels"]:
        assert channel["fatigue"].keys() >= {"mdf", "mpf", "rms", "fi_nsm5", "reason"}
        assert channel["fatigue"]["mdf"] is None
        assert "contractions can be used and 6 are needed" in channel["fatigue"]["reason"]


def test_fatigue_is_told_with_slope_interval_and_verdict(tmp_path):
    tired = Muscle(
        tuple(Burst(1 + 3 * k, 3 + 3 * k, 80e-6) for k in range(10)), fatigue=Fatigue(-30.0, 10.0)
    )
    path = recording_in(tmp_path, Made(muscles=(tired, LEFT), seconds=32.0))
    fatigue = analyse(path).to_dict()["channels"][0]["fatigue"]
    for name in ("mdf", "mpf", "rms", "fi_nsm5"):
        assert fatigue[name].keys() >= {"slope_per_min_percent", "p", "r2", "n", "intercept"}
        assert fatigue[name]["n"] == 10
    mdf = fatigue["mdf"]
    assert mdf["low_per_min_percent"] < -30 < mdf["high_per_min_percent"]
    assert mdf["slope_per_min"] == pytest.approx(
        mdf["slope_per_min_percent"] / 100 * mdf["intercept"]
    )
    assert fatigue["mdf_falls"] is True
    assert fatigue["reason"] is None
    assert fatigue["sentence"].startswith("MDF falls by ")


def test_the_recording_is_told_as_info_tells_it(path, document):
    assert document["recording"] == info_dict(str(path), api.facts(path))
    assert document["recording"]["game"]["start"] == "2026-03-04T10:20:00"
    assert document["recording"]["sampling_rate"] == 1000
    assert document["recording"]["original_sampling_rate"] == 990


def test_a_result_says_what_made_it(path, document):
    assert document["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert document["protocol"] == Protocol().to_dict()
    assert document["protocol_digest"] == Protocol().digest
    assert document["method"]


def test_the_contractions_are_those_that_were_made(document):
    truth = content_of()[1]
    for channel, made in zip(document["channels"], truth["channels"], strict=True):
        found = [(c["start_s"], c["end_s"]) for c in channel["contractions"]]
        wanted = [(b["start_s"], b["end_s"]) for b in made["bursts"]]
        np.testing.assert_allclose(found, wanted, atol=0.06)
        assert [c["number"] for c in channel["contractions"]] == list(range(1, len(wanted) + 1))
        for contraction, burst in zip(channel["contractions"], made["bursts"], strict=True):
            assert contraction["rms"] == pytest.approx(burst["rms_v"], rel=0.1)


def test_another_protocol_gives_another_result(path, document):
    long = analyse(path, protocol=replace(Protocol(), shortest_ms=1000.0)).to_dict()
    assert len(long["channels"][0]["contractions"]) == 2
    assert long["protocol_digest"] != document["protocol_digest"]


def test_sides_come_from_whoever_assigns_them(path, document):
    assert [(c["side"], c["muscle"]) for c in document["channels"]] == [
        ("left", "quadriceps"),
        ("right", "quadriceps"),
    ]
    alone = analyse(path).to_dict()
    assert [(c["side"], c["muscle"]) for c in alone["channels"]] == [(None, None)] * 2


def test_scores_of_a_file_alone_are_null_and_say_why(path):
    scores = analyse(path).to_dict()["scores"]
    for name in ("overall", "compliance", "symmetry", "effort", "game", "bfr_gate"):
        assert scores[name] is None
    reasons = {m["component"]: m["reason"] for m in scores["missing"]}
    assert reasons.keys() >= {"overall", "compliance", "symmetry", "effort", "game", "bfr"}
    assert "assigned" in reasons["compliance"]
    assert "RPE" in reasons["effort"]


def test_with_sides_there_are_compliance_and_symmetry(document):
    scores = document["scores"]
    assert 0 < scores["compliance"] < 100
    assert 0 < scores["symmetry"] <= 100
    assert scores["overall"] is not None
    assert math.fsum(scores["weights"].values()) == pytest.approx(1)


def test_effort_is_the_files_unless_the_patient_was_asked(tmp_path):
    told = recording_in(tmp_path, Made(newer={"rpe_post_session": 9}))
    assert analyse(told).to_dict()["scores"]["effort"] == 20
    asked = analyse(told, rpe=5).to_dict()
    assert asked["scores"]["effort"] == 100
    assert asked["scores"]["rpe_source"] == "entered"


def test_an_rpe_outside_the_scale_is_refused(path):
    with pytest.raises(BadInput, match="0 to 10"):
        analyse(path, rpe=11)


def test_the_files_mvc_is_used_in_its_own_domain(tmp_path):
    mvc = {
        **scientific("MAX_MVC_CH1", expected_activity(80e-6, 75.0)),
        **scientific("MAX_MVC_CH2", expected_activity(180e-6, 75.0)),
    }
    strong, weak = analyse(recording_in(tmp_path, Made(newer=mvc))).to_dict()["channels"]
    assert strong["mvc"]["source"] == weak["mvc"]["source"] == "c3d_metadata"
    assert strong["mvc"]["value"] == pytest.approx(expected_activity(80e-6, 75.0), rel=1e-6)
    assert [c["meets_intensity"] for c in strong["contractions"]] == [True, True, True]
    assert [c["meets_intensity"] for c in weak["contractions"]] == [False, False]


def test_a_channel_that_nobody_recorded_cannot_be_assigned(path):
    with pytest.raises(BadInput, match="There is no channel CH3; the recording has CH1, CH2"):
        analyse(path, legs={"CH3": Leg("left")})


def test_what_is_no_number_is_null(tmp_path):
    hum = Muscle((), noise_rms_v=1e-6, mains=Mains(50.0, 50e-6))
    silent = Muscle((), noise_rms_v=0.0)
    document = analyse(recording_in(tmp_path, Made(muscles=(hum, silent)))).to_dict()
    text = json.dumps(document, allow_nan=False)
    assert json.loads(text) == document
    assert document["channels"][0]["statistics"]["rms"] is None
    unknown = dict.fromkeys(("value", "source", "confidence", "said"))
    assert document["channels"][0]["mvc"] == unknown


def test_nan_and_infinity_never_reach_json():
    given = {"a": math.nan, "b": [math.inf, 1.0], "c": {"d": -math.inf, "e": "x"}, "f": (2, None)}
    assert api._finite(given) == {
        "a": None,
        "b": [None, 1.0],
        "c": {"d": None, "e": "x"},
        "f": [2, None],
    }


def test_a_channel_that_cannot_be_measured_does_not_take_the_others_along(tmp_path):
    flat = Muscle((), noise_rms_v=0.0, offset_v=1e-3)
    document = analyse(recording_in(tmp_path, Made(muscles=(LEFT, flat)))).to_dict()
    assert [c["label"] for c in document["channels"]] == ["CH1"]
    assert [f["channel"] for f in document["refused_channels"]] == ["CH2"]
    assert [m["label"] for m in document["scores"]["muscles"]] == ["CH1"]


def test_an_unfinalised_file_is_refused_unless_it_shall_be_recovered(tmp_path):
    broken = recording_in(tmp_path, Made(finalised=False))
    with pytest.raises(Unfinalised):
        analyse(broken)
    recovered = analyse(broken, recover=True).to_dict()
    assert recovered["recording"]["recovered"] is True
    assert len(recovered["channels"][0]["contractions"]) == 3


def test_less_than_a_second_is_refused(tmp_path):
    muscle = Muscle((Burst(0.2, 0.5, 80e-6),))
    with pytest.raises(TooShort):
        analyse(recording_in(tmp_path, Made(muscles=(muscle, muscle), seconds=0.9)))


def test_a_file_that_is_not_there_or_a_folder_is_refused_with_a_sentence(tmp_path):
    with pytest.raises(NotFound, match=r"There is no file .*nothing\.c3d"):
        analyse(tmp_path / "nothing.c3d")
    with pytest.raises(NotReadable, match="is a folder"):
        analyse(tmp_path)


def test_another_systems_recording_has_no_game_and_is_scored_without_one(path):
    known = api.read(path)
    other = Recording(replace(known.facts, game=None), known.channels)
    document = api.result_of(other, file="other.c3d", sha256="0" * 64).to_dict()
    assert document["recording"]["game"] is None
    assert [c["mvc"]["source"] for c in document["channels"]] == ["backend_95percentile"] * 2


def test_the_package_itself_is_the_api(path):
    assert myograph.analyse is api.analyse
    assert myograph.read(path).facts == myograph.facts(path)
    with pytest.raises(AttributeError, match="nothing"):
        _ = myograph.nothing


def test_what_was_measured_does_not_depend_on_how_often_it_is_asked(path, document):
    assert analyse(path, legs=LEGS).to_dict() == document
