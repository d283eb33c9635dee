"""What a person reads where something is missing, told from results that lack it."""

from dataclasses import replace

import pytest
from rich.console import Console

from myograph.analysis.results import Fatigue, Regression
from myograph.api import analyse
from myograph.cli.report import about, report, sparkline
from tests.generated import recording_in

NOTHING = {"rms_v": None, "mav_v": None, "iemg_vs": None, "mpf_hz": None, "mdf_hz": None}


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    return analyse(recording_in(tmp_path_factory.mktemp("made")))


def told(renderable, width=80):
    console = Console(width=width, highlight=False)
    with console.capture() as shown:
        console.print(renderable)
    return " ".join(shown.get().split())


def with_channel(result, **changes):
    first, *others = result.measurement.channels
    channels = (replace(first, **changes), *others)
    return replace(result, measurement=replace(result.measurement, channels=channels))


def test_another_systems_recording_has_no_line_of_the_game(result):
    facts = replace(result.facts, game=None)
    assert "Ghostly" in told(about("x.c3d", result.facts))
    assert "Ghostly" not in told(about("x.c3d", facts))


def test_what_the_game_did_not_say_is_not_told(result):
    game = replace(result.facts.game, level=None, score=None, player=None, start=None)
    shown = told(about("x.c3d", replace(result.facts, game=game)))
    for word in ("level", "score", "player", "RPE", "None"):
        assert word not in shown


def test_the_games_own_name_of_a_level_goes_before_its_number(result):
    game = replace(result.facts.game, level=191, level_name="Forest")
    assert "level Forest" in told(about("x.c3d", replace(result.facts, game=game)))


def test_a_rate_that_needs_no_correction_is_told_once(result):
    rate = replace(result.facts.rate, original_hz=1000.0)
    assert "declares" not in told(about("x.c3d", replace(result.facts, rate=rate, findings=())))


def test_a_recovered_recording_says_so(result):
    shown = told(about("x.c3d", replace(result.facts, recovered=True, recoverable_samples=15_000)))
    assert "recovered" in shown
    assert "--recover" not in shown


def test_without_the_games_detector_there_is_nothing_to_compare_with(result):
    shown = told(report(with_channel(result, game=None), {}, 80))
    assert "3 contractions, highest peak" in shown
    assert "the game's own detector was not recorded" in shown


def test_faults_the_game_took_for_contractions_are_told(result):
    game = replace(
        result.measurement.channels[0].game, count=5, matched=2, missed=3, extra=1, on_artefact=2
    )
    shown = told(report(with_channel(result, game=game), {}, 200))
    assert (
        "the game saw 5, 2 of them found here too, 2 faults of the signal; 1 found here alone"
        in shown
    )


def test_one_contraction_is_one(result):
    one = result.measurement.channels[0].contractions[:1]
    assert "1 contraction, highest" in told(report(with_channel(result, contractions=one), {}, 80))


@pytest.mark.parametrize(
    ("clinical", "whole", "reason"),
    [
        (NOTHING, {}, "every contraction is masked"),
        ({"mdf_hz": None, "mpf_hz": None}, {}, "a spectrum needs 2 s of contractions in all"),
        ({}, {"mdf_hz": None, "mpf_hz": None}, "too little of the recording is free of faults"),
        ({}, {}, None),
    ],
)
def test_a_missing_number_has_its_reason_beside_it(result, clinical, whole, reason):
    channel = result.measurement.channels[0]
    changed = with_channel(
        result,
        clinical=replace(channel.clinical, **clinical),
        whole=replace(channel.whole, **whole),
    )
    shown = told(report(changed, {}, 80))
    if reason is None:
        assert "– not measured: " not in shown.split("Scores")[0]
    else:
        assert f"– not measured: {reason}" in shown


def test_a_contraction_at_the_edge_of_the_recording_is_marked_as_cut(result):
    first, *others = result.measurement.channels[0].contractions
    changed = with_channel(result, contractions=(replace(first, cut=True), *others))
    assert "cut by the recording" in told(report(changed, {}, 80))


def test_a_narrow_terminal_keeps_what_matters_most(result):
    wide, narrow = told(report(result, {}, 80), 80), told(report(result, {}, 60), 60)
    assert "RMS µV MDF Hz" in wide
    assert "RMS µV" not in narrow
    assert "peak µV MDF Hz strong long" in narrow


def test_an_intensity_that_is_not_known_leaves_good_contractions_unknown(result):
    first, *others = result.score.muscles
    mvc = replace(first.mvc, value_v=None, source=None, confidence=None)
    muscle = replace(first, good_both=None, intensity=None, mvc=mvc)
    changed = replace(result, score=replace(result.score, muscles=(muscle, *others)))
    shown = told(report(changed, {}, 200))
    assert "good contractions not known; target 12" in shown
    assert "intensity not known" in shown
    assert "MVC not measured: nothing to take it from" in shown


def test_a_sparkline_is_as_high_as_each_columns_highest():
    assert sparkline([0.0, 1.0, 2.0, 4.0], 4) == "▁▃▅█"
    assert sparkline([0, 0, 8, 0, 0, 0, 4, 0], 2) == "█▅"
    assert sparkline([1.0, 2.0], 10) == "▅█"


def test_a_sparkline_of_nothing_is_nothing():
    assert sparkline([], 10) == ""
    assert sparkline([0.0, 0.0], 10) == ""


def test_how_contractions_vary_within_is_told_where_it_was_measured(result):
    temporal = result.measurement.channels[0].temporal
    shown = told(report(result, {}, 200))
    assert (
        f"over {temporal.windows} windows of 1 s: RMS {temporal.rms.mean * 1e6:.1f} ± "
        f"{temporal.rms.sd * 1e6:.1f} µV, MDF {temporal.mdf.mean:.0f} ± {temporal.mdf.sd:.0f} Hz"
    ) in shown
    none = told(report(with_channel(result, temporal=None), {}, 200)).split("CH2")[0]
    assert "windows of" not in none


def test_dimitrovs_index_is_not_rounded_to_nothing(result):
    clinical = result.measurement.channels[0].clinical
    assert f"(FInsm5) {clinical.fi_nsm5:.2e} s⁶" in told(report(result, {}, 200))


TREND = Regression(
    n=8,
    slope_per_min=-5.0,
    intercept=50.0,
    slope_per_min_percent=-10.0,
    low_per_min_percent=-15.0,
    high_per_min_percent=-5.0,
    r2=0.8,
    p=0.001,
    robust_slope_per_min=-5.0,
    robust_slope_per_min_percent=-9.8,
)
FATIGUE = Fatigue(
    mdf=TREND,
    mpf=TREND,
    rms=replace(TREND, slope_per_min_percent=7.0),
    fi_nsm5=replace(TREND, slope_per_min_percent=None),
    quadrant="fatigue",
    level=0.025,
    mdf_falls=True,
    sentence="MDF falls by 10.0 %/min (95 % CI 5.0 to 15.0).",
)


def test_fatigue_is_told_with_what_stands_beside_it(result):
    shown = told(report(with_channel(result, fatigue=FATIGUE), {}, 200))
    assert (
        "MDF falls by 10.0 %/min (95 % CI 5.0 to 15.0). per minute: RMS +7.0 %, "
        "MPF \N{MINUS SIGN}10.0 %, FInsm5 –; frequency down and amplitude up, as in fatigue"
    ) in shown


def test_a_fatigue_without_a_quadrant_names_none(result):
    fatigue = replace(FATIGUE, quadrant=None)
    assert "FInsm5 – MVC" in told(report(with_channel(result, fatigue=fatigue), {}, 200))


def test_fatigue_that_was_not_measured_says_why(result):
    shown = told(report(result, {}, 200))
    assert "fatigue not measured: 3 contractions can be used and 6 are needed" in shown


def judged(result, **changes):
    """The first muscle's judgements, each changed alike."""
    first, *others = result.score.muscles
    judgements = tuple(replace(j, **changes) for j in first.judgements)
    muscles = (replace(first, judgements=judgements), *others)
    return replace(result, score=replace(result.score, muscles=muscles))


def with_inputs(result, **changes):
    return replace(result, inputs=replace(result.inputs, **changes))


@pytest.mark.parametrize(
    ("asked", "met", "line"),
    [
        (
            {"prescribed_mvc_share": 0.4, "prescribed_hold_s": 2.5},
            {"prescribed_intensity": True, "prescribed_duration": False},
            "prescribed by the level: 40 % of the MVC, met by 3 of 3; 2.5 s, met by 0 of 3",
        ),
        (
            {"prescribed_mvc_share": 0.4},
            {"prescribed_intensity": None},
            "prescribed by the level: 40 % of the MVC, not judged",
        ),
    ],
)
def test_what_the_level_prescribed_is_told_beside_the_fixed_criteria(result, asked, met, line):
    shown = told(report(with_inputs(judged(result, **met), **asked), {}, 200), width=200)
    assert line in shown
    assert "prescribed" not in told(report(result, {}, 200))


def test_the_method_and_its_parameters_are_told(result):
    measured = result.measurement
    line = f"method {measured.method}, parameters {measured.protocol_digest[:16]}"
    assert line in told(report(result, {}, 80))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"masked_share": 0.0}, "masked 0 % (1 / 10)"),
        ({"masked_share": 0.0004}, "masked under 0.1 % (1 / 10)"),
        ({"masked_share": 0.0472}, "masked 4.7 % (1 / 10)"),
        ({"saturated_share": 0.01}, "at the limit 1.0 % (0.1 / 2)"),
        ({"powerline_share": None}, "mains hum not measured (5 / 40)"),
        ({"motion_share": 0.5}, "movement 50.0 % (20 / 80)"),
        ({"snr_db": None}, "SNR not measured (15 / 5)"),
        ({"noise_level_db": 15.75}, "rest 15.8 dB re 1 µV"),
        ({"noise_level_db": None}, "rest not measured, "),
        ({"dropouts": 2, "repeats": 0, "spikes": 3}, "2 drop-outs, 0 repeats, 3 spikes"),
    ],
)
def test_each_part_of_the_quality_stands_with_its_limits(result, changes, words):
    quality = replace(result.measurement.channels[0].quality, **changes)
    assert words in told(report(with_channel(result, quality=quality), {}, 300), width=300)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"overall": 80.0, "bfr_gate": 0, "category": None}, "pressure outside the safe range"),
        ({"overall": 80.0, "bfr_gate": 1, "category": "adequate"}, "overall 80.0 adequate"),
        ({"compliance": 70.0, "one_side_only": "left", "weights": {}}, "70.0 left leg only"),
        ({"symmetry": 95.0, "symmetry_category": "within normal limits"}, "within normal limits"),
    ],
)
def test_a_score_stands_with_what_it_must_not_be_read_without(result, changes, words):
    changed = replace(result, score=replace(result.score, missing=(), **changes))
    assert words in told(report(changed, {}, 80))


def test_an_estimated_maximum_is_named_where_it_judges(result):
    said = "strong: 75 % of the MVC, which is estimated from this session; long: 2 s"
    assert said in told(report(result, {}, 200), width=200)
    first, *others = result.score.muscles
    known = replace(first, mvc=replace(first.mvc, source="user_defined"))
    changed = replace(result, score=replace(result.score, muscles=(known, *others)))
    assert "strong: 75 % of the MVC; long: 2 s" in told(report(changed, {}, 200), width=200)
