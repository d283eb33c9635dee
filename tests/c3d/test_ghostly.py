from datetime import datetime

import pytest

from myograph.c3d.recording import read_facts
from myograph.c3d.source import BytesSource
from myograph.c3d.write import GameSession, ghostly_bytes, scientific
from myograph.recording import GameChannel
from tests.c3d import build
from tests.c3d.game import START, channels, game_source


def game_of(newer=None, **session):
    return read_facts(game_source(newer=newer, **session)).game


def codes(source):
    return [finding.code for finding in read_facts(source).findings]


def test_what_the_game_says():
    game = game_of(
        score=12, level=193, level_name="Forest", player="P042", therapist="T7", group="A"
    )
    assert (game.system, game.name, game.version) == ("OpenFeasyo", "Ghostly", "OpenFeasyo.Android")
    assert (game.score, game.level, game.level_name) == (12, 193, "Forest")
    assert (game.player, game.therapist, game.group) == ("P042", "T7", "A")
    assert (game.start, game.duration_seconds) == (START, 3)


@pytest.mark.parametrize("absent", ["", "   ", "---", " --- ", "N/A", "Default", "DEFAULT"])
def test_what_means_absent_becomes_none(absent):
    game = game_of(player=absent, therapist=absent, group=absent, level_name=absent)
    assert (game.player, game.therapist, game.group, game.level_name) == (None,) * 4


def test_a_score_of_0_is_real_and_a_level_of_minus_1_is_none():
    game = game_of(score=0, level=-1)
    assert game.score == 0
    assert game.level is None
    assert game_of(level=0).level == 0


def test_a_game_that_did_not_end_properly_has_no_duration():
    assert game_of(duration_s=0).duration_seconds is None
    assert game_of(duration_s=40_000).duration_seconds == 40_000


def test_a_score_that_is_no_number_is_none():
    assert game_of(score=float("nan")).score is None


def test_files_of_other_systems_have_no_game():
    facts = read_facts(BytesSource(build.c3d()))
    assert facts.game is None
    assert facts.full_scale_v is None
    assert facts.repeat_block is None


def test_the_game_is_known_by_its_system_or_its_name():
    for parameters in ({"INFO:SYSTEM": "OPENFEASYO"}, {"INFO:GAME_NAME": "ghostly "}):
        game = read_facts(BytesSource(build.c3d(parameters=parameters))).game
        assert game is not None
        assert game.start is game.duration_seconds is game.score is None


OF_CHANNEL_1 = GameChannel(
    mvc_v=pytest.approx(1.25e-4),
    activation_threshold_v=pytest.approx(2e-5),
    bfr_target_share=pytest.approx(0.5),
    target_contractions_raw=12_000,
)


@pytest.mark.parametrize(
    "newer",
    [
        {
            "BFR_target_lop_percentage_ch1": 0.5,
            "target_contractions_ch1)": 12_000,
            "rpe_post_session": 6,
            "difficulty_level": 14,
            "difficulty_level_MVC": 0.45,
            "difficulty_level_contractionDuration": 6,
            "difficulty_level_rest": 10,
            **scientific("MAX_MVC_CH1", 1.25e-4),
            "ACTIVATION_THRESHOLD_CH1": 2e-5,
        },
        {
            "BFR_TARGET_VOP_PERCENTAGE_CH1": 0.5,
            "TARGET_CONTRACTIONS_CH1)": 12_000,
            "RPE_POST_SESSION": 6.0,
            "DIFFICULTY_LEVEL": 14,
            "DIFFICULTY_LEVEL_MVC": 45,
            "DIFFICULTY_LEVEL_CONTRACTION_DURATION": 6_000,
            "DIFFICULTY_LEVEL_REST_DURATION": 10_000,
            **scientific("max_mvc_ch1", 1.25e-4),
            **scientific("ACTIVATION_THRESHOLD_CH1", 2e-5),
        },
        {
            "bfr_target_vop_percentage_ch1": "0.5",
            "TARGET_CONTRACTIONS_CH1": "12000",
            "RPE_Post_Session)": "6",
            "Difficulty_Level": "14",
            "DIFFICULTY_LEVEL_mvc": 0.45,
            "DIFFICULTY_LEVEL_CONTRACTIONDURATION": 6.0,
            "DIFFICULTY_LEVEL_REST)": 10.0,
            "MAX_MVC_CH1": 1.25e-4,
            **scientific("activation_threshold_ch1", 2e-5),
        },
    ],
)
def test_newer_keys_in_every_spelling(newer):
    game = game_of(newer)
    assert (game.rpe, game.difficulty_level) == (6, 14)
    assert game.prescribed_mvc_share == pytest.approx(0.45)
    assert (game.prescribed_hold_s, game.prescribed_rest_s) == (6, 10)
    assert game.channels == {"CH1": OF_CHANNEL_1}
    assert codes(game_source(newer=newer)) == ["rate_corrected"]


def test_sensors_and_language_are_text_or_numbers():
    game = game_of({"LEFT_SENSOR": "CH1", "right_sensor": 2, "LANGUAGE": "nl"})
    assert (game.left_sensor, game.right_sensor, game.language) == ("CH1", "2", "nl")


def test_each_channel_has_its_own_values():
    newer = {**scientific("MAX_MVC_CH2", 3e-5), "BFR_TARGET_LOP_PERCENTAGE_CH1": 0.4}
    found = game_of(newer).channels
    assert found["CH1"] == GameChannel(bfr_target_share=pytest.approx(0.4))
    assert found["CH2"] == GameChannel(mvc_v=pytest.approx(3e-5))


def test_0_is_what_a_build_writes_that_measured_nothing():
    newer = {**scientific("MAX_MVC_CH1", 0.0), "ACTIVATION_THRESHOLD_CH1": 0.0}
    newer |= {"difficulty_level_rest": 0, "TARGET_CONTRACTIONS_CH1": 0}
    game = game_of(newer)
    assert game.channels["CH1"] == GameChannel(target_contractions_raw=0)
    assert game.prescribed_rest_s is None


@pytest.mark.parametrize(
    "newer",
    [
        {"MAX_MVC_CH1_SIGNIFICAND": 1.5},
        {"MAX_MVC_CH1_SIGNIFICAND": 1.5, "MAX_MVC_CH1_EXPONENT": 999},
        {"MAX_MVC_CH1_EXPONENT": -4},
        {"MAX_MVC_CH1": "much"},
        {"MAX_MVC_CHX": 1.5, "OTHER_CH1": 1.5},
    ],
)
def test_half_a_number_is_none(newer):
    assert game_of(newer).channels == {}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("RPE_POST_SESSION", 11),
        ("RPE_POST_SESSION", -1),
        ("DIFFICULTY_LEVEL", 28),
        ("DIFFICULTY_LEVEL", 0),
        ("DIFFICULTY_LEVEL", 1.5),
        ("DIFFICULTY_LEVEL_MVC", 101),
        ("DIFFICULTY_LEVEL_MVC", 0),
        ("BFR_TARGET_LOP_PERCENTAGE_CH1", 50),
    ],
)
def test_a_value_that_cannot_be_is_none_and_a_finding(key, value):
    source = game_source(newer={key: value})
    game = read_facts(source).game
    assert game.rpe is game.difficulty_level is game.prescribed_mvc_share is None
    assert all(channel.bfr_target_share is None for channel in game.channels.values())
    finding = read_facts(source).findings[0]
    assert finding.code == "game_value_impossible"
    assert f"{key} = {value:g}" in finding.sentence


@pytest.mark.parametrize(
    ("time", "start"),
    [
        (["2023", "3", "21", "17", "23"], datetime.fromisoformat("2023-03-21T17:23")),
        (["2023", "13", "21", "17", "23"], None),
        (["2023", "3", "21"], None),
        (["then", "3", "21", "17", "23"], None),
    ],
)
def test_the_start_is_five_strings_or_a_finding(time, start):
    parameters = {"INFO:SYSTEM": "OpenFeasyo", "INFO:TIME": time}
    facts = read_facts(BytesSource(build.c3d(parameters=parameters)))
    assert facts.game.start == start
    impossible = [f for f in facts.findings if f.code == "game_value_impossible"]
    assert bool(impossible) == (start is None)


def test_a_duration_that_is_text_or_empty_is_read_as_far_as_it_goes():
    for value, seconds in (("74", 74), (build.Raw(2, (0,), b""), None), (7.5, None)):
        parameters = {"INFO:SYSTEM": "OpenFeasyo", "INFO:DURATION": value}
        facts = read_facts(BytesSource(build.c3d(parameters=parameters)))
        assert facts.game.duration_seconds == seconds


class TestRate:
    """990 Hz declared, 1000 Hz true: 120 s of samples last 121.2 s of the declared rate."""

    FRAMES = 4000

    def rate(self, frames=FRAMES, **session):
        facts = read_facts(game_source(frames, labels=("CH1 Raw",), **session))
        return facts.rate, [f.code for f in facts.findings]

    def test_33_frames_of_30_are_corrected(self):
        rate, found = self.rate()
        assert (rate.original_hz, rate.used_hz, rate.assumed) == (990, 1000, False)
        assert "120 s, not 121 s" in rate.correction
        assert found == ["rate_corrected"]

    def test_without_a_clock_too(self):
        rate, found = self.rate(duration_s=0)
        assert (rate.used_hz, rate.assumed, found) == (1000, False, ["rate_corrected"])
        assert "does not say how long" in rate.correction

    def test_a_short_recording_fits_both(self):
        rate, _ = self.rate(frames=105)
        assert "fits both: 3 s" in rate.correction

    @pytest.mark.parametrize("seconds", [121, 119, 60])
    def test_a_clock_that_says_otherwise_is_a_finding(self, seconds):
        rate, found = self.rate(duration_s=seconds)
        assert rate.used_hz == 1000
        assert found == ["rate_corrected", "duration_disagrees"]

    def test_66_frames_of_15_are_assumed_until_the_clock_shows_it(self):
        rate, found = self.rate(frames=8000, samples_per_frame=15, duration_s=0)
        assert (rate.used_hz, rate.assumed, found) == (1000, True, ["rate_assumed"])
        rate, found = self.rate(frames=8000, samples_per_frame=15)
        assert (rate.used_hz, rate.assumed, found) == (1000, False, ["rate_corrected"])

    def test_other_rates_of_the_game_are_its_own(self):
        data = ghostly_bytes(
            GameSession(START), channels(100), frames_per_second=50, samples_per_frame=30
        )
        rate = read_facts(BytesSource(data)).rate
        assert (rate.original_hz, rate.used_hz, rate.correction) == (1500, 1500, None)
        data = ghostly_bytes(
            GameSession(START), channels(300), frames_per_second=99, samples_per_frame=10
        )
        assert read_facts(BytesSource(data)).rate.used_hz == 990

    def test_other_systems_that_declare_990_are_believed(self):
        stored = build.stored_values(frames=33, samples=30)
        data = build.c3d(stored, build.np.zeros((33, 1, 4)), rate_hz=33.0)
        assert read_facts(BytesSource(data)).rate.used_hz == 990
